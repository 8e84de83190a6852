"""Which frames of a camera are decoded, with a model whose demands are written down."""

from collections.abc import Iterator

import numpy as np

from catdog.edge.sources.frame import Packet
from catdog.edge.sources.live.newest import wanted


class Model:
    """Takes a frame at each of the given times, in seconds; waiting makes time pass."""

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


def camera(model: Model, arrivals: list[float]) -> Iterator[Packet]:
    """Frames that arrive at the given times, in seconds, and wait to be read."""
    for number, arrival in enumerate(arrivals):
        begun = model.now
        model.now = max(model.now, arrival)
        yield Packet("test", number, model.now, 1e3 * (model.now - begun), lambda: np.zeros((2, 2, 3), np.uint8))


def decoded(arrivals: list[float], takes_at: list[float], *, every: bool = False) -> list[int]:
    model = Model(takes_at)
    return [packet.number for packet in wanted(camera(model, arrivals), model, every=every)]


def test_what_nobody_has_time_for_is_not_decoded() -> None:
    arrivals = [0.004 * number for number in range(1, 9)]
    assert decoded(arrivals, [0.0, 0.0159]) == [0, 3]


def test_one_that_just_came_waits_a_little_for_the_model() -> None:
    arrivals = [0.004 * number for number in range(1, 9)]
    assert decoded(arrivals, [0.0, 0.0135]) == [0, 2]  # came at 12 ms, taken at 13.5: the next comes at 16


def test_those_that_piled_up_are_passed_over_for_the_newest() -> None:
    model = Model([0.0, 0.0205])
    kept = wanted(camera(model, [0.001 * number for number in range(1, 31)]), model, every=False)
    assert next(kept).number == 0
    model.now = 0.020  # after decoding for long
    assert next(kept).number == 20


def test_one_that_grew_old_is_replaced_and_none_is_left_out_on_demand() -> None:
    arrivals = [0.02 * number for number in range(1, 6)]
    assert decoded(arrivals, [0.0]) == [0, 2, 4]
    assert decoded(arrivals, [0.0] * 5, every=True) == [0, 1, 2, 3, 4]
