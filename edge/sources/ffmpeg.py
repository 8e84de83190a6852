"""Films and network streams, decoded by FFmpeg (PyAV): it can be told not to hide damage, OpenCV's can not.

May import: PyAV, numpy, `catdog.edge.pictures.decode`, `catdog.edge.errors`, its neighbour `damage`.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import IO, NamedTuple

import av
import av.logging
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import UnreadableInputError
from ..pictures.decode import decode_picture
from .damage import Damage
from .key_frames import in_one_piece

# Where a part of a picture is absent, H.264's decoder fills it in and tells in its log alone, as information.
av.logging.set_level(av.logging.INFO)
av.logging.set_skip_repeated(False)
logging.getLogger("libav").propagate = False
logging.getLogger("libav").addHandler(logging.NullHandler())  # else Python prints it, addresses with passwords and all
_FILLED_IN = "concealing "

_HIGHEST_RATE, _USUAL_RATE = 1000.0, 25.0  # frames a second; the latter for videos that do not say
_SAYS_HOW_LONG = frozenset(
    {"mov", "mp4", "matroska", "avi", "asf", "flv"}
)  # containers with a duration in their header; else a guess
_LEAST_MISSING_S = 0.5
_GAP = 1.5  # frames' time between two pictures, from which on one is missing
_BACK_S = 1.0  # by which time jumps back where a clock was set; less is the order of decoding


class Decoded(NamedTuple):
    """A picture of a video, or a place where one was lost.

    Attributes:
        at_s: its place in the video, in seconds from the first.
        picture: makes an array of it, BGR uint8 ``[height, width, 3]``; raises `UnreadableInputError`.
        is_alone: whether it was coded by itself, not drawn on others.
    """

    at_s: float
    picture: Callable[[], NDArray[np.uint8]]
    is_alone: bool = False


class Video:
    """A film or stream that is open.

    Args:
        address: what FFmpeg opens, or a file that is open for reading.
        name: what to call it in errors; the address may hold a password.
        timeout_s: seconds to wait for it to open, and for each frame; None for files.
        options: FFmpeg's, such as ``rtsp_transport``.
        container: the format of the data, by FFmpeg's name; None to find out.
        open_other: opens what a playlist names; None leaves that to FFmpeg.

    Attributes:
        rate: frames a second.

    Raises:
        av.error.FFmpegError: it cannot be opened. Its text holds the address; its `strerror` does not.
        UnreadableInputError: it has no pictures.
    """

    def __init__(
        self,
        address: str | IO[bytes],
        name: str,
        *,
        timeout_s: tuple[float, float] | None = None,
        options: dict[str, str] | None = None,
        container: str | None = None,
        open_other: Callable[[str, int, dict[str, str]], IO[bytes]] | None = None,
    ) -> None:
        self._name = name
        opened = av.open(address, "r", format=container, timeout=timeout_s, options=options or {}, io_open=open_other)
        self._container: InputContainer = opened
        self._names = frozenset(opened.format.name.split(","))
        stream = self._container.streams.best("video")
        if not isinstance(stream, VideoStream) or stream.codec_context is None:
            self.close()
            raise UnreadableInputError(
                "a video", got=f"{name}, without pictures that can be decoded", fix="Convert it to MP4 (H.264)."
            )
        self._stream, self._time_base = stream, stream.time_base or Fraction(0)
        # With several threads a complaint comes with another frame than the one it is about, or not at all.
        stream.codec_context.thread_count, stream.codec_context.thread_type = 1, "NONE"
        stream.codec_context.options = {"err_detect": "explode"}
        rate = float(stream.average_rate or stream.guessed_rate or 0.0)
        self.rate = rate if 0 < rate <= _HIGHEST_RATE else _USUAL_RATE
        self._to_bgr = VideoReformatter()
        self._begins_s: float | None = None
        self._at_s = 0.0  # of the newest picture
        self._end_s = 0.0  # of what was read, sound included
        self._damage = Damage()
        self._has_skipped = False  # the container was damaged, and what came before the next packet is lost
        self._resumes_s: float | None = None  # the place of that packet's picture
        self._refused: deque[int] = deque(maxlen=64)  # packets that the decoder complained of, by their times

    def pictures(self) -> Iterator[Decoded]:
        """Give every picture, and every place where one is lost, in order. Of Motion JPEG the bytes are judged as of any JPEG.

        Raises:
            av.error.FFmpegError: what is behind cannot be read.
        """
        decode = self._motion_jpeg if self._stream.codec_context.name == "mjpeg" else self._decode
        for packet in in_one_piece(self._packets(), self._stream.index):
            time = packet.pts if packet.pts is not None else packet.dts
            at_s = None if time is None else float(time * packet.time_base)
            if at_s is not None:
                self._end_s = max(self._end_s, at_s + float((packet.duration or 0) * packet.time_base))
            if packet.stream.index == self._stream.index:
                if self._has_skipped and self._begins_s is not None:
                    self._has_skipped, self._resumes_s = False, (at_s or 0.0) - self._begins_s
                yield from decode(packet, at_s)

    def missing(self) -> UnreadableInputError | None:
        """Say what is wrong with an end that comes before the one which the file announces; None if nothing is."""
        container = self._container
        if not container.duration or self._names.isdisjoint(_SAYS_HOW_LONG):
            return None
        whole_s = container.duration / 1e6
        if container.format.name == "avi":  # FFmpeg corrects the duration by the size of the file
            whole_s = max(whole_s, self._stream.frames / self.rate)
        here_s = self._end_s - (container.start_time or 0) / 1e6
        if whole_s - here_s < max(_LEAST_MISSING_S, 2 / self.rate):
            return None
        return UnreadableInputError(
            f"a whole video of {whole_s:.1f} s",
            got=f"{self._name}, which ends after {here_s:.1f} s",
            fix="Copy it again; what is there was judged.",
        )

    def close(self) -> None:
        """Close it; safe to call twice."""
        self._container.close()

    def _packets(self) -> "Iterator[Packet[Stream]]":
        """Give what is in the container. Where that is damaged FFmpeg goes on behind the damage, and tells in its log alone."""
        packets = self._container.demux()
        while True:
            with av.logging.Capture() as told:
                packet = next(packets, None)
            if packet is None:
                return
            complaints = [who for level, who, _ in told if level <= av.logging.ERROR]
            # Of a packet that is itself cut short or damaged the decoder's account is kept anyway.
            if packet.size and not packet.is_corrupt and any(not self._names.isdisjoint(who.split(",")) for who in complaints):
                self._has_skipped = True
                self._damage.lost(self._at_s)
            yield packet

    def _skipped(self, before_s: float, place_s: float) -> Iterator[Decoded]:
        """Give the place of what the container has lost, if it has and pictures are missing there."""
        if self._resumes_s is None or place_s < self._resumes_s:
            return
        self._resumes_s = None
        if place_s - before_s > _GAP / self.rate:
            yield Decoded(before_s + 1 / self.rate, partial(self._lost, f"nothing up to {place_s:.2f} s: the file is damaged"))

    def _motion_jpeg(self, packet: "Packet[Stream]", at_s: float | None) -> Iterator[Decoded]:
        if packet.size:
            before = self._at_s
            place = self._place(at_s)
            yield from self._skipped(before, place)
            yield Decoded(place, partial(decode_picture, bytes(packet), self._name), is_alone=True)

    def _decode(self, packet: "Packet[Stream]", at_s: float | None) -> Iterator[Decoded]:
        try:
            with av.logging.Capture() as told:
                frames = self._stream.codec_context.decode(packet if packet.size else None)
        except av.error.FFmpegError as error:
            if isinstance(error, av.error.EOFError | av.error.ExitError | av.error.MemoryError):
                raise
            self._damage.lost(self._at_s)
            if packet.pts is not None:
                self._refused.append(packet.pts)
            place = self._at_s if at_s is None or self._begins_s is None else max(self._at_s, at_s - self._begins_s)
            yield Decoded(place, self._lost)
            return
        is_damaged = packet.is_corrupt or any(text.startswith(_FILLED_IN) for _, _, text in told)
        if is_damaged:
            self._damage.lost(self._at_s)
        if packet.size:
            self._damage.took(packet.pts, self._at_s, is_key=packet.is_keyframe and not is_damaged)
        for frame in frames:
            if frame.pts in self._refused:  # and made something of it all the same
                continue
            before = self._at_s
            # Not `frame.time`: it is 0 for the last ones.
            place = self._place(None if frame.pts is None else float(frame.pts * self._time_base))
            yield from self._skipped(before, place)
            is_whole = self._damage.spares(frame.pts, place, is_corrupt=frame.is_corrupt)
            is_alone = frame.pict_type == PictureType.I
            yield Decoded(place, partial(self._bgr, frame) if is_whole else self._lost, is_alone=is_alone)

    def _place(self, at_s: float | None) -> float:
        """Return the place of the next picture: never before the last one, and by the rate where the video does not say."""
        if self._begins_s is None:
            self._begins_s = at_s or 0.0
        elif at_s is None:
            self._at_s += 1 / self.rate
        else:
            if at_s - self._begins_s < self._at_s - _BACK_S:  # another clock, as in joined recordings
                self._begins_s = at_s - self._at_s - 1 / self.rate
            self._at_s = max(self._at_s, at_s - self._begins_s)
        return self._at_s

    def _bgr(self, frame: VideoFrame) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = self._to_bgr.reformat(frame, format="bgr24", threads=1).to_ndarray()  # type: ignore[assignment]
        # As phones lie when they film.
        return np.ascontiguousarray(np.rot90(picture, frame.rotation // 90)) if frame.rotation else picture

    def _lost(self, what: str = "damaged data, or a picture drawn on damaged ones") -> NDArray[np.uint8]:
        raise UnreadableInputError(
            f"a whole picture of {self._name}",
            got=what,
            fix="Copy the film again, or look at the network.",
        )
