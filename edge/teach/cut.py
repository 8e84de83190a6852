"""An int8 TFLite file taken apart at its last layer, and put together with another.

    pixels -> ... -> pooled features, int8 [1, f] -> fully connected, int8 [1, classes] -> dequantize -> softmax
                                                ^ here

Source of the quantization: B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", CVPR 2018; ai.google.dev/edge/litert, "8-bit quantization specification" (weights by channel, bias of the scale of
input times weights).
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from ..errors import ModelError
from ..tflite.graph import pack, up_to

_OPERATORS = schema.BuiltinOperator
_TAIL = (_OPERATORS.FULLY_CONNECTED, _OPERATORS.DEQUANTIZE, _OPERATORS.SOFTMAX)
_MARGIN = 0.05  # of the logits' range, beyond what was seen, on either side


@dataclass(frozen=True)
class Head:
    """The last layer, in real numbers.

    Attributes:
        weights: float64 ``[classes, features]``.
        bias: float64 ``[classes]``.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the logits of features ``[n, features]``."""
        return np.asarray(features @ self.weights.T.astype(np.float32) + self.bias, np.float64)


class CutModel:
    """A model and the place where its features become logits.

    Args:
        content: the flatbuffer, without what is appended.
        path: what to call it.

    Attributes:
        scale: what a step of a feature's int8 is worth.
        zero: the int8 that stands for 0.
        head: the last layer.

    Raises:
        ModelError: it does not end as the picture above says.
    """

    def __init__(self, content: bytes, path: Path) -> None:
        self._size = len(content)
        self._model = schema.ModelT.InitFromPackedBuf(content, 0)
        graph = self._model.subgraphs[0]
        self._tail = graph.operators[-len(_TAIL) :]
        codes = tuple(self._model.operatorCodes[each.opcodeIndex].builtinCode for each in self._tail)
        if len(self._model.subgraphs) != 1 or codes != _TAIL or not self._is_int8(self._tail[0]):
            raise _cannot_learn(path)
        taken, weights, bias = (graph.tensors[index] for index in self._tail[0].inputs)
        self.scale, self.zero = float(taken.quantization.scale[0]), int(taken.quantization.zeroPoint[0])
        self._features = int(self._tail[0].inputs[0])
        steps = np.asarray(weights.quantization.scale, np.float64)[:, np.newaxis]
        self.head = Head(
            self._values(weights, np.int8).reshape(tuple(weights.shape)).astype(np.float64) * steps,
            self._values(bias, np.int32).astype(np.float64) * steps[:, 0] * self.scale,
        )

    def _is_int8(self, layer: schema.OperatorT) -> bool:
        tensors = self._model.subgraphs[0].tensors
        types = [tensors[index].type for index in (*layer.inputs, *layer.outputs)]
        wanted = [schema.TensorType.INT8, schema.TensorType.INT8, schema.TensorType.INT32, schema.TensorType.INT8]
        return types == wanted and all(tensors[index].quantization.scale is not None for index in layer.inputs)

    def _values(self, tensor: schema.TensorT, dtype: type[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        return np.frombuffer(bytes(self._model.buffers[tensor.buffer].data), dtype)

    def up_to_features(self) -> bytes:
        """Return the flatbuffer of pixels to int8 features ``[1, features]``."""
        graph = self._model.subgraphs[0]
        last = next(each for each in graph.operators if self._features in each.outputs)
        return pack(up_to(self._model, last), self._size)

    def with_head(self, head: Head, features: NDArray[np.float32]) -> bytes:
        """Return the flatbuffer with another last layer, of as many classes as it likes.

        Args:
            head: the layer.
            features: float32 ``[n, features]``, to take the range of the logits from, and what rounding shifts them by.
        """
        model = copy.deepcopy(self._model)
        graph = model.subgraphs[0]
        layer, dequantize, softmax = graph.operators[-len(_TAIL) :]
        _, weights, bias = (graph.tensors[index] for index in layer.inputs)
        steps = np.abs(head.weights).max(axis=1).clip(1e-9) / 127
        rounded = np.rint(head.weights / steps[:, np.newaxis]).clip(-127, 127).astype(np.int8)
        logits = head(features)
        shift = (logits - Head(rounded * steps[:, np.newaxis], head.bias)(features)).mean(axis=0)
        whole = np.rint((head.bias + shift) / (steps * self.scale)).astype(np.int32)
        _fill(model, weights, rounded, steps, 0)
        _fill(model, bias, whole, steps * self.scale, 0)
        low, high = min(0.0, float(logits.min())), max(0.0, float(logits.max()))
        step = (high - low) * (1 + 2 * _MARGIN) / 255
        zero = int(np.rint(-128 - (low - _MARGIN * (high - low)) / step))
        for index in (*layer.outputs, *dequantize.outputs, *softmax.outputs):
            graph.tensors[index].shape = [1, len(head.bias)]
            graph.tensors[index].shapeSignature = None
        _quantize(graph.tensors[layer.outputs[0]], np.array([step]), zero)
        return pack(model, self._size + rounded.nbytes)

    def quantized(self, features: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return features as the file has them inside."""
        return np.asarray(np.rint(features / self.scale + self.zero).clip(-128, 127), np.int8)

    def real(self, features: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return what int8 features stand for."""
        return (features.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)


def from_features(content: bytes) -> bytes:
    """Return the end of a model that `CutModel.with_head` wrote: int8 features ``[1, features]`` to scores."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    graph.operators = graph.operators[-len(_TAIL) :]
    graph.inputs = [graph.operators[0].inputs[0]]
    kept = sorted({int(index) for each in graph.operators for index in (*each.inputs, *each.outputs)})
    place = {index: new for new, index in enumerate(kept)}
    for each in graph.operators:
        each.inputs, each.outputs = ([place[int(index)] for index in some] for some in (each.inputs, each.outputs))
    graph.inputs, graph.outputs = ([place[int(index)] for index in some] for some in (graph.inputs, graph.outputs))
    graph.tensors = [graph.tensors[index] for index in kept]
    buffers = [model.buffers[0], *(model.buffers[tensor.buffer] for tensor in graph.tensors)]
    for new, tensor in enumerate(graph.tensors, 1):
        tensor.buffer = new if buffers[new].data is not None else 0
    model.buffers, model.metadata, model.signatureDefs = buffers, None, None
    return pack(model, sum(0 if each.data is None else len(each.data) for each in buffers))


def _fill(
    model: schema.ModelT, tensor: schema.TensorT, values: NDArray[np.generic], steps: NDArray[np.float64], zero: int
) -> None:
    """Give a tensor other values, by channel; its buffer becomes its own."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    old = model.buffers[tensor.buffer]
    if sum(each.buffer == tensor.buffer for each in model.subgraphs[0].tensors) == 1:
        old.data = buffer.data
    else:
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    tensor.shape, tensor.shapeSignature = list(values.shape), None
    _quantize(tensor, steps, zero)


def _quantize(tensor: schema.TensorT, steps: NDArray[np.float64], zero: int) -> None:
    said = tensor.quantization
    said.scale, said.zeroPoint = steps.astype(np.float32), np.full(len(steps), zero, np.int64)
    said.min = said.max = None
    said.quantizedDimension = 0


def _cannot_learn(path: Path) -> ModelError:
    return ModelError(
        "an int8 TFLite model whose last layer is fully connected, of int8, before a float softmax",
        got=f"{path}, which ends otherwise",
        fix="Teach a bundled model (default, fast, tiny), or an int8 export of one that was trained with --negatives.",
    )
