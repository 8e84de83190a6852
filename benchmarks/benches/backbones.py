"""Size, multiply-adds and time of each backbone as int8, beside MobileNetV2 1.0.

Their weights are random, which changes none of that; how right a backbone is depends on the pictures and is not measured here.
Each is converted to the layers that catdog-export publishes; CPU time of one thread, the backbones taking turns.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from catdog.edge.command import CommandParser, run_command
from catdog.edge.errors import missing_extra
from catdog.train.backbones import BACKBONES, MOBILENETV2

from .turns import RATIO_HEADINGS, in_turn, print_table, ratio_row, require_at_least, say

_PICTURES = 4  # that ranges are taken from; of random weights no more is asked
_CONVOLUTION, _DEPTHWISE, _DENSE = (
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-bench backbones", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="catdog-bench backbones", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="backbones, as in catdog-train (default: catdog's own)")
    parser.add_argument("--image-size", type=int, default=160, metavar="PX", help="side of the input (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="how often each is timed (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="inferences a round (default: %(default)s)")
    arguments: argparse.Namespace = parser.parse_args(argv)
    require_at_least(1, rounds=arguments.rounds, runs=arguments.runs)
    names = list(dict.fromkeys((MOBILENETV2, *(arguments.names or BACKBONES.own))))
    for name in names:
        BACKBONES.find(name).require("random", arguments.image_size, None)
    _require_packages()
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    made = {}
    for name in names:
        say(f"converting {name}")
        made[name] = as_int8(name, arguments.image_size)
    times = in_turn({name: _timed(content, arguments.runs) for name, content in made.items()}, arguments.rounds)
    rows = []
    for name, content in made.items():
        cells = ratio_row(name, times[name], times[MOBILENETV2], ".2f ms")
        rows.append([cells[0], f"{len(content) / 1000:,.0f}", f"{multiply_adds(content) / 1e6:,.0f}", *cells[1:]])
    print_table(
        ("backbone", "int8 kB", "multiply-adds, millions", *RATIO_HEADINGS[1:]),
        rows,
        f"At {arguments.image_size} px with a head for two labels; CPU time of one inference on one thread, "
        f"{arguments.rounds} rounds of {arguments.runs}. Accuracy: not measured.",
    )
    return 0


def as_int8(name: str, size: int) -> bytes:
    """Return the int8 flatbuffer of a backbone with random weights and a head for two labels."""
    import keras
    import tensorflow as tf

    from catdog.export.pictures import drawn_pictures
    from catdog.export.tflite import convert, converter_of
    from catdog.train.model import build_model, logits_model

    keras.utils.set_random_seed(0)
    core = build_model("transfer", image_size=size, backbone=name).core
    pictures = drawn_pictures(_PICTURES, size, 0).pixels
    converter = converter_of(logits_model(core))
    # What catdog-export does besides makes the answers better, and the layers no others.
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([picture[np.newaxis].astype(np.float32)] for picture in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type, converter.inference_output_type = tf.uint8, tf.float32
    content: bytes = convert(converter)
    return content


def multiply_adds(content: bytes) -> int:
    """Count the multiplications, each with its addition, of a network's convolutions and dense layers."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    total = 0
    for op in graph.operators:
        kind = model.operatorCodes[op.opcodeIndex].builtinCode
        if kind in (_CONVOLUTION, _DEPTHWISE, _DENSE):
            outputs = int(np.prod(graph.tensors[op.outputs[0]].shape))
            kernel = graph.tensors[op.inputs[1]].shape  # [out, h, w, in], depthwise [1, h, w, out], dense [out, in]
            total += outputs * int(np.prod(kernel[1:3] if kind == _DEPTHWISE else kernel[1:]))
    return total


def _timed(content: bytes, runs: int) -> Callable[[], float]:
    """Return what gives the CPU time of an inference, ms."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    pixels = np.random.default_rng(0).integers(0, 256, source["shape"]).astype(source["dtype"])
    interpreter.set_tensor(source["index"], pixels)
    interpreter.invoke()
    return partial(_time, interpreter, runs)


def _time(interpreter: Interpreter, runs: int) -> float:
    start = time.process_time()
    for _ in range(runs):
        interpreter.invoke()
    return 1e3 * (time.process_time() - start) / runs


def _require_packages() -> None:
    from importlib.util import find_spec

    for package in ("tensorflow", "keras"):
        if find_spec(package) is None:
            raise missing_extra(package, "export")
