"""Cameras that the system offers as /dev/videoN, opened with OpenCV."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..pictures.decode import decode_picture
from .frame import EndError, Packet
from .v4l2 import InputSignal, check_free

_MJPG = cv2.VideoWriter.fourcc(*"MJPG")
# The driver fills one while the other is decoded. With a single one it has nowhere to put the next frame meanwhile, and cameras
# that deliver 30 a second give 15 to 20; more only make frames older.
_BUFFERS = 2
_OLDEST_STAMP_S = 5.0  # a driver's time stamp that is further from now is of another clock
_ASK_AGAIN_S = 1.0  # which input is chosen


class CameraSource:
    """A camera of the system.

    Args:
        number: N of /dev/videoN.
        width: of its pictures, in pixels; None for what it gives. Drivers take the nearest that they have.
        height: likewise.
        fps: frames a second; None for what it gives.

    Attributes:
        settings: what it was asked for and gives instead, in words; empty where it gives what it was asked for.

    Raises:
        SourceError: there is none, it cannot be opened, or another program uses it.
    """

    def __init__(self, number: int, width: int | None = None, height: int | None = None, fps: float | None = None) -> None:
        self._name, self._device = f"camera {number}", Path(f"/dev/video{number}")
        self._is_linux = sys.platform == "linux"
        if self._is_linux:
            check_free(self._device)
        self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if self._is_linux else cv2.CAP_ANY)
        # JPEG first: over USB 2 raw pictures of a useful size come at a few frames a second.
        self._capture.set(cv2.CAP_PROP_FOURCC, _MJPG)
        wishes = ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height), (cv2.CAP_PROP_FPS, fps))
        for what, wish in wishes:
            if wish is not None:
                self._capture.set(what, wish)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
        if not self._capture.isOpened():
            raise self._why_not("a device that gives no pictures to OpenCV")
        self.settings = self._given_instead(width, height, fps)
        # The bytes as they come: OpenCV decodes half a JPEG as well, and leaves the rest of the picture as the last one was.
        self._is_jpeg = self._is_linux and int(self._capture.get(cv2.CAP_PROP_FOURCC)) == _MJPG
        if self._is_jpeg:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        self._signal = InputSignal(self._device) if self._is_linux else None

    def packets(self) -> Iterator[Packet]:
        """Give what the camera takes, not decoded, until it is gone.

        Raises:
            SourceError: it is gone, and why.
        """
        number, asked_at = 0, time.monotonic()
        while True:
            start = time.perf_counter()
            if not self._capture.grab():
                raise self._why_not("it gave no more frames")
            now = time.monotonic()
            if self._signal is not None and now - asked_at > _ASK_AGAIN_S:
                self._signal.again()
                asked_at = now
            yield Packet(self._name, number, self._captured_at(now), 1e3 * (time.perf_counter() - start), self._decoder())
            number += 1

    def close(self) -> None:
        """Release the device."""
        self._capture.release()
        if self._signal is not None:
            self._signal.close()

    def _captured_at(self, now: float) -> float:
        """Return when the driver began to receive the frame: a transfer may take as long as a frame lasts."""
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1e3
        return stamp if self._is_linux and 0 <= now - stamp < _OLDEST_STAMP_S else now

    def _decoder(self) -> Callable[[], NDArray[np.uint8]]:
        if self._signal is not None and self._signal.is_lost():
            return self._no_signal
        return self._jpeg if self._is_jpeg else self._picture

    def _picture(self) -> NDArray[np.uint8]:
        decoded, picture = self._capture.retrieve()
        if not decoded or picture is None or picture.dtype != np.uint8:
            raise EndError(f"a picture from {self._name}", got="none", fix="Look what is at its input; see catdog-edge doctor.")
        return picture  # type: ignore[return-value] # uint8, as just seen

    def _jpeg(self) -> NDArray[np.uint8]:
        return decode_picture(self._picture().tobytes(), self._name)

    def _no_signal(self) -> NDArray[np.uint8]:
        raise SourceError(f"a signal at the input of {self._name}", got="no signal", fix="Check what is plugged into it.")

    def _given_instead(self, width: int | None, height: int | None, fps: float | None) -> str:
        given = (self._capture.get(cv2.CAP_PROP_FRAME_WIDTH), self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        differences = []
        if width is not None and height is not None and given != (width, height):
            differences.append(f"{given[0]:.0f}x{given[1]:.0f} instead of {width}x{height}")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        if fps is not None and rate > 0 and abs(rate - fps) > 0.01 * fps:
            differences.append(f"{rate:.4g} fps instead of {fps:.4g}")
        return ", ".join(differences)

    def _why_not(self, else_this: str) -> SourceError:
        """Say why there are no frames, as far as the device tells; it is released first, or this would be who uses it."""
        self._capture.release()
        if self._is_linux:
            try:
                check_free(self._device)
            except SourceError as error:
                return error
        fix = "Check cable and power; catdog-edge doctor says more."
        return SourceError(f"pictures from {self._name}", got=else_this, fix=fix)
