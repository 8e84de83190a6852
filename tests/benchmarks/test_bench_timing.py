"""Cases take turns, and only what is meant to be timed is timed."""

import time
from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray

from catdog.benchmarks import timing
from catdog.benchmarks.options import Effort
from catdog.benchmarks.timing import measure, round_orders
from catdog.edge.classifier import Prediction, Timings


class Fake:
    """Notes when it is asked, and answers with times that tell who it is."""

    def __init__(self, name: str, diary: list[str], sleep_s: float = 0.0) -> None:
        self.name, self.diary, self.sleep_s = name, diary, sleep_s
        self.calls = 0

    def classify(self, picture: NDArray[np.uint8]) -> Prediction:
        self.calls += 1
        self.diary.append(self.name)
        time.sleep(self.sleep_s)
        return Prediction("cats", 1.0, {}, Timings(decode=0.0, preprocess=ord(self.name), invoke=self.calls))


@pytest.fixture(autouse=True)
def short_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "SETTLING_S", 0.0)


def test_orders_are_shuffled_permutations_that_the_seed_decides() -> None:
    orders = round_orders(5, 20, seed=3)
    assert orders.shape == (20, 5)
    assert (np.sort(orders, axis=1) == np.arange(5)).all()
    assert len({tuple(order) for order in orders}) > 10
    assert (orders == round_orders(5, 20, seed=3)).all()
    assert (orders != round_orders(5, 20, seed=4)).any()


def test_every_case_has_one_turn_in_each_round(noise: NDArray[np.uint8]) -> None:
    diary: list[str] = []
    subjects = [Fake(name, diary) for name in "abc"]
    effort, turns = Effort(warmup=2, rounds=4, runs=5), []
    measure(subjects, noise, effort, seed=0, on_turn=lambda: turns.append(len(diary)))
    assert "".join(diary[:6]) == "aabbcc"  # warm-up
    length = timing.SETTLING_RUNS + effort.runs
    assert turns == [6 + length * (number + 1) for number in range(12)]
    asked = diary[6:]
    expected = [subjects[index].name for order in round_orders(3, 4, seed=0) for index in order]
    assert [asked[start] for start in range(0, len(asked), length)] == expected
    assert all(len(set(asked[start : start + length])) == 1 for start in range(0, len(asked), length))


def test_samples_belong_to_their_case_and_round(noise: NDArray[np.uint8]) -> None:
    subjects = [Fake("a", []), Fake("b", [])]
    samples = measure(subjects, noise, Effort(warmup=1, rounds=2, runs=3), seed=1)
    for subject, sample in zip(subjects, samples, strict=True):
        assert (sample.preprocess_ms == ord(subject.name)).all()
        # Calls 1-4 warm up and settle, 5-7 are timed; 8-10 settle the second round.
        assert sample.invoke_ms.tolist() == [[5, 6, 7], [11, 12, 13]]


def test_end_to_end_is_what_the_caller_waits_for(noise: NDArray[np.uint8]) -> None:
    (sample,) = measure([Fake("a", [], sleep_s=0.002)], noise, Effort(warmup=0, rounds=1, runs=3), seed=0)
    assert (sample.end_to_end_ms >= 2.0).all()


def test_waiting_for_quiet_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    burnt = iter(range(10_000))
    monkeypatch.setattr(timing, "QUIET_TIMEOUT_S", 0.05)
    monkeypatch.setattr(timing.time, "process_time", lambda: float(next(burnt)))
    start = time.perf_counter()
    timing._wait_for_quiet()
    assert 0.05 <= time.perf_counter() - start < 1.0


def test_settling_lasts_long_enough_for_the_clock(monkeypatch: pytest.MonkeyPatch, noise: NDArray[np.uint8]) -> None:
    monkeypatch.setattr(timing, "SETTLING_S", 0.02)
    diary: list[str] = []
    timing._settle(Fake("a", diary, sleep_s=0.001), noise)
    assert timing.SETTLING_RUNS < len(diary) <= 20
    assert [name for name, _ in groupby(diary)] == ["a"]
