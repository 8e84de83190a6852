"""The seal of a published model file: its last 64 bytes are the SHA-256, in hex digits, of every byte before them.

A file that was cut short or changed anywhere, its contract included, does not match, and is refused before a runtime sees it.
What precedes the digits makes them a part of the format: the comment that ends a zip archive, or one more metadata property.
"""

import hashlib

DIGITS = 64
ZIP_COMMENT = b"catdog sha256 "
_ONNX_KEY = b"catdog_sha256"
# A field 14 (metadata_props) of a ModelProto with the fields key (1) and value (2); protobuf lets a repeated field be appended.
# Sources: onnx.proto; protobuf.dev, "Encoding".
_ONNX_FRAME = bytes([14 << 3 | 2, 2 + len(_ONNX_KEY) + 2 + DIGITS, 1 << 3 | 2, len(_ONNX_KEY)]) + _ONNX_KEY + bytes(
    [2 << 3 | 2, DIGITS]
)  # fmt: skip


def seal(content: bytes) -> bytes:
    """Return the content with its digits behind it."""
    return content + hashlib.sha256(content).hexdigest().encode()


def seal_onnx(content: bytes) -> bytes:
    """Return a serialised ONNX model with one more metadata property, the seal."""
    return seal(content + _ONNX_FRAME)


def add_onnx_property(content: bytes, key: str, value: str) -> bytes:
    """Return a serialised ONNX model with one more metadata property behind all that it has."""
    entry = b"".join(_with_length(number, text.encode()) for number, text in ((1, key), (2, value)))
    return content + _with_length(14, entry)


def _with_length(number: int, content: bytes) -> bytes:
    """Return a protobuf field of bytes."""
    length, digits = len(content), bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([number << 3 | 2, *digits, length]) + content


def has_onnx_seal(data: bytes) -> bool:
    """Tell whether an ONNX file ends in a seal, whole or not."""
    return data[:-DIGITS].endswith(_ONNX_FRAME)


def is_whole(data: bytes) -> bool:
    """Tell whether the digits at the end are those of what comes before them."""
    return hashlib.sha256(memoryview(data)[:-DIGITS]).hexdigest().encode() == data[-DIGITS:]
