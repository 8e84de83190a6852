"""What a running service tells systemd: that it is ready, how it is doing, that it is alive, that it is ending.

A message is one datagram of lines to the socket that NOTIFY_SOCKET names. Source: sd_notify(3), sd_watchdog_enabled(3).

The watchdog is fed by whoever iterates over `Notifier.over`, and by no timer: a loop that hangs, in the source, in the model or
in telling the results, feeds it no more.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager

from ...runner.results import Result
from ...sources import Change, Idle

_STATUS_S = 10.0  # between two words on how fast it is
_PATIENCE_S = 1.0  # for a full socket; a message is not worth more
_OFTEN = 4  # signs of life in the time after which the watchdog bites; it asks for two


@contextmanager
def announced(results: Iterable[Result | Change | Idle]) -> Iterator[Iterable[Result | Change | Idle]]:
    """Tell systemd of the results as they are taken, and of the end; nothing where nobody listens."""
    notifier = Notifier.from_environment(os.environ)
    if notifier is None:
        yield results
        return
    try:
        yield notifier.over(results)
    finally:
        notifier.say("STOPPING=1")
        notifier.close()


class Notifier:
    """One service's line to its manager.

    Args:
        address: of the socket: a path, or a name after ``@``.
        watchdog_s: seconds of silence after which the manager takes the service for hung; None if it does not watch.
        clock: seconds on a clock that never jumps.
    """

    def __init__(self, address: str, watchdog_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._every_s = None if watchdog_s is None else watchdog_s / _OFTEN
        self._clock = clock
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(_PATIENCE_S)
        self._alive_at = self._counted_at = float("-inf")
        self._count = 0

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> "Notifier | None":
        """Read what systemd says, and take it out: programs that this one starts have nothing to tell.

        Args:
            environment: of the process.

        Returns:
            None if nobody listens.
        """
        names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
        address, microseconds, process = (environment.pop(name, "") for name in names)
        if not address.startswith(("/", "@")):
            return None
        watched = microseconds.isdigit() and int(microseconds) > 0 and process in ("", str(os.getpid()))
        return cls(address, int(microseconds) / 1e6 if watched else None)

    def over(self, results: Iterable[Result | Change | Idle]) -> Iterator[Result | Change | Idle]:
        """Give the results on and tell of them: READY with the first, signs of life while they are taken, how many."""
        ready = False
        for given in results:
            now = self._clock()
            lines = [] if ready else ["READY=1"]
            ready = True
            if self._every_s is not None and now - self._alive_at >= self._every_s:
                self._alive_at = now
                lines.append("WATCHDOG=1")
            if status := self._status(given, now):
                lines.append(f"STATUS={' '.join(status.split())}")
            if lines:
                self.say(*lines)
            yield given

    def say(self, *lines: str) -> None:
        """Send a message; a manager that does not take it is no reason to end."""
        with contextlib.suppress(OSError):
            self._socket.sendto("\n".join(lines).encode(), self._address)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def _status(self, given: Result | Change | Idle, now: float) -> str | None:
        if isinstance(given, Change):
            if given.model is not None:
                return given.cause
            self._count, self._counted_at = 0, now
            return f"{given.source} is {given.state}: {given.cause}"
        if isinstance(given, Idle):
            return None
        self._count += 1
        if now - self._counted_at < _STATUS_S:
            return None
        rate = self._count / (now - self._counted_at)  # 0 for the first, which has come in no time yet
        self._count, self._counted_at = 0, now
        what = given.to_text() if given.error is None else str(given.error)
        return f"{rate:.1f} frames a second; {what}" if rate else what
