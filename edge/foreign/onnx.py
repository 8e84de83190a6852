"""What an ONNX file says: its input and output, its last operation, weights in other files, and Ultralytics' properties.

Sources of the fields' numbers: `onnx.proto`. Of the properties: Ultralytics' exporter writes ``task``, ``names`` and ``imgsz``,
and its classifiers take the middle of a picture, 0 to 1 (`ultralytics.data.augment.classify_transforms`).
"""

import ast
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..contract.artifact import ONNX_PROPERTY, damaged
from ..contract.model_contract import CROP, LOGITS, PROBABILITIES
from ..errors import ModelError
from . import protobuf
from .labels import told_apart
from .said import MAX_TEXT_BYTES, Normalization, Said, cut_short, unusable

_TYPES = {1: "float32", 2: "uint8", 3: "int8", 10: "float16"}  # enum TensorProto.DataType
_PASSED = ("Identity", "Reshape", "Flatten", "Squeeze", "Cast", "DequantizeLinear", "QuantizeLinear")
_OF_PROBABILITIES = ("Softmax", "Sigmoid")
_OF_LOGITS = ("Gemm", "MatMul", "Conv", "Add", "LogSoftmax")
_GRAPH, _PROPERTIES = 7, 14  # of a ModelProto
_NODES, _INITIALIZERS, _INPUTS, _OUTPUTS = 1, 5, 11, 12  # of a GraphProto
_LARGEST_SIDE = 1 << 31  # below 0 is written as a very large number, and means open
_ELSEWHERE = 13  # external_data of a TensorProto


def said_by_onnx(data: bytes, path: Path) -> Said:
    """Read what a file says.

    Args:
        data: the whole file.
        path: what to call it; weights in other files are looked for beside it.

    Raises:
        ModelError: it is damaged, no classifier of pictures, or its weights are not there.
    """
    try:
        said = _read(memoryview(data), path)
    except (ValueError, IndexError) as error:
        raise cut_short(path, f"it was cut short or changed ({error})") from error
    for name in weight_files(data):
        _require_beside(name, path)
    return said


def weight_files(data: bytes) -> list[str]:
    """Return the names of the files that weights lie in beside the model, as PyTorch's exporter puts them.

    Raises:
        ValueError: it is no ONNX file.
    """
    found: dict[str, None] = {}
    for graph in protobuf.parts(memoryview(data), _GRAPH):
        for tensor in protobuf.parts(graph, _INITIALIZERS):
            for entry in protobuf.parts(tensor, _ELSEWHERE):
                if protobuf.text(entry, 1) == "location":
                    found[protobuf.text(entry, 2)] = None
    return list(found)


def _require_beside(name: str, path: Path) -> None:
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise ModelError(
            f"the weights of {path} beside it", got=name, fix="Do not use the file: a model has no business elsewhere."
        )
    if not (path.parent / name).is_file():
        raise ModelError(
            f"the weights of {path}, which are in another file, {name}",
            got=f"no {path.parent / name}",
            fix="Copy both into one folder, or save the model as one file: onnx.save(onnx.load(...), ...).",
        )


def _read(data: memoryview, path: Path) -> Said:
    graph = next(protobuf.parts(data, _GRAPH), None)
    if graph is None:
        raise ValueError("no graph")
    stored = {protobuf.text(tensor, 8) for tensor in protobuf.parts(graph, _INITIALIZERS)}
    # Old files name their weights among the inputs, too.
    inputs = [value for value in protobuf.parts(graph, _INPUTS) if protobuf.text(value, 1) not in stored]
    outputs = list(protobuf.parts(graph, _OUTPUTS))
    if len(inputs) != 1 or len(outputs) != 1:
        raise unusable(path, "a model with one input and one output", f"{len(inputs)} and {len(outputs)}")
    kind, shape = _tensor(inputs[0])
    _, row = _tensor(outputs[0])
    if kind not in _TYPES:
        raise unusable(path, "an input of uint8, int8, float16 or float32", f"another type (number {kind})")
    ending, scores = _ending(graph, protobuf.text(outputs[0], 1))
    said = Said(_TYPES[kind], shape, row[-1] if row else 0, scores=scores, ending=ending)
    properties = {protobuf.text(entry, 1): protobuf.text(entry, 2) for entry in protobuf.parts(data, _PROPERTIES)}
    return _with_properties(said, properties, path)


def _tensor(value: memoryview) -> tuple[int, tuple[int, ...]]:
    """Return the type of a value's elements and its shape, 0 for an open axis."""
    tensor = next((part for kind in protobuf.parts(value, 2) for part in protobuf.parts(kind, 1)), None)
    if tensor is None:
        return 0, ()
    shape = next(protobuf.parts(tensor, 2), memoryview(b""))
    sides = (protobuf.number(side, 1) for side in protobuf.parts(shape, 1))
    return protobuf.number(tensor, 1), tuple(side if side < _LARGEST_SIDE else 0 for side in sides)


def _ending(graph: memoryview, output: str) -> tuple[str, str]:
    """Return the operation that makes the scores, and what they are therefore; empty where that does not follow."""
    makers = {
        bytes(name).decode("utf-8", "replace"): node
        for node in protobuf.parts(graph, _NODES)
        for name in protobuf.parts(node, 2)
    }
    for _ in range(len(makers)):
        node = makers.get(output)
        if node is None:
            break
        operation = protobuf.text(node, 4)
        if operation in _PASSED:
            output = bytes(next(protobuf.parts(node, 1), memoryview(b""))).decode("utf-8", "replace")
            continue
        of_logits = LOGITS if operation in _OF_LOGITS else ""
        return operation, PROBABILITIES if operation in _OF_PROBABILITIES else of_logits
    return "", ""


def _with_properties(said: Said, properties: dict[str, str], path: Path) -> Said:
    if ONNX_PROPERTY in properties:
        raise damaged(path)  # its seal is gone
    task = properties.get("task")
    if task is None or "names" not in properties:
        return said
    if task != "classify":
        raise unusable(path, "a classifier", f"the task {task!r} in its properties")
    names, size = _literal(properties["names"], path), _literal(properties.get("imgsz", "None"), path)
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[place] for place in range(len(names))]
    printable = isinstance(names, list) and all(isinstance(name, str) and name.isprintable() and name.strip() for name in names)
    if not isinstance(names, list) or not printable:
        raise unusable(path, "names for classes 0, 1, 2, ... in its properties", properties["names"][:100])
    sides = [size, size] if isinstance(size, int) else size
    known = list(sides) if isinstance(sides, list | tuple) and all(type(side) is int for side in sides) else []
    scaled = Normalization.of((0.0,), (255.0,))
    return replace(
        said,
        labels=told_apart(names),
        normalization=scaled,
        size=(known[0], known[1]) if len(known) == 2 else None,
        resize=CROP,
    )


def _literal(text: str, path: Path) -> object:
    """Read what Python's `str` wrote of a list or dictionary; nothing is evaluated."""
    try:
        if len(text) > MAX_TEXT_BYTES:
            raise ValueError("too long")
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise unusable(path, "properties as Ultralytics writes them", f"{text[:100]!r}") from error
