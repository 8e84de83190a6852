"""Which frames of a camera are decoded, with a model whose demands are written down; time passes when somebody waits."""

from collections.abc import Iterator

import numpy as np
import pytest

from catdog.edge.sources.frame import Packet
from catdog.edge.sources.live.newest import wanted


class Model:
    """Takes a frame at each of the given times, in seconds."""

    def __init__(self, takes_at: list[float]) -> None:
        self.now = 0.0
        self._takes_at = takes_at

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        patience = (float("inf") if timeout is None else timeout) if blocking else 0.0
        if not self._takes_at or self._takes_at[0] > self.now + patience:
            self.now += patience if patience != float("inf") else 0.0
            return False
        self.now = max(self.now, self._takes_at.pop(0))
        return True


def camera(model: Model, arrivals: list[float], *, work: float = 0.0, may_wait: bool = True) -> Iterator[Packet]:
    """Frames that arrive at the given times, in seconds, and wait to be read, which takes `work` seconds."""
    for number, arrival in enumerate(arrivals):
        begun = model.now
        model.now = max(model.now, arrival) + work
        capture_ms = 1e3 * (model.now - begun)
        yield Packet("test", number, model.now, capture_ms, lambda: np.zeros((2, 2, 3), np.uint8), may_wait)


def decoded(arrivals: list[float], takes_at: list[float], *, every: bool = False, may_wait: bool = True) -> list[int]:
    model = Model(takes_at)
    return [packet.number for packet in wanted(camera(model, arrivals, may_wait=may_wait), model, every=every)]


def test_what_nobody_has_time_for_is_not_decoded() -> None:
    assert decoded([0.004 * number for number in range(1, 9)], [0.0, 0.0159]) == [0, 3]


def test_one_that_just_came_waits_a_little_for_the_model() -> None:
    arrivals, takes_at = [0.004 * number for number in range(1, 9)], [0.0, 0.0135]
    assert decoded(arrivals, takes_at.copy()) == [0, 2]  # came at 12 ms, taken at 13.5: the next comes at 16
    assert decoded(arrivals, takes_at.copy(), may_wait=False) == [0, 3]


def test_those_that_piled_up_are_passed_over_for_the_newest() -> None:
    model = Model([0.0, 0.0205])
    kept = wanted(camera(model, [0.001 * number for number in range(1, 31)]), model, every=False)
    assert next(kept).number == 0
    model.now = 0.020  # after decoding for long
    assert next(kept).number == 20


@pytest.mark.parametrize("work", [0.0005, 0.004])
def test_after_a_stalled_network_it_catches_up(work: float) -> None:
    rate, stall = 0.0167, 1.0
    model = Model([0.1 * number for number in range(40)])
    arrivals = [max(stall, rate * number) for number in range(1, 200)]
    lags = {packet.number: model.now - rate * (packet.number + 1)
            for packet in wanted(camera(model, arrivals, work=work), model, every=False)}  # fmt: skip
    assert max(lag for number, lag in lags.items() if number > 120) < rate


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_answers_of_a_slow_model_are_not_older_for_it(fps: int) -> None:
    """Each frame is looked at as soon as it is there, or at once after the model has asked."""
    model = Model([0.05 * number for number in range(60)])
    for packet in wanted(camera(model, [number / fps for number in range(1, 100)]), model, every=False):
        assert model.now - packet.captured_at < 0.0021


def test_reading_that_is_work_never_falls_behind() -> None:
    """FFmpeg decodes while it reads; a pause after each would be time that it has not got."""
    model = Model([0.1 * number for number in range(40)])
    lag = 0.0
    for packet in wanted(
        camera(model, [number / 60 for number in range(1, 240)], work=0.016, may_wait=False), model, every=False
    ):
        lag = model.now - (packet.number + 1) / 60
    assert lag < 0.017


def test_one_that_grew_old_is_replaced_and_none_is_left_out_on_demand() -> None:
    arrivals = [0.02 * number for number in range(1, 6)]
    assert decoded(arrivals, [0.0]) == [0, 2, 4]
    assert decoded(arrivals, [0.0] * 5, every=True) == [0, 1, 2, 3, 4]
