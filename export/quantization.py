"""Keras to full-integer TFLite, in steps that can be looked into: ranges, which of them to cut, which layers to leave in float.

The converter does the same in one go, but says nothing of where its errors arise, and takes every layer or none.
Source of the scheme: B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", CVPR 2018.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from tensorflow.lite.python.convert import mlir_quantize

from catdog.edge.common.quiet import STDERR, STDOUT, native_output_dropped
from catdog.edge.tflite.graph import append_softmax, pack
from catdog.train.model import FEATURES, logits_model
from catdog.train.presence import NEAREST

from .bias import correct
from .interpreting import runs, warnings_dropped
from .tflite import convert, converter_of

_MOST_LOOKED_AT = 32  # pictures whose activations are sorted, which takes a while

_LEAST_VARIANCE = 1e-12  # of a channel over a picture; below it says nothing
_MODELS = ("logits_model", "backbone")  # that a layer's path begins with


@dataclass(frozen=True)
class LayerError:
    """What quantizing one layer's output costs."""

    name: str  # the layer's output in the graph
    # squared error of the quantized output as a share of its variance, at most 1, mean over the channels. By channel, because
    # one that is drowned by a louder one may be the one that matters
    noise: float

    @property
    def short_name(self) -> str:
        """The layer as Keras calls it: the converter's name holds the path of each operation that became part of it."""
        return plain_name(self.name)


def plain_name(name: str) -> str:
    """Return the Keras layers of a tensor: `block_1_expand` of ``"logits_1/backbone_1/block_1_expand_relu_1/Relu6;..."``."""
    paths = [path.split("/") for path in name.split(";") if path]
    layers = [next((part for part in path if not part.startswith(_MODELS)), path[-1]) for path in paths]
    names = dict.fromkeys(re.sub(r"^bn_|(_(relu|BN|bn))?(_\d+)?$", "", layer) for layer in layers)
    return " + ".join(filter(None, names))


