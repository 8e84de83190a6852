"""Picture files to BGR arrays, refusing what is not whole."""

import os
from pathlib import Path

MAX_PIXELS = 128_000_000  # of one picture; more is a bomb, or would fill a small board's memory
# OpenCV looks at the header, in every format, before it decodes; it reads the limit once, when it is loaded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from .errors import InputNotFoundError, UnreadableInputError  # noqa: E402

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})

_JPEG_START, _JPEG_SCAN, _JPEG_END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"


def silence_opencv() -> None:
    """Stop OpenCV from printing warnings of its own: every trouble reaches the reader as an error of ours."""
    cv2.setLogLevel(0) if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel(0)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture file; EXIF orientation is applied, grey and alpha become three channels.

    Returns:
        BGR uint8 ``[height, width, 3]``.

    Raises:
        InputNotFoundError: there is no such file.
        UnreadableInputError: it is empty, truncated or no picture, or it may not be read.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputNotFoundError("a picture file", got=f"{path}, which does not exist", fix="Check the path.") from error
    except OSError as error:
        raise UnreadableInputError(
            "a picture file", got=f"{path}: {error.strerror}", fix="Name a file that may be read."
        ) from error
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode the bytes of a picture file.

    Args:
        data: the whole file.
        name: what to call it in an error.

    Returns:
        BGR uint8 ``[height, width, 3]``.

    Raises:
        UnreadableInputError: the bytes are no picture or not all of one.
    """
    fault = _missing_end(data)
    if fault is None:
        try:
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            fault = "which cannot be decoded"
        except cv2.error as error:
            picture = None
            too_large = "MAX_IMAGE_PIXELS" in str(error)
            fault = f"of more than {MAX_PIXELS:,} pixels" if too_large else "which cannot be decoded"
        if picture is not None:
            return picture  # type: ignore[return-value] # IMREAD_COLOR gives uint8
    raise UnreadableInputError(
        "a whole picture (JPEG, PNG, WebP, BMP, TIFF)",
        got=f"{name}, {fault}",
        fix="Copy it again, or convert it to JPEG.",
    )


def _missing_end(data: bytes) -> str | None:
    """Say what is wrong with bytes that are not a whole file.

    Decoders differ here: some OpenCV versions fill the missing part of a truncated JPEG with grey and call it a picture.
    Whatever follows the end, as in phones' motion photographs, is no fault.
    """
    if not data:
        return "which is empty"
    if data.startswith(_JPEG_START) and data.rfind(_JPEG_END, _scan_start(data)) < 0:
        return "a JPEG that is truncated"
    if data.startswith(_PNG_START) and _PNG_END not in data:
        return "a PNG that is truncated"
    return None


def _scan_start(data: bytes) -> int:
    """Return where a JPEG's coded data begins, past the header segments with their thumbnails.

    In coded data 0xff is always followed by a stuffed zero or a restart marker, so an end marker there is the end.
    Source: ITU-T T.81, annex B.
    """
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != _JPEG_SCAN[1]:
        # A marker, then the length of its segment, the two length bytes included; 0xff may be repeated as padding.
        position += 1 if data[position + 1] == 0xFF else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return position
