"""Faults on the demo camera, through the live path that real cameras take: what an owner sees, and when.

Nothing here is a script of lines: a capture process delivers frames or fails to, the supervisor finds out, the model answers
what it is given. The simulation sets the fault, waits, and counts.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import SourceError
from ...inference.classifier import Classifier
from ...regions.options import OFF, RegionOptions
from ...runner.loop import RunOptions, run
from ...runner.results import Result
from ...sources.faulty import Fault, Switch
from ...sources.frame import Change, Idle, State
from ...sources.live.source import LiveSource

_LASTS_S = {Fault.UNPLUG: 4.0, Fault.FREEZE: 8.0, Fault.SLOW: 5.0, Fault.CORRUPT: 3.0}
_TOLD = {
    Fault.UNPLUG: "the cable is pulled",
    Fault.FREEZE: "every frame is the same",
    Fault.SLOW: "a frame takes more than a second",
    Fault.CORRUPT: "half JPEGs, noise, black and grey pictures",
}
_SETTLED = 8  # answers before the next fault
_PATIENCE_S = 30.0  # with the demo camera, to give answers again

_NUMBERS = re.compile(r"[0-9.]+")  # what changes in a cause that stays the same


class Moment(NamedTuple):
    """Something that happened.

    Attributes:
        at_s: seconds since the simulation began.
        fault: during or after which; None before the first one.
        state: of the camera, where it is a new one.
        text: the cause, or what was done or seen.
    """

    at_s: float
    fault: Fault | None
    state: State | None
    text: str


class Outcome(NamedTuple):
    """What became of a fault.

    Attributes:
        fault: which.
        noticed_s: seconds until the camera's state changed; None if it never did.
        back_s: seconds from the repair to the first answer; None if there was none.
        labels_unnoticed: answers to what the faulty camera gave before that was noticed.
        labels_away: answers while the camera was not ONLINE.
    """

    fault: Fault
    noticed_s: float | None
    back_s: float | None
    labels_unnoticed: int
    labels_away: int

    @property
    def is_good(self) -> bool:
        """Whether it was noticed, nothing was invented meanwhile, and the answers came back."""
        return self.noticed_s is not None and self.back_s is not None and self.labels_away == 0


def simulate(faults: Sequence[Fault], load: Callable[[int], Classifier], threads: int = 1) -> Iterator[Moment | Outcome]:
    """Let faults happen, one after another.

    Args:
        faults: which.
        load: gives a copy of the model that uses so many threads.
        threads: of one inference.

    Raises:
        SourceError: the demo camera gives no answers even without a fault.
        ModelError: the model cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        switch = Path(folder) / "switch"
        Switch().write(switch)
        begun = time.monotonic()
        source = LiveSource("demo", {"kind": "faulty demo", "switch": str(switch)}, wait=False)
        try:
            seen = run([source], load, RunOptions(threads=threads, regions=RegionOptions(OFF)))
            yield from _settle(seen, begun, None)
            for number, fault in enumerate(faults):
                if number:
                    yield from _settle(seen, begun, faults[number - 1])
                yield from _happen(fault, seen, switch, begun)
        finally:
            source.close()


def _settle(seen: Iterator[Result | Change | Idle], begun: float, after: Fault | None) -> Iterator[Moment]:
    """Wait for answers."""
    count, deadline = 0, time.monotonic() + _PATIENCE_S
    for item in seen:
        if isinstance(item, Change):
            yield Moment(item.at - begun, after, item.state, item.cause)
        elif isinstance(item, Result) and item.prediction is not None:
            count += 1
        if count == _SETTLED:
            return
        if time.monotonic() > deadline:
            break
    raise SourceError("answers to the demo camera's frames", got=f"{count} in {_PATIENCE_S:g} s", fix="End other programs.")


def _happen(fault: Fault, seen: Iterator[Result | Change | Idle], switch: Path, begun: float) -> Iterator[Moment | Outcome]:
    """Set a fault, and watch until the answers are back."""
    over = time.monotonic() + _LASTS_S[fault]
    Switch(fault, over).write(switch)
    began = time.monotonic()
    yield Moment(began - begun, fault, None, f"{_TOLD[fault]}, for {_LASTS_S[fault]:g} s")
    state, told_over, causes = State.ONLINE, False, set[str]()
    noticed: float | None = None
    back: float | None = None
    unnoticed = away = 0
    for item in seen:
        now = time.monotonic()
        if now >= over and not told_over:
            told_over = True
            yield Moment(over - begun, fault, None, "the fault is over")
        if isinstance(item, Change):
            state = item.state
            causes.add(_NUMBERS.sub("", item.cause))
            if state is not State.ONLINE and noticed is None:
                noticed = max(0.0, item.at - began)
            yield Moment(item.at - begun, fault, state, item.cause)
        elif isinstance(item, Idle):
            pass  # but the time goes on
        elif item.error is not None:
            cause = _NUMBERS.sub("", item.error.got)
            if cause not in causes:
                causes.add(cause)
                yield Moment(now - begun, fault, None, f"no answer: {item.error.got}")
        elif item.prediction is not None and item.frame.captured_at >= began:
            away += state is not State.ONLINE
            unnoticed += noticed is None
            if item.frame.captured_at >= over:
                back = now - over
                yield Moment(now - begun, fault, None, f"answers again: {item.prediction.label}")
                break
        if now > over + _PATIENCE_S:
            break
    yield Outcome(fault, noticed, back, unnoticed, away)
