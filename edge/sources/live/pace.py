"""How often a source gives frames: what is silence for one that gives 30 a second is none for one that gives one in three."""

from collections import deque

from ..frame import Frame

_REMEMBERED = 8  # intervals
_MISSES = 2.5  # frames that fail to come before the last answer stands no more
_LOST = 4.0  # and before the source is given up
_LONGEST_TOLD_S = 10.0  # that a stream is believed of itself: what it has recorded of an hour ago says nothing of its pace


class Pace:
    """The pace of one source, by the times of its frames. It is kept when the source is opened again.

    What a stream has kept while it was opened comes in one rush; its own clock tells how far apart the frames were.
    """

    def __init__(self) -> None:
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self._last: tuple[int, float, float] | None = None  # number, when it was captured, and its time in the stream
        self._announced_s = 0.0  # between two frames

    def see(self, frame: Frame) -> None:
        """Take the next frame of a session, judged or not."""
        stream = frame.stream
        in_stream_s = 0.0 if stream is None else stream.at_s
        if stream is not None:
            self._announced_s = min(1 / stream.rate, _LONGEST_TOLD_S)
        if self._last is not None:
            number, at, before_s = self._last
            passed, count = frame.captured_at - at, frame.number - number
            if passed <= 0 or count <= 0:
                return  # one that was overtaken by the last
            self._intervals.append(max(passed / count, min((in_stream_s - before_s) / count, _LONGEST_TOLD_S)))
        self._last = (frame.number, frame.captured_at, in_stream_s)

    def begin(self) -> None:
        """Begin a session: the time in which the source was away is no interval."""
        self._last = None

    def interval_s(self) -> float | None:
        """Return the longest of the last few times between two frames, in seconds; None while there are none."""
        return max(self._intervals, default=None)

    def stale_after_s(self, at_least: float, unknown: float) -> float:
        """Return the silence after which the last answer stands no more, in seconds; `unknown` while the pace is not known."""
        interval = self.interval_s()
        return max(at_least, unknown, _MISSES * self._announced_s) if interval is None else max(at_least, _MISSES * interval)

    def lost_after_s(self, at_least: float, unknown: float) -> float:
        """Return the silence after which the source is given up, in seconds; `unknown` while the pace is not known."""
        interval = self.interval_s()
        return max(at_least, unknown) if interval is None else max(at_least, _LOST * interval)
