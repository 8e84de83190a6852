"""JPEG to BGR, refusing what the decoder complains of.

OpenCV gives a picture whatever libjpeg thought of the bytes: of half a file with grey, or with what the memory held before.
TurboJPEG, which `simplejpeg` brings, can be told to give none. Both are libjpeg-turbo with the accurate integer transform, so
the pixels are the same; the tests compare them.

May import: OpenCV, simplejpeg, numpy; of this package `container`.
"""

import re

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from .container import exif_orientation

# Complaints of a picture that is all there. Source: the messages of libjpeg-turbo, jerror.h.
_HARMLESS = re.compile(r"Warning: unknown JFIF revision|Unknown Adobe color transform|Invalid SOS parameters|.*bad ICC marker")
# Some webcams fill up with zeros before the end marker; the decoder had all it wanted by then. Of damaged data other bytes are
# left over, if not too few.
_LEFT_OVER = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
_END = b"\xff\xd9"
_EXIF = b"Exif\0\0"
_HEADER = 128 * 1024  # bytes in which Exif data stands: a segment has at most 64 KiB
_DIRECT = ("YCbCr", "Gray", "RGB")  # what TurboJPEG turns into BGR; of CMYK OpenCV makes it


def decode_jpeg(data: bytes, most_pixels: int) -> NDArray[np.uint8] | str:
    """Decode a JPEG file.

    Args:
        data: the whole file; what follows its end does not matter.
        most_pixels: refuse larger ones before they are decoded.

    Returns:
        BGR uint8 ``[height, width, 3]``, turned as its Exif data says; or what is wrong with it.
    """
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data, strict=False)
        if height * width > most_pixels:
            return f"of more than {most_pixels:,} pixels"
        picture: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="BGR" if colours in _DIRECT else "CMYK")
        if colours in _DIRECT and not _is_turned(data):
            return picture
    except KeyError:  # colours that it has no name for, or none
        return "a JPEG that is truncated or damaged"
    except ValueError as error:
        complaint = str(error)
        if complaint.startswith("Premature end"):
            return "a JPEG that is truncated"
        if not _HARMLESS.match(complaint) and not _is_padding(data, complaint):
            return "a damaged JPEG"
    # It is whole; OpenCV turns it, makes BGR of CMYK, and is not held up by a harmless complaint.
    try:
        whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # larger than OpenCV's own limit
        whole = None
    return "a JPEG that cannot be decoded" if whole is None else whole  # type: ignore[return-value] # IMREAD_COLOR: uint8


def _is_turned(data: bytes) -> bool:
    start = data.find(_EXIF, 0, _HEADER)  # most have none, and a search for the number would go through all of the picture
    return start >= 0 and exif_orientation(data, start, start + _HEADER) != 1


def _is_padding(data: bytes, complaint: str) -> bool:
    left_over = _LEFT_OVER.match(complaint)
    return left_over is not None and data[: data.rfind(_END)].endswith(bytes(int(left_over[1])))
