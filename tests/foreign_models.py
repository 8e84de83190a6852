"""Model files as others make them, of a few kB each, and what their own runtimes say after their own preprocessing.

A network looks at a picture in patches, so that size, colours, range and layout all tell.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import flatbuffers
import numpy as np
from numpy.typing import NDArray

SIDE, PATCH, CHANNELS = 32, 8, 6
IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
MINUS_ONE = ((127.5,), (127.5,))
ZERO_ONE = ((0.0,), (255.0,))
Array = NDArray[Any]


Normal = tuple[Sequence[float], Sequence[float]]


def weights(classes: int, normal: Normal) -> tuple[Array, Array, Array]:
    """Return kernels ``[patch, patch, 3, channels]``, dense weights ``[channels, classes]`` and biases of a network.

    Its logits are 0 on average over random pictures, and differ from one to the next, when these are prepared as it wants.
    """
    rng = np.random.default_rng(3)
    kernels = rng.normal(0, 1, (PATCH, PATCH, 3, CHANNELS)).astype(np.float32)
    seen = np.concatenate([prepared(random_picture(rng), *normal) for _ in range(200)])
    patches = seen.reshape(-1, SIDE // PATCH, PATCH, SIDE // PATCH, PATCH, 3)
    maps = np.einsum("niajbc,abcd->nijd", patches, kernels, optimize=True)
    kernels /= maps.std()
    features = np.maximum(maps / maps.std(), 0).mean((1, 2))
    dense = rng.normal(0, 1, (CHANNELS, classes)).astype(np.float32)
    dense *= 2 / (features @ dense).std(axis=0)
    return kernels, dense, -(features @ dense).mean(axis=0).astype(np.float32)


def random_picture(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a BGR picture of soft spots."""
    spots = rng.integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(spots, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)


