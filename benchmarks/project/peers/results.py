"""From turns to figures, and to ratios that say who is ahead."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from catdog.benchmarks.validity.environment import Environment
from catdog.edge.contract.figures import Figure

from .options import PeerOptions
from .pictures import Photographs
from .rounds import Failed, Measured, Turn
from .sides import OURS

_BUSY = 0.5  # load average of a core, from which on others take so much that it shows


@dataclass(frozen=True)
class Spread:
    """A figure with its spread over the rounds."""

    median: float  # over the rounds
    low: float  # 25th percentile
    high: float  # 75th percentile
    n: int  # number of rounds; 1 for what does not vary

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Summarise the values of the rounds, at least one."""
        low, middle, high = (float(value) for value in np.percentile(values, (25, 50, 75)))
        return cls(middle, low, high, len(values))


@dataclass(frozen=True)
class Measure:
    """One column."""

    name: str  # in the JSON, with its unit
    heading: str  # in the tables
    unit: str  # in the tables
    # gives the figure of a turn, in the JSON's unit; None for the installed size, which is no turn's
    of_turn: Callable[[Turn], float] | None
    scale: float = 1.0  # from the JSON's unit to the tables'
    more_is_better: bool = False  # or less is


MEASURES = (
    Measure("start_s", "cold start", "ms", lambda turn: turn.start_s, 1e3),
    Measure("latency_ms", "latency", "ms", lambda turn: turn.latency_ms),
    Measure("pictures_per_s", "throughput", "pictures/s", lambda turn: turn.pictures_per_s, more_is_better=True),
    Measure("peak_bytes", "peak memory", "MB", lambda turn: float(turn.peak_bytes), 1e-6),
    Measure("installed_bytes", "installed", "MB", None, 1e-6),
)


@dataclass(frozen=True)
class Comparison:
    """All that was measured."""

    measured_at: str  # UTC, ISO 8601
    options: PeerOptions  # what was asked for
    photographs: Photographs  # what was classified
    environment: Environment  # the machine
    measured: tuple[Measured, ...]  # ours first
    failed: tuple[Failed, ...]  # peers that could not be measured

    @property
    def ours(self) -> Measured:
        """Catdog's own row."""
        return next(each for each in self.measured if each.side.name == OURS)

    @property
    def peers(self) -> tuple[Measured, ...]:
        """The others' rows."""
        return tuple(each for each in self.measured if each.side.name != OURS)


def values(row: Measured, measure: Measure) -> list[float]:
    """Return a side's figures, one a round, in the JSON's unit; empty for what was not measured."""
    if measure.of_turn is not None:
        return [measure.of_turn(turn) for turn in row.turns]
    size = row.side.venv.installed_bytes
    return [] if size is None else [float(size)]


def figure(row: Measured, measure: Measure) -> Spread | None:
    """Summarise a side's figures; None for what was not measured."""
    found = values(row, measure)
    return Spread.of(found) if found else None


def ratio(row: Measured, ours: Measured, measure: Measure) -> Spread | None:
    """Say how many times better ours is: above 1 ours is ahead, below 1 the peer is. Computed within each round.

    Times and sizes are theirs over ours, throughput is ours over theirs.
    """
    pairs = list(zip(values(row, measure), values(ours, measure), strict=False))
    if not pairs or (measure.of_turn is None and not math.prod(mine for _, mine in pairs)):
        return None
    return Spread.of([mine / peer if measure.more_is_better else peer / mine for peer, mine in pairs])


def agreement(row: Measured, ours: Measured) -> Figure:
    """Count the pictures that both give the same label."""
    same = sum(row.answers.get(path) == label for path, label in ours.answers.items())
    return Figure.share("same label as catdog-edge", same, len(ours.answers))


def accuracy(row: Measured, photographs: Photographs) -> Figure | None:
    """Count right answers; None where what is on the pictures is not known, or they are drawn."""
    if not photographs.truth:
        return None
    right = sum(row.answers.get(path) == label for path, label in photographs.truth.items())
    return Figure.share("accuracy", right, len(photographs.truth), photographs.data)


def sentences(comparison: Comparison) -> list[str]:
    """Say how many peers are ahead of catdog-edge in each column, then of each where it is ahead and where nobody is.

    A peer is ahead where the middle half of the ratios is below 1; where 1 lies within it, the two are not told apart.
    """
    found = {
        row.side.name: [(measure, each) for measure in MEASURES if (each := ratio(row, comparison.ours, measure)) is not None]
        for row in comparison.peers
    }
    counts = [sum(pair[0] is measure and pair[1].high < 1 for each in found.values() for pair in each) for measure in MEASURES]
    columns = [f"{measure.heading} {count or 'none'}" for measure, count in zip(MEASURES, counts, strict=True)]
    told = [f"Of {len(comparison.peers)} peers, ahead of catdog-edge in {', '.join(columns)}"]
    for row in comparison.peers:
        ahead = [_in_words(*pair) for pair in found[row.side.name] if pair[1].high < 1]
        even = [_in_words(*pair) for pair in found[row.side.name] if pair[1].low <= 1 <= pair[1].high]
        parts = [f"ahead in {', '.join(ahead)}"] if ahead else []
        parts += [f"not told apart in {', '.join(even)}"] if even else []
        if parts:
            told.append(f"{row.side.title} ({row.side.model}): {'; '.join(parts)}")
    machine = comparison.environment
    if machine.load_before is not None and machine.load_before > _BUSY * machine.usable_cores:
        told.append(
            f"The machine was busy: load average {machine.load_before:.1f} on {machine.usable_cores} usable cores before the "
            "first round. Times are far from what it can do; measure again when it is idle"
        )
    return told


def _in_words(measure: Measure, found: Spread) -> str:
    spread = f" ({found.low:.2f} to {found.high:.2f})" if found.n > 1 else ""
    return f"{measure.heading} {found.median:.2f}{spread}"
