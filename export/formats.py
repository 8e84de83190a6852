"""What can be exported: one row a format, and what it is for. The help, the table and docs/export.md say the same."""

from dataclasses import dataclass

INT8, FLOAT16, FLOAT32, DYNAMIC, ONNX, ONNX_INT8 = "int8", "float16", "float32", "dynamic", "onnx", "onnx-int8"
TFLITE_SUFFIX, ONNX_SUFFIX = ".tflite", ".onnx"


@dataclass(frozen=True)
class Format:
    """One way to write a model.

    Attributes:
        name: of the option, without its dashes.
        ending: of the file, behind the model's name.
        input_dtype: what the artifact takes, ``"uint8"`` or ``"float32"``.
        quantized: whether its activations are integers, so that it needs pictures to take their ranges from.
        purpose: what it is for, and where it is slow.
        tolerance: mean difference of a score from Keras', 0-1, that rounding can explain; more is a fault of the conversion.
    """

    name: str
    ending: str
    input_dtype: str
    quantized: bool
    purpose: str
    tolerance: float

    @property
    def suffix(self) -> str:
        """``".tflite"`` or ``".onnx"``."""
        return ONNX_SUFFIX if self.ending.endswith(ONNX_SUFFIX) else TFLITE_SUFFIX


# How fast: measured on x86-64 with VNNI, one thread, MobileNetV2 at 160 px; not measured on a board. int16x8 is not offered: no
# delegate runs it, and it took 40 times as long as int8.
FORMATS = {
    each.name: each
    for each in (
        Format(INT8, "-int8.tflite", "uint8", True, "the edge: smallest, and with LiteRT the fastest, on ARM and x86-64", 0.1),
        Format(FLOAT16, "-float16.tflite", "float32", False, "half of float32; CPUs still compute in float32", 0.01),
        Format(FLOAT32, "-float32.tflite", "float32", False, "the reference; where int8 is refused", 0.001),
        Format(
            DYNAMIC, "-dynamic.tflite", "float32", False, "int8 weights, no calibration; slower than float32 on x86-64", 0.1
        ),
        Format(
            ONNX, "-float32.onnx", "float32", False, "ONNX Runtime, OpenCV and other tools; as fast as float32 TFLite", 0.001
        ),
        Format(ONNX_INT8, "-int8.onnx", "float32", True, "a small ONNX file (QDQ); slower than ONNX float32 on x86-64", 0.1),
    )
}
