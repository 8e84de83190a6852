"""TFLite's own metadata, as MediaPipe Tasks, ML Kit and Android Studio read it: what goes in, and what the scores are called.

Written with the bare flatbuffers library: the official writer does not install beside TensorFlow 2.21. Source of the numbers of
tables' fields: TensorFlow Lite Support's `metadata_schema.fbs`.
"""

from collections.abc import Callable

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ..contract.artifact import CONTRACT_FILE, LABELS_FILE
from ..contract.model_contract import ModelContract
from .graph import pack

_ENTRY = b"TFLITE_METADATA"
_IDENTIFIER = b"M001"
_IMAGE_PROPERTIES, _FEATURE_PROPERTIES = 2, 1  # union ContentProperties
_NORMALIZATION = 1  # union ProcessUnitOptions
_RGB = 1  # enum ColorSpaceType
_FILE_OF_LABELS, _FILE_OF_DESCRIPTION = 2, 1  # enum AssociatedFileType: TENSOR_AXIS_LABELS, DESCRIPTIONS

_Field = tuple[int, Callable[[flatbuffers.Builder, int], None]]


def add_metadata(flatbuffer: bytes, contract: ModelContract) -> bytes:
    """Return the TFLite flatbuffer with the standard metadata in its table; the files it names are appended later."""
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    entry = next((there for there in model.metadata or [] if there.name == _ENTRY), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = _ENTRY, len(model.buffers)
        model.buffers.append(schema.BufferT())
        model.metadata = [*(model.metadata or []), entry]
    model.buffers[entry.buffer].data = np.frombuffer(_describe(contract), np.uint8)
    model.description = f"catdog: {', '.join(contract.labels)}".encode()
    return pack(model, len(flatbuffer))


def _describe(contract: ModelContract) -> bytes:
    b = flatbuffers.Builder(2048)
    spec = contract.input
    size = _table(b, _uint(0, spec.width), _uint(1, spec.height))
    image = _table(b, _byte(0, _RGB), _offset(1, size))
    content = _table(b, _ubyte(0, _IMAGE_PROPERTIES), _offset(1, image))
    # The graph scales its pixels itself: nothing is subtracted, nothing divided.
    normalization = _table(b, _offset(0, _floats(b, 0.0)), _offset(1, _floats(b, 1.0)))
    unit = _table(b, _ubyte(0, _NORMALIZATION), _offset(1, normalization))
    largest = _table(b, _offset(0, _floats(b, 255.0)), _offset(1, _floats(b, 0.0)))
    pixels = _table(
        b,
        _offset(0, b.CreateString("pixels")),
        _offset(1, b.CreateString(f"{spec.colour_order} picture, {spec.height} x {spec.width}, 0-255, stretched to it")),
        _offset(3, content),
        _offset(4, _tables(b, unit)),
        _offset(5, largest),
    )
    labels = _file(b, LABELS_FILE, "the labels, in the order of the scores", _FILE_OF_LABELS)
    range_of_scores = _table(b, _offset(0, _floats(b, 1.0)), _offset(1, _floats(b, 0.0)))
    feature = _table(b, _ubyte(0, _FEATURE_PROPERTIES), _offset(1, _table(b)))
    scores = _table(
        b,
        _offset(0, b.CreateString("scores")),
        _offset(1, b.CreateString("one score per label, 0 to 1, summing to 1")),
        _offset(3, feature),
        _offset(5, range_of_scores),
        _offset(6, _tables(b, labels)),
    )
    graph = _table(b, _offset(2, _tables(b, pixels)), _offset(3, _tables(b, scores)))
    files = _tables(b, _file(b, CONTRACT_FILE, "catdog's model contract", _FILE_OF_DESCRIPTION))
    b.Finish(
        _table(
            b,
            _offset(0, b.CreateString(contract.name)),
            _offset(1, b.CreateString(f"Which of these is in the picture: {', '.join(contract.labels)}?")),
            _offset(2, b.CreateString(contract.made_by)),
            _offset(3, _tables(b, graph)),
            _offset(6, files),
            _offset(7, b.CreateString("1.0.0")),  # of the parser that reads all this
        ),
        _IDENTIFIER,
    )
    return bytes(b.Output())


def _file(b: flatbuffers.Builder, name: str, description: str, kind: int) -> int:
    return _table(b, _offset(0, b.CreateString(name)), _offset(1, b.CreateString(description)), _byte(2, kind))


def _table(b: flatbuffers.Builder, *fields: _Field) -> int:
    b.StartObject(max((number for number, _ in fields), default=-1) + 1)
    for number, add in fields:
        add(b, number)
    return int(b.EndObject())


def _offset(number: int, target: int) -> _Field:
    return number, lambda b, slot: b.PrependUOffsetTRelativeSlot(slot, target, 0)


def _uint(number: int, value: int) -> _Field:
    return number, lambda b, slot: b.PrependUint32Slot(slot, value, 0)


def _byte(number: int, value: int) -> _Field:
    return number, lambda b, slot: b.PrependInt8Slot(slot, value, 0)


def _ubyte(number: int, value: int) -> _Field:
    return number, lambda b, slot: b.PrependUint8Slot(slot, value, 0)


def _floats(b: flatbuffers.Builder, *values: float) -> int:
    b.StartVector(4, len(values), 4)
    for value in reversed(values):
        b.PrependFloat32(value)
    return int(b.EndVector())


def _tables(b: flatbuffers.Builder, *tables: int) -> int:
    b.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        b.PrependUOffsetTRelative(table)
    return int(b.EndVector())
