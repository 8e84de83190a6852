"""From answers frame by frame to what happened: somebody appeared, somebody left. Feeders and doors hang on this."""

from dataclasses import dataclass
from typing import NamedTuple

from .contract import NEITHER
from .errors import UsageError
from .moderation import UNSURE
from .results import Result
from .sources import Change, State

APPEARED, LEFT = "appeared", "left"
_NOBODY = (NEITHER, UNSURE)


class Event(NamedTuple):
    """Something that happened in front of a camera.

    Attributes:
        source: which camera.
        kind: ``"appeared"`` or ``"left"``.
        label: who.
        score: of the last answer that said so, 0-1.
        at: when it was first seen, or last, in seconds, monotonic.
        frame: the frame that settled it.
    """

    source: str
    kind: str
    label: str
    score: float
    at: float
    frame: int

    def __str__(self) -> str:
        return f"{self.label} {self.kind}"


@dataclass(frozen=True)
class EventOptions:
    """How sure to be.

    Attributes:
        appear_s: for how many seconds answers must say the same, most of them, before somebody has appeared.
        leave_s: for how many they must not before it has left.
        score: an answer with less counts as nobody, 0-1.

    Raises:
        UsageError: a value is out of range.
    """

    appear_s: float = 0.5
    leave_s: float = 2.0
    score: float = 0.6

    def __post_init__(self) -> None:
        if not (0 <= self.appear_s <= 600 and 0 <= self.leave_s <= 600):
            raise UsageError("seconds of 0 to 600 for an event", got=f"{self.appear_s}, {self.leave_s}", fix="Change them.")
        if not 0 <= self.score <= 1:
            raise UsageError("an event's score of 0 to 1", got=str(self.score), fix="Change it.")


class EventDetector:
    """Debounces the answers of one source.

    While a camera is silent or shows nothing, time stands still: a pet does not leave because a cable came loose.

    Args:
        options: how sure to be.
    """

    def __init__(self, options: EventOptions | None = None) -> None:
        self._options = options or EventOptions()
        self._present: str | None = None
        self._last: Event | None = None  # the last answer that said who is present
        self._candidate: Event | None = None  # the first of the answers that say somebody else
        self._blind_since: float | None = None

    @property
    def present(self) -> str | None:
        """Who is in view; None for nobody."""
        return self._present

    def see(self, seen: Result | Change) -> list[Event]:
        """Take the next answer or change of state; return what has happened by it."""
        if isinstance(seen, Change):
            if seen.state is not State.ONLINE and self._blind_since is None:
                self._blind_since = seen.at
            return []
        if seen.prediction is None:
            self._blind_since = seen.frame.captured_at if self._blind_since is None else self._blind_since
            return []
        now = seen.frame.captured_at
        self._forgive(now)
        answer = seen.prediction
        label = answer.label if answer.label not in _NOBODY and answer.score >= self._options.score else None
        said = None if label is None else Event(seen.frame.source, APPEARED, label, answer.score, now, seen.frame.number)
        happened = []
        if self._present is not None and self._last is not None:
            if label == self._present and said is not None:
                self._last = said
            elif now - self._last.at >= self._options.leave_s or self._is_settled(said, now):
                happened.append(self._last._replace(kind=LEFT, frame=seen.frame.number))
                self._present = None
        if said is None or label == self._present:
            self._candidate = self._candidate if said is None and self._recent(now) else None
        elif self._candidate is None or self._candidate.label != label:
            self._candidate = said
        if said is not None and self._present is None and self._is_settled(said, now) and self._candidate is not None:
            happened.append(self._candidate._replace(score=said.score, frame=said.frame))
            self._present, self._last, self._candidate = said.label, said, None
        return happened

    def _is_settled(self, said: Event | None, now: float) -> bool:
        first = self._candidate
        return said is not None and first is not None and first.label == said.label and now - first.at >= self._options.appear_s

    def _recent(self, now: float) -> bool:
        """Whether a weak answer in between may be passed over."""
        return self._candidate is not None and now - self._candidate.at < self._options.appear_s

    def _forgive(self, now: float) -> None:
        """Move what was seen before a silence to its end."""
        if self._blind_since is None:
            return
        away = now - self._blind_since
        self._blind_since = None
        self._candidate = None
        if self._last is not None:
            self._last = self._last._replace(at=self._last.at + away)
