"""What to measure and how often: validated once, here."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from catdog.edge.backends import BACKENDS
from catdog.edge.errors import UsageError

MAX_THREADS = 256  # far above any board; keeps a slip of the finger from asking for a million
MAX_COUNT = 100_000


@dataclass(frozen=True)
class Effort:
    """How often each case is run.

    Attributes:
        warmup: discarded runs before the first round.
        rounds: number of rounds; every case has its turn in each.
        runs: timed runs of a case in one round.
    """

    warmup: int
    rounds: int
    runs: int


THOROUGH = Effort(warmup=10, rounds=10, runs=30)
QUICK = Effort(warmup=2, rounds=4, runs=6)


def usable_cores() -> int:
    """Count the cores this process may use; fewer than the machine has where a container or taskset says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads() -> tuple[int, ...]:
    """Return the thread counts that are measured unless told otherwise: one, and all usable cores."""
    return tuple(dict.fromkeys((1, usable_cores())))


@dataclass(frozen=True)
class BenchOptions:
    """The options of one benchmark.

    Attributes:
        artifacts: model files, folders of model files, or names of bundled models; empty for the bundled default and
            the newest export in `./exports/`.
        threads: thread counts for one inference.
        backends: names as in `catdog.edge.backends.BACKENDS`.
        effort: how often each case is run.
        picture: a picture file to classify; None for a drawn one of 640x480 pixels.
        seed: decides the order of the cases in each round.

    Raises:
        UsageError: a value is out of range.
    """

    artifacts: tuple[Path, ...] = ()
    threads: tuple[int, ...] = field(default_factory=default_threads)
    backends: tuple[str, ...] = ("auto",)
    effort: Effort = THOROUGH
    picture: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, values, low, high in (
            ("threads", self.threads, 1, MAX_THREADS),
            ("warmup", (self.effort.warmup,), 0, MAX_COUNT),
            ("rounds", (self.effort.rounds,), 1, MAX_COUNT),
            ("runs", (self.effort.runs,), 1, MAX_COUNT),
        ):
            if not values or any(not low <= value <= high for value in values):
                raise UsageError(
                    f"--{name} of {low} to {high:,}",
                    got=", ".join(str(value) for value in values) or "nothing",
                    fix="Give a number in that range.",
                )
            if len(set(values)) != len(values):
                raise UsageError(f"--{name} that differ", got=", ".join(map(str, values)), fix="Name each once.")
        unknown = [name for name in self.backends if name not in BACKENDS]
        if unknown or not self.backends:
            raise UsageError(
                f"--backend out of {', '.join(BACKENDS)}",
                got=", ".join(unknown) or "nothing",
                fix="Check the spelling.",
            )
