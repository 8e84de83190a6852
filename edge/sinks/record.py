"""`--record FILE`: what the camera saw, the answer drawn into it, in pieces, so that not all hang on the last."""

import os
import shutil
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError, UsageError
from ..runner.observation import Observation
from ..runner.results import Result
from .drawing import annotate

# FFmpeg's own chatter would come between our lines on stderr; -8 is AV_LOG_QUIET.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
_LEAST_FREE = 100e6  # bytes of the disk


class RecordSink:
    """Writes video files FILE-<time>; the oldest go when they are too large together.

    Frames are written as often as their time in the scene says, so that the film plays at the speed of life whatever the
    camera's rate was.

    Args:
        path: gives folder, name and format.
        fps: frames a second of the film.
        piece_s: length of a piece, seconds.
        most_mb: size of all pieces together, megabytes.
        only_events: keep only what is around events.
        around_s: how long after an event that is, seconds.
        before_s: and how long before.

    Raises:
        UsageError: a format that cannot be written, or a limit that keeps nothing.
    """

    wants_pictures = True
    only_events = False  # the frames before one count, too

    def __init__(
        self,
        path: Path,
        *,
        fps: float = 10.0,
        piece_s: float = 60.0,
        most_mb: float = 2000.0,
        only_events: bool = False,
        around_s: float = 10.0,
        before_s: float = 3.0,
    ) -> None:
        if path.suffix.lower() not in CODECS:
            raise UsageError(f"--record FILE that ends in {', '.join(CODECS)}", got=str(path), fix="Name it so.")
        if not 0 < most_mb < 1e9:
            raise UsageError("--record-limit of more than 0 MB", got=str(most_mb), fix="Example: --record-limit 2000")
        self.name = f"--record {path}"
        self._path, self._fps, self._piece_s, self._most = path, fps, piece_s, most_mb * 1e6
        self._around_events, self._around_s = only_events, around_s
        self._before: deque[tuple[float, float, NDArray[np.uint8]]] = deque(maxlen=max(1, int(before_s * fps)))
        self._until = float("-inf")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._begun = 0.0
        self._written = 0
        self._pieces = sorted(path.parent.glob(f"{path.stem}-[0-9]*T[0-9]*{path.suffix}"))  # by time, as named

    def take(self, observation: Observation) -> None:
        """Write the frame, if it is one to be kept.

        Raises:
            OutputError: the disk is all but full, or the file cannot be written.
        """
        result = observation.result
        if not isinstance(result, Result) or result.frame.picture is None:
            return
        now = result.frame.captured_at if result.frame.scene_s is None else result.frame.scene_s
        picture = annotate(result)
        if observation.events:
            self._until = now + self._around_s
        if self._around_events and now > self._until:
            self._finish()
            if not self._before or now - self._before[-1][0] >= 1 / self._fps:
                self._before.append((now, observation.at, picture))
            return
        while self._before:
            self._write(*self._before.popleft())
        self._write(now, observation.at, picture)

    def close(self) -> None:
        """Finish the piece."""
        self._finish()

    def _write(self, now: float, at: float, picture: NDArray[np.uint8]) -> None:
        size = (picture.shape[1], picture.shape[0])
        if self._writer is not None and (size != self._size or not 0 <= now - self._begun < self._piece_s):
            self._finish()
        if self._writer is None:
            self._begin(size, now, at)
        while self._writer is not None and self._written <= (now - self._begun) * self._fps:
            self._writer.write(picture)
            self._written += 1

    def _begin(self, size: tuple[int, int], now: float, at: float) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._path.parent).free < _LEAST_FREE:  # the writer itself would say nothing
            raise OutputError(f"space for {self._path}", got="an all but full disk", fix="Free some.")
        when = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        piece = self._path.with_name(f"{self._path.stem}-{when}{self._path.suffix}")
        codec = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix.lower()])
        writer = cv2.VideoWriter(str(piece), cv2.CAP_FFMPEG, codec, self._fps, size)
        if not writer.isOpened():
            writer.release()
            raise OutputError(
                f"to write {piece}", got="nothing that OpenCV can open", fix="Free some space, or name another file."
            )
        self._writer, self._size, self._begun, self._written = writer, size, now, 0
        self._pieces.append(piece)

    def _finish(self) -> None:
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        sizes = [path.stat().st_size if path.exists() else 0 for path in self._pieces]
        while sum(sizes) > self._most and len(self._pieces) > 1:
            self._pieces.pop(0).unlink(missing_ok=True)
            sizes.pop(0)
