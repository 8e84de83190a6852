"""Cases take turns in rounds, so that a drift of the machine meets all of them alike.

Timing one case after the other would charge whatever the machine did in the meantime (heat, a clock that is throttled,
a neighbour's work) to the cases that came last.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from catdog.edge.errors import CatdogError

from ..options import Effort
from ..validity.watch import EnergyMeter
from . import worker
from .case import Case, FailedCase
from .process import WorkerProcess
from .scenarios import Quota, Turn
from .worker import Job, Memory, Opened


@dataclass(frozen=True)
class Measured:
    """One case in one scenario."""

    case: Case  # which one
    opened: Opened  # what is known of it
    turns: tuple[Turn, ...]  # one of each round
    joules: tuple[float, ...]  # of the whole machine, for each turn, its settling included; empty where there is no counter
    memory: Memory  # of its process


def round_orders(cases: int, rounds: int, seed: int) -> NDArray[np.intp]:
    """Decide who comes when: int ``[rounds, cases]``, each row a permutation of the cases.

    Shuffled rather than rotated: in a rotation a case follows the same neighbour in every round.
    """
    generator = np.random.default_rng(seed)
    return np.array([generator.permutation(cases) for _ in range(rounds)], dtype=np.intp).reshape(rounds, cases)


def quota_of(effort: Effort) -> Quota:
    """Share a case's effort out among the rounds."""
    return Quota(
        runs=math.ceil(effort.runs / effort.rounds),
        seconds=effort.seconds / effort.rounds,
        longest_s=effort.longest_s / effort.rounds,
    )


def measure(
    jobs: Sequence[Job],
    effort: Effort,
    *,
    seed: int,
    meter: EnergyMeter,
    poll: Callable[[], None],
    on_turn: Callable[[], None],
) -> list[Measured | FailedCase]:
    """Measure all cases in one scenario, interleaved.

    Args:
        jobs: one for each case.
        effort: how often.
        seed: decides the order in each round.
        meter: of the machine's energy.
        poll: called now and then while a case runs.
        on_turn: called after each turn.

    Returns:
        One for each job, in their order; a case that could not be loaded, or died on the way, with its reason.
    """
    with ExitStack() as stack:
        members = [stack.enter_context(WorkerProcess(job.case.artifact, poll)) for job in jobs]
        # One after the other: together they would fight for the cores, and load slowly.
        running = [_opened(job, member) for job, member in zip(jobs, members, strict=True)]
        for order in round_orders(len(jobs), effort.rounds, seed):
            for index in map(int, order):
                each = running[index]
                if isinstance(each, _Running):
                    running[index] = each.after_turn(quota_of(effort), meter)
                    on_turn()
        return [each.result(meter) if isinstance(each, _Running) else each for each in running]


@dataclass
class _Running:
    """A case in the middle of its rounds."""

    case: Case
    member: WorkerProcess
    opened: Opened
    turns: list[Turn] = field(default_factory=list)
    joules: list[float] = field(default_factory=list)

    def after_turn(self, quota: Quota, meter: EnergyMeter) -> "_Running | FailedCase":
        try:
            with meter.stretch():
                self.turns.append(self.member.ask(worker.take_turn, quota))
            self.joules.append(meter.joules)
        except CatdogError as error:
            return FailedCase(self.case, error)
        return self

    def result(self, meter: EnergyMeter) -> Measured:
        joules = () if meter.trouble else tuple(self.joules)
        return Measured(self.case, self.opened, tuple(self.turns), joules, self.member.ask(worker.memory))


def _opened(job: Job, member: WorkerProcess) -> _Running | FailedCase:
    try:
        return _Running(job.case, member, member.ask(worker.open_case, job))
    except CatdogError as error:
        return FailedCase(job.case, error)
