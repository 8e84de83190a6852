"""A live source that is opened, watched, given up and opened again, for ever."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ...errors import SourceError
from ..frame import Change, Frame, Idle, State
from .clock import Clock, MonotonicClock
from .guard import Guard
from .pace import Pace
from .stage import Stage

_LONGEST_LOOK_S = 0.7  # without a word to whoever listens


class Capture(Protocol):
    """A running capture. Whatever it does inside, these return."""

    @property
    def stage(self) -> Stage:
        """How far its opening has come."""
        ...

    @property
    def settings(self) -> str:
        """What the source gives instead of what it was asked for, in words; empty where it is as asked."""
        ...

    def newest(self, timeout: float) -> Frame | Idle | None:
        """Return the newest frame that was not returned yet; None if none comes in time, `Idle` where the last is the newest.

        Raises:
            SourceError: it has ended, and why.
        """
        ...

    def stop(self) -> None:
        """Release everything, now; safe to call twice."""
        ...


@dataclass(frozen=True)
class Limits:
    """How patient to be, in seconds. A source that is slow, but steady, is given more by its `Pace`.

    Attributes:
        stale_s: silence after which the last answer stands no more.
        offline_s: silence after which the capture is given up.
        unknown_s: silence after which the first answer of all stands no more: nobody knows the pace yet.
        start_s: for the capture to start: a slow board has to load OpenCV from a slow card first.
        first_s: for the first frame of all, once the source is being opened, and the longest wait for the next one.
        again_s: for the first frame of a source that has given some before; doubles each time that none comes.
        frozen_s: for how long frames may be the same.
        retry_s: from giving up to opening again; doubles each time.
        longest_retry_s: at most.
        jitter: share by which that varies, so that many devices do not knock at once.
    """

    stale_s: float = 0.7
    offline_s: float = 1.5
    unknown_s: float = 3.0
    start_s: float = 90.0
    first_s: float = 30.0
    again_s: float = 10.0
    frozen_s: float = 5.0
    retry_s: float = 0.25
    longest_retry_s: float = 2.5
    jitter: float = 0.2


class Supervisor:
    """Keeps one live source running.

    Args:
        name: of the source.
        open_capture: starts a capture; raises `SourceError` where there is nothing to open.
        limits: how patient to be.
        clock: tells the time.
        wait: keep trying also where the source never opened; else that is raised.
        seed: of the jitter; None for another each time.
    """

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
        wait: bool = False,
        seed: int | None = None,
    ) -> None:
        self.name = name
        self._open = open_capture
        self._limits = limits or Limits()
        self._clock = clock or MonotonicClock()
        self._wait = wait
        self._chance = random.Random(seed)  # noqa: S311 - spreads load, keeps no secret
        self._guard = Guard()
        self._capture: Capture | None = None
        self._pending: list[Change] = []  # what was found before anybody listened
        self._state: State | None = None
        self._failures = 0
        self._cause = ""  # of the last state
        self._pace = Pace()
        self._heard = False  # whether anybody listens yet
        self._seen = False  # ever a frame
        self._fresh = False  # one since it was opened
        self._stage = Stage.STARTING
        self._last = 0.0  # when something was last heard
        self._captured_at = float("-inf")  # the newest frame that was given
        self._before = self._number = 0  # frames that earlier captures gave, and all of them: captures count from 0

    @property
    def state(self) -> State | None:
        """What is known of it; None before it was asked for."""
        return self._state

    @property
    def process_id(self) -> int | None:
        """The process of the running capture, if it has one."""
        return getattr(self._capture, "process_id", None)

    def start(self) -> None:
        """Open the source, so that it wakes up while something else is done.

        Raises:
            SourceError: there is nothing to open, and nobody said to wait.
        """
        self._pending += self._try_to_open()

    def updates(self) -> Iterator[Frame | Change | Idle]:
        """Give frames that may be judged, frames with an error that must not be, and every change of state; without an end.

        Between two of them at most some seconds pass: a source that is silent gives `Idle`, once its state has been told.

        Raises:
            SourceError: it never opened, and nobody said to wait.
        """
        if not self._heard:
            # What was loaded meanwhile may have taken long; that was no silence of the source's.
            self._heard, self._last = True, self._clock.now()
        while True:
            while self._pending:
                yield self._pending.pop(0)
            if self._capture is None:
                yield from self._try_to_open()
            else:
                yield from self._listen()

    def close(self) -> None:
        """Release the source."""
        if self._capture is not None:
            self._capture.stop()
            self._capture = None

    def _try_to_open(self) -> Iterator[Change]:
        if self._seen or self._failures:
            yield from self._become(State.RECOVERING, f"opening it again: {self._cause}")
        try:
            self._capture = self._open()
        except SourceError as error:
            if not self._seen and not self._wait:
                raise
            yield from self._give_up(error.got)
            return
        self._fresh, self._stage = False, Stage.STARTING
        self._last, self._before = self._clock.now(), self._number
        self._guard.forget()
        self._pace.begin()

    def _listen(self) -> Iterator[Frame | Change | Idle]:
        if self._capture is None:
            return
        limits = self._limits
        stale_s = self._pace.stale_after_s(limits.stale_s, limits.unknown_s)
        try:
            frame = self._capture.newest(min(limits.stale_s, limits.offline_s, _LONGEST_LOOK_S) / 4)
        except SourceError as error:
            if not self._seen and not self._wait:
                self.close()
                raise
            yield from self._give_up(error.got)
            return
        now = self._clock.now()
        if self._capture.stage is not self._stage:
            self._stage, self._last = self._capture.stage, now
        if isinstance(frame, Idle):  # the source answers, and stands by its last frame
            self._last = now
            yield frame
            return
        if frame is not None:
            self._pace.see(frame)
        # One that has waited while nobody looked may be of a camera that is gone by now; one that was overtaken is past.
        if frame is not None and now - frame.captured_at <= stale_s and frame.captured_at > self._captured_at:
            self._last, self._captured_at = now, frame.captured_at
            self._seen, self._fresh, self._failures = True, True, 0
            self._number = self._before + frame.number + 1
            yield from self._look_at(frame._replace(number=self._number - 1), now)
            return
        silent = now - self._last
        if silent > self._patience():
            cause = f"no frame for {silent:.1f} s"
            if not self._seen and not self._wait:
                self.close()
                raise SourceError(f"frames from {self.name}", got=cause, fix="Check camera, cable and network.")
            yield from self._give_up(cause)
        elif self._state is not None and silent > min(limits.stale_s, _LONGEST_LOOK_S):
            if self._fresh and silent > stale_s:
                yield from self._become(State.STALE, f"no frame for {silent:.1f} s")
            yield Idle(self.name)

    def _patience(self) -> float:
        """Return how long the capture may be silent now, in seconds."""
        limits = self._limits
        if self._fresh:
            return self._pace.lost_after_s(limits.offline_s, limits.first_s)
        if self._stage is Stage.STARTING:
            return limits.start_s
        if not self._seen:
            return limits.first_s
        # With a picture every minute the next may be a minute away.
        at_least = min(limits.first_s, limits.again_s * 2**self._failures)
        return self._pace.lost_after_s(at_least, at_least)

    def _look_at(self, frame: Frame, now: float) -> Iterator[Frame | Change]:
        frozen_s = self._pace.lost_after_s(self._limits.frozen_s, 0.0)
        alone = None if frame.stream is None else frame.stream.alone
        reason = frame.error.got if frame.error is not None else self._guard.objection(frame.picture, now, frozen_s, alone)
        if reason is None:
            settings = "" if self._capture is None else self._capture.settings
            yield from self._become(State.ONLINE, f"frames come, {settings}" if settings else "frames come")
            yield frame._replace(scene_s=frame.captured_at)
            return
        yield from self._become(State.STALE, reason)
        error = frame.error or SourceError(f"a frame of {self.name} to judge", got=reason, fix="Look at the camera.")
        yield frame._replace(picture=None, error=error, state=State.STALE)

    def _give_up(self, cause: str) -> Iterator[Change]:
        yield from self._become(State.OFFLINE, cause)  # first: what hangs may not even be killed at once
        self.close()
        limits = self._limits
        pause = min(limits.longest_retry_s, limits.retry_s * 2**self._failures)
        self._failures = min(self._failures + 1, 30)
        self._clock.wait(pause * self._chance.uniform(1 - limits.jitter, 1 + limits.jitter))

    def _become(self, state: State, cause: str) -> Iterator[Change]:
        if state is not State.RECOVERING:
            self._cause = cause
        if state is not self._state:
            self._state = state
            yield Change(self.name, state, cause, self._clock.now())
