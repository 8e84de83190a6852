"""Live sources under every fault, with a clock of the test's own: states, causes, and never a frame that must not be judged."""

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

import numpy as np
import pytest

from catdog.edge.errors import SourceError
from catdog.edge.sources.frame import Change, Frame, Idle, InStream, State
from catdog.edge.sources.live.guard import Guard
from catdog.edge.sources.live.stage import Stage
from catdog.edge.sources.live.supervisor import Limits, Supervisor


class FakeClock:
    """Time passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


def noisy(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


class Script:
    """A capture that does what a list says: a picture, None for silence, an exception."""

    open_ones = 0

    def __init__(self, clock: FakeClock, steps: Iterator[object]) -> None:
        self._clock, self._steps, self._number = clock, steps, 0
        self._stopped = False
        Script.open_ones += 1

    stage = Stage.OPENED
    settings = ""

    def newest(self, timeout: float) -> Frame | None:
        step = next(self._steps)
        if isinstance(step, Exception):
            raise step
        if step is None:
            self._clock.time += timeout
            return None
        if isinstance(step, Idle):
            self._clock.time += timeout
            return step  # type: ignore[return-value]
        self._clock.time += 0.033
        self._number += 1
        return Frame("camera", self._number, self._clock.time, 0.0, 0.0, step)  # type: ignore[arg-type]

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            Script.open_ones -= 1


LOST = SourceError("frames", got="unplugged", fix="Plug it in.")


def supervise(
    *sessions: list[object] | SourceError, clock: FakeClock | None = None, wait: bool = False
) -> tuple[Supervisor, FakeClock]:
    """A source whose openings go as listed; the last one repeats."""
    clock = clock or FakeClock()
    left = list(sessions)

    def open_capture() -> Script:
        session = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(session, SourceError):
            raise session
        return Script(clock, iter(session))

    return Supervisor("camera", open_capture, clock=clock, wait=wait, seed=0), clock


def states(updates: Iterator[Frame | Change], count: int) -> list[State]:
    return [update.state for update in islice((u for u in updates if isinstance(u, Change)), count)]


def test_frames_of_a_healthy_camera_are_given_as_they_are() -> None:
    supervisor, _ = supervise([noisy(seed) for seed in range(50)])
    first, *others = islice(supervisor.updates(), 41)
    assert isinstance(first, Change)
    assert first.state is State.ONLINE
    assert all(isinstance(update, Frame) and update.picture is not None for update in others)


def test_camera_that_never_was_ends_the_program_unless_told_to_wait() -> None:
    supervisor, _ = supervise(SourceError("a camera", got="none", fix="Plug it in."))
    with pytest.raises(SourceError, match="Plug it in"):
        next(supervisor.updates())
    supervisor, _ = supervise(LOST, LOST, [noisy(1)] * 2, wait=True)
    assert states(supervisor.updates(), 5) == [State.OFFLINE, State.RECOVERING, State.OFFLINE, State.RECOVERING, State.ONLINE]


def test_what_happened_before_anybody_listened_is_told() -> None:
    supervisor, _ = supervise(LOST, [noisy(1)] * 2, wait=True)
    supervisor.start()
    assert states(supervisor.updates(), 3) == [State.OFFLINE, State.RECOVERING, State.ONLINE]


def test_camera_that_opens_and_stays_silent_ends_the_program_too() -> None:
    supervisor, _ = supervise([None] * 1000)
    with pytest.raises(SourceError, match="no frame for"):
        list(islice(supervisor.updates(), 1))


def test_gone_and_back_a_hundred_times() -> None:
    before = Script.open_ones
    sessions: list[list[object] | SourceError] = []
    for number in range(100):
        sessions += [[*(noisy(number * 10 + i) for i in range(3)), *([None] * 100)], LOST, LOST]
    supervisor, clock = supervise(*sessions, [noisy(seed) for seed in range(9)])
    losses = returns = 0
    last_frame = gone_at = clock.now()
    online = False
    for update in supervisor.updates():
        if isinstance(update, Frame):
            assert online, "a frame while the camera was not online"
            last_frame = clock.now()
            if losses == 100:
                break
        elif isinstance(update, Idle):
            continue
        elif update.state is State.OFFLINE:
            if online:
                losses += 1
                gone_at = clock.now()
                assert clock.now() - last_frame <= 2.0
            online = False
        elif update.state is State.ONLINE:
            online = True
            if losses:
                returns += 1
                assert clock.now() - gone_at <= 5.0
    assert (losses, returns) == (100, 100)
    supervisor.close()
    assert Script.open_ones == before


def test_frames_are_counted_on_when_the_camera_is_back() -> None:
    supervisor, _ = supervise([noisy(1), noisy(2), LOST], [noisy(3), noisy(4)])
    numbers = [update.number for update in islice(supervisor.updates(), 8) if isinstance(update, Frame)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 4


def test_frame_that_waited_while_nobody_looked_is_not_judged() -> None:
    supervisor, clock = supervise([noisy(1), noisy(2), *([None] * 100)])
    updates = supervisor.updates()
    assert isinstance(next(updates), Change)
    assert isinstance(next(updates), Frame)
    assert isinstance(next(updates), Frame)

    class Late(Script):
        def newest(self, timeout: float) -> Frame | None:
            frame = super().newest(timeout)
            return None if frame is None else frame._replace(captured_at=clock.now() - 3.0)

    supervisor._capture = Late(clock, iter([noisy(3), *([None] * 100)]))
    assert states(updates, 2) == [State.STALE, State.OFFLINE]


def test_stall_makes_the_answer_stale_before_it_makes_the_camera_gone() -> None:
    supervisor, _ = supervise([noisy(1), noisy(2), *([None] * 100)])
    assert states(supervisor.updates(), 4) == [State.ONLINE, State.STALE, State.OFFLINE, State.RECOVERING]
    supervisor, _ = supervise([noisy(1), noisy(2), *([None] * 5), *(noisy(seed) for seed in range(2, 9))])
    assert states(supervisor.updates(), 3) == [State.ONLINE, State.STALE, State.ONLINE]


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (np.zeros((48, 64, 3), np.uint8), "black"),
        (np.full((48, 64, 3), 130, np.uint8), "one colour"),
        (np.full((48, 64, 3), np.nan, np.float32), "float32"),
        (np.zeros((48, 64), np.uint8), "no picture"),
        (np.zeros((0, 64, 3), np.uint8), "no picture"),
        ("text", "no picture"),
    ],
)
def test_frames_that_show_nothing_are_not_judged(broken: object, cause: str) -> None:
    supervisor, _ = supervise([noisy(1), broken, broken, noisy(2)])
    found = list(islice(supervisor.updates(), 7))
    changes = [update for update in found if isinstance(update, Change)]
    assert [change.state for change in changes] == [State.ONLINE, State.STALE, State.ONLINE]
    assert cause in changes[1].cause
    refused = [update for update in found if isinstance(update, Frame) and update.error is not None]
    assert len(refused) == 2
    assert all(frame.picture is None for frame in refused)


def test_frozen_picture_is_noticed_and_a_still_scene_is_not() -> None:
    same = noisy(1)
    supervisor, clock = supervise([same.copy() for _ in range(400)])
    judged = 0
    for update in supervisor.updates():
        if isinstance(update, Change) and update.state is State.STALE:
            assert "same frame" in update.cause
            break
        judged += isinstance(update, Frame)
    assert clock.now() - 1000 == pytest.approx(Limits().frozen_s, abs=0.2)
    guard = Guard()
    for number in range(400):
        almost = same.copy()
        almost[number % 48, 0, 0] ^= 1  # noise of a single step
        assert guard.objection(almost, 0.05 * number, frozen_s=5.0) is None


def test_predicted_pictures_that_are_the_same_are_no_sign_of_a_frozen_camera() -> None:
    """Where nothing moves an encoder repeats its last key frame, noise and all, until the next one."""
    guard, key = Guard(), 0
    for number in range(25 * 40):
        if number % 350 == 0:  # every 14 s
            key += 1
        assert guard.objection(noisy(key), number / 25, frozen_s=5.0, alone=key) is None


def test_key_frames_that_are_the_same_are_a_sign_of_a_frozen_camera() -> None:
    guard = Guard()
    said = [guard.objection(noisy(1), number / 25, 5.0, alone=number // 50) for number in range(500)]
    first = next(number for number, reason in enumerate(said) if reason)
    assert first == 200  # more than 5 s after the second key frame, the first that was kept whole
    assert all(reason is not None and "same frame" in reason for reason in said[first:])  # and those between key frames
    assert guard.objection(noisy(2), 20.0, 5.0, alone=10) is None


def test_attempts_grow_rarer_and_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[float] = []
    clock = FakeClock()

    def open_capture() -> Script:
        attempts.append(clock.now())
        raise LOST

    updates = Supervisor("camera", open_capture, clock=clock, wait=True, seed=1).updates()
    list(islice(updates, 24))
    pauses = np.diff(attempts)
    assert pauses[0] < 0.31
    assert 1.9 < pauses[-1] < 3.1
    assert len(set(pauses[-5:].tolist())) == 5


class Timed(Script):
    """A capture whose frames come at times, in seconds from its opening; nothing else comes."""

    def __init__(
        self, clock: FakeClock, times: Sequence[float], *, ages: Sequence[float] = (), stages: Sequence[Stage] = ()
    ) -> None:
        super().__init__(clock, iter(()))
        self._opened_at, self._times, self._ages = clock.now(), list(times), list(ages or [0.0] * len(times))
        self._stages = list(stages)  # how far it is at each whole second; OPENED after that

    @property
    def stage(self) -> Stage:  # type: ignore[override]
        second = int(self._clock.now() - self._opened_at)
        return self._stages[second] if second < len(self._stages) else Stage.OPENED

    def newest(self, timeout: float) -> Frame | None:
        due = self._opened_at + self._times[0] if self._times else float("inf")
        if due > self._clock.now() + timeout:
            self._clock.time += timeout
            return None
        self._clock.time = max(self._clock.time, due)
        self._times.pop(0)
        self._number += 1
        return Frame("camera", self._number, self._clock.now() - self._ages.pop(0), 0.0, 0.0, noisy(self._number))


def timed(*arguments: object, **options: object) -> tuple[Supervisor, FakeClock]:
    clock = FakeClock()
    return Supervisor("camera", lambda: Timed(clock, *arguments, **options), clock=clock, seed=0), clock  # type: ignore[arg-type]


def until(supervisor: Supervisor, clock: FakeClock, seconds: float) -> list[Frame | Change]:
    """What is given in the first seconds."""
    found = takewhile(lambda _: clock.now() <= 1000 + seconds, supervisor.updates())
    return [update for update in found if not isinstance(update, Idle)]


@pytest.mark.parametrize("interval", [0.033, 0.8, 1.6, 2.9])
def test_steady_source_is_online_at_whichever_pace(interval: float) -> None:
    supervisor, clock = timed([interval * number for number in range(1, 60)])
    given = until(supervisor, clock, 59.1 * interval)
    assert [update.state for update in given if isinstance(update, Change)] == [State.ONLINE]
    assert sum(isinstance(update, Frame) for update in given) == 59


class Rushed(Timed):
    """A stream that sends what it has kept in one rush, and then each picture as it is taken."""

    def __init__(self, clock: FakeClock, interval: float, kept: int, count: int) -> None:
        rush = [0.01 * number for number in range(1, kept + 1)]
        super().__init__(clock, rush + [rush[-1] + interval * number for number in range(1, count)])
        self._interval = interval

    def newest(self, timeout: float) -> Frame | None:
        frame = super().newest(timeout)
        return frame and frame._replace(stream=InStream(self._interval * frame.number, 1 / self._interval, frame.number))


@pytest.mark.parametrize("interval", [0.04, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("kept", [1, 2, 5, 12])
def test_stream_that_begins_with_a_rush_is_online_at_whichever_pace(interval: float, kept: int) -> None:
    clock = FakeClock()
    supervisor = Supervisor("camera", lambda: Rushed(clock, interval, kept, count=30), clock=clock, seed=0)
    given = until(supervisor, clock, 0.01 * kept + 29.1 * interval)
    assert [update.state for update in given if isinstance(update, Change)] == [State.ONLINE]
    assert sum(isinstance(update, Frame) for update in given) == kept + 29


def test_slow_source_that_stops_is_stale_then_gone() -> None:
    supervisor, clock = timed([2.0 * number for number in range(1, 20)])
    changes = [update for update in until(supervisor, clock, 49.0) if isinstance(update, Change)]
    assert [change.state for change in changes[:3]] == [State.ONLINE, State.STALE, State.OFFLINE]
    last = 1000 + 2.0 * 19
    assert 2.0 < changes[1].at - last < 6.0 < changes[2].at - last < 10.0


def test_single_stumble_makes_a_source_slow_for_a_moment_only() -> None:
    times = [0.033 * number for number in range(1, 100)]
    times += [times[-1] + 1.2 + 0.033 * number for number in range(12)]
    supervisor, clock = timed(times)
    found = until(supervisor, clock, times[-1] + 1.2)
    stale = [update for update in found if isinstance(update, Change) and update.state is State.STALE]
    assert stale[0].at - 1000 == pytest.approx(times[98] + Limits().stale_s, abs=0.2)
    assert stale[1].at - 1000 == pytest.approx(times[-1] + Limits().stale_s, abs=0.2)


def test_start_up_is_not_silence() -> None:
    supervisor, clock = timed([75.0, 75.1, 75.2], stages=[Stage.STARTING] * 50)
    found = list(islice(supervisor.updates(), 4))
    assert [type(update) for update in found] == [Change, Frame, Frame, Frame]
    assert clock.now() == pytest.approx(1075.2)


def test_what_was_loaded_before_anybody_listened_is_not_silence() -> None:
    supervisor, clock = timed([45.0, 45.1])
    supervisor.start()
    clock.time += 40.0
    assert isinstance(list(islice(supervisor.updates(), 2))[1], Frame)


def test_frames_that_come_late_or_were_overtaken_are_not_judged() -> None:
    times = [0.1 * number for number in range(1, 9)]
    supervisor, _ = timed(times, ages=[0, 0, 0, 0.15, 0, 5.0, 0, 0])
    given = [update.number for update in islice(supervisor.updates(), 7) if isinstance(update, Frame)]
    assert given == [1, 2, 3, 5, 7, 8]


def test_why_is_told_also_while_it_is_opened_again() -> None:
    supervisor, _ = supervise([noisy(1), LOST], LOST, wait=True)
    changes = list(islice((update for update in supervisor.updates() if isinstance(update, Change)), 5))
    assert [change.state for change in changes[1:3]] == [State.OFFLINE, State.RECOVERING]
    assert all("unplugged" in change.cause for change in changes[1:])


def test_source_that_stands_by_its_last_frame_is_not_silent() -> None:
    supervisor, clock = supervise([noisy(1), *([Idle("camera")] * 200), *([None] * 250)])
    found = list(islice(supervisor.updates(), 202))
    assert [type(update) for update in found] == [Change, Frame, *([Idle] * 200)]
    assert clock.now() > 1000 + 10 * Limits().offline_s
    assert states(supervisor.updates(), 2) == [State.STALE, State.OFFLINE]


def test_what_was_not_given_as_asked_is_told() -> None:
    supervisor, _ = timed([0.1])
    supervisor.start()
    assert supervisor._capture is not None
    supervisor._capture.settings = "320x180 instead of 333x222"  # type: ignore[misc]
    online = next(update for update in supervisor.updates() if isinstance(update, Change))
    assert online.cause == "frames come, 320x180 instead of 333x222"
