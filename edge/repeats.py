"""Which changes of a live source are worth a line on stderr: a camera that stays away must not fill a disk with them.

May import: `catdog.edge.sources`.
"""

import re
from dataclasses import dataclass, field

from .sources import Change, State

_ALWAYS = 3  # times that a trouble is told of, each time it comes
_FIRST_S, _LONGEST_S = 60.0, 3600.0  # then between two lines of the same; doubles each time
_CALM_S = 600.0  # in one state, after which all is forgotten
_NUMBER = re.compile(r"\d+(\.\d+)?")  # causes differ by how long something took


@dataclass
class _Trouble:
    """One state with one cause, and how often it came."""

    count: int = 0
    pause_s: float = _FIRST_S
    next_at: float = 0.0


@dataclass
class _Told:
    """What was told of a source."""

    state: State | None = None
    changed_at: float = 0.0
    troubles: dict[tuple[State, str], _Trouble] = field(default_factory=dict)


class Lines:
    """Puts changes into words. What comes again and again is told of ever more rarely, and how often it came."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def line(self, change: Change) -> str | None:
        """Return what to say of a change; None for nothing."""
        told = self._told.setdefault(change.source, _Told())
        if change.at - told.changed_at > _CALM_S:
            told.troubles.clear()
        told.changed_at = change.at
        text = f"{change.source} is {change.state}: {change.cause}"
        if change.state is State.ONLINE:
            if told.state is State.ONLINE:
                return None  # nobody was told that it was not
        else:
            trouble = told.troubles.setdefault((change.state, _NUMBER.sub("N", change.cause)), _Trouble())
            trouble.count += 1
            if trouble.count > _ALWAYS:
                if change.at < trouble.next_at:
                    return None
                trouble.pause_s = min(2 * trouble.pause_s, _LONGEST_S)
                text += f" ({trouble.count:,} times by now)"
            trouble.next_at = change.at + trouble.pause_s
        told.state = change.state
        return text
