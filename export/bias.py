"""What quantizing does to a layer's output on average, taken back in the layer's biases.

Rounding turns into a shift: noise before a ReLU raises what comes behind it, and dozens of layers add up. Layers without an
activation are corrected one after another, each on what those before it now give; the last are the logits.

Source: M. Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019, section 4.2
(correction by pictures).

May import: LiteRT's schema, numpy, the edge's `tflite.graph`, its neighbours `interpreting` and `walk`.
"""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from catdog.edge.tflite.graph import pack

from .interpreting import runs
from .walk import Walk

_WITH_BIAS = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED)
_PICTURES = 16  # a layer gives its output at many places of each


def correct(content: bytes, exact: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """Correct the biases of an int8 model.

    Args:
        content: the int8 flatbuffer, up to its logits.
        exact: the float one that it was made from.
        pictures: uint8 ``[n, size, size, 3]`` RGB, some of those that the ranges were taken from.

    Returns:
        The flatbuffer with other biases; the same where its layers are not those of the float one.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    ours, theirs = _layers(model), _layers(schema.ModelT.InitFromPackedBuf(exact, 0))
    if len(ours) != len(theirs) or not ours:
        return content
    linear = [place for place, op in enumerate(ours) if _is_linear(op) and _is_quantized(model, op)]
    some = pictures[:: max(1, len(pictures) // _PICTURES)][:_PICTURES]
    wanted = _means(exact, [int(theirs[place].outputs[0]) for place in linear], some)
    walk = Walk(model, some)
    for place, mean in zip(linear, wanted, strict=True):
        op = ours[place]
        found = np.mean([_channels(values) for values in walk.output_of(op)], axis=0)
        _shift(model, op, mean - _real(found, model.subgraphs[0].tensors[op.outputs[0]].quantization))
    return pack(model, len(content))


def _layers(model: schema.ModelT) -> list[schema.OperatorT]:
    """Return the operators that have biases, in order."""
    graph = model.subgraphs[0]
    return [op for op in graph.operators if model.operatorCodes[op.opcodeIndex].builtinCode in _WITH_BIAS]


def _is_linear(op: schema.OperatorT) -> bool:
    return bool(op.builtinOptions.fusedActivationFunction == schema.ActivationFunctionType.NONE)


def _is_quantized(model: schema.ModelT, op: schema.OperatorT) -> bool:
    tensors = model.subgraphs[0].tensors
    if len(op.inputs) < 3 or op.inputs[2] < 0:
        return False
    bias = tensors[op.inputs[2]]
    return bias.type == schema.TensorType.INT32 and model.buffers[bias.buffer].data is not None


def _means(content: bytes, indices: Sequence[int], pictures: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    """Return the mean of each channel of some tensors, as real numbers."""
    means = [np.zeros(1)] * len(indices)
    for interpreter in runs(content, pictures):
        for place, index in enumerate(indices):
            means[place] = means[place] + _channels(interpreter.get_tensor(index)) / len(pictures)
    tensors = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0].tensors
    return [_real(mean, tensors[index].quantization) for mean, index in zip(means, indices, strict=True)]


def _channels(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the mean of each channel of ``[1, ..., channels]``."""
    means: NDArray[np.float64] = values.reshape(-1, values.shape[-1]).mean(axis=0, dtype=np.float64)
    return means


def _real(mean: NDArray[np.float64], quantization: schema.QuantizationParametersT | None) -> NDArray[np.float64]:
    """Turn a mean of whole numbers into one of what they stand for; one of real numbers stays."""
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return mean
    return (mean - float(quantization.zeroPoint[0])) * float(quantization.scale[0])


def _shift(model: schema.ModelT, op: schema.OperatorT, by: NDArray[np.float64]) -> None:
    """Add to the biases of a layer; they are whole numbers of the scales of its input and weights, multiplied."""
    tensors = model.subgraphs[0].tensors
    taken, weights, bias = (tensors[index] for index in op.inputs[:3])
    scale = float(taken.quantization.scale[0]) * np.asarray(weights.quantization.scale, np.float64)
    buffer = model.buffers[bias.buffer]
    values = np.frombuffer(bytes(buffer.data), np.int32) + np.rint(by / scale).astype(np.int32)
    buffer.data = np.frombuffer(values.astype(np.int32).tobytes(), np.uint8)
