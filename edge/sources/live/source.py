"""A live camera or stream as a source like any other, but that its frames have no end and its states are told."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..frame import Change, Frame, Idle
from .process import CaptureProcess
from .supervisor import Limits, Supervisor


class LiveSource:
    """A source in a process of its own, supervised; opened at once.

    Args:
        name: what to call it.
        specification: what to open, for `catdog.edge.sources.live.worker`.
        wait: keep trying where it does not open; else that is an error.
        every: give every frame, and let the source wait; else the newest.
        limits: how patient to be.
        command: the program that captures; None for `worker`.
        locate: adds to the specification where the source is now; asked before each opening, so that nothing is started for
            one that is not there.

    Attributes:
        keeps_pace: frames that nobody has time for are skipped.

    Raises:
        SourceError: its process cannot be started.
    """

    never_ends = True

    def __init__(
        self,
        name: str,
        specification: dict[str, Any],
        *,
        wait: bool,
        every: bool = False,
        limits: Limits | None = None,
        command: Sequence[str] | None = None,
        locate: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.keeps_pace = not every
        self._supervisor = Supervisor(
            name, lambda: CaptureProcess(name, specification | locate(), every=every, command=command), limits=limits, wait=wait
        )
        self._supervisor.start()

    def frames(self) -> Iterator[Frame | Change | Idle]:
        """Give frames and changes of state until closed; see `Supervisor.updates`.

        Raises:
            SourceError: it never opened, and nobody said to wait.
        """
        yield from self._supervisor.updates()

    @property
    def process_id(self) -> int | None:
        """The capture process, if there is one."""
        return self._supervisor.process_id

    def close(self) -> None:
        """End the process."""
        self._supervisor.close()
