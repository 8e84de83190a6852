"""What a sink is, and what it gets."""

from typing import NamedTuple, Protocol

from ..runner.events import Event
from ..runner.results import Result
from ..sources import Change


class Seen(NamedTuple):
    """One step of the runner: a frame's result, or a change of state, and what has happened by it.

    Attributes:
        what: the result or change. A result's picture is the sink's own copy where it asked for pictures, else None.
        events: what has happened.
        at: the wall clock, seconds since 1970: for file names and people, never for intervals.
    """

    what: Result | Change
    events: tuple[Event, ...]
    at: float


class Sink(Protocol):
    """Something that takes what was seen.

    Attributes:
        name: what to call it in a message.
        wants_pictures: whether it needs them now; asked before each step.
        only_events: whether steps by which nothing has happened are nothing to it.
    """

    name: str
    only_events: bool

    @property
    def wants_pictures(self) -> bool:
        """See above; a plain attribute will do."""
        ...

    def take(self, seen: Seen) -> None:
        """Take one step. May raise `OSError` or `CatdogError`: that is counted and told, and the camera goes on."""
        ...

    def close(self) -> None:
        """Finish what is begun."""
        ...
