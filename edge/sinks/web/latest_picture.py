"""The newest picture, for those who look: copied while somebody does, and turned into a JPEG once for all of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURES_PER_S = 15.0  # enough for people; what is encoded takes time from inference on a small machine
_LONGEST_SIDE = 1280  # pixels of the live picture
_LIVE_QUALITY, _STILL_QUALITY = 80, 92  # of JPEG


class Picture(NamedTuple):
    """A picture as the camera gave it.

    Attributes:
        number: pictures are counted from 1.
        pixels: BGR uint8 ``[height, width, 3]``.
        at: when it was put here, seconds, monotonic.
    """

    number: int
    pixels: NDArray[np.uint8]
    at: float

    def age(self) -> float:
        """Return how old it is, in seconds."""
        return time.monotonic() - self.at


class LatestPicture:
    """Hangs up one picture at a time.

    The runner's thread calls `hang` and reads `is_due`, the server's thread does everything else. Each side replaces whole
    values only, so that neither has to wait for the other.

    """

    def __init__(self) -> None:
        self._watchers = self._waiting = 0
        self._newest: Picture | None = None
        self._put_at = float("-inf")
        self._count = 0

    @property
    def watchers(self) -> int:
        """How many look."""
        return self._watchers

    @property
    def waiting(self) -> int:
        """How many of them are ready for another picture: one that does not take what it has got costs nothing."""
        return self._waiting

    @property
    def newest(self) -> Picture | None:
        """The newest picture; None where nobody has looked for a while: an old one shows what is not there any more."""
        return self._newest

    @property
    def is_due(self) -> bool:
        """Whether somebody waits for a picture now."""
        return self._waiting > 0 and time.monotonic() - self._put_at >= 0.9 / PICTURES_PER_S

    def put(self, pixels: NDArray[np.uint8] | None) -> None:
        """Take the newest picture, which nobody else changes any more; None where there was none to be had."""
        if pixels is not None:
            self._count += 1
            self._put_at = time.monotonic()
            self._newest = Picture(self._count, pixels, self._put_at)
        elif not self._watchers:
            self._newest = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count as one who looks."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    @contextmanager
    def waited(self) -> Iterator[None]:
        """Count as one who is ready for another picture."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def live_jpeg(pixels: NDArray[np.uint8], *, grey: bool = False) -> bytes:
    """Encode a picture for the page, not larger than it is shown.

    Args:
        pixels: BGR uint8 ``[height, width, 3]``.
        grey: take colour and light out of it: it shows what was, not what is.
    """
    shrink = _LONGEST_SIDE / max(pixels.shape[:2])
    if shrink < 1:
        size = (max(1, round(shrink * pixels.shape[1])), max(1, round(shrink * pixels.shape[0])))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if grey:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) // 2, np.uint8)
    return _jpeg(pixels, _LIVE_QUALITY)


def still_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a picture in its own size."""
    return _jpeg(pixels, _STILL_QUALITY)


def _jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"Expected a picture that becomes a JPEG. Received: {pixels.shape}")
    return data.tobytes()
