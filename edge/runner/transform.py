"""`--rotate` and `--crop`: how a camera that hangs on its side, or sees too much, is looked at."""

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableInputError, UsageError

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True)
class Transform:
    """What is done to a picture before it is judged, recorded or kept.

    Attributes:
        rotate: degrees clockwise: 0, 90, 180 or 270.
        crop: left, top, width and height of the part that counts, in pixels after rotation; None for all.

    Raises:
        UsageError: a value is out of range.
    """

    rotate: int = 0
    crop: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.rotate not in (0, *_ROTATIONS):
            raise UsageError("--rotate of 0, 90, 180 or 270", got=str(self.rotate), fix="Turn the camera for the rest.")
        if self.crop is not None and (min(self.crop[:2]) < 0 or min(self.crop[2:]) < 8):
            raise UsageError(
                "--crop LEFT,TOP,WIDTH,HEIGHT of at least 8 x 8 pixels", got=str(self.crop), fix="Example: --crop 100,0,400,480"
            )

    @classmethod
    def of(cls, rotate: int, crop: str | None) -> "Transform":
        """Read the options as they are typed.

        Raises:
            UsageError: they cannot be read.
        """
        if crop is None:
            return cls(rotate)
        match = re.fullmatch(r"(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})", crop)
        if match is None:
            raise UsageError("--crop LEFT,TOP,WIDTH,HEIGHT in pixels", got=crop, fix="Example: --crop 100,0,400,480")
        left, top, width, height = (int(number) for number in match.groups())
        return cls(rotate, (left, top, width, height))

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn and cut a picture, uint8 ``[height, width, 3]``.

        Raises:
            UnreadableInputError: the part is not inside it.
        """
        if self.rotate:
            picture = np.asarray(cv2.rotate(picture, _ROTATIONS[self.rotate]), np.uint8)
        if self.crop is None:
            return picture
        left, top, width, height = self.crop
        if left + width > picture.shape[1] or top + height > picture.shape[0]:
            raise UnreadableInputError(
                f"a picture that holds the part {left},{top},{width},{height}",
                got=f"one of {picture.shape[1]} x {picture.shape[0]} pixels",
                fix="Give a --crop that is inside.",
            )
        return np.ascontiguousarray(picture[top : top + height, left : left + width])
