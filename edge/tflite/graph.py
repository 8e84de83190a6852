"""Changes to a finished TFLite flatbuffer.

Source of the layout: the TFLite schema that ships with LiteRT (`schema_py_generated`).
"""

import copy

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16  # bytes; the schema's force_align for tensor data, which generated Python does not honour


class _TensorBuilder(flatbuffers.Builder):
    """A builder that keeps tensor data aligned, as kernels that load it straight from the file expect, and equal data once.

    The zero points of a per-channel quantization are zeros of 8 bytes each: a fifth of a small network's file, were they
    written for every tensor.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[int, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[np.generic]) -> int:  # noqa: N802 - overrides a library's name
        data = np.ascontiguousarray(x).tobytes()
        offset = self._written.get((x.itemsize, data))
        if offset is None:
            self.StartVector(x.itemsize, x.size, _BUFFER_ALIGNMENT)
            self.head = self.Head() - len(data)
            self.Bytes[self.Head() : self.Head() + len(data)] = data
            self.vectorNumElems = x.size
            offset = self._written[x.itemsize, data] = int(self.EndVector())
        return offset


def pack(model: schema.ModelT, size: int) -> bytes:
    """Serialise a changed model; `size` is about what it needs, in bytes."""
    builder = _TensorBuilder(size + 4096)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def up_to(model: schema.ModelT, operator: schema.OperatorT) -> schema.ModelT:
    """Return a model that ends with one of its operators, whose output becomes its only one; what both have is shared."""
    graph = copy.copy(model.subgraphs[0])
    end = next(place for place, each in enumerate(graph.operators) if each is operator)
    graph.operators, graph.outputs = graph.operators[: end + 1], operator.outputs
    shorter = copy.copy(model)
    shorter.subgraphs, shorter.signatureDefs = [graph], None
    return shorter


def append_softmax(content: bytes) -> bytes:
    """Append a float softmax to the only output of a TFLite model.

    Args:
        content: a flatbuffer whose output is float32 ``[1, classes]`` logits.

    Returns:
        The flatbuffer whose output is float32 ``[1, classes]`` scores that sum to 1.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    (logits,) = graph.outputs
    scores = schema.TensorT()
    scores.name, scores.shape, scores.type = b"scores", graph.tensors[logits].shape, schema.TensorType.FLOAT32
    scores.hasRank, scores.buffer = True, 0  # buffer 0 is the empty one: computed, not stored
    graph.tensors.append(scores)

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX
    code.version = 1
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs = [int(logits)]
    operator.outputs = graph.outputs = [len(graph.tensors) - 1]
    operator.builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions
    operator.builtinOptions = schema.SoftmaxOptionsT()
    operator.builtinOptions.beta = 1.0
    graph.operators.append(operator)

    for signature in model.signatureDefs or []:
        for output in signature.outputs:
            output.tensorIndex = graph.outputs[0]
    for tensor in graph.tensors:
        tensor.name = tensor.name.partition(b";")[0]  # fused layers list all they were made of: 30 kB of names
    return pack(model, len(content))
