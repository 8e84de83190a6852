"""The process of one case: holds its model, does what it is asked, and is idle in between.

The functions are called in that process by `catdog.benchmarks.measure.process`; what they return travels through a pipe. So do
catdog's errors, as `Refusal`s, because an exception that cannot be unpickled would take the process with it.
"""

import gc
import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catdog.edge.backends.delegation import Delegation
from catdog.edge.common.machine import ROOT, read_text
from catdog.edge.common.quiet import native_output_dropped
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import InputSpec
from catdog.edge.errors import CatdogError, UnreadableInputError
from catdog.edge.inference.classifier import Classifier
from catdog.edge.pictures.decode import silence_opencv

from ..options import Scenario
from .case import Case
from .scenarios import Quota, Turn, camera, decode, offline, single, wait_for_quiet

_LOADS = 3  # each of some milliseconds


@dataclass(frozen=True)
class Refusal:
    """An error of catdog's that happened in a worker."""

    kind: type[CatdogError]  # its class
    expected: str  # as in `CatdogError`
    got: str  # as in `CatdogError`
    fix: str  # as in `CatdogError`

    def error(self) -> CatdogError:
        """Make the error again."""
        return self.kind(self.expected, got=self.got, fix=self.fix)


@dataclass(frozen=True)
class Job:
    """What a worker is going to be asked."""

    case: Case  # its case
    scenario: str  # one of `Scenario`
    copies: int  # of the model; more than 1 in the offline scenario only
    warmup: int  # discarded runs
    # BGR uint8 [height, width, 3] each; of the offline scenario JPEG files' contents
    frames: list[NDArray[np.uint8]] | list[bytes]
    fps: float  # of the camera scenario


@dataclass(frozen=True)
class Opened:
    """What is known of a case once its model is loaded."""

    runtime: str  # its name and version
    input: InputSpec  # what the model takes
    labels: tuple[str, ...]  # its answers
    figures: tuple[Figure, ...]  # what its contract says was measured of it
    verified_on: str  # the pictures that was measured on, in words
    file_bytes: int  # size of the file
    sha256: str  # hex digest of the whole file
    delegation: Delegation  # who computes, and how much of it
    # time to read the file, check its hash and prepare it in the runtime, once that is imported; float64 [loads]
    load_ms: tuple[float, ...]
    first_result_ms: tuple[float, ...]  # the same and the first answer


@dataclass(frozen=True)
class Memory:
    """Resident memory of a case's process, in bytes; None where the system does not say."""

    bare: int | None  # with Python, OpenCV and the runtime, after a model was loaded and let go
    steady: int | None  # at the end of its last turn
    peak: int | None  # at most


class _State:
    """The model and what goes with it; one of these in the process."""

    job: Job
    subjects: list[Classifier]
    bare: int | None = None


def begin() -> None:
    """Set the process up: Ctrl-C ends it without a word, the parent says what there is to say."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    silence_opencv()
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()


def _end_with(parent: BaseProcess | None) -> None:
    """End when the command has: one that is killed cannot say so, and the pipe to it stays open in its other processes."""
    if parent is not None:
        parent.join()
        os._exit(1)


def answer(function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - whatever the function gives
    """Call a function; give catdog's errors back as values."""
    try:
        return function(*arguments)
    except CatdogError as error:
        return Refusal(type(error), error.expected, error.got, error.fix)


def open_case(job: Job) -> Opened:
    """Load the model, a few times to know how long that takes, and warm it up.

    Raises:
        CatdogError: it cannot be used.
    """
    case = job.case
    try:
        data = case.path.read_bytes()
    except OSError as error:
        raise UnreadableInputError(
            "a model file", got=f"{case.path}: {error.strerror}", fix="Name a file that may be read."
        ) from error
    # The first load imports the runtime: hundreds of milliseconds that are no fault of the model, and a greeting on file
    # descriptor 2 that nobody asked for.
    with native_output_dropped():
        classifier = load(case)
    picture = _first_frame(job)
    classifier.classify(picture)
    del classifier
    gc.collect()
    _State.bare = _status("VmRSS")
    times = [_timed_load(case, picture) for _ in range(_LOADS)]
    _State.job, _State.subjects = job, [load(case) for _ in range(job.copies)]
    for subject in _State.subjects:
        for _ in range(job.warmup):
            subject.classify(picture)
    chosen = _State.subjects[0]
    wait_for_quiet()
    return Opened(
        runtime=chosen.backend_name,
        input=chosen.contract.input,
        labels=chosen.contract.labels,
        figures=chosen.contract.figures,
        verified_on=chosen.contract.verified_on,
        file_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        delegation=chosen.delegation,
        load_ms=tuple(loaded for loaded, _ in times),
        first_result_ms=tuple(first for _, first in times),
    )


def take_turn(quota: Quota) -> Turn:
    """Be timed once; returns when the process is quiet again."""
    job, subjects = _State.job, _State.subjects
    frames: Any = job.frames  # of the kind that the scenario takes
    if job.scenario == Scenario.SINGLE:
        turn = single(subjects[0], frames[0], quota)
    elif job.scenario == Scenario.CAMERA:
        turn = camera(subjects[0], frames, quota, job.fps)
    else:
        turn = offline(subjects, frames, quota)
    wait_for_quiet()
    return turn


def memory() -> Memory:
    """Say how much memory the process has and had."""
    return Memory(_State.bare, _status("VmRSS"), _status("VmHWM"))


def load(case: Case) -> Classifier:
    """Load a case's model."""
    return Classifier(case.path, backend=case.backend, threads=case.threads)


def _timed_load(case: Case, picture: NDArray[np.uint8]) -> tuple[float, float]:
    start = time.perf_counter()
    classifier = load(case)
    loaded = time.perf_counter()
    classifier.classify(picture)
    return 1e3 * (loaded - start), 1e3 * (time.perf_counter() - start)


def _first_frame(job: Job) -> NDArray[np.uint8]:
    first = job.frames[0]
    return decode(first) if isinstance(first, bytes) else first


def _status(key: str) -> int | None:
    """Read a line of /proc/self/status that is in kB; return bytes."""
    for line in (read_text(ROOT / "proc/self/status") or "").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return 1024 * int(value.split()[0])
    return None
