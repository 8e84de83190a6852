"""What is known at this moment and what was in the last minutes: written by the runner's thread, read by the server's."""

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ...runner.events import Event
from ...runner.observation import Observation
from ...runner.results import Result, state_to_json
from ...sources import Change, InUse, State
from .public import public_change, public_name, public_result

STAGES = ("capture", "decode", "preprocess", "invoke")
SECONDS = 120  # of history
MOST_LINES = 500  # results
_MOST_HAPPENINGS = 100
_RATE_OVER = 64, 4.0  # results, and seconds: what the rate is counted over
_SILENCE_S = 10.0  # without a result, and twice the usual pause: then something hangs


class Condition(NamedTuple):
    """How things stand.

    Attributes:
        source: what is being looked at, fit to be shown.
        state: of it; None before the first frame.
        cause: why, in words.
        fps: results a second.
        results: how many there were.
        silent_s: seconds since the last; None before the first.
    """

    source: str
    state: State | None
    cause: str
    fps: float
    results: int
    silent_s: float | None


class Second(NamedTuple):
    """What one second's results took on average.

    Attributes:
        number: they are counted from 1.
        at: its end, seconds since 1970, by a clock that may be set meanwhile.
        results: how many.
        stages_ms: mean time of each of `STAGES`, in milliseconds.
        age_ms: mean age.
    """

    number: int
    at: float
    results: int
    stages_ms: tuple[float, ...]
    age_ms: float


class Happening(NamedTuple):
    """A line of the list of events.

    Attributes:
        number: they are counted from 1.
        at: seconds since 1970.
        kind: ``"appeared"``, ``"left"``, a state, ``"model"``, or ``"error"``.
        text: in words.
        source: fit to be shown.
        score: 0-1, of an event.
    """

    number: int
    at: float
    kind: str
    text: str
    source: str
    score: float | None = None


class Line(NamedTuple):
    """A result or change as `--json` prints it, but serialised when somebody asks.

    Attributes:
        number: they are counted from 1.
        result: fit to be shown.
        events: what has happened by it.
    """

    number: int
    result: Result | Change
    events: tuple[Event, ...]

    def to_json(self) -> str:
        """Serialise to one line, without the line break."""
        if isinstance(self.result, Change):
            return state_to_json(self.result)
        return self.result.to_json([str(event) for event in self.events])


class Status:
    """Keeps it, within bounds.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # held for microseconds
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._happenings: deque[Happening] = deque(maxlen=_MOST_HAPPENINGS)
        self._seconds: deque[Second] = deque(maxlen=SECONDS)
        self._times: deque[float] = deque(maxlen=_RATE_OVER[0])
        self._second: list[tuple[float, ...]] = []  # of this one, stages and age of each result
        self._second_begun = self._clock()
        self._source, self._cause = "", ""
        self._state: State | None = None
        self._paced = False  # whether silence means anything: a watched folder may be silent for days
        self._model: InUse | None = None
        self._results = self._number = self._happened = self._past_seconds = 0

    def take(self, observation: Observation) -> None:
        """Note one step of the runner."""
        with self._lock:
            self._number += 1
            if isinstance(observation.result, Change):
                result: Result | Change = self._note_change(public_change(observation.result), observation.at)
            else:
                result = self._note_result(public_result(observation.result), observation.at)
            for event in observation.events:
                self._happen(observation.at, event.kind, str(event), public_name(event.source), event.score)
            self._lines.append(Line(self._number, result, observation.events))

    def condition(self) -> Condition:
        """Say how things stand now. A runner that has given no result for long is not online, whatever was told last."""
        with self._lock:
            now = self._clock()
            times = [at for at in self._times if now - at <= _RATE_OVER[1]]
            silent = now - self._times[-1] if self._times else None
            fps = (len(times) - 1) / max(now - times[0], 1e-3) if len(times) > 1 else 0.0
            state, cause = self._state, self._cause
            if self._paced and state is State.ONLINE and silent is not None and silent > self._patience():
                state, cause = State.STALE, f"no result for {silent:.0f} s"
            return Condition(self._source, state, cause, fps, self._results, silent)

    @property
    def model(self) -> InUse | None:
        """The model in use, where it may be another than at the start."""
        return self._model

    def lines(self, after: int = 0) -> list[Line]:
        """Return what came after a line, oldest first, as far as it is kept."""
        with self._lock:
            return [line for line in self._lines if line.number > after]

    def newest(self) -> Line | None:
        """Return the last result or change."""
        with self._lock:
            return self._lines[-1] if self._lines else None

    def happenings(self, after: int = 0) -> list[Happening]:
        """Return what happened after another happening, oldest first, as far as it is kept."""
        with self._lock:
            return [happening for happening in self._happenings if happening.number > after]

    def seconds(self, after: int = 0) -> list[Second]:
        """Return what came after a second, oldest first, as far as it is kept; there are none in which there was no result."""
        with self._lock:
            self._turn(time.time())
            return [second for second in self._seconds if second.number > after]

    def _note_change(self, change: Change, at: float) -> Change:
        if change.model is not None:
            self._model = change.model
            self._happen(at, "model", change.cause, change.source)
            return change
        self._source, self._state, self._cause, self._paced = change.source, change.state, change.cause, True
        self._happen(at, change.state, change.cause, change.source)
        return change

    def _note_result(self, result: Result, at: float) -> Result:
        frame, answer = result.frame, result.prediction
        self._source, self._paced = frame.source, frame.scene_s is not None or frame.state is not None
        self._results += 1
        self._times.append(self._clock())
        self._turn(at)
        if answer is not None:
            self._state, self._cause = State.ONLINE, ""
            if not result.held:  # nobody worked for one that stands
                stages = (frame.capture_ms, frame.decode_ms, answer.latency_ms.preprocess, answer.latency_ms.invoke)
                self._second.append((*stages, result.age_ms))
        elif frame.state is not None:
            self._state, self._cause = frame.state, result.error.got if result.error is not None else ""
        else:
            self._happen(at, "error", str(result.error), frame.source)
        return result

    def _turn(self, at: float) -> None:
        """Close the running second if it is over."""
        now = self._clock()
        if now - self._second_begun < 1:
            return
        if self._second:
            *stages, age = (statistics.fmean(values) for values in zip(*self._second, strict=True))
            self._past_seconds += 1
            self._seconds.append(Second(self._past_seconds, round(at, 3), len(self._second), tuple(stages), age))
        self._second, self._second_begun = [], now

    def _patience(self) -> float:
        times = self._times
        return _SILENCE_S + (2 * (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0)

    def _happen(self, at: float, kind: str, text: str, source: str, score: float | None = None) -> None:
        self._happened += 1
        self._happenings.append(Happening(self._happened, at, kind, text, source, score))