def to_be_calibrated(core: keras.Model) -> bytes:
    """Convert a Keras model to a float TFLite flatbuffer in which every activation has some range.

    A softmax in int8 moves in steps of 1/256 and never says more than 0.996. So only the network up to its logits is taken.

    The converter's own calibrator is asked for the form alone, on one grey picture. Its ranges are too wide wherever an
    addition writes its sum over what it adds (TensorFlow 2.21): it looks when that has happened, and takes the sum for the
    summand.

    Args:
        core: the Keras model, ending in a softmax over logits.
    """
    network = logits_model(core)
    grey = np.full((1, *network.input_shape[1:]), 127.0, np.float32)
    converter = converter_of(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([grey] for _ in range(1))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter._experimental_calibrate_only = True  # as TensorFlow's own QuantizationDebugger does
    return convert(converter)


def ranges_of(content: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """Take the range of every activation from pictures.

    Args:
        content: from `to_be_calibrated`.
        pictures: uint8 ``[n, size, size, 3]`` RGB.

    Returns:
        The flatbuffer with the smallest and largest value of every tensor.
    """
    inside = _activations(content)
    lows, highs = np.full(len(inside), np.inf), np.full(len(inside), -np.inf)
    for interpreter in runs(content, pictures):
        for place, index in enumerate(inside):
            values = interpreter.get_tensor(index)
            lows[place], highs[place] = min(lows[place], values.min()), max(highs[place], values.max())
    return _with_ranges(content, inside, lows, highs)


def _activations(calibrated: bytes) -> list[int]:
    """Return which tensors have a range, and are neither weights nor the pixels."""
    model = schema.ModelT.InitFromPackedBuf(calibrated, 0)
    graph = model.subgraphs[0]
    return [
        index
        for index, tensor in enumerate(graph.tensors)
        if index not in graph.inputs
        and tensor.quantization is not None
        and tensor.quantization.min is not None
        and tensor.type == schema.TensorType.FLOAT32
        and model.buffers[tensor.buffer].data is None
    ]


def _with_ranges(calibrated: bytes, inside: Sequence[int], lows: NDArray[np.float64], highs: NDArray[np.float64]) -> bytes:
    """Write ranges into a flatbuffer; zero is always in them, since padding and ReLU make it.

    The pixels get all of theirs, whatever the pictures: so a byte stays the byte that the camera sends (scale 1).
    """
    model = schema.ModelT.InitFromPackedBuf(calibrated, 0)
    graph = model.subgraphs[0]
    ranges = {index: (min(0.0, low), max(0.0, high)) for index, low, high in zip(inside, lows, highs, strict=True)}
    ranges |= {int(index): (0.0, 255.0) for index in graph.inputs}
    for index, (low, high) in ranges.items():
        found = graph.tensors[index].quantization
        found.min, found.max = np.array([low], np.float32), np.array([high], np.float32)
    return pack(model, len(calibrated))


def quantize(calibrated: bytes, pictures: NDArray[np.uint8], float_layers: Sequence[str] = ()) -> bytes:
    """Quantize to int8 with per-channel kernels: uint8 pixels in, float32 scores out of a float softmax.

    Behind the pooled features only products with weights are int8. A presence check also takes the features' length, whose
    squares are small and would be rounded away, and weighs its finding against the classes: in ranges taken from pictures of
    the classes, `neither` could never win.

    Args:
        calibrated: from `ranges_of` or `cut_ranges`.
        pictures: uint8 ``[n, size, size, 3]`` RGB, for what is corrected afterwards.
        float_layers: names of layers, as `rank_layers` gives them, to be left in float.
    """
    with native_output_dropped(STDOUT, STDERR):
        content: bytes = mlir_quantize(
            calibrated,
            input_data_type=tf.uint8,
            output_data_type=tf.float32,
            denylisted_nodes={*float_layers, *_behind_features(calibrated)} or None,
        )
    content = correct(content, calibrated, pictures)
    return append_softmax(_with_similarities_kept(content, calibrated, pictures[:_MOST_LOOKED_AT]))


def _with_similarities_kept(content: bytes, calibrated: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """Undo what quantizing does to the similarities of a presence check on average, in the factor that weighs them.

    Noise turns features away from what they are like: all similarities fall a little, and pets near the threshold would be
    refused. Source of the idea: M. Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV
    2019, section 4.2.
    """
    means = []
    for version in (calibrated, content):
        nearest = _outputs_of(version, NEAREST)
        if not nearest:
            return content
        means.append(np.mean([interpreter.get_tensor(nearest[-1]) for interpreter in runs(version, pictures)]))
    if not means[1] > 0:
        return content  # nothing is left of them; the verification will say so
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    nearest = _outputs_of(content, NEAREST)
    weigh = next(op for op in graph.operators if nearest[-1] in op.inputs)
    (factor,) = (graph.tensors[index] for index in weigh.inputs if index != nearest[-1])
    value = np.frombuffer(bytes(model.buffers[factor.buffer].data), np.float32) * (means[0] / means[1])
    model.buffers[factor.buffer].data = np.frombuffer(value.astype(np.float32).tobytes(), np.uint8)
    return pack(model, len(content))


def _outputs_of(content: bytes, layer: str) -> list[int]:
    """Return the tensors that a Keras layer gives, in order."""
    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    outputs = [int(index) for op in graph.operators for index in op.outputs]
    return [index for index in outputs if f"/{layer}" in graph.tensors[index].name.decode()]


def _behind_features(calibrated: bytes) -> list[str]:
    """Return the layers that come after the pooled features and have no weights."""
    model = schema.ModelT.InitFromPackedBuf(calibrated, 0)
    tensors, found = model.subgraphs[0].tensors, []
    behind = set(_outputs_of(calibrated, FEATURES))
    for op in model.subgraphs[0].operators:
        if not behind.isdisjoint(int(index) for index in op.inputs):
            behind.update(int(index) for index in op.outputs)
            if model.operatorCodes[op.opcodeIndex].builtinCode != schema.BuiltinOperator.FULLY_CONNECTED:
                found += [tensors[index].name.decode() for index in op.outputs]
    return found


def cut_ranges(calibrated: bytes, pictures: NDArray[np.uint8], share: float) -> bytes:
    """Narrow the range of every activation to what all but a share of its values keep to.

    A single outlier in millions otherwise takes most of the 256 steps from all others. What has one value a channel, such as
    the gates of squeeze-and-excite, has no outliers to be cut, and another value in each picture: it keeps its range.

    Args:
        calibrated: from `ranges_of`.
        pictures: uint8 ``[n, size, size, 3]`` RGB.
        share: of the values, at either end, 0-1; counted picture by picture and averaged.
    """
    tensors = schema.ModelT.InitFromPackedBuf(calibrated, 0).subgraphs[0].tensors
    inside = [index for index in _activations(calibrated) if np.prod(tensors[index].shape[:-1]) > 1]
    looked_at = pictures[:_MOST_LOOKED_AT]
    ends = np.zeros((len(inside), 2))
    for interpreter in runs(calibrated, looked_at):
        for place, index in enumerate(inside):
            ends[place] += np.quantile(interpreter.get_tensor(index), (share, 1 - share)) / len(looked_at)
    return _with_ranges(calibrated, inside, ends[:, 0], ends[:, 1])


def rank_layers(calibrated: bytes, pictures: NDArray[np.uint8]) -> list[LayerError]:
    """Measure what quantizing each layer alone costs, the worst first.

    Args:
        calibrated: from `ranges_of` or `cut_ranges`.
        pictures: uint8 ``[n, size, size, 3]`` RGB.
    """

    def noise(exact: NDArray[np.float32], quantized: NDArray[np.int8], scale: float, zero: int) -> float:
        error = ((quantized.astype(np.float32) - zero) * scale - exact).reshape(-1, exact.shape[-1])
        spread = exact.reshape(-1, exact.shape[-1]).var(axis=0)
        live = spread > _LEAST_VARIANCE
        return float(np.minimum(1.0, (error**2).mean(axis=0)[live] / spread[live]).mean()) if live.any() else 0.0

    with native_output_dropped(STDOUT, STDERR), warnings_dropped():
        debugger = tf.lite.experimental.QuantizationDebugger(
            quant_debug_model_content=mlir_quantize(calibrated, enable_numeric_verify=True),
            debug_dataset=lambda: ([picture[np.newaxis].astype(np.float32)] for picture in pictures[:_MOST_LOOKED_AT]),
            debug_options=tf.lite.experimental.QuantizationDebugOptions(layer_direct_compare_metrics={"noise": noise}),
        )
        debugger.run()
    tensors = schema.ModelT.InitFromPackedBuf(calibrated, 0).subgraphs[0].tensors
    known = {tensor.name.decode() for tensor in tensors}
    found = []
    for check, metrics in debugger.layer_statistics.items():
        # NumericVerify/<layer>:<number of the tensor>; the layer may have got digits more, to be unlike its float twin.
        said = check.removeprefix("NumericVerify/").rpartition(":")[0]
        name = next((said[:end] for end in range(len(said), len(said) - 5, -1) if said[:end] in known), None)
        if name is not None:
            found.append(LayerError(name, float(metrics["noise"])))
    return sorted(found, key=lambda layer: -layer.noise)


def with_consumers(calibrated: bytes, layers: Sequence[str]) -> list[str]:
    """Add the layers that take what these give: were they quantized, what they take would be, too."""
    graph = schema.ModelT.InitFromPackedBuf(calibrated, 0).subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    wanted = {index for index, name in enumerate(names) if name in layers}
    consumers = [names[op.outputs[0]] for op in graph.operators if wanted & {int(index) for index in op.inputs}]
    return list(dict.fromkeys((*layers, *consumers)))
