"""What the runner has seen, step by step, with what happened by it: for sinks, and for programs that watch by themselves."""

import time
from collections.abc import Generator, Iterable
from typing import NamedTuple

from ..sources import Change, Idle
from .events import Event, EventDetector, EventOptions
from .results import Result


class Observation(NamedTuple):
    """One step of the runner.

    Attributes:
        result: of a frame, or a change of a live source's state.
        events: what has happened by it: who appeared, who left.
        at: the wall clock, seconds since 1970: for file names and people, never for intervals.
    """

    result: Result | Change
    events: tuple[Event, ...]
    at: float


def observe(results: Iterable[Result | Change | Idle], options: EventOptions | None = None) -> Generator[Observation | Idle]:
    """Add to each result what has happened by it; each source's events are its own.

    Args:
        results: as `catdog.edge.runner.loop.run` gives them.
        options: how sure to be of events.
    """
    detectors: dict[str, EventDetector] = {}
    for result in results:
        if isinstance(result, Idle):
            yield result
            continue
        events: tuple[Event, ...] = ()
        if isinstance(result, Change) or result.frame.scene_s is not None or result.frame.state is not None:
            source = result.source if isinstance(result, Change) else result.frame.source
            events = tuple(detectors.setdefault(source, EventDetector(options)).see(result))
        # Else it is one of pictures that have nothing to do with one another.
        yield Observation(result, events, time.time())
