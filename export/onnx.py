"""Keras to ONNX: float32, and int8 in the QDQ form."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.quiet import STDERR, STDOUT, native_output_dropped
from catdog.edge.contract.artifact import ONNX_PROPERTY
from catdog.edge.contract.model_contract import ModelContract
from catdog.edge.contract.seal import seal_onnx
from catdog.train.model import FEATURES
from catdog.train.presence import NEAREST

OPSET = 17
BATCH, PIXELS, SCORES = "batch", "pixels", "scores"


def to_onnx(core: keras.Model) -> bytes:
    """Convert to float32 ONNX, opset 17: ``pixels`` float32 ``[batch, size, size, 3]`` RGB 0-255 in, ``scores`` out."""
    import tensorflow as tf

    with native_output_dropped(STDOUT, STDERR):
        import tf2onnx

        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        _, height, width, channels = core.input_shape
        signature = [tf.TensorSpec((None, height, width, channels), tf.float32, name=PIXELS)]
        # A dict names the output in the graph.
        function = tf.function(lambda pixels: {SCORES: core(pixels, training=False)}, input_signature=signature)
        model, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    content: bytes = model.SerializeToString()
    return content


def to_onnx_int8(content: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """Quantize a float32 ONNX model to int8, per channel, QDQ; the softmax at its end stays in float.

    Args:
        content: from `to_onnx`.
        pictures: uint8 ``[n, size, size, 3]`` RGB, that the ranges are taken from.
    """
    import onnx
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._pictures = iter(pictures)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            picture = next(self._pictures, None)
            return None if picture is None else {PIXELS: picture[np.newaxis].astype(np.float32)}

    with tempfile.TemporaryDirectory() as folder, native_output_dropped(STDOUT, STDERR), _root_logger_quiet():
        source, prepared, target = (Path(folder) / f"{name}.onnx" for name in ("source", "prepared", "target"))
        source.write_bytes(content)
        quantization.quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            target,
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            # Not QInt8: processors with AVX2 and without VNNI add products of the two in 16 bits, which overflow (measured on
            # an AMD EPYC: scores off by up to 1.0). Source: onnxruntime's page on quantization, "When and why".
            weight_type=quantization.QuantType.QUInt8,
            nodes_to_exclude=_behind_features(onnx.load(prepared).graph),
            # With the relus, which are cut off by the range then: else the range would be that of what they cut off.
            op_types_to_quantize=["Conv", "Clip", "Relu", "MatMul", "Gemm", "Add", "Mul", "Sub", "MaxPool"],
        )
        return _with_similarities_kept(target.read_bytes(), content, pictures)


@contextmanager
def _root_logger_quiet() -> Iterator[None]:
    """Drop the warnings of ONNX Runtime's quantizer, which has no logger of its own; other loggers get their root back."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


def _with_similarities_kept(quantized: bytes, exact: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """Undo what quantizing does to the similarities of a presence check; why, `quantization.quantize` says."""
    import onnx

    model = onnx.load_model_from_string(quantized)
    nearest = next((node.output[0] for node in model.graph.node if f"/{NEAREST}" in node.output[0]), None)
    if nearest is None:
        return quantized
    weigh = next(node for node in model.graph.node if nearest in node.input and node.op_type == "Mul")
    (factor,) = (value for value in model.graph.initializer if value.name in weigh.input)
    means = [_mean_of(nearest, content, pictures) for content in (exact, quantized)]
    if not means[1] > 0:
        return quantized  # nothing is left of them; the verification will say so
    kept = onnx.numpy_helper.to_array(factor) * np.float32(means[0] / means[1])
    factor.CopyFrom(onnx.numpy_helper.from_array(kept.astype(np.float32), factor.name))
    return bytes(model.SerializeToString())


def _mean_of(value: str, content: bytes, pictures: NDArray[np.uint8]) -> float:
    """Return the mean that a value inside of a model has over pictures."""
    import onnx
    import onnxruntime

    model = onnx.load_model_from_string(content)
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(value))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [session.run([value], {PIXELS: picture[np.newaxis].astype(np.float32)})[0] for picture in pictures]
    return float(np.mean(found))


def _behind_features(graph: Any) -> list[str]:  # noqa: ANN401 - an `onnx.GraphProto`; onnx is not imported for a name
    """Return the nodes that pool features or come after them and have no weights; why, `quantization.quantize` says."""
    behind = {output for node in graph.node for output in node.output if f"/{FEATURES}" in output}
    found = []
    for node in graph.node:
        if node.op_type == "GlobalAveragePool" or not behind.isdisjoint(node.input):
            behind.update(node.output)
            if node.op_type not in ("MatMul", "Gemm"):
                found.append(node.name)
    return found


def attach_contract(content: bytes, contract: ModelContract) -> bytes:
    """Return the ONNX file with the contract among its metadata properties, checked in full and sealed."""
    import onnx

    model = onnx.load_model_from_string(content)
    model.producer_name, model.doc_string = "catdog", f"Which of these is in the picture: {', '.join(contract.labels)}?"
    onnx.helper.set_model_props(model, {ONNX_PROPERTY: contract.to_json()})
    onnx.checker.check_model(model, full_check=True)
    return seal_onnx(model.SerializeToString(deterministic=True))
