"""Video files, and the frames of what has an end."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SourceError, UnreadableInputError
from ..pictures.kinds import kind_of_file
from .blank import nothing_to_see
from .frame import Frame, InStream, Packet, State

if TYPE_CHECKING:
    from .ffmpeg import Video

# FFmpeg's names of containers, by those of `catdog.edge.pictures.kinds`.
_CONTAINERS = {
    "MP4": "mp4", "QuickTime": "mov", "Matroska": "matroska", "AVI": "avi", "MPEG-TS": "mpegts", "FLV": "flv", "ASF": "asf",
    "Motion JPEG": "mjpeg",
}  # fmt: skip

_LONGEST_GAP_S = 1.0


def film_frames(video: "Video", source: str, *, paced: bool = False) -> Iterator[Frame]:
    """Give the frames of a video that has an end, each with its place in it; one that shows nothing is not to be judged.

    Where it ends before the end that it announces, or cannot be read further, one more frame says so.

    Args:
        video: an opened one.
        source: what to call it in the frames.
        paced: show it at its own pace, skipping frames that nobody had time for; else every frame, as fast as they are read.
    """
    from av.error import FFmpegError

    begun, start, number = 0.0, time.perf_counter(), -1
    given = float("-inf")  # when the last one was: where decoding alone is too slow, some are shown late
    try:
        for number, decoded in enumerate(video.pictures()):
            now = time.monotonic()
            begun = begun or now - decoded.at_s
            if paced and decoded.at_s + 1 / video.rate < now - begun and now - given < _LONGEST_GAP_S:
                continue
            packet = Packet(source, number, time.monotonic(), 1e3 * (time.perf_counter() - start), decoded.picture)
            frame = _placed(_judged(packet.frame(), source)._replace(scene_s=decoded.at_s))
            if paced:
                time.sleep(max(0.0, begun + decoded.at_s - time.monotonic()))
                frame = frame._replace(captured_at=time.monotonic())
            given = time.monotonic()
            yield frame
            start = time.perf_counter()
        error = video.missing()
    except FFmpegError as trouble:
        error = UnreadableInputError(
            "a video that can be read to its end", got=f"{source}: {trouble.strerror}", fix="Copy it again."
        )
    if error is not None and number >= 0:
        yield Frame(source, number + 1, time.monotonic(), 0.0, 0.0, error=error)


def live_packets(video: "Video", source: str) -> Iterator[Packet]:
    """Give what a stream sends, decoded and not yet made pictures of, until it stops.

    Args:
        video: an opened one.
        source: what to call it in the frames.

    Raises:
        SourceError: it is lost.
    """
    from av.error import FFmpegError

    start, alone = time.perf_counter(), 0
    try:
        for number, decoded in enumerate(video.pictures()):
            alone += decoded.is_alone
            stream = InStream(decoded.at_s, video.rate, alone)
            waited_ms = 1e3 * (time.perf_counter() - start)
            yield Packet(source, number, time.monotonic(), waited_ms, decoded.picture, stream=stream)
            start = time.perf_counter()
        lost, cause = "the end of the connection", None
    except FFmpegError as error:
        lost, cause = (error.strerror or "the connection is lost").lower(), error
    raise SourceError(f"frames from {source}", got=lost, fix="Check address, network and camera.") from cause


def _judged(frame: Frame, source: str) -> Frame:
    reason = None if frame.picture is None else nothing_to_see(frame.picture)
    if reason is None:
        return frame
    error = UnreadableInputError(f"a frame of {source} to judge", got=reason, fix="Films begin and end so.")
    return frame._replace(picture=None, error=error, state=State.STALE)


def _placed(frame: Frame) -> Frame:
    """Say of an error where in the film it is."""
    error = frame.error
    if error is None or frame.state is not None:
        return frame
    got = f"{error.got}, at {frame.scene_s:.2f} s (frame {frame.number})"
    return frame._replace(error=UnreadableInputError(error.expected, got=got, fix=error.fix))


class VideoFileSource:
    """A video file. Opened when its turn comes: of many, one is open at a time.

    Args:
        path: the file.
        paced: show it at its own pace, skipping frames that nobody had time for; else every frame, as fast as they are read.
    """

    def __init__(self, path: Path, *, paced: bool = False) -> None:
        self._path, self._paced = path, paced
        self._video: Video | None = None

    def frames(self) -> Iterator[Frame]:
        """Give every frame; a file that cannot be opened, or has none, gives a frame with the error."""
        from av.error import FFmpegError

        from .ffmpeg import Video  # takes as long to import as the model to load, and few have a film

        name, count, what = str(self._path), 0, "without a frame"
        try:
            # A playlist that is called a film opens nothing else.
            # FFmpeg finds out most containers; a name with a % is to it many pictures, and a damaged row of JPEGs is nothing.
            container = _CONTAINERS.get(kind_of_file(self._path).name)
            self._video = Video(f"file:{self._path}", name, options={"protocol_whitelist": "file"}, container=container)
            for count, frame in enumerate(film_frames(self._video, name, paced=self._paced), start=1):  # noqa: B007
                yield frame
        except (FFmpegError, UnreadableInputError):
            what = "which cannot be opened"
        if count == 0:
            fix = "Copy it again, or convert it to MP4 (H.264)."
            error = UnreadableInputError("a video file", got=f"{name}, {what}", fix=fix)
            yield Frame(name, 0, time.monotonic(), 0.0, 0.0, error=error)
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.close()
            self._video = None
