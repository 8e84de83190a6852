"""Key frames that come in pieces."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from av.packet import Packet

if TYPE_CHECKING:
    from av.stream import Stream


def in_one_piece(packets: "Iterable[Packet[Stream]]", index: int) -> "Iterator[Packet[Stream]]":
    """Give what a stream sends; a key frame that comes in pieces is put together.

    Encoders of several slices a picture, behind GStreamer's payloader with `config-interval=-1`, have the stream's
    parameters between the slices of a key frame, and FFmpeg takes each for a picture. From the second on such a key frame
    is held back until the next packet has come; other streams wait for nothing.

    Args:
        packets: as the container gives them.
        index: of the stream with the pictures; packets of others are passed on.
    """
    held: Packet[Stream] | None = None
    last: int | None = None  # the time of the packet before, if it was of a key frame
    is_cut = False
    for packet in packets:
        if packet.stream.index != index:
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


def _joined(first: "Packet[Stream]", second: "Packet[Stream]") -> "Packet[Stream]":
    whole: Packet[Stream] = Packet(bytes(first) + bytes(second))
    whole.stream, whole.time_base = first.stream, first.time_base
    whole.pts, whole.dts, whole.duration = first.pts, first.dts, first.duration
    whole.is_keyframe, whole.is_corrupt = True, first.is_corrupt or second.is_corrupt
    return whole
