"""The measured benchmark as one value: what the writers write."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cases import Case, FailedCase
from .environment import Environment
from .options import BenchOptions
from .stats import LatencySummary, Ratio, ratio, round_medians
from .timing import Samples

# Of two equal cases, the one that happens to win does so in all of n rounds with a chance of 2 ** (1 - n): 3 % of 6.
_TELLING_ROUNDS = 6


@dataclass(frozen=True)
class CaseResult:
    """One case that was run.

    Attributes:
        case: which one.
        runtime: the runtime's name and version.
        input: what the model takes, e.g. ``"224x224 uint8"`` (width x height).
        file_bytes: size of the file.
        sha256: hex digest of the whole file.
        load_ms: see `catdog.benchmarks.cases.LoadedCase`.
        preprocess: resizing the picture and swapping its channels.
        invoke: running the model.
        end_to_end: picture in memory to prediction.
        ratio: end-to-end medians relative to the baseline, the first case that ran.
        samples: every run, for the charts.
    """

    case: Case
    runtime: str
    input: str
    file_bytes: int
    sha256: str
    load_ms: float
    preprocess: LatencySummary
    invoke: LatencySummary
    end_to_end: LatencySummary
    ratio: Ratio
    samples: Samples

    @property
    def round_p50_ms(self) -> NDArray[np.float64]:
        """The end-to-end median of each round, float64 ``[rounds]``."""
        return round_medians(self.samples.end_to_end_ms)


@dataclass(frozen=True)
class PictureInfo:
    """The picture that was classified.

    Attributes:
        name: file name, or what was drawn.
        width: pixels.
        height: pixels.
    """

    name: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.name}, {self.width}x{self.height}"


@dataclass(frozen=True)
class BenchReport:
    """One benchmark, complete.

    Attributes:
        measured_at: UTC, ISO 8601, to the second.
        options: what was asked for.
        picture: what was classified.
        environment: what it was measured on.
        rows: every case in order, run or failed; at least one ran.
    """

    measured_at: str
    options: BenchOptions
    picture: PictureInfo
    environment: Environment
    rows: tuple[CaseResult | FailedCase, ...]

    @property
    def measured(self) -> list[CaseResult]:
        """The cases that ran, in order; the first is the baseline."""
        return [row for row in self.rows if isinstance(row, CaseResult)]

    @property
    def failed(self) -> list[FailedCase]:
        """The cases that did not."""
        return [row for row in self.rows if isinstance(row, FailedCase)]

    @property
    def fastest(self) -> CaseResult:
        """The case with the lowest end-to-end median."""
        return min(self.measured, key=lambda row: row.end_to_end.p50_ms)


def sentences(report: BenchReport) -> list[str]:
    """Say in plain words what the figures mean and how far to trust them; the headline comes first."""
    best, environment, rounds = report.fastest, report.environment, report.options.effort.rounds
    where = "" if environment.is_raspberry_pi else "; not measured on a board"
    said = [f"Fastest: {best.case.label} at {best.end_to_end.p50_ms:.2f} ms p50 on {environment.title}{where}."]
    rival = _runner_up(report)
    if rival is not None:
        against = ratio(rival.samples.end_to_end_ms, best.samples.end_to_end_ms)
        if against.low <= 1:
            said.append(f"Too close to call against {rival.case.label}: in some rounds that one was as fast.")
        else:
            chance = "" if rounds >= _TELLING_ROUNDS else " (too few to rule out chance)"
            said.append(
                f"It was ahead in all {rounds} rounds{chance}; next is {rival.case.label}, {against.median:.2f} times its time."
            )
    if rounds > 1:
        restless = max(report.measured, key=_drift)
        said.append(f"From round to round p50 moved by up to {_drift(restless):.0%} ({restless.case.label}).")
    if environment.load_before is not None and environment.load_before > environment.usable_cores / 2:
        said.append(
            f"The machine was busy before the start (load {environment.load_before:.1f} on {environment.usable_cores} "
            "cores): trust the ratios more than the milliseconds."
        )
    if best.end_to_end.n < 100:
        said.append(f"With {best.end_to_end.n} runs a case, p99 is little more than the slowest run.")
    if report.failed:
        said.append(f"{len(report.failed)} of {len(report.rows)} cases could not be run; the reasons are listed.")
    return said


def _drift(row: CaseResult) -> float:
    return row.end_to_end.round_p50_high_ms / row.end_to_end.round_p50_low_ms - 1


def _runner_up(report: BenchReport) -> CaseResult | None:
    others = [row for row in report.measured if row is not report.fastest]
    return min(others, key=lambda row: row.end_to_end.p50_ms, default=None)
