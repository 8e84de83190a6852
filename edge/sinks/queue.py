"""A sink behind a queue: what cannot be written in time is dropped and counted, and inference goes on."""

import queue
import threading
import time
from collections.abc import Callable

from ..errors import CatdogError
from .base import Seen, Sink

_WAITING = 64  # steps; two seconds of a camera
_LAST_WISH_S = 0.6  # for what is left when the program ends: it has a second in all
_TELL_AGAIN_S = 60.0


class QueuedSink:
    """Runs a sink in a thread of its own.

    Args:
        sink: what takes the steps.
        tell: says what is wrong to whoever looks at stderr.
        waiting: how many may wait.

    Attributes:
        dropped: steps that found no room.
        failed: steps that the sink raised an error on.
    """

    def __init__(self, sink: Sink, tell: Callable[[str], None], *, waiting: int = _WAITING) -> None:
        self.name, self.wants_pictures = sink.name, sink.wants_pictures
        self.dropped = self.failed = 0
        self._sink, self._say = sink, tell
        self._queue: queue.Queue[Seen | None] = queue.Queue(waiting)
        self._told_at = -_TELL_AGAIN_S
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    def take(self, seen: Seen) -> None:
        """Take a step, or drop it; returns at once."""
        try:
            self._queue.put_nowait(seen)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Let the sink finish what is waiting, but not for long, and say what was lost."""
        try:
            self._queue.put(None, timeout=_LAST_WISH_S)
            self._thread.join(_LAST_WISH_S)
        except queue.Full:
            pass
        late = self._queue.qsize() if self._thread.is_alive() else 0
        if self.dropped or self.failed or late:
            self._say(f"{self.name}: {self.dropped + late:,} dropped because it was slow, {self.failed:,} failed")

    def _run(self) -> None:
        while (seen := self._queue.get()) is not None:
            try:
                self._sink.take(seen)
            except (OSError, CatdogError) as error:
                self.failed += 1
                self._tell(str(error))
        try:
            self._sink.close()
        except (OSError, CatdogError) as error:
            self._tell(str(error))

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TELL_AGAIN_S:  # a full disk fails on every frame
            self._told_at = now
            self._say(f"{self.name}: {what}; going on without")
