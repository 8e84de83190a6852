"""Fields of a protobuf message, read where they lie: enough to see what an ONNX file says without the package onnx.

Source of the encoding: protobuf.dev, "Encoding".
"""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST = 10  # bytes of a number


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Give each field of a message: its number in the schema, and its value; of what has a length, the bytes.

    Raises:
        ValueError: it is cut short or no message.
    """
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == _BYTES:
            length, position = _varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of an unknown kind, {kind}")
        if position + length > len(data):
            raise ValueError("a field that ends behind the file")
        yield number, data[position : position + length]
        position += length


def parts(data: memoryview, wanted: int) -> Iterator[memoryview]:
    """Give the messages or texts of one field."""
    for number, value in fields(data):
        if number == wanted and isinstance(value, memoryview):
            yield value


def text(data: memoryview, wanted: int) -> str:
    """Return the last text of a field; empty where there is none."""
    found = ""
    for value in parts(data, wanted):
        found = bytes(value).decode("utf-8", "replace")
    return found


def number(data: memoryview, wanted: int) -> int:
    """Return the last number of a field, 0 where there is none."""
    found = 0
    for place, value in fields(data):
        if place == wanted and isinstance(value, int):
            found = value
    return found


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST):
        if position >= len(data):
            raise ValueError("a number that ends behind the file")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, position
    raise ValueError("a number of more than ten bytes")
