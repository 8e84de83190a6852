"""The measuring: in rounds, everybody once in each, in shuffled order, so that drift of the machine hits all."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from catdog.edge.errors import CatdogError

from .process import run
from .sides import OURS, Answer, Side

STARTS = 3  # cold starts of a side in one round


@dataclass(frozen=True)
class Turn:
    """One side's figures of one round."""

    start_s: float  # wall seconds from the start of the process to its end, for one picture; median of `STARTS`
    latency_ms: float  # median over the pictures of the time from before the file is read to the answer, inside the process
    pictures_per_s: float  # of the whole folder, the process' start included
    peak_bytes: int  # most resident memory while it did so


@dataclass(frozen=True)
class Measured:
    """What became of a side that ran in every round."""

    side: Side  # which
    turns: tuple[Turn, ...]  # one a round
    answers: dict[str, str]  # its label of each path


@dataclass(frozen=True)
class Failed:
    """A peer that could not be measured."""

    name: str  # as in `PEERS`
    reason: str  # a line


def measure(
    sides: Sequence[Side], rounds: int, cores: Sequence[int], seed: int, done: Callable[[str], None]
) -> tuple[list[Measured], list[Failed]]:
    """Run all sides; one that fails is left out from then on.

    Args:
        sides: ours among them.
        rounds: how many.
        cores: the numbers of those that everybody is held to.
        seed: decides the order in each round.
        done: told the name of each side whose turn is over, ``rounds`` times each unless it fails.

    Raises:
        CatdogError: ours failed, so that there is nothing to compare with.
    """
    order = random.Random(seed)  # noqa: S311 - no secret
    running = {side.name: side for side in sides}
    turns: dict[str, list[Turn]] = {side.name: [] for side in sides}
    answers: dict[str, dict[str, str]] = {}
    failed: list[Failed] = []

    def in_turn(work: Callable[[Side], object]) -> None:
        for side in order.sample(list(running.values()), len(running)):
            try:
                work(side)
            except CatdogError as error:
                if side.name == OURS:
                    raise
                failed.append(Failed(side.name, error.got))
                del running[side.name]

    in_turn(lambda side: _start_s(side, cores))  # to warm up: files come into memory, byte code is written
    for _ in range(rounds):
        starts: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(STARTS):
            in_turn(lambda side: starts[side.name].append(_start_s(side, cores)))  # noqa: B023 - called at once

        def whole(side: Side) -> None:
            turn, answers[side.name] = _turn(side, cores, median(starts[side.name]))  # noqa: B023 - called at once
            turns[side.name].append(turn)
            done(side.name)

        in_turn(whole)
    return [Measured(side, tuple(turns[name]), answers[name]) for name, side in running.items()], failed


def _start_s(side: Side, cores: Sequence[int]) -> float:
    return run(side.one, cores).wall_s


def _turn(side: Side, cores: Sequence[int], start_s: float) -> tuple[Turn, dict[str, str]]:
    in_turn = run(side.in_turn, cores, side.stdin)
    # Where there is no faster way, the same run serves for both.
    whole = in_turn if side.all_at_once == side.in_turn else run(side.all_at_once, cores)
    latencies, found = _answers(side, in_turn.stdout), _answers(side, whole.stdout)
    turn = Turn(
        start_s=start_s,
        latency_ms=median(answer.latency_ms for answer in latencies),
        pictures_per_s=len(found) / whole.wall_s,
        peak_bytes=whole.peak_bytes,
    )
    return turn, {answer.path: answer.label for answer in found}


def _answers(side: Side, stdout: str) -> list[Answer]:
    try:
        found = side.parse(stdout)
    except (ValueError, KeyError) as error:
        raise CatdogError("a line a picture", got=f"output that cannot be read: {error}", fix="Run it by hand.") from error
    if not found:
        raise CatdogError("a line a picture", got="no answer", fix="Run it by hand.")
    return found
