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
from .jpeg import decode_jpeg  # noqa: E402
from .kinds import PICTURE_SUFFIXES as _SUFFIXES  # noqa: E402

PICTURE_SUFFIXES = _SUFFIXES  # for those who know it by this name

_JPEG_START = b"\xff\xd8\xff"
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
    decoded = decode_jpeg(data, MAX_PIXELS) if data.startswith(_JPEG_START) else _decode_other(data)
    if not isinstance(decoded, str):
        return decoded
    raise UnreadableInputError(
        "a whole picture (JPEG, PNG, WebP, BMP, TIFF)",
        got=f"{name}, {decoded}",
        fix="Copy it again, or convert it to JPEG.",
    )


def _decode_other(data: bytes) -> NDArray[np.uint8] | str:
    """Return a picture, or what is wrong with the bytes. Decoders differ in what they make of a PNG without an end."""
    if not data:
        return "which is empty"
    if data.startswith(_PNG_START) and _PNG_END not in data:
        return "a PNG that is truncated"
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        return f"of more than {MAX_PIXELS:,} pixels" if "MAX_IMAGE_PIXELS" in str(error) else "which cannot be decoded"
    return "which cannot be decoded" if picture is None else picture  # type: ignore[return-value] # IMREAD_COLOR: uint8
