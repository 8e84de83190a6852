"""The stopwatch: cases take turns in rounds, so that a drift of the machine meets all of them alike.

Timing one case after the other would charge whatever the machine did in the meantime (heat, a clock that is throttled,
a neighbour's work) to the cases that came last.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from catdog.edge.classifier import Prediction

from .options import Effort

# Each turn begins with discarded runs, at least so many and for at least so long: the case before has left the caches to
# itself, and a clock that went down while we waited needs work to come up again.
SETTLING_RUNS = 3
SETTLING_S = 0.05
# The worker threads of ONNX Runtime spin for some 30 to 80 ms after their last run (measured with 1.31), and doubled
# the time of the case that came next on a machine without a free core for them.
QUIET_TIMEOUT_S = 1.0
_LOOK_S = 0.01


class Subject(Protocol):
    """Something that can be timed; in practice a `catdog.edge.Classifier`."""

    def classify(self, picture: NDArray[np.uint8]) -> Prediction:
        """Classify one BGR picture, uint8 ``[height, width, 3]``."""
        ...


@dataclass(frozen=True)
class Samples:
    """Every timed run of one case; each array is float64 ``[rounds, runs]``.

    Attributes:
        preprocess_ms: resizing the picture and swapping its channels.
        invoke_ms: running the model.
        end_to_end_ms: both, and what Python needs around them.
    """

    preprocess_ms: NDArray[np.float64]
    invoke_ms: NDArray[np.float64]
    end_to_end_ms: NDArray[np.float64]


def round_orders(cases: int, rounds: int, seed: int) -> NDArray[np.intp]:
    """Decide who comes when: int ``[rounds, cases]``, each row a permutation of the cases.

    Shuffled rather than rotated: in a rotation a case follows the same neighbour in every round.
    """
    generator = np.random.default_rng(seed)
    return np.array([generator.permutation(cases) for _ in range(rounds)], dtype=np.intp).reshape(rounds, cases)


def measure(
    subjects: Sequence[Subject],
    picture: NDArray[np.uint8],
    effort: Effort,
    *,
    seed: int,
    on_turn: Callable[[], None] = lambda: None,
) -> list[Samples]:
    """Time all subjects on one picture, interleaved.

    Args:
        subjects: what to time; they stay loaded all the while.
        picture: BGR uint8 ``[height, width, 3]``.
        effort: how often.
        seed: decides the order in each round.
        on_turn: called after each turn of a subject, outside of what is timed.

    Returns:
        One `Samples` per subject, in the order of `subjects`.
    """
    times = np.empty((len(subjects), effort.rounds, effort.runs, 3))
    for subject in subjects:
        for _ in range(effort.warmup):
            subject.classify(picture)
    for number, order in enumerate(round_orders(len(subjects), effort.rounds, seed)):
        for index in order:
            times[index, number] = _turn(subjects[index], picture, effort.runs)
            on_turn()
    return [Samples(*(case[..., kind].copy() for kind in range(3))) for case in times]


def _turn(subject: Subject, picture: NDArray[np.uint8], runs: int) -> list[tuple[float, float, float]]:
    """Run one subject `runs` times; return preprocess, invoke and end-to-end of each, in ms."""
    _wait_for_quiet()
    _settle(subject, picture)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        latency = subject.classify(picture).latency_ms
        end_to_end = 1e3 * (time.perf_counter() - start)
        times.append((latency.preprocess, latency.invoke, end_to_end))
    return times


def _wait_for_quiet() -> None:
    """Sleep until no thread of this process burns time any more, or the patience is at its end."""
    deadline = time.perf_counter() + QUIET_TIMEOUT_S
    while time.perf_counter() < deadline:
        before = time.process_time()
        time.sleep(_LOOK_S)
        if time.process_time() - before < _LOOK_S / 10:
            return


def _settle(subject: Subject, picture: NDArray[np.uint8]) -> None:
    start, runs = time.perf_counter(), 0
    while runs < SETTLING_RUNS or time.perf_counter() - start < SETTLING_S:
        subject.classify(picture)
        runs += 1
