"""What can be exported: one row a format, and what it is for. The help, the table and docs/export.md say the same.

One of another package is a row in the group `catdog.formats` (docs/extend/add-a-format.md), asked for by `--format NAME`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from catdog.edge.common.plugins import Registry

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    Pictures = NDArray[np.uint8] | None

INT8, FLOAT16, FLOAT32, DYNAMIC, ONNX, ONNX_INT8 = "int8", "float16", "float32", "dynamic", "onnx", "onnx-int8"
TFLITE_SUFFIX, ONNX_SUFFIX = ".tflite", ".onnx"


@dataclass(frozen=True)
class Format:
    """One way to write a model.

    Attributes:
        name: of the option, without its dashes, or for `--format`.
        ending: of the file, behind the model's name; its suffix tells which backends run it.
        input_dtype: what the artifact takes, ``"uint8"`` or ``"float32"``.
        quantized: whether its activations are integers, so that it needs pictures to take their ranges from.
        purpose: what it is for, and where it is slow.
        tolerance: mean difference of a score from Keras', 0-1, that rounding can explain; more is a fault of the conversion.
        convert: makes the file's bytes, without the contract, of a Keras model (float32 ``[n, size, size, 3]`` RGB 0-255 to
            scores ``[n, classes]``) and, if `quantized`, pictures (uint8 ``[n, size, size, 3]`` RGB). May raise `RuntimeError`,
            `ValueError` or `CatdogError`. None for int8, which `catdog.export.bundle` makes in steps.
        packages: import names of what it needs beside TensorFlow.
    """

    name: str
    ending: str
    input_dtype: str
    quantized: bool
    purpose: str
    tolerance: float
    convert: "Callable[[keras.Model, Pictures], bytes] | None" = None
    packages: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """``".tflite"``, ``".onnx"``, or that of another package's kind of file."""
        return PurePath(self.ending).suffix.lower()


def _float16(core: "keras.Model", _: "Pictures") -> bytes:
    from .tflite import to_float16

    return to_float16(core)


def _float32(core: "keras.Model", _: "Pictures") -> bytes:
    from .tflite import to_float32

    return to_float32(core)


def _dynamic(core: "keras.Model", _: "Pictures") -> bytes:
    from .tflite import to_dynamic

    return to_dynamic(core)


def _onnx(core: "keras.Model", _: "Pictures") -> bytes:
    from .onnx import to_onnx

    return to_onnx(core)


def _onnx_int8(core: "keras.Model", pictures: "Pictures") -> bytes:
    from .onnx import to_onnx, to_onnx_int8

    if pictures is None:
        raise ValueError("Expected pictures to take ranges from. Received: None")
    return to_onnx_int8(to_onnx(core), pictures)


_FOR_INT8 = "the edge: smallest, and with LiteRT the fastest, on ARM and x86-64"
_FOR_DYNAMIC = "int8 weights, no calibration; slower than float32 on x86-64"
_FOR_ONNX = "ONNX Runtime, OpenCV and other tools; as fast as float32 TFLite"
_WITH_ONNX = ("tf2onnx", "onnx", "onnxruntime")

# How fast: measured on x86-64 with VNNI, one thread, MobileNetV2 at 160 px; not measured on a board. int16x8 is not offered: no
# delegate runs it, and it took 40 times as long as int8.
REGISTRY = Registry(
    "catdog.formats",
    "format",
    Format,
    (
        Format(INT8, "-int8.tflite", "uint8", True, _FOR_INT8, 0.1),
        Format(FLOAT16, "-float16.tflite", "float32", False, "half of float32; CPUs still compute in float32", 0.01, _float16),
        Format(FLOAT32, "-float32.tflite", "float32", False, "the reference; where int8 is refused", 0.001, _float32),
        Format(DYNAMIC, "-dynamic.tflite", "float32", False, _FOR_DYNAMIC, 0.1, _dynamic),
        Format(ONNX, "-float32.onnx", "float32", False, _FOR_ONNX, 0.001, _onnx, _WITH_ONNX),
        Format(
            ONNX_INT8, "-int8.onnx", "float32", True, "a small ONNX file (QDQ); slower than ONNX float32 on x86-64", 0.1,
            _onnx_int8, _WITH_ONNX,
        ),
    ),
)  # fmt: skip
FORMATS = REGISTRY.own  # catdog's, each with an option of its own
