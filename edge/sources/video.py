"""What OpenCV's VideoCapture reads, and video files."""

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..decode import decode_picture
from ..errors import CatdogError, UnreadableInputError
from .blank import nothing_to_see
from .frame import Frame, Packet, State

VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mjpg", ".mjpeg"})

_MOTION_JPEG = (b"MJPG", b"mjpg", b"jpeg")  # as AVI, Matroska and QuickTime name it
_HIGHEST_RATE, _USUAL_RATE = 1000.0, 25.0  # frames a second; the latter for files that do not say

# FFmpeg's own chatter would come between our lines on stderr; -8 is AV_LOG_QUIET.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class EndError(CatdogError):
    """A capture took a frame and could not make a picture of it: there is nothing more to come."""


def captured_packets(capture: cv2.VideoCapture, source: str, fps: float = 0.0) -> Iterator[Packet]:
    """Give what a capture takes until it has no more.

    Args:
        capture: an opened capture.
        source: what to call it in the frames.
        fps: skip what is late for so many frames a second; 0 to skip nothing.
    """
    index = 0
    begun = time.monotonic()
    decode = partial(jpeg_from if _gives_jpegs(capture) else picture_from, capture, source)
    while True:
        while fps > 0 and index + 1 < (time.monotonic() - begun) * fps and capture.grab():
            index += 1
        start = time.perf_counter()
        if not capture.grab():
            return
        yield Packet(source, index, time.monotonic(), 1e3 * (time.perf_counter() - start), decode)
        index += 1


def captured_frames(capture: cv2.VideoCapture, source: str, fps: float = 0.0) -> Iterator[Frame]:
    """Give a capture's frames until it has no more; for the arguments see `captured_packets`."""
    for packet in captured_packets(capture, source, fps):
        frame = packet.frame()
        if isinstance(frame.error, EndError):
            return
        yield frame


def film_frames(capture: cv2.VideoCapture, source: str, *, paced: bool = False) -> Iterator[Frame]:
    """Give the frames of a video that has an end, each with its place in it; one that shows nothing is not to be judged.

    Args:
        capture: an opened capture.
        source: what to call it in the frames.
        paced: show it at its own pace, skipping frames that nobody had time for; else every frame, as fast as they are read.
    """
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if 0 < rate <= _HIGHEST_RATE else _USUAL_RATE
    begun = time.monotonic()
    for frame in captured_frames(capture, source, rate if paced else 0.0):
        if paced:
            time.sleep(max(0.0, begun + frame.number / rate - time.monotonic()))
        shown = frame._replace(captured_at=time.monotonic()) if paced else frame
        reason = None if shown.picture is None else nothing_to_see(shown.picture)
        if reason is not None:
            error = UnreadableInputError(f"a frame of {source} to judge", got=reason, fix="Films begin and end so.")
            shown = shown._replace(picture=None, error=error, state=State.STALE)
        yield shown._replace(scene_s=frame.number / rate)


def _gives_jpegs(capture: cv2.VideoCapture) -> bool:
    """Let FFmpeg give Motion JPEG as it is: it fills damaged frames with the last one, and does not say so."""
    letters = (int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little")
    return letters in _MOTION_JPEG and capture.set(cv2.CAP_PROP_FORMAT, -1)


def picture_from(capture: cv2.VideoCapture, source: str) -> NDArray[np.uint8]:
    """Return the picture that a capture has grabbed and decoded.

    Raises:
        EndError: it could make nothing of it.
    """
    decoded, picture = capture.retrieve()
    if not decoded or picture is None or picture.dtype != np.uint8:
        raise EndError(f"a picture from {source}", got="none", fix="Check it.")
    return picture  # type: ignore[return-value] # uint8, as just seen


def jpeg_from(capture: cv2.VideoCapture, source: str) -> NDArray[np.uint8]:
    """Return the picture of the JPEG that a capture has grabbed, not decoded.

    Raises:
        EndError: there is none.
        UnreadableInputError: it is not whole.
    """
    return decode_picture(picture_from(capture, source).tobytes(), source)


class VideoFileSource:
    """A video file. Opened when its turn comes: of many, one is open at a time.

    Args:
        path: the file.
        paced: show it at its own pace, skipping frames that nobody had time for; else every frame, as fast as they are read.
    """

    def __init__(self, path: Path, *, paced: bool = False) -> None:
        self._path, self._paced = path, paced
        self._capture: cv2.VideoCapture | None = None

    def frames(self) -> Iterator[Frame]:
        """Give every frame; a file that cannot be opened, or has none, gives a frame with the error."""
        self._capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        count = 0
        for count, frame in enumerate(film_frames(self._capture, str(self._path), paced=self._paced), start=1):  # noqa: B007
            yield frame
        if count == 0:
            what = "without a frame" if self._capture.isOpened() else "which cannot be opened"
            error = UnreadableInputError(
                "a video file", got=f"{self._path}, {what}", fix="Copy it again, or convert it to MP4 (H.264)."
            )
            yield Frame(str(self._path), 0, time.monotonic(), 0.0, 0.0, error=error)
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
