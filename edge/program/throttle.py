"""Which changes of a live source are worth a line on stderr: a camera that stays away must not fill a disk with them.

May import: `catdog.edge.sources`.
"""

import re
from dataclasses import dataclass, field

from ..sources import Change, State

_ALWAYS = 3  # times that a trouble is told of, each time it comes
_FIRST_S, _LONGEST_S = 60.0, 3600.0  # then between two lines of the same; doubles each time
_UNTOLD_S = 30.0  # the longest that a source is away while the last that was told is ONLINE
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
    away_since: float | None = None
    untold: str | None = None
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
        told.changed_at, told.untold = change.at, None
        text = f"{change.source} is {change.state}: {change.cause}"
        if change.state is State.ONLINE:
            told.away_since = None
            if told.state is State.ONLINE:
                return None  # nobody was told that it was not
        else:
            if told.away_since is None:
                told.away_since = change.at
            trouble = told.troubles.setdefault((change.state, _NUMBER.sub("N", change.cause)), _Trouble())
            trouble.count += 1
            if trouble.count > _ALWAYS:
                text += f" ({trouble.count:,} times by now)"
                if change.at < trouble.next_at:
                    told.untold = text
                    return None
                trouble.pause_s = min(2 * trouble.pause_s, _LONGEST_S)
            trouble.next_at = change.at + trouble.pause_s
        told.state = change.state
        return text

    def overdue(self, now: float) -> list[str]:
        """Return what was left out and has to be said after all: that a source is away, and stays away.

        Args:
            now: seconds, as of the changes.
        """
        lines = []
        for told in self._told.values():
            if told.away_since is None or told.untold is None or told.state is not State.ONLINE:
                continue
            if now - told.away_since > _UNTOLD_S:
                lines.append(told.untold)
                told.state, told.untold = None, None
        return lines
