"""A TFLite model walked through operator by operator, so that a change made on the way is met by all that comes behind it.

Running the whole model anew after every change would take time that grows with the square of its layers.

May import: LiteRT and its schema, numpy, the edge's `cores`, `quiet` and `tflite.graph`, its neighbour `interpreting`.
"""

import copy
from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from catdog.edge.tflite.graph import pack

from .interpreting import plain_interpreter

_Values = dict[int, NDArray[np.generic]]  # by the number of a tensor
_ROOM = 1 << 16  # bytes, to begin with; the builder grows


class Walk:
    """A place in a model, and on each of some pictures what is computed before it and read behind it.

    Attributes:
        model: whose operators behind the place may be changed at any time.
    """

    def __init__(self, model: schema.ModelT, pictures: NDArray[np.uint8]) -> None:
        """Start before the first operator.

        Args:
            model: with one input of pixels.
            pictures: uint8 ``[n, size, size, 3]`` RGB.
        """
        self.model = model
        self._graph = model.subgraphs[0]
        (pixels,) = self._graph.inputs
        self._at = 0
        self._known: list[_Values] = [{int(pixels): picture[np.newaxis]} for picture in pictures]

    def output_of(self, operator: schema.OperatorT) -> list[NDArray[np.generic]]:
        """Walk to an operator, not past it, and return what it gives on each picture, as it is now.

        Args:
            operator: one of the graph's, not before the last that was asked for.
        """
        end = next(place for place, each in enumerate(self._graph.operators) if each is operator)
        (wanted,) = (int(index) for index in operator.outputs)
        stretch = self._graph.operators[self._at : end + 1]
        made = {int(index) for each in stretch[:-1] for index in each.outputs}
        read_later = {int(index) for each in self._graph.operators[end:] for index in each.inputs}
        inputs = sorted(set(self._known[0]) & {int(index) for each in stretch for index in each.inputs})
        kept = sorted(made & read_later)
        content = pack(stretch_of(self.model, stretch, inputs, [*kept, wanted]), _ROOM)
        found = []
        for place, values in enumerate(_answers(content, [[known[index] for index in inputs] for known in self._known])):
            known = {index: value for index, value in self._known[place].items() if index in read_later}
            self._known[place] = known | dict(zip(kept, values, strict=False))
            found.append(values[-1])
        self._at = end  # it runs again with what comes behind it: it may be changed meanwhile
        return found


def stretch_of(
    model: schema.ModelT, operators: Sequence[schema.OperatorT], inputs: Sequence[int], outputs: Sequence[int]
) -> schema.ModelT:
    """Return a model of some operators in a row, with nothing in it that they do not need.

    Args:
        model: the whole one; it is left as it is, and its data shared.
        operators: of its graph, in their order.
        inputs: numbers of the tensors that are given.
        outputs: numbers of the tensors that are asked for.
    """
    graph = copy.copy(model.subgraphs[0])
    touched = (int(index) for each in operators for index in (*each.inputs, *each.outputs))
    used = list(dict.fromkeys([*inputs, *(index for index in touched if index >= 0)]))
    numbers = {index: number for number, index in enumerate(used)}
    buffers, tensors = [schema.BufferT()], []
    for index in used:
        tensor = copy.copy(graph.tensors[index])
        buffer = model.buffers[tensor.buffer]
        tensor.buffer = len(buffers) if buffer.data is not None else 0  # buffer 0 is the empty one: computed, not stored
        if tensor.buffer:
            buffers.append(buffer)
        tensors.append(tensor)
    graph.tensors, graph.operators = tensors, [_renumbered(each, numbers) for each in operators]
    graph.inputs, graph.outputs = [numbers[index] for index in inputs], [numbers[index] for index in outputs]
    part = copy.copy(model)
    part.subgraphs, part.buffers = [graph], buffers
    part.signatureDefs = part.metadata = part.metadataBuffer = None
    return part


def _renumbered(operator: schema.OperatorT, numbers: dict[int, int]) -> schema.OperatorT:
    operator = copy.copy(operator)
    operator.inputs = [numbers.get(int(index), -1) for index in operator.inputs]  # -1: one that may be left out, and is
    operator.outputs = [numbers[int(index)] for index in operator.outputs]
    return operator


def _answers(content: bytes, given: Sequence[Sequence[NDArray[np.generic]]]) -> list[list[NDArray[np.generic]]]:
    """Run a model on what is given to its inputs; return what its outputs are, each time."""
    interpreter = plain_interpreter(content)
    taken = interpreter.get_input_details()
    told = [detail["index"] for detail in interpreter.get_output_details()]
    answers = []
    for values in given:
        for detail, value in zip(taken, values, strict=True):
            interpreter.set_tensor(detail["index"], value.astype(detail["dtype"], copy=False))
        interpreter.invoke()
        answers.append([interpreter.get_tensor(index) for index in told])
    return answers
