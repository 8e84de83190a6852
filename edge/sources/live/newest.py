"""Which of a camera's frames to decode: the newest, each time the model has taken one, and no others."""

from collections.abc import Iterator
from typing import Protocol

from ..frame import Packet

_OLD_S = 0.03  # a frame that waits longer to be taken is replaced by a newer one
# A camera may be about as fast as the model, which then just misses a frame, waits for the next, and for that to be decoded.
# So long one that would be left out waits to be asked for: a share of the time between two frames, at most so many seconds.
_PATIENCE, _LONGEST_PATIENCE_S = 0.5, 0.002
_WAITED = 0.1  # of that time, at least, was waited for a frame that has no others behind it


class Taken(Protocol):
    """A `threading.Semaphore` that is released once for each frame that was taken, and once at the beginning."""

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take one release off; False if there was none in time, in seconds."""
        ...


def wanted(packets: Iterator[Packet], taken: Taken, *, every: bool) -> Iterator[Packet]:
    """Leave out what nobody has time for: decoding it would take from the model what it saves by waiting.

    Args:
        packets: as they come.
        taken: tells that a frame was taken.
        every: leave none out; wait instead.
    """
    last = before = 0.0
    for packet in packets:
        interval, before = packet.captured_at - before, packet.captured_at
        if every:
            taken.acquire()
        elif taken.acquire(timeout=_patience(packet, interval, packet.captured_at - last)):
            while taken.acquire(blocking=False):
                pass  # what was taken of those sent before
        elif packet.captured_at - last < _OLD_S:
            continue
        last = packet.captured_at
        yield packet


def _patience(packet: Packet, interval: float, since_last: float) -> float:
    newest = packet.capture_ms > 1e3 * _WAITED * interval  # those behind it would grow old while this one waits
    if not packet.may_wait or not newest or since_last >= _OLD_S:
        return 0.0
    return min(_PATIENCE * interval, _LONGEST_PATIENCE_S)
