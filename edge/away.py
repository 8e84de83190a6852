"""Which changes of a live source are worth a line on stderr: a camera that is away for months must not fill a disk with them.

May import: `catdog.edge.sources`.
"""

import re
from dataclasses import dataclass, field

from .sources import Change, State

_FIRST_S, _LONGEST_S = 60.0, 3600.0  # between two lines that say the same; doubles each time
_NUMBER = re.compile(r"\d+(\.\d+)?")  # causes differ by how long something took


@dataclass
class _Away:
    """What was told of a source since it went away."""

    attempts: int = 0
    causes: set[str] = field(default_factory=set)
    pause_s: float = _FIRST_S
    next_at: float = 0.0


class Lines:
    """Puts changes into words. Sources that fail to open in the same way again and again are told of ever more rarely."""

    def __init__(self) -> None:
        self._away: dict[str, _Away] = {}

    def line(self, change: Change) -> str | None:
        """Return what to say of a change; None for nothing."""
        text = f"{change.source} is {change.state}: {change.cause}"
        if change.state not in (State.OFFLINE, State.RECOVERING):
            away = self._away.pop(change.source, None)
            return f"{text}, after {away.attempts:,} attempts" if away is not None and away.attempts > 1 else text
        away = self._away.setdefault(change.source, _Away())
        if change.state is State.RECOVERING:
            away.attempts += 1
            return text if away.attempts == 1 else None
        cause = _NUMBER.sub("N", change.cause)
        if cause in away.causes and change.at < away.next_at:
            return None
        if cause in away.causes:
            away.pause_s = min(2 * away.pause_s, _LONGEST_S)
        away.causes.add(cause)
        away.next_at = change.at + away.pause_s
        return f"{text}; {away.attempts:,} attempts so far" if away.attempts > 1 else text
