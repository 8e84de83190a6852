"""Only what is meant to be timed is timed, for as long as was asked."""

import time
from itertools import groupby

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catdog.benchmarks.measure import scenarios
from catdog.benchmarks.measure.scenarios import Quota, camera, offline, single, wait_for_quiet
from catdog.edge.inference.classifier import Prediction, Timings

RUNS = Quota(runs=5, seconds=0.0, longest_s=60.0)


class Fake:
    """Notes when it is asked, and answers with times that tell who it is."""

    def __init__(self, name: str = "a", diary: list[str] | None = None, sleep_s: float = 0.0) -> None:
        self.name, self.sleep_s = name, sleep_s
        self.diary: list[str] = [] if diary is None else diary
        self.seen: list[float] = []
        self.calls = 0

    def classify(self, picture: NDArray[np.uint8]) -> Prediction:
        self.calls += 1
        self.diary.append(self.name)
        self.seen.append(float(picture.mean()))
        time.sleep(self.sleep_s)
        return Prediction("cats", 1.0, {}, Timings(decode=0.0, preprocess=ord(self.name), invoke=self.calls))


@pytest.fixture(autouse=True)
def short_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "SETTLING_S", 0.0)


def test_settling_runs_are_not_timed(noise: NDArray[np.uint8]) -> None:
    turn = single(Fake("b"), noise, RUNS)
    assert (turn.preprocess_ms == ord("b")).all()
    assert turn.invoke_ms.tolist() == [scenarios.SETTLING_RUNS + number for number in range(1, 6)]
    assert (turn.runs, turn.frames, turn.missed) == (5, 5, 0)


def test_end_to_end_is_what_the_caller_waits_for(noise: NDArray[np.uint8]) -> None:
    turn = single(Fake(sleep_s=0.002), noise, RUNS)
    assert (turn.end_to_end_ms >= 2.0).all()
    assert turn.wall_s >= 0.01
    assert turn.cpu_s < turn.wall_s  # it slept


def test_a_turn_lasts_until_runs_and_seconds_are_reached_or_its_end() -> None:
    quota = Quota(runs=10, seconds=1.0, longest_s=3.0)
    assert not quota.reached(10, 0.9)
    assert not quota.reached(9, 2.9)
    assert quota.reached(10, 1.0)
    assert quota.reached(1, 3.0)


def test_a_turn_has_one_run_at_least(noise: NDArray[np.uint8]) -> None:
    assert single(Fake(), noise, Quota(runs=100, seconds=1.0, longest_s=0.0)).runs == 1


def test_a_camera_sets_the_pace() -> None:
    frames = [np.full((4, 4, 3), level, np.uint8) for level in (10, 20, 30)]
    subject = Fake()
    begun = time.perf_counter()
    turn = camera(subject, frames, Quota(runs=4, seconds=0.0, longest_s=60.0), fps=100.0)
    assert time.perf_counter() - begun >= 0.03  # the fourth frame comes after three intervals, however fast the model is
    assert turn.frames >= turn.runs == 4
    assert set(subject.seen[scenarios.SETTLING_RUNS :]) <= {10.0, 20.0, 30.0}


def test_a_camera_skips_what_nobody_had_time_for(noise: NDArray[np.uint8]) -> None:
    # 50 ms for a frame, and one comes every 20 ms: each answer is late, and at least one frame between two is skipped.
    turn = camera(Fake(sleep_s=0.05), [noise], Quota(runs=4, seconds=0.0, longest_s=60.0), fps=50.0)
    assert turn.runs == 4
    assert turn.frames >= 7
    assert turn.missed == turn.frames
    assert (turn.end_to_end_ms >= 50).all()


def test_a_frame_waits_from_its_coming(noise: NDArray[np.uint8]) -> None:
    turn = camera(Fake(sleep_s=0.03), [noise], Quota(runs=3, seconds=0.0, longest_s=60.0), fps=1000.0)
    assert turn.frames > 3 * 20
    assert (turn.end_to_end_ms >= 30).all()


def test_a_folder_is_shared_by_all_copies(noise: NDArray[np.uint8]) -> None:
    diary: list[str] = []
    subjects = [Fake(name, diary, sleep_s=0.002) for name in "ab"]
    pictures = [cv2.imencode(".jpg", np.full((8, 8, 3), level, np.uint8))[1].tobytes() for level in (50, 200)]
    turn = offline(subjects, pictures, Quota(runs=20, seconds=0.0, longest_s=60.0))
    assert 20 <= turn.runs <= 20 + len(subjects)
    assert all(subject.calls > scenarios.SETTLING_RUNS for subject in subjects)
    assert {round(seen / 50) for subject in subjects for seen in subject.seen} == {1, 4}


def test_waiting_for_quiet_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    burnt = iter(range(10_000))
    monkeypatch.setattr(scenarios, "QUIET_TIMEOUT_S", 0.05)
    monkeypatch.setattr(scenarios.time, "process_time", lambda: float(next(burnt)))
    start = time.perf_counter()
    wait_for_quiet()
    assert time.perf_counter() - start >= 0.05


def test_settling_lasts_long_enough_for_the_clock(monkeypatch: pytest.MonkeyPatch, noise: NDArray[np.uint8]) -> None:
    monkeypatch.setattr(scenarios, "SETTLING_S", 0.02)
    diary: list[str] = []
    scenarios._settle(Fake("a", diary, sleep_s=0.001), noise)
    assert scenarios.SETTLING_RUNS < len(diary) <= 20
    assert [name for name, _ in groupby(diary)] == ["a"]
