"""What the containers of picture formats say that OpenCV passes over: whether a PNG is whole, how a WebP or AVIF is turned.

May import: OpenCV, numpy.
"""

import re
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

_PNG_START = 8  # bytes of the signature
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT")
# Tag 0x0112 of Exif data, one value of type SHORT, in both byte orders. Source: Exif 2.32, 4.6.4.
_ORIENTATION = re.compile(
    rb"\x01\x12\x00\x03\x00\x00\x00\x01\x00([\x01-\x08])|\x12\x01\x03\x00\x01\x00\x00\x00([\x01-\x08])\x00"
)
_LARGEST_META = 1024 * 1024  # bytes of an AVIF in which its properties stand
_PROPERTIES = re.compile(rb"\0\0\0\x09(irot[\x01-\x03]|imir)")  # a box of 9 bytes; turned by 0 is not turned
_MIRROR, _TURN = {2: 1, 3: -1, 4: 0}, {6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}


def png_complaint(data: bytes) -> str | None:
    """Say what is wrong with a PNG, by the check sums of its own; None for nothing.

    libpng complains on stderr, without a file's name, and so that nobody can stop it. Source: PNG specification, 5.3.

    Args:
        data: the whole file; what follows its end does not matter.
    """
    at, view = _PNG_START, memoryview(data)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        if kind == b"IEND":
            return None
        end = at + 12 + length
        if end > len(data):
            break
        if kind in _CRITICAL and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            return "a damaged PNG"
        at = end
    return "a PNG that is truncated"


def exif_orientation(data: bytes, start: int, end: int) -> int:
    """Return how Exif data say that a picture is turned, 1 to 8; 1, which is upright, where they say nothing.

    Args:
        data: of the picture.
        start: where its Exif data begin.
        end: where they end, at most.
    """
    found = _ORIENTATION.search(data, start, end)
    return int.from_bytes(found[1] or found[2], "big") if found else 1


def webp_orientation(data: bytes) -> int:
    """Return how a WebP's Exif data say that it is turned, 1 to 8, as in Exif; 1 where they say nothing."""
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            return exif_orientation(data, at + 8, at + 8 + length)
        at += 8 + length + length % 2
    return 1


def is_turned_avif(data: bytes) -> bool:
    """Whether an AVIF is turned or mirrored by a property of its own. OpenCV passes over those."""
    return _PROPERTIES.search(data, 0, _LARGEST_META) is not None


def turned(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return a picture upright. Source: Exif 2.32, 4.6.4, orientation.

    Args:
        picture: ``[height, width, 3]``, as it is stored.
        orientation: 1 to 8.
    """
    if orientation in (5, 7):  # mirrored along a diagonal
        picture = np.asarray(cv2.transpose(picture), np.uint8)
        return picture if orientation == 5 else np.asarray(cv2.flip(picture, -1), np.uint8)
    if orientation in _MIRROR:
        return np.asarray(cv2.flip(picture, _MIRROR[orientation]), np.uint8)
    return np.asarray(cv2.rotate(picture, _TURN[orientation]), np.uint8) if orientation in _TURN else picture
