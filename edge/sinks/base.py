"""What a sink is."""

from typing import Protocol

from ..runner.observation import Observation


class Sink(Protocol):
    """Something that takes observations.

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

    def take(self, observation: Observation) -> None:
        """Take one. A result's picture is the sink's own copy where it asked for pictures, else None.

        May raise `OSError` or `CatdogError`: that is counted and told, and the camera goes on.
        """
        ...

    def close(self) -> None:
        """Finish what is begun."""
        ...
