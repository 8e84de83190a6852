"""The stopwatch: one turn of one case, in the scenario that is asked for."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge.inference.classifier import Prediction

from ..stats.percentiles import Times

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
class Quota:
    """How long a turn lasts: until both are reached, or the last."""

    runs: int  # timed runs at least
    seconds: float  # at least
    longest_s: float  # at most

    def reached(self, runs: int, seconds: float) -> bool:
        """Tell whether a turn that has had so much is over."""
        return seconds >= self.longest_s or (runs >= self.runs and seconds >= self.seconds)


@dataclass(frozen=True)
class Turn:
    """Every timed run of one case in one round; each array is float64 ``[runs]``."""

    preprocess_ms: Times  # resizing the picture and swapping its channels
    invoke_ms: Times  # running the model
    # what one waits for: both and what Python needs around them; of a camera from the moment when the frame was there, in a
    # folder with the decoding
    end_to_end_ms: Times
    wall_s: float  # how long the timed part took
    cpu_s: float  # processor time of the case's process meanwhile, all threads
    frames: int  # that came; more than runs where a camera's were skipped
    missed: int = 0  # of these, answered after the next one had come, or never

    @property
    def runs(self) -> int:
        """How many frames were judged."""
        return len(self.end_to_end_ms)


def single(subject: Subject, picture: NDArray[np.uint8], quota: Quota) -> Turn:
    """Judge a picture in memory again and again, as fast as it goes."""
    _settle(subject, picture)
    with _Stopwatch() as watch:
        for _ in _until(quota):
            start = time.perf_counter()
            watch.note(subject.classify(picture), start)
    return watch.turn()


def camera(subject: Subject, frames: Sequence[NDArray[np.uint8]], quota: Quota, fps: float) -> Turn:
    """Judge frames that come at a camera's pace; one that nobody had time for is skipped, as catdog-edge does it.

    A frame's answer is late when the next frame has come before it.
    """
    _settle(subject, frames[0])
    late = last = 0
    with _Stopwatch() as watch:
        number = 0
        while not quota.reached(watch.runs, number / fps):
            due = watch.begun + number / fps
            time.sleep(max(0.0, due - time.perf_counter()))
            watch.note(subject.classify(frames[number % len(frames)]), due)
            late += watch.last_ms > 1e3 / fps
            last = number
            number = max(number + 1, int((time.perf_counter() - watch.begun) * fps))
    skipped = last + 1 - watch.runs
    return watch.turn(frames=last + 1, missed=late + skipped)


def offline(subjects: Sequence[Subject], pictures: Sequence[bytes], quota: Quota) -> Turn:
    """Decode and judge pictures in as many threads as there are subjects, as catdog-edge does it with a folder.

    Args:
        subjects: copies of one model.
        pictures: JPEG files' contents.
        quota: how long.
    """
    for subject in subjects:
        _settle(subject, decode(pictures[0]))
    numbers = count()  # next() of it is atomic
    with _Stopwatch() as watch, ThreadPoolExecutor(len(subjects)) as pool:

        def work(subject: Subject) -> None:
            """Take pictures in turn until the quota is met."""
            for _ in _until(quota, lambda: watch.runs):
                start = time.perf_counter()
                picture = decode(pictures[next(numbers) % len(pictures)])
                watch.note(subject.classify(picture), start)

        for done in [pool.submit(work, subject) for subject in subjects]:
            done.result()
    return watch.turn()


class _Stopwatch:
    """Collects the runs of a turn."""

    def __enter__(self) -> "_Stopwatch":
        self._times: list[tuple[float, float, float]] = []
        self._cpu = time.process_time()
        self.begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall = time.perf_counter() - self.begun
        self._cpu = time.process_time() - self._cpu

    @property
    def runs(self) -> int:
        """How many there are by now."""
        return len(self._times)

    @property
    def last_ms(self) -> float:
        """End to end of the last one."""
        return self._times[-1][2]

    def note(self, prediction: Prediction, start: float) -> None:
        """Note a run that has just ended."""
        end_to_end = 1e3 * (time.perf_counter() - start)
        self._times.append((prediction.latency_ms.preprocess, prediction.latency_ms.invoke, end_to_end))

    def turn(self, frames: int | None = None, missed: int = 0) -> Turn:
        """Return what was collected."""
        preprocess, invoke, end_to_end = np.array(self._times).T.copy()
        return Turn(preprocess, invoke, end_to_end, self._wall, self._cpu, frames or self.runs, missed)


def _until(quota: Quota, runs: Callable[[], int] | None = None) -> Iterator[None]:
    """Go on until a turn is over; at least once.

    Args:
        quota: when that is.
        runs: gives how many there were, where others work on the same turn; else they are counted here.
    """
    begun = time.perf_counter()
    for number in count(1):
        yield
        if quota.reached(number if runs is None else runs(), time.perf_counter() - begun):
            return


def wait_for_quiet() -> None:
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


def decode(data: bytes) -> NDArray[np.uint8]:
    """Decode a picture file's content; BGR uint8 ``[height, width, 3]``."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
