"""What to measure and how often: validated once, here."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from catdog.edge.backends import BACKENDS, BackendRow
from catdog.edge.common.cores import usable_cores
from catdog.edge.common.plugins import Choices
from catdog.edge.errors import UsageError

MAX_THREADS = 256  # far above any board; keeps a slip of the finger from asking for a million
MAX_COUNT = 1_000_000
MAX_SECONDS = 24 * 3600.0


class Scenario(StrEnum):
    """How the frames come."""

    SINGLE = "single"  # one after another, as fast as they are judged
    CAMERA = "camera"  # at a camera's pace, whether or not the last one is judged
    OFFLINE = "offline"  # pictures of a folder, decoded as well, on all cores


@dataclass(frozen=True)
class Effort:
    """How often each case is run in each scenario.

    Attributes:
        warmup: discarded runs before the first round.
        rounds: number of rounds; every case has its turn in each.
        runs: timed runs of a case at least, in all rounds together.
        seconds: that a case is timed for at least, in all rounds together.
        longest_s: after which a case has had enough, whatever it lacks.
        budget_s: for all cases and scenarios together; None for as long as they need.
    """

    warmup: int
    rounds: int
    runs: int
    seconds: float
    longest_s: float
    budget_s: float | None = None

    def shared_by(self, turns: int) -> "Effort":
        """Return what is left for each of so many cases and scenarios when the budget is shared out."""
        if self.budget_s is None:
            return self
        longest = min(self.longest_s, self.budget_s / turns)
        return replace(self, seconds=min(self.seconds, longest), longest_s=longest, budget_s=None)


# 368 runs are what it takes to bound p99 (`catdog.benchmarks.stats.percentiles.samples_needed`); MLPerf's single stream asks
# for 1,024 runs and 10 minutes, for a p90. Rounds: 8 are what it takes for a ratio's interval.
THOROUGH = Effort(warmup=10, rounds=20, runs=1000, seconds=15.0, longest_s=120.0)
QUICK = Effort(warmup=3, rounds=8, runs=400, seconds=1.0, longest_s=4.0, budget_s=15.0)


def default_threads() -> tuple[int, ...]:
    """Return the thread counts that are measured unless told otherwise: one, and all usable cores."""
    return tuple(dict.fromkeys((1, usable_cores())))


@dataclass(frozen=True)
class Target:
    """What an artifact must do to be recommended.

    Attributes:
        fps: frames a second, one after another, in 99 of 100 cases.
        latency_ms: p99 of the end-to-end latency, at most.
    """

    fps: float | None = None
    latency_ms: float | None = None

    @property
    def p99_ms(self) -> float | None:
        """The p99 that meets both; None if nothing is asked for."""
        asked = [ms for ms in (self.latency_ms, 1e3 / self.fps if self.fps else None) if ms is not None]
        return min(asked, default=None)


@dataclass(frozen=True)
class BenchOptions:
    """The options of one benchmark.

    Attributes:
        artifacts: model files, folders of model files, or names of bundled models; empty for the bundled ones and the newest
            export in `./exports/`.
        threads: thread counts for one inference.
        backends: names as in `catdog.edge.backends.BACKENDS`.
        scenarios: which, in the order in which they are measured.
        effort: how often each case is run.
        picture: a picture file to classify; None for a drawn one of 640x480 pixels.
        data: folder or archive of labelled photographs; None where accuracy is not asked for.
        data_limit: of these at most so many are judged; None for all.
        reference: model file whose answers the others are compared with; None for the first artifact.
        fps: of the camera scenario.
        target: what a recommended artifact must do.
        seed: decides the order of the cases in each round.

    Raises:
        UsageError: a value is out of range.
    """

    artifacts: tuple[Path, ...] = ()
    threads: tuple[int, ...] = field(default_factory=default_threads)
    backends: tuple[str, ...] = ("auto",)
    scenarios: tuple[str, ...] = tuple(Scenario)
    effort: Effort = THOROUGH
    picture: Path | None = None
    data: Path | None = None
    data_limit: int | None = None
    reference: Path | None = None
    fps: float = 15.0
    target: Target = field(default_factory=Target)
    seed: int = 0

    def __post_init__(self) -> None:
        effort, limit = self.effort, self.data_limit
        _in_range("threads", self.threads, 1, MAX_THREADS)
        _in_range("warmup", (effort.warmup,), 0, MAX_COUNT)
        _in_range("rounds", (effort.rounds,), 1, MAX_COUNT)
        _in_range("runs", (effort.runs,), 1, MAX_COUNT)
        _in_range("seconds", (effort.seconds,), 0, MAX_SECONDS)
        _in_range("longest", (effort.longest_s,), 0, MAX_SECONDS)
        _in_range("data-limit", () if limit is None else (limit,), 1, MAX_COUNT, needed=False)
        _in_range("fps", (self.fps,), 0.1, 1000)
        for name, value in (("target-fps", self.target.fps), ("max-latency", self.target.latency_ms)):
            _in_range(name, () if value is None else (value,), 0.001, MAX_COUNT, needed=False)
        _known("backend", self.backends, BACKENDS)
        _known("scenario", self.scenarios, tuple(Scenario))


def _in_range(name: str, values: tuple[float, ...], low: float, high: float, *, needed: bool = True) -> None:
    if (needed and not values) or any(not low <= value <= high for value in values):
        raise UsageError(
            f"--{name} of {low:g} to {high:,g}",
            got=", ".join(f"{value:g}" for value in values) or "nothing",
            fix=f"Example: --{name} {low:g}",
        )
    _differ(name, values)


def _known(name: str, values: tuple[str, ...], known: tuple[str, ...] | Choices[BackendRow]) -> None:
    unknown = [value for value in values if value not in known]
    if unknown or not values:
        raise UsageError(f"--{name} out of {', '.join(known)}", got=", ".join(unknown) or "nothing", fix="Check the spelling.")
    _differ(name, values)


def _differ(name: str, values: tuple[object, ...]) -> None:
    if len(set(values)) != len(values):
        raise UsageError(f"--{name} that differ", got=", ".join(map(str, values)), fix="Name each once.")
