"""Cases take turns in rounds, so that a drift of the machine meets all of them alike.

Timing one case after the other would charge whatever the machine did in the meantime (heat, a clock that is throttled,
a neighbour's work) to the cases that came last.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catdog.edge.errors import CatdogError

from ..options import Effort
from ..validity.watch import EnergyMeter
from . import worker
from .case import Case, FailedCase
from .crew import Member
from .scenarios import Quota, Turn
from .worker import Job, Memory, Opened


@dataclass(frozen=True)
class Measured:
    """One case in one scenario.

    Attributes:
        case: which one.
        opened: what is known of it.
        turns: one of each round.
        joules: of the whole machine, for each turn, its settling included; empty where there is no counter.
        memory: of its process.
    """

    case: Case
    opened: Opened
    turns: tuple[Turn, ...]
    joules: tuple[float, ...]
    memory: Memory


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
    glance: Callable[[], None],
    on_turn: Callable[[], None],
) -> list[Measured | FailedCase]:
    """Measure all cases in one scenario, interleaved.

    Args:
        jobs: one for each case.
        effort: how often.
        seed: decides the order in each round.
        meter: of the machine's energy.
        glance: called now and then while a case runs.
        on_turn: called after each turn.

    Returns:
        One for each job, in their order; a case that could not be loaded, or died on the way, with its reason.
    """
    with ExitStack() as stack:
        members = [stack.enter_context(Member(job.case.artifact, glance)) for job in jobs]
        failures: dict[int, FailedCase] = {}
        opened: dict[int, Opened] = {}
        turns: dict[int, list[Turn]] = {index: [] for index in range(len(jobs))}
        joules: dict[int, list[float]] = {index: [] for index in range(len(jobs))}
        memories: dict[int, Memory] = {}
        # One after the other: together they would fight for the cores, and load slowly.
        for index, (member, job) in enumerate(zip(members, jobs, strict=True)):
            try:
                opened[index] = member.ask(worker.open_case, job)
            except CatdogError as error:
                failures[index] = FailedCase(job.case, error)
        for order in round_orders(len(jobs), effort.rounds, seed):
            for index in (int(each) for each in order if int(each) not in failures):
                try:
                    with meter.stretch():
                        turns[index].append(members[index].ask(worker.take_turn, quota_of(effort)))
                    joules[index].append(meter.joules)
                except CatdogError as error:
                    failures[index] = FailedCase(jobs[index].case, error)
                on_turn()
        for index in range(len(jobs)):
            if index not in failures:
                memories[index] = members[index].ask(worker.memory)
    return [
        failures[index]
        if index in failures
        else Measured(
            job.case,
            opened[index],
            tuple(turns[index]),
            () if meter.trouble else tuple(joules[index]),
            memories[index],
        )
        for index, job in enumerate(jobs)
    ]
