"""Picture files to BGR arrays, refusing what is not whole."""

import os
from functools import cache
from pathlib import Path

MAX_PIXELS = 128_000_000  # of one picture; more is a bomb, or would fill a small board's memory
# OpenCV looks at the header, in every format, before it decodes; it reads the limit once, when it is loaded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from ..common.installation import missing_extra  # noqa: E402
from ..errors import (  # noqa: E402
    InputNotFoundError,
    MissingExtraError,
    UnreadableInputError,
)
from .container import is_turned_avif, png_complaint, turned, webp_orientation  # noqa: E402
from .jpeg import decode_jpeg  # noqa: E402
from .kinds import PICTURE_SUFFIXES as _SUFFIXES  # noqa: E402
from .kinds import Family, Kind, kind_of  # noqa: E402

PICTURE_SUFFIXES = _SUFFIXES  # for those who know it by this name

_JPEG_START = b"\xff\xd8\xff"
_WRITTEN_AS = {"AVIF": ".avif", "GIF": ".gif", "JPEG XL": ".jxl"}  # formats that not every OpenCV has
_FIX = "Copy it again, or convert it to JPEG."


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
        MissingExtraError: it takes an extra that is not installed, as for HEIC.
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
        MissingExtraError: it takes an extra that is not installed, as for HEIC.
    """
    decoded = decode_jpeg(data, MAX_PIXELS) if data.startswith(_JPEG_START) else _decode_other(data, name)
    if not isinstance(decoded, str):
        return decoded
    raise UnreadableInputError("a whole picture (JPEG, PNG, WebP, HEIC, BMP, TIFF ...)", got=f"{name}, {decoded}", fix=_FIX)


def _decode_other(data: bytes, name: str) -> NDArray[np.uint8] | str:
    """Return a picture, or what is wrong with the bytes."""
    if not data:
        return "which is empty"
    kind = kind_of(data)
    if kind.family in (Family.VIDEO, Family.RAW):
        return f"which is a {kind.family} ({kind.name})"
    if kind.name == "JPEG":  # behind blank lines
        return decode_jpeg(data[data.index(_JPEG_START) :], MAX_PIXELS)
    if not _opencv_reads(kind.name) or (kind.name == "AVIF" and is_turned_avif(data)):
        return _by_extra(data, kind.name, name)
    complaint = png_complaint(data) if kind.name == "PNG" else None
    return complaint or _by_opencv(data, kind)


def _by_opencv(data: bytes, kind: Kind) -> NDArray[np.uint8] | str:
    # Exif data of a WebP are not looked at by OpenCV 4.10, those of an AVIF do not count.
    turns = cv2.IMREAD_IGNORE_ORIENTATION if kind.name in ("WebP", "AVIF") else 0
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | turns)
    except cv2.error as error:
        return f"of more than {MAX_PIXELS:,} pixels" if "MAX_IMAGE_PIXELS" in str(error) else "which cannot be decoded"
    if picture is None:
        return f"a {kind.name} file that is truncated, damaged or of a rare kind" if kind.name else "which cannot be decoded"
    decoded = np.asarray(picture, np.uint8)
    return turned(decoded, webp_orientation(data)) if kind.name == "WebP" else decoded


def _by_extra(data: bytes, format_name: str, name: str) -> NDArray[np.uint8] | str:
    from .by_pillow import decode_by_pillow, missing_package  # few have such pictures

    package = missing_package(format_name)
    if package is None:
        return decode_by_pillow(data, format_name, MAX_PIXELS)
    error = missing_extra(package, "heif")
    raise MissingExtraError(f"{error.expected} to read {format_name}", got=f"{name}, and {error.got}", fix=error.fix)


@cache
def _opencv_reads(format_name: str) -> bool:
    if format_name in _WRITTEN_AS:
        return bool(cv2.haveImageWriter(_WRITTEN_AS[format_name]))
    return format_name != "HEIC"
