"""Running a TFLite model with a look inside: every tensor of it, picture by picture.

May import: LiteRT, numpy, the edge's `cores` and `quiet`.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from catdog.edge.common.cores import usable_cores
from catdog.edge.common.quiet import native_output_dropped


def runs(model: bytes, pictures: NDArray[np.uint8]) -> Iterator[Interpreter]:
    """Run a model on pictures, every tensor kept."""
    interpreter = plain_interpreter(model, every_tensor=True)
    (pixels,) = interpreter.get_input_details()
    for picture in pictures:
        interpreter.set_tensor(pixels["index"], picture[np.newaxis].astype(pixels["dtype"]))
        interpreter.invoke()
        yield interpreter


def plain_interpreter(model: bytes, *, every_tensor: bool = False) -> Interpreter:
    """Load a model with the plain kernels: a delegate need not keep what is inside, nor round as they do."""
    with native_output_dropped(), warnings_dropped():
        interpreter = Interpreter(
            model_content=model,
            experimental_preserve_all_tensors=every_tensor,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            num_threads=usable_cores(),
        )
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def warnings_dropped() -> Iterator[None]:
    """Drop what the libraries say of what is meant: interpreters that keep every tensor or are TensorFlow's, float pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
