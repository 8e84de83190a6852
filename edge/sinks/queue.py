"""A sink behind a queue: what cannot be written in time is dropped and counted, and inference goes on.

Pictures in a folder have time: for those the sink is waited for, and nothing is dropped.
"""

import queue
import threading
import time
from collections.abc import Callable

from ..runner.observation import Observation
from .base import Sink
from .options import SinkOptions

LAST_WISH_S, _FINISHING_S = 0.4, 0.3  # seconds for what waits when the program ends, and for what is begun: it has one in all
PATIENCE_S = 60.0  # likewise where nothing may be lost, and nobody has asked for the end
_LOOK_S = 0.002
_TELL_AGAIN_S = 60.0


class QueuedSink:
    """Runs a sink in a thread of its own.

    Args:
        sink: what takes the steps.
        tell: says what is wrong to whoever looks at stderr.
        waiting: how many may wait.
        drops: drop what finds no room; else whoever brings it waits.

    Attributes:
        dropped: steps that found no room.
        failed: steps that the sink raised an error on.
        taken: steps that it was given.
        busy_s: seconds that it took for them.
    """

    def __init__(
        self, sink: Sink, tell: Callable[[str], None], *, waiting: int = SinkOptions.queue, drops: bool = True
    ) -> None:
        self.name, self.wants_pictures, self.only_events = sink.name, sink.wants_pictures, sink.only_events
        self.dropped = self.failed = self.taken = 0
        self.busy_s = 0.0
        self._sink, self._say = sink, tell
        # Not `queue.Queue`: a signal that ends the program may interrupt that with its lock taken, and then no one can say
        # that nothing more comes.
        self._queue: queue.SimpleQueue[Observation | None] = queue.SimpleQueue()
        self._room, self._drops = waiting, drops
        self._told_at = -_TELL_AGAIN_S
        self._deadline: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    def take(self, observation: Observation) -> None:
        """Take a step, or drop it, at once, or wait for room. One thread's to call."""
        while not self._drops and self._queue.qsize() >= self._room and self._thread.is_alive():
            time.sleep(_LOOK_S)
        if self._queue.qsize() < self._room:
            self._queue.put(observation)
        else:
            self.dropped += 1

    def end(self, deadline: float) -> None:
        """Tell the sink that nothing more comes; returns at once.

        Args:
            deadline: what waits longer is given up, so that the sink can still finish what it has begun; seconds, monotonic.
        """
        self._deadline = deadline
        self._queue.put(None)

    def close(self) -> None:
        """Wait for the end, but not for long, and say what was lost."""
        if self._deadline is None:
            self.end(time.monotonic() + LAST_WISH_S)
        self._thread.join(max(0.0, (self._deadline or 0.0) + _FINISHING_S - time.monotonic()))
        if self._thread.is_alive():
            self._say(f"{self.name}: still busy, given up")
        if self.dropped or self.failed:
            self._say(f"{self.name}: {self.dropped:,} dropped because it was slow, {self.failed:,} failed")

    def _run(self) -> None:
        while (observation := self._queue.get()) is not None:
            if self._deadline is not None and time.monotonic() > self._deadline:
                self.dropped += 1
                continue
            start = time.perf_counter()
            self._attempt(lambda observation=observation: self._sink.take(observation))  # type: ignore[misc] # bound now
            self.taken += 1
            self.busy_s += time.perf_counter() - start
        self._attempt(self._sink.close)

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        # This thread's only boundary: whatever a sink runs into, the camera goes on, and so does the sink.
        except Exception as error:  # noqa: BLE001
            self.failed += 1
            now = time.monotonic()
            if now - self._told_at >= _TELL_AGAIN_S:  # a full disk fails on every frame
                self._told_at = now
                self._say(f"{self.name}: {str(error) or type(error).__name__}; going on without")