def pictures() -> list[NDArray[np.uint8]]:
    """Return BGR pictures that the network tells apart: ramps, stripes, a colour; one of them is not square."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64) / (SIDE - 1)
    wide = np.mgrid[:40, :80][1] / 79
    found = [
        np.stack([255 * x, 255 * y, 255 * (1 - x)], -1),
        np.stack([255 * (x > 0.5), 40 + 0 * x, 200 * y], -1),
        np.full((SIDE, SIDE, 3), (200, 40, 90)),
        np.full((SIDE, SIDE, 3), (12, 220, 250)),
        np.stack([255 * wide, 255 * (1 - wide), 60 + 0 * wide], -1),
    ]
    return [np.rint(picture).astype(np.uint8) for picture in found]


def prepared(picture: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float], *, crop: bool = False) -> Array:
    """Return float32 ``[1, side, side, 3]`` as such a model's own example code makes it."""
    if crop:
        side = min(picture.shape[:2])
        top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
        picture = picture[top : top + side, left : left + side]
    resized = cv2.cvtColor(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    found: Array = ((resized.astype(np.float32) - np.float32(mean)) / np.float32(std))[np.newaxis]
    return found


def tflite(
    classes: int,
    ending: str = "softmax",
    *,
    kind: str = "float32",
    normal: Normal = MINUS_ONE,
    any_size: bool = False,
) -> bytes:
    """Convert a network with TensorFlow.

    Args:
        classes: length of its row.
        ending: ``"softmax"``, ``"sigmoid"``, ``"logits"``, or ``"shares"``, whose last operation tells nothing.
        kind: ``"float32"``, ``"float16"``, ``"int8"`` or ``"uint8"``, the latter two in and out.
        normal: mean and std that it wants its pictures prepared with.
        any_size: leave height and width open.
    """
    import tensorflow as tf

    from catdog.edge.common.quiet import STDERR, STDOUT, native_output_dropped

    kernels, dense, bias = weights(classes, normal)
    endings: dict[str, Callable[[Any], Any]] = {
        "softmax": tf.nn.softmax,
        "sigmoid": tf.nn.sigmoid,
        "logits": lambda logits: logits,
        "shares": lambda logits: tf.nn.sigmoid(logits) / tf.reduce_sum(tf.nn.sigmoid(logits), -1, keepdims=True),
    }
    side = None if any_size else SIDE

    class Network(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([1, side, side, 3], tf.float32)])  # type: ignore[untyped-decorator]
        def run(self, pixels: Any) -> Any:
            maps = tf.nn.relu(tf.nn.conv2d(pixels, kernels, PATCH, "VALID"))
            return endings[ending](tf.matmul(tf.reduce_mean(maps, [1, 2]), dense) + bias)

    network = Network()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.run.get_concrete_function()], network)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind in ("int8", "uint8"):
        low, high = (prepared(np.full((SIDE, SIDE, 3), level, np.uint8), *normal) for level in (0, 255))
        converter.representative_dataset = lambda: (
            [each] for each in (low, high, *(prepared(picture, *normal) for picture in pictures()))
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = {"int8": tf.int8, "uint8": tf.uint8}[kind]
    with native_output_dropped(STDOUT, STDERR):
        content: bytes = converter.convert()
    return content


def with_metadata(
    content: bytes, labels: Sequence[str], mean: Sequence[float], std: Sequence[float], *, file: str = "labels.txt"
) -> bytes:
    """Return a TFLite file with TFLite's own metadata: normalization, and labels in the archive behind it."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer = b"TFLITE_METADATA", len(model.buffers)
    buffer.data = np.frombuffer(_metadata(mean, std, file), np.uint8)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    packed = io.BytesIO(bytes(builder.Output()))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("labels.txt", "\n".join(labels))
    return packed.getvalue()


def _metadata(mean: Sequence[float], std: Sequence[float], file: str) -> bytes:
    """Write `ModelMetadata` of `metadata_schema.fbs`: one input with its normalization, one output with its labels."""
    b = flatbuffers.Builder(512)

    def table(**slots: Callable[[int], None]) -> int:
        b.StartObject(8)
        for name, add in slots.items():
            add(int(name.removeprefix("f")))
        return int(b.EndObject())

    def at(target: int) -> Callable[[int], None]:
        return lambda slot: b.PrependUOffsetTRelativeSlot(slot, target, 0)

    def byte(value: int) -> Callable[[int], None]:
        return lambda slot: b.PrependUint8Slot(slot, value, 0)

    def vector(targets: Sequence[int]) -> int:
        b.StartVector(4, len(targets), 4)
        for target in reversed(targets):
            b.PrependUOffsetTRelative(target)
        return int(b.EndVector())

    def floats(values: Sequence[float]) -> int:
        return int(b.CreateNumpyVector(np.array(values, np.float32)))

    image = table(f0=byte(1))  # RGB
    content = table(f0=byte(2), f1=at(image))  # ImageProperties
    normalization = table(f0=at(floats(mean)), f1=at(floats(std)))
    unit = table(f0=byte(1), f1=at(normalization))
    pixels = table(f3=at(content), f4=at(vector([unit])))
    named = table(f0=at(b.CreateString(file)), f2=byte(2))  # TENSOR_AXIS_LABELS
    row = table(f6=at(vector([named])))
    graph = table(f2=at(vector([pixels])), f3=at(vector([row])))
    b.Finish(table(f3=at(vector([graph]))), b"M001")
    return bytes(b.Output())


def onnx(
    classes: int,
    ending: str = "Softmax",
    *,
    normal: Normal = ZERO_ONE,
    layout: str = "nchw",
    shape: Sequence[int | str] | None = None,
    row: Sequence[int | str] | None = None,
    dtype: str = "float32",
    properties: dict[str, str] | None = None,
    external: Path | None = None,
) -> bytes:
    """Build a network with the package onnx.

    Args:
        classes: length of its row.
        ending: the operation that it ends with; empty for logits.
        normal: mean and std that it wants its pictures prepared with.
        layout: ``"nchw"`` or ``"nhwc"``.
        shape: of the input; None for one picture of 32 x 32.
        row: shape of the output; None for one row.
        dtype: of the input, ``"float32"`` or ``"float16"``.
        properties: `metadata_props`.
        external: put the weights beside this path, which is written as well.
    """
    from onnx import TensorProto, helper, numpy_helper, save

    kernels, dense, bias = weights(classes, normal)
    element = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}[dtype]
    shape = shape or ([1, 3, SIDE, SIDE] if layout == "nchw" else [1, SIDE, SIDE, 3])
    nodes, source = [], "images"
    if dtype == "float16":
        nodes.append(helper.make_node("Cast", [source], ["wide"], to=TensorProto.FLOAT))
        source = "wide"
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", [source], ["planes"], perm=[0, 3, 1, 2]))
        source = "planes"
    last = "logits" if ending else "output0"
    nodes += [
        helper.make_node("Conv", [source, "kernels"], ["maps"], strides=[PATCH, PATCH]),
        helper.make_node("Relu", ["maps"], ["rectified"]),
        helper.make_node("ReduceMean", ["rectified"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["means", "dense", "bias"], [last]),
    ]
    if ending:
        nodes.append(helper.make_node(ending, [last], ["output0"]))
    stored = {"kernels": np.ascontiguousarray(kernels.transpose(3, 2, 0, 1)), "dense": dense, "bias": bias}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("images", element, shape)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, row or [1, classes])],
        [numpy_helper.from_array(value, name) for name, value in stored.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, properties or {})
    if external is not None:
        save(model, external, save_as_external_data=True, location=f"{external.name}.data", size_threshold=0)
        return external.read_bytes()
    content: bytes = model.SerializeToString()
    return content


def answer_of_tflite(content: bytes, pixels: Array) -> Array:
    """Return what LiteRT says of prepared pixels; int8 as its guide has it, ``whole = real / scale + zero``, uint8 as it is."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    (source,), (row,) = interpreter.get_input_details(), interpreter.get_output_details()
    if source["shape"].tolist() != list(pixels.shape):
        interpreter.resize_tensor_input(source["index"], pixels.shape)
    interpreter.allocate_tensors()
    if source["dtype"] == np.int8:
        scale, zero = source["quantization"]
        pixels = np.clip(np.rint(pixels / scale + zero), -128, 127)
    interpreter.set_tensor(source["index"], pixels.astype(source["dtype"]))
    interpreter.invoke()
    found = interpreter.get_tensor(row["index"])[0]
    if found.dtype.kind in "iu":
        scale, zero = row["quantization"]
        found = (found.astype(np.float32) - zero) * scale
    return np.asarray(found, np.float32)


def answer_of_onnx(content: bytes | Path, pixels: Array) -> Array:
    """Return what ONNX Runtime says of prepared pixels."""
    import onnxruntime

    given = content if isinstance(content, bytes) else str(content)
    session = onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"])
    kind = np.float16 if session.get_inputs()[0].type == "tensor(float16)" else np.float32
    return np.asarray(session.run(None, {"images": pixels.astype(kind)})[0][0], np.float32)


def softmax(logits: Array) -> Array:
    """Return scores that sum to 1."""
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())
