"""The measured benchmark as one value: what the writers write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from catdog.edge.backends.delegation import Delegation
from catdog.edge.contract.figures import Figure

from ..measure.case import Case, FailedCase
from ..options import BenchOptions, Scenario
from ..stats import Comparison, LatencySummary, compare_paired
from ..stats.percentiles import Times
from ..validity.checks import Check, is_valid
from ..validity.environment import Environment
from ..validity.watch import Conditions


@dataclass(frozen=True)
class Missing:
    """A column that could not be filled."""

    why: str  # a clause without a full stop


@dataclass(frozen=True)
class Rounds:
    """The figures of each round, float64 ``[rounds]``: what comparisons rest on."""

    end_to_end_ms: Times  # median of the end-to-end latency
    invoke_ms: Times  # median of the model's part
    cpu_ms: Times  # processor time for a frame
    frame_ms: Times  # wall time for a frame; the inverse of the throughput


@dataclass(frozen=True)
class ScenarioResult:
    """One case in one scenario."""

    scenario: str  # which
    end_to_end: LatencySummary  # what one waits for; see `catdog.benchmarks.measure.scenarios.Turn`
    preprocess: LatencySummary  # resizing the picture and swapping its channels
    invoke: LatencySummary  # running the model
    seconds: float  # for which it was timed
    per_second: float  # frames judged a second
    cpu_ms: float  # processor time for a frame, all threads
    # of a camera's frames those that were answered after the next had come, or never; None in other scenarios
    missed: Figure | None
    memory_bytes: int | Missing  # resident memory of the case's process at the end
    memory_peak_bytes: int | Missing  # at most
    memory_model_bytes: int | Missing  # at the end, less what the process had with no model in it
    energy_mj: float | Missing  # of the whole machine, idle share included, for a frame, in millijoules
    versus: Comparison | None  # end-to-end medians relative to the first case; None for that one
    rounds: Rounds  # figures of each round
    samples: tuple[Times, ...]  # end-to-end latency of every run, for the charts; float64 [runs] for each round


@dataclass(frozen=True)
class CaseResult:
    """One case that was run."""

    case: Case  # which one
    runtime: str  # the runtime's name and version
    load_ms: float  # reading, checking and preparing the file, runtime already imported; median
    first_result_ms: float  # the same and the first answer; median
    scenarios: dict[str, ScenarioResult]  # what each that was asked for gave

    @property
    def main(self) -> ScenarioResult:
        """The scenario that headlines and charts are about: `single` if it was measured, else the first."""
        return self.scenarios.get(Scenario.SINGLE) or next(iter(self.scenarios.values()))


@dataclass(frozen=True)
class ArtifactResult:
    """One file, whatever runs it."""

    name: str  # its name without its folder
    backend: str  # asked for, because another runtime may give other answers
    command: str  # how catdog-edge is told to use it
    input: str  # what the model takes, e.g. "224x224 uint8" (width x height)
    labels: tuple[str, ...]  # its answers
    file_bytes: int  # size of the file
    sha256: str  # hex digest of the whole file
    accuracy: Figure | Missing  # measured here
    claimed: Figure | None  # what its contract says, measured when it was exported; None if it says nothing
    agreement: Figure | Missing  # how often it says the same as the reference
    delegation: Delegation  # who computes, and how much of it

    @property
    def known_accuracy(self) -> Figure | None:
        """Measured here if it was, else what the file says of itself."""
        return self.accuracy if isinstance(self.accuracy, Figure) else self.claimed


@dataclass(frozen=True)
class PictureInfo:
    """The picture that was classified."""

    name: str  # file name, or what was drawn
    width: int  # pixels
    height: int  # pixels

    def __str__(self) -> str:
        return f"{self.name}, {self.width}x{self.height}"


@dataclass(frozen=True)
class Recommendation:
    """Which artifact and flags to use."""

    case: str | None  # its label; None where none meets the target
    command: str | None  # what to type
    why: tuple[str, ...]  # sentences


@dataclass(frozen=True)
class BenchReport:
    """One benchmark, complete.

    Attributes:
        measured_at: UTC, ISO 8601, to the second.
        options: what was asked for.
        picture: what was classified.
        environment: what it was measured on.
        conditions: what the machine did meanwhile.
        checks: what speaks for and against the figures.
        artifacts: the files.
        reference: whose answers the agreement is with.
        rows: every case in order, run or failed; at least one ran.
        recommendation: which to use.
    """

    measured_at: str
    options: BenchOptions
    picture: PictureInfo
    environment: Environment
    conditions: Conditions
    checks: tuple[Check, ...]
    artifacts: tuple[ArtifactResult, ...]
    reference: str
    rows: tuple[CaseResult | FailedCase, ...]
    recommendation: Recommendation = field(default=Recommendation(None, None, ()))

    @property
    def valid(self) -> bool:
        """Whether nothing speaks against the figures."""
        return is_valid(self.checks)

    @property
    def recommends(self) -> str:
        """How the recommendation begins."""
        return "Recommended" if self.valid else "INVALID, to be measured again; recommended until then"

    @property
    def causes(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.passed is False]

    @cached_property
    def measured(self) -> list[CaseResult]:
        """The cases that ran, in order; the first is the baseline."""
        return [row for row in self.rows if isinstance(row, CaseResult)]

    @cached_property
    def failed(self) -> list[FailedCase]:
        """The cases that did not."""
        return [row for row in self.rows if isinstance(row, FailedCase)]

    @property
    def fastest(self) -> CaseResult:
        """The case with the lowest end-to-end median."""
        return min(self.measured, key=lambda row: row.main.end_to_end.p50_ms.value)

    def artifact_of(self, case: Case) -> ArtifactResult:
        """Return the file of a case that ran."""
        return next(each for each in self.artifacts if (each.name, each.backend) == (case.artifact, case.backend))

    @property
    def with_accuracy(self) -> list[tuple[CaseResult, ArtifactResult, Figure]]:
        """The cases whose accuracies may be held against each other: measured here; where none was, those that files state."""
        pairs = [(row, self.artifact_of(row.case)) for row in self.measured]
        known = [(row, artifact, artifact.known_accuracy) for row, artifact in pairs]
        here = any(isinstance(artifact.accuracy, Figure) for _, artifact, _ in known)
        return [
            (row, artifact, figure)
            for row, artifact, figure in known
            if figure is not None and (not here or figure is artifact.accuracy)
        ]

    @property
    def missing(self) -> list[str]:
        """Say of each column that is not filled everywhere why, one line a reason."""
        found: dict[str, None] = {}
        for artifact in self.artifacts:
            for name, figure in (("accuracy", artifact.accuracy), ("agreement", artifact.agreement)):
                if isinstance(figure, Missing):
                    found[f"{name}: {figure.why}"] = None
            if artifact.delegation.taken is None:
                found[f"operators: the runtime of {artifact.name} does not count them"] = None
        for row in self.measured:
            for result in row.scenarios.values():
                for name, number in (("memory", result.memory_bytes), ("energy", result.energy_mj)):
                    if isinstance(number, Missing):
                        found[f"{name}: {number.why}"] = None
        for scenario in Scenario:
            if scenario not in self.options.scenarios:
                found[f"{scenario} scenario: not among --scenario"] = None
        return list(found)


def sentences(report: BenchReport) -> list[str]:
    """Say in plain words what the figures mean; the headline comes first."""
    best, environment = report.fastest, report.environment
    where = "" if environment.is_raspberry_pi else "; not measured on a board"
    said = [f"Fastest: {best.case.label} at {best.main.end_to_end.p50_ms.value:.2f} ms p50 on {environment.title}{where}."]
    rival = _runner_up(report.measured, best)
    if rival is not None:
        against = compare_paired(rival.main.rounds.end_to_end_ms, best.main.rounds.end_to_end_ms)
        how = f"{against.ratio:.2f} times its time"
        if against.low is not None and against.high is not None:
            how += f" (99 % interval {against.low:.2f} to {against.high:.2f}): {against.verdict}"
        said.append(f"Next is {rival.case.label}, {how}.")
    if report.failed:
        said.append(f"{len(report.failed)} of {len(report.rows)} cases could not be run; the reasons are listed.")
    return said


def _runner_up(measured: Sequence[CaseResult], best: CaseResult) -> CaseResult | None:
    others = [row for row in measured if row is not best]
    return min(others, key=lambda row: row.main.end_to_end.p50_ms.value, default=None)
