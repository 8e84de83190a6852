"""Several ways of doing one thing take turns, and their ratios are told with intervals."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from catdog.benchmarks.console import say
from catdog.benchmarks.report.tables import ratio_text
from catdog.benchmarks.stats import compare_paired
from catdog.benchmarks.stats.percentiles import Times
from catdog.edge.errors import CatdogError

from .peers.models import labels
from .peers.registry import PEERS, SCRIPTS


def in_turn(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Times]:
    """Measure each way once a round, from first to last and back, so that drift of the machine hits all.

    Returns:
        What each gave, float64 ``[rounds]``.
    """
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            figures[name].append(ways[name]())
        say(f"round {turn + 1} of {rounds}")
    return {name: np.array(values) for name, values in figures.items()}


def ratio_row(name: str, times: Times, baseline: Times, unit: str) -> list[str]:
    """Lay out a way's times and how they compare with another's of the same rounds, for `RATIO_HEADINGS`.

    Args:
        name: of the way.
        times: float64 ``[rounds]``; less is better.
        baseline: likewise.
        unit: of the times, with a format, e.g. ``".2f s"``.
    """
    form, _, sign = unit.partition(" ")
    low, middle, high = (f"{value:{form}}" for value in np.percentile(times, (25, 50, 75)))
    comparison = compare_paired(times, baseline)
    verdict = "baseline" if times is baseline else str(comparison.verdict)
    return [name, f"{middle} {sign} ({low} to {high})", "1" if times is baseline else ratio_text(comparison), verdict]


RATIO_HEADINGS = ("what", "median (middle half)", "ratio (99 % interval)", "verdict")


def command(name: str) -> str:
    """Return the path of one of catdog's commands, of the environment that runs this."""
    return str(Path(sys.executable).parent / name)


def run_quietly(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program; return what it printed.

    Args:
        arguments: its command line.
        environment: variables that it has besides those of this process.

    Raises:
        CatdogError: it did not end with 0.
    """
    given = {**os.environ, **(environment or {})}
    finished = subprocess.run(arguments, capture_output=True, text=True, check=False, env=given)
    if finished.returncode != 0:
        raise CatdogError(f"{Path(arguments[0]).name} to end with 0", got=finished.stderr, fix="See what it says.")
    return finished.stdout


def timed(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run a program as `run_quietly` does; return the seconds that it took."""
    start = time.perf_counter()
    run_quietly(arguments, environment)
    return time.perf_counter() - start


def bare_litert(model: Path, threads: int, pictures: Sequence[str]) -> list[str]:
    """Return the command of the least that classifies picture files, which knows nothing of catdog: a peer's script.

    It prints label, ms and path of each.
    """
    return [sys.executable, str(SCRIPTS / PEERS["litert"].script), str(model), ",".join(labels()), str(threads), *pictures]
