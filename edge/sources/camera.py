"""Cameras that the system offers as /dev/videoN."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

from ..errors import SourceError, UsageError
from .frame import Packet
from .video import captured_packets

_HIGHEST = 63  # Linux gives out /dev/video0 to /dev/video63


def check_camera(text: str) -> int:
    """Validate a camera number or device path before OpenCV sees it: a negative number would crash the process.

    Raises:
        UsageError: it is neither.
    """
    match = re.fullmatch(r"(?:/dev/video)?([0-9]{1,2})", text)
    if match and int(match.group(1)) <= _HIGHEST:
        return int(match.group(1))
    raise UsageError(
        f"a camera number of 0 to {_HIGHEST}, /dev/videoN, picamera2, or demo", got=text, fix="Try --camera 0 or --camera demo."
    )


def check_device(number: int) -> None:
    """Make sure that the system has the camera.

    Raises:
        SourceError: it has not.
    """
    device = Path(f"/dev/video{number}")
    if sys.platform == "linux" and not device.exists():
        present = ", ".join(sorted(entry.name for entry in Path("/dev").glob("video*"))) or "none"
        raise SourceError(
            f"a camera at {device}",
            got=f"no such device (present: {present})",
            fix="Plug it in, name another with --camera N, or try --camera demo.",
        )


class CameraSource:
    """A camera of the system.

    Args:
        number: N of /dev/videoN.
        width: of its pictures, in pixels; None for what it gives. Drivers take the nearest that they have.
        height: likewise.
        fps: frames a second; None for what it gives.

    Raises:
        SourceError: there is none, or it cannot be opened.
    """

    def __init__(self, number: int, width: int | None = None, height: int | None = None, fps: float | None = None) -> None:
        self._name = f"camera {number}"
        check_device(number)
        self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
        # JPEG first: over USB 2 raw pictures of a useful size come at a few frames a second.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        wishes = ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height), (cv2.CAP_PROP_FPS, fps))
        for what, wish in wishes:
            if wish is not None:
                self._capture.set(what, wish)
        # Drivers queue several frames; one is enough to see what is in front of the camera now.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"to open {self._name}",
                got="a device that gives no pictures to OpenCV",
                fix="Close other programs that use it; check that you are in the group 'video'.",
            )

    def packets(self) -> Iterator[Packet]:
        """Give what the camera takes, not decoded, until it is gone."""
        yield from captured_packets(self._capture, self._name)

    def close(self) -> None:
        """Release the device."""
        self._capture.release()
