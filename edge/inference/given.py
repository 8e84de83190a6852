"""What a program may hand over as a picture: a path, the bytes of a file, an array, or a picture of Pillow.

May import: OpenCV, numpy, this room's `decode` and `errors`.
"""

import importlib
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableInputError, UsageError
from ..pictures.decode import decode_picture, read_picture

BGR, RGB = COLOURS = ("bgr", "rgb")

Given = Any  # str | os.PathLike[str] | bytes | NDArray[np.uint8] | PIL.Image.Image: Pillow need not be there


def as_picture(given: Given, colours: str = BGR) -> NDArray[np.uint8]:
    """Return a picture as the runner has it: BGR uint8 ``[height, width, 3]``.

    Args:
        given: a path, the bytes of a picture file, an array uint8 ``[height, width]``, ``[height, width, 3]`` or
            ``[height, width, 4]``, or a picture of Pillow, which is turned upright as its EXIF data say.
        colours: order of an array's channels, ``"bgr"`` as OpenCV has it, or ``"rgb"``.

    Raises:
        InputNotFoundError: the file does not exist.
        UnreadableInputError: it is not a whole picture, or nothing of the above.
        UsageError: another order of colours.
    """
    if colours not in COLOURS:
        raise UsageError(
            'colours "bgr" or "rgb"', got=repr(colours), fix="OpenCV gives bgr; Pillow, browsers and most others rgb."
        )
    if isinstance(given, np.ndarray):  # first: the runner's own frames
        return _three_channels(given, colours)
    if isinstance(given, str | os.PathLike):
        return read_picture(Path(given))
    if isinstance(given, bytes | bytearray | memoryview):
        return decode_picture(bytes(given), f"{len(given):,} bytes")
    if type(given).__module__.partition(".")[0] == "PIL":
        # Loaded already, by whoever made the picture; the edge itself does without Pillow.
        upright = importlib.import_module("PIL.ImageOps").exif_transpose(given)
        return _three_channels(np.asarray(upright.convert("RGB")), RGB)
    raise UnreadableInputError(
        "a path, the bytes of a file, an array or a picture of Pillow", got=type(given).__name__, fix="Convert it first."
    )


def _three_channels(array: NDArray[np.uint8], colours: str) -> NDArray[np.uint8]:
    """Bring an array into the runner's order; what is no picture is left as it is, and refused where it is looked at."""
    channels = {2: 1, 3: array.shape[-1]}.get(array.ndim, 0) if array.ndim else 0
    if array.dtype != np.uint8 or 0 in array.shape or (channels == 3 and colours == BGR):
        return array
    convert = {
        (1, BGR): cv2.COLOR_GRAY2BGR, (1, RGB): cv2.COLOR_GRAY2BGR, (3, RGB): cv2.COLOR_RGB2BGR,
        (4, BGR): cv2.COLOR_BGRA2BGR, (4, RGB): cv2.COLOR_RGBA2BGR,
    }.get((channels, colours))  # fmt: skip
    return array if convert is None else np.asarray(cv2.cvtColor(array, convert), np.uint8)
