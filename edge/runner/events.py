"""From answers frame by frame to what happened: somebody appeared, somebody left. Feeders and doors hang on this."""

from dataclasses import dataclass
from typing import NamedTuple

from ..contract.model_contract import NEITHER
from ..errors import UsageError
from ..inference.smoothing import UNSURE
from ..sources import Change, State
from .results import Result

APPEARED, LEFT = "appeared", "left"
_NOBODY = (NEITHER, UNSURE)
_LEAST_MISSES = 2  # answers


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
            raise UsageError(
                "seconds of 0 to 600 for an event",
                got=f"{self.appear_s}, {self.leave_s}",
                fix="Example: EventOptions(appear_s=0.5, leave_s=2).",
            )
        if not 0 <= self.score <= 1:
            raise UsageError("an event's score of 0 to 1", got=str(self.score), fix="Example: EventOptions(score=0.6).")


class EventDetector:
    """Debounces the answers of one source, each label by itself.

    While a camera is silent or shows nothing, time stands still: a pet does not leave because a cable came loose. Where frames
    are judged as a whole, there is one pet at most, and another that has appeared means that it left.

    Args:
        options: how sure to be.
    """

    def __init__(self, options: EventOptions | None = None) -> None:
        self._options = options or EventOptions()
        self._visits: dict[str, _Visit] = {}
        self._blind = False
        self._seen_at: float | None = None  # the last answer of any kind

    @property
    def present(self) -> tuple[str, ...]:
        """Who is in view, sorted."""
        return tuple(sorted(label for label, visit in self._visits.items() if visit.is_present))

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
        said = self._said(seen, now)
        for label in said:
            self._visits.setdefault(label, _Visit(self._options))
        left: list[Event] = []
        appeared: list[Event] = []
        for label, visit in self._visits.items():
            for event in visit.see(said.get(label), now):
                (appeared if event.kind == APPEARED else left).append(event)
        if seen.pets is None and appeared:
            (new,) = appeared
            left += [event for label, visit in self._visits.items() if label != new.label for event in visit.end()]
        return [event._replace(frame=seen.frame.number) for event in (*left, *appeared)]

    def _said(self, seen: Result, now: float) -> dict[str, Event]:
        """Return the surest answer for each pet that is sure enough."""
        if seen.prediction is None:
            return {}
        found = [(seen.prediction.label, seen.prediction.score)] if seen.pets is None else [pet[:2] for pet in seen.pets]
        return {
            label: Event(seen.frame.source, APPEARED, label, score, now, seen.frame.number)
            for label, score in sorted(found, key=lambda pair: pair[1])
            if label not in _NOBODY and score >= self._options.score
        }

    def _forgive(self, now: float) -> None:
        """Move what was seen before a silence to its end."""
        if self._blind and self._seen_at is not None:
            for visit in self._visits.values():
                visit.forgive(now - self._seen_at)
        self._blind, self._seen_at = False, now


class _Visit:
    """One label's coming and going."""

    def __init__(self, options: EventOptions) -> None:
        self._options = options
        self.is_present = False
        self._last: Event | None = None  # the last answer that said that it is present
        self._candidate: Event | None = None  # the first of the answers that say that it might be
        self._for = self._votes = 0  # answers since then that say the same, and all of them
        self._misses = 0  # answers in a row that do not say so

    def see(self, said: Event | None, now: float) -> list[Event]:
        """Take what was said of it, if anything; return what has happened."""
        if self.is_present and self._last is not None:
            if said is not None:
                self._last, self._misses = said, 0
                return []
            self._misses += 1
            # Of a slow camera two answers are further apart than `leave_s`, and one that is unsure must not open a door.
            return self.end() if now - self._last.at >= self._options.leave_s and self._misses >= _LEAST_MISSES else []
        self._vote(said)
        first = self._candidate
        if first is None or said is None or now - first.at < self._options.appear_s:
            return []
        self.is_present, self._last, self._candidate, self._misses = True, said, None, 0
        return [first._replace(score=said.score)]

    def end(self) -> list[Event]:
        """Let it have left when it was last seen, if it was there."""
        if not self.is_present or self._last is None:
            return []
        self.is_present = False
        return [self._last._replace(kind=LEFT)]

    def forgive(self, passed_s: float) -> None:
        """Let so much time not have passed; what was not settled begins anew."""
        self._candidate = None
        if self._last is not None:
            self._last = self._last._replace(at=self._last.at + passed_s)

    def _vote(self, said: Event | None) -> None:
        """Count for and against the candidate; it is none any more when most say otherwise."""
        if self._candidate is not None:
            self._votes += 1
            self._for += said is not None
            if 2 * self._for <= self._votes:
                self._candidate = None
        if self._candidate is None and said is not None:
            self._candidate, self._for, self._votes = said, 1, 1
