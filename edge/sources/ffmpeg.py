"""Films and network streams, decoded by FFmpeg (PyAV): it can be told not to hide damage, OpenCV's can not.

May import: PyAV, numpy, `catdog.edge.decode`, `catdog.edge.errors`, its neighbour `damage`.
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
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..decode import decode_picture
from ..errors import UnreadableInputError
from .damage import Damage

# Where a part of a picture is absent, H.264's decoder fills it in and tells in its log alone, as information.
av.logging.set_level(av.logging.INFO)
av.logging.set_skip_repeated(False)
logging.getLogger("libav").propagate = False
logging.getLogger("libav").addHandler(logging.NullHandler())  # else Python prints it, addresses with passwords and all
_FILLED_IN = "concealing "

_HIGHEST_RATE, _USUAL_RATE = 1000.0, 25.0  # frames a second; the latter for videos that do not say
_SAYS_HOW_LONG = ("mov,", "matroska,", "avi", "asf", "flv")  # containers with a duration in their header; else a guess
_LEAST_MISSING_S = 0.5
_BACK_S = 1.0  # by which time jumps back where a clock was set; less is the order of decoding


class Decoded(NamedTuple):
    """A picture of a video, or a place where one was lost.

    Attributes:
        at_s: its place in the video, in seconds from the first.
        picture: makes an array of it, BGR uint8 ``[height, width, 3]``; raises `UnreadableInputError`.
    """

    at_s: float
    picture: Callable[[], NDArray[np.uint8]]


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
        self._refused: deque[int] = deque(maxlen=64)  # packets that the decoder complained of, by their times

    def pictures(self) -> Iterator[Decoded]:
        """Give every picture, and every place where one is lost, in order. Of Motion JPEG the bytes are judged as of any JPEG.

        Raises:
            av.error.FFmpegError: what is behind cannot be read.
        """
        decode = self._motion_jpeg if self._stream.codec_context.name == "mjpeg" else self._decode
        for packet in self._whole_packets():
            time = packet.pts if packet.pts is not None else packet.dts
            at_s = None if time is None else float(time * packet.time_base)
            if at_s is not None:
                self._end_s = max(self._end_s, at_s + float((packet.duration or 0) * packet.time_base))
            if packet.stream.index == self._stream.index:
                yield from decode(packet, at_s)

    def missing(self) -> UnreadableInputError | None:
        """Say what is wrong with an end that comes before the one which the file announces; None if nothing is."""
        container = self._container
        if not container.duration or not container.format.name.startswith(_SAYS_HOW_LONG):
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

    def _whole_packets(self) -> "Iterator[Packet[Stream]]":
        """Give what the stream sends; a key frame that comes in pieces is put together.

        Encoders of several slices a picture, behind GStreamer's payloader with `config-interval=-1`, have the stream's
        parameters between the slices of a key frame, and FFmpeg takes each for a picture. From the second on such a key frame
        is held back until the next packet has come; other streams wait for nothing.
        """
        held: Packet[Stream] | None = None
        last: int | None = None  # the time of the packet before, if it was of a key frame
        is_cut = False
        for packet in self._container.demux():
            if packet.stream.index != self._stream.index:
                yield packet
                continue
            if held is not None and packet.size and packet.is_keyframe and packet.pts == held.pts:
                held = _joined(held, packet)
                continue
            if held is not None:
                yield held
                held = None
            is_cut = is_cut or (packet.is_keyframe and packet.pts is not None and packet.pts == last)
            last = packet.pts if packet.is_keyframe else None
            if is_cut and packet.is_keyframe and packet.size:
                held = packet
                continue
            yield packet

    def _motion_jpeg(self, packet: "Packet[Stream]", at_s: float | None) -> Iterator[Decoded]:
        if packet.size:
            yield Decoded(self._place(at_s), partial(decode_picture, bytes(packet), self._name))

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
            yield Decoded(self._at_s, self._lost)
            return
        is_damaged = packet.is_corrupt or any(text.startswith(_FILLED_IN) for _, _, text in told)
        if is_damaged:
            self._damage.lost(self._at_s)
        if packet.size:
            self._damage.took(packet.pts, self._at_s, is_key=packet.is_keyframe and not is_damaged)
        for frame in frames:
            if frame.pts in self._refused:  # and made something of it all the same
                continue
            # Not `frame.time`: it is 0 for the last ones.
            place = self._place(None if frame.pts is None else float(frame.pts * self._time_base))
            is_whole = self._damage.spares(frame.pts, place, is_corrupt=frame.is_corrupt)
            yield Decoded(place, partial(self._bgr, frame) if is_whole else self._lost)

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

    def _lost(self) -> NDArray[np.uint8]:
        raise UnreadableInputError(
            f"a whole picture of {self._name}",
            got="damaged data, or a picture drawn on damaged ones",
            fix="Copy the film again, or look at the network.",
        )


def _joined(first: "Packet[Stream]", second: "Packet[Stream]") -> "Packet[Stream]":
    whole: Packet[Stream] = Packet(bytes(first) + bytes(second))
    whole.stream, whole.time_base = first.stream, first.time_base
    whole.pts, whole.dts, whole.duration = first.pts, first.dts, first.duration
    whole.is_keyframe, whole.is_corrupt = True, first.is_corrupt or second.is_corrupt
    return whole
