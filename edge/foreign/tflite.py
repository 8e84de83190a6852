"""What a TFLite file says: its input and output, its last operation, and the standard metadata with the labels.

Sources of the fields' numbers: TensorFlow Lite's `schema.fbs`, TensorFlow Lite Support's `metadata_schema.fbs`. Of the meaning:
"Adding metadata to TensorFlow Lite models" (ai.google.dev/edge/litert): normalization is of float input; to input of whole
numbers MediaPipe and the Task Library give the bytes of the picture.
"""

import io
import math
import struct
from dataclasses import replace
from pathlib import Path

from ..contract.model_contract import LOGITS, PROBABILITIES
from ..errors import ModelError
from .flatbuffer import Table
from .labels import parse_labels
from .said import MAX_TEXT_BYTES, Normalization, Quantization, Said, cut_short, unusable

_TYPES = {0: "float32", 1: "float16", 3: "uint8", 9: "int8"}  # enum TensorType
# enum BuiltinOperator
_PASSED = {6: "DEQUANTIZE", 22: "RESHAPE", 43: "SQUEEZE", 53: "CAST", 114: "QUANTIZE"}
_OF_PROBABILITIES = {14: "LOGISTIC", 25: "SOFTMAX"}
_OF_LOGITS = {0: "ADD", 3: "CONV_2D", 9: "FULLY_CONNECTED", 50: "LOG_SOFTMAX", 126: "BATCH_MATMUL"}
_METADATA = "TFLITE_METADATA"
_IMAGE_PROPERTIES, _NORMALIZATION, _LABELS_OF_AXIS, _GRAYSCALE = 2, 1, 2, 2
_OURS = "catdog: "  # that the description of catdog's own files begins with


def said_by_tflite(data: bytes, path: Path) -> Said:
    """Read what a file says.

    Args:
        data: the whole file.
        path: what to call it.

    Raises:
        ModelError: it is damaged, or no classifier of pictures.
    """
    try:
        return _read(data, path)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise cut_short(path, f"it was cut short or changed ({error})") from error


def _read(data: bytes, path: Path) -> Said:
    model = Table.root(data)
    buffers = list(model.tables(4))
    for buffer in buffers:  # a runtime would read behind the end of a file that was cut short
        buffer.bytes(0)
        if buffer.number(1, "Q") + buffer.number(2, "Q") > len(data):
            raise ValueError("weights that end behind the file")
    graph = next(model.tables(2), None)
    if graph is None:
        raise ValueError("no graph in it")
    tensors = list(graph.tables(0))
    inputs, outputs = ([int(index) for index in graph.numbers(field, "<i4")] for field in (1, 2))
    if len(inputs) != 1 or len(outputs) != 1:
        raise unusable(path, "a model with one input and one output", f"{len(inputs)} and {len(outputs)}")
    pixels, row = tensors[inputs[0]], tensors[outputs[0]]
    dtype = _TYPES.get(pixels.number(1, "b"), "")
    if not dtype:
        raise unusable(path, "an input of uint8, int8 or float32", f"another type (number {pixels.number(1, 'b')})")
    ending, scores = _ending(model, graph, outputs[0])
    said = Said(
        dtype,
        _shape(pixels),
        _shape(row)[-1] if _shape(row) else 0,
        quantization=_quantization(pixels) if dtype in ("uint8", "int8") else None,
        scores=scores,
        ending=ending,
    )
    if model.text(3).startswith(_OURS):
        return replace(said, ours=True)
    for entry in model.tables(6):
        if entry.text(0) == _METADATA:
            return _with_metadata(said, buffers[entry.number(1, "I")].bytes(0), data, path)
    return said


def _shape(tensor: Table) -> tuple[int, ...]:
    fixed = [int(side) for side in tensor.numbers(0, "<i4")]
    signature = [int(side) for side in tensor.numbers(7, "<i4")] or fixed  # -1 for what is open
    return tuple(max(0, side) for side in signature) if len(signature) == len(fixed) else tuple(fixed)


def _quantization(tensor: Table) -> Quantization | None:
    found = tensor.table(4)
    scales, zeros = (found.numbers(2, "<f4"), found.numbers(3, "<i8")) if found is not None else ([], [])
    if len(scales) != 1 or not 0 < scales[0] < math.inf:
        return None
    return Quantization(scales[0], int(zeros[0]) if zeros else 0)


def _ending(model: Table, graph: Table, output: int) -> tuple[str, str]:
    """Return the operation that makes the scores, and what they are therefore; empty where that does not follow."""
    codes = [max(code.number(0, "b"), code.number(3, "i")) for code in model.tables(1)]
    for operator in reversed(list(graph.tables(3))):
        if output not in operator.numbers(2, "<i4"):
            continue
        code = codes[operator.number(0, "I")]
        if code in _PASSED:
            output = int(operator.numbers(1, "<i4")[0])
            continue
        if code in _OF_PROBABILITIES:
            return _OF_PROBABILITIES[code], PROBABILITIES
        return (_OF_LOGITS[code], LOGITS) if code in _OF_LOGITS else (f"number {code}", "")
    return "", ""


def _with_metadata(said: Said, metadata: bytes, data: bytes, path: Path) -> Said:
    subgraph = next(Table.root(metadata).tables(3), None)
    if subgraph is None:
        return said
    pixels, row = next(subgraph.tables(2), None), next(subgraph.tables(3), None)
    if pixels is not None:
        said = replace(said, normalization=_normalization(pixels, path))
    for file in row.tables(6) if row is not None else ():
        if file.number(2, "b") == _LABELS_OF_AXIS and not file.text(3):  # no translation
            return replace(said, labels=parse_labels(_member(data, file.text(0), path), f"{file.text(0)} in {path}"))
    return said


def _normalization(pixels: Table, path: Path) -> Normalization | None:
    content = pixels.table(3)
    image = content.table(1) if content is not None and content.number(0, "B") == _IMAGE_PROPERTIES else None
    if image is not None and image.number(0, "b") == _GRAYSCALE:
        raise unusable(path, "a model of coloured pictures", "metadata that ask for grey ones")
    for unit in pixels.tables(4):
        options = unit.table(1) if unit.number(0, "B") == _NORMALIZATION else None
        if options is not None:
            mean, std = tuple(options.numbers(0, "<f4")), tuple(options.numbers(1, "<f4"))
            try:
                return Normalization.of(mean, std)
            except ValueError as error:
                raise unusable(path, "metadata with mean and std of one or three channels", str(error)) from error
    return None


def _member(data: bytes, name: str, path: Path) -> bytes:
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as member:
            content = member.read(MAX_TEXT_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise cut_short(path, f"its metadata name {name}, which is not in it") from error
    if len(content) > MAX_TEXT_BYTES:
        raise ModelError(f"labels of at most {MAX_TEXT_BYTES >> 20} MiB", got=f"more in {path}", fix="Name them with --labels.")
    return content
