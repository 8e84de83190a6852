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
        at: when it was first seen, or last, in seconds of the scene.
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
        self._for = self._votes = 0  # answers since then that say the same, and all of them
        self._blind = False
        self._seen_at: float | None = None  # the last answer of any kind

    @property
    def present(self) -> str | None:
        """Who is in view; None for nobody."""
        return self._present

    def see(self, seen: Result | Change) -> list[Event]:
        """Take the next answer or change of state; return what has happened by it."""
        if isinstance(seen, Change):
            self._blind = self._blind or seen.state is not State.ONLINE
            return []
        if seen.prediction is None or seen.frame.scene_s is None:
            self._blind = True
            return []
        now = seen.frame.scene_s
        self._forgive(now)
        answer = seen.prediction
        label = answer.label if answer.label not in _NOBODY and answer.score >= self._options.score else None
        said = None if label is None else Event(seen.frame.source, APPEARED, label, answer.score, now, seen.frame.number)
        self._vote(said)
        settled = self._settled(said, now)
        happened = []
        if self._present is not None and self._last is not None:
            if label == self._present and said is not None:
                self._last = said
            elif now - self._last.at >= self._options.leave_s or settled is not None:
                happened.append(self._last._replace(kind=LEFT, frame=seen.frame.number))
                self._present = None
        if self._present is None and settled is not None and said is not None:
            happened.append(settled._replace(score=said.score, frame=said.frame))
            self._present, self._last, self._candidate = said.label, said, None
        return happened

    def _vote(self, said: Event | None) -> None:
        """Count for and against the candidate; it is none any more when most say otherwise."""
        if self._candidate is not None:
            self._votes += 1
            self._for += said is not None and said.label == self._candidate.label
            if 2 * self._for <= self._votes:
                self._candidate = None
        if self._candidate is None and said is not None and said.label != self._present:
            self._candidate, self._for, self._votes = said, 1, 1

    def _settled(self, said: Event | None, now: float) -> Event | None:
        """Return the candidate if it has been there for long enough, and is now."""
        first = self._candidate
        if first is None or said is None or first.label != said.label or now - first.at < self._options.appear_s:
            return None
        return first

    def _forgive(self, now: float) -> None:
        """Move what was seen before a silence to its end."""
        if self._blind and self._seen_at is not None:
            self._candidate = None
            if self._last is not None:
                self._last = self._last._replace(at=self._last.at + now - self._seen_at)
        self._blind, self._seen_at = False, now
