"""Benchmarks as if they had been measured, for the tests of what is made of them."""

from pathlib import Path

import numpy as np

from catdog.benchmarks.measure.case import Case
from catdog.benchmarks.measure.rounds import Measured
from catdog.benchmarks.measure.scenarios import Turn
from catdog.benchmarks.measure.worker import Memory, Opened
from catdog.benchmarks.options import Scenario
from catdog.benchmarks.report.results import ArtifactResult, CaseResult, Missing
from catdog.benchmarks.report.scenario import scenario_result
from catdog.edge.backends.delegation import Delegation
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import InputSpec

SOME_HOME = "/home/somebody/private"
DELEGATION = Delegation("XNNPACK", 68, 69)


def made_up(name: str, base_ms: float, seed: int, runs: int = 50, rounds: int = 10) -> Measured:
    """A case as if it had been measured: latencies of `base_ms` and a little more."""
    generator = np.random.default_rng(seed)
    turns = []
    for _ in range(rounds):
        preprocess, invoke = 0.2 + 0.01 * generator.random(runs), base_ms + 0.1 * generator.random(runs)
        whole = preprocess + invoke + 0.01
        turns.append(Turn(preprocess, invoke, whole, wall_s=whole.sum() / 1e3, cpu_s=whole.sum() / 1e3, frames=runs, missed=1))
    opened = Opened(
        "runtime 1.0",
        InputSpec(32, 32),
        ("cats", "dogs"),
        (),
        "",
        1_234_567,
        "ab" * 32,
        DELEGATION,
        (3.0, 3.25, 9.0),
        (7.0, 7.5, 8.0),
    )
    memory = Memory(bare=40_000_000, steady=55_000_000, peak=60_000_000)
    return Measured(Case(name, Path(SOME_HOME) / name, "auto", 1), opened, tuple(turns), (), memory)


def made_up_artifact(name: str, accuracy: Figure | Missing, claimed: Figure | None = None) -> ArtifactResult:
    return ArtifactResult(
        name,
        "auto",
        name,
        "32x32 uint8",
        ("cats", "dogs"),
        1_234_567,
        "ab" * 32,
        accuracy,
        claimed,
        Missing("nobody asked"),
        DELEGATION,
    )


def made_up_row(measured: Measured, baseline: Measured | None) -> CaseResult:
    scenarios = {name: scenario_result(measured, name, "no counter", baseline) for name in Scenario}
    return CaseResult(measured.case, measured.opened.runtime, 3.25, 7.5, scenarios)  # type: ignore[arg-type]
