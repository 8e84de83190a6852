"""Time, given as an argument, so that hours of trouble can be tested in milliseconds."""

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time and can wait."""

    def now(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class MonotonicClock:
    """The system's monotonic clock: setting the date does not move it."""

    def now(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(max(0.0, seconds))
