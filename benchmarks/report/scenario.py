"""From the turns of a case to its figures."""

import numpy as np

from catdog.edge.contract.figures import Figure

from ..measure.rounds import Measured
from ..options import Scenario
from ..stats import Comparison, compare_paired, summarise
from ..stats.percentiles import round_medians
from .results import Missing, Rounds, ScenarioResult


def scenario_result(measured: Measured, scenario: str, trouble: str | None, baseline: Measured | None) -> ScenarioResult:
    """Summarise one case in one scenario.

    Args:
        measured: its turns.
        scenario: one of `Scenario`.
        trouble: why there is no energy; None if there is.
        baseline: the first case that ran; None if this is it.
    """
    turns = measured.turns
    wall, runs = sum(turn.wall_s for turn in turns), sum(turn.runs for turn in turns)
    frames, missed = sum(turn.frames for turn in turns), sum(turn.missed for turn in turns)
    rounds = rounds_of(measured)
    no_memory = Missing("the system does not tell a process' memory")
    memory = measured.memory
    model = None if memory.steady is None or memory.bare is None else memory.steady - memory.bare
    return ScenarioResult(
        scenario=scenario,
        end_to_end=summarise([turn.end_to_end_ms for turn in turns]),
        preprocess=summarise([turn.preprocess_ms for turn in turns]),
        invoke=summarise([turn.invoke_ms for turn in turns]),
        seconds=wall,
        per_second=runs / wall,
        cpu_ms=1e3 * sum(turn.cpu_s for turn in turns) / runs,
        missed=Figure.share("missed", missed, frames) if scenario == Scenario.CAMERA else None,
        memory_bytes=no_memory if memory.steady is None else memory.steady,
        memory_peak_bytes=no_memory if memory.peak is None else memory.peak,
        memory_model_bytes=no_memory if model is None else model,
        energy_mj=Missing(trouble or "no turn was counted") if not measured.joules else 1e3 * sum(measured.joules) / runs,
        versus=None if baseline is None else _versus(rounds, rounds_of(baseline), scenario),
        rounds=rounds,
        samples=tuple(turn.end_to_end_ms for turn in turns),
    )


def rounds_of(measured: Measured) -> Rounds:
    """Take the figures of each round from the turns."""
    turns = measured.turns
    return Rounds(
        end_to_end_ms=round_medians([turn.end_to_end_ms for turn in turns]),
        invoke_ms=round_medians([turn.invoke_ms for turn in turns]),
        cpu_ms=np.array([1e3 * turn.cpu_s / turn.runs for turn in turns]),
        frame_ms=np.array([1e3 * turn.wall_s / turn.runs for turn in turns]),
    )


def _versus(rounds: Rounds, baseline: Rounds, scenario: str) -> Comparison:
    if scenario == Scenario.OFFLINE:
        return compare_paired(rounds.frame_ms, baseline.frame_ms)
    return compare_paired(rounds.end_to_end_ms, baseline.end_to_end_ms)
