"""What speaks against a taught model, and what its pictures cannot tell: nothing is written before this has been asked."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..contract.figures import Figure, wilson_interval
from ..contract.paired import mcnemar, paired_interval
from .examples import SHARE, Examples

_SHOWN = 0.05  # a fall in accuracy that the pictures must be able to show, as in an export's proof
_LEAST = 0.5  # of a label's pictures that have to be found, surely
_ALIKE = 0.2  # of two labels' pictures that may surely be taken for the other
_MOST_COUNTED = 100_000
_DATA = "examples held back"


@dataclass(frozen=True)
class Drop:
    """What the labels that the parent knew have lost."""

    value: float  # the parent's accuracy less the new one's, as a share
    low: float  # lower end of the 95 % interval
    high: float  # upper end
    lost: int  # pictures that only the parent gets right
    gained: int  # pictures that only the new one gets right
    n: int  # pictures of labels that the parent knew
    p: float  # McNemar's exact test, two-sided


@dataclass(frozen=True)
class Flip:
    """A picture whose answer is another."""

    name: str  # empty for one that only the parent's file remembers
    truth: str
    before: str
    after: str


@dataclass(frozen=True)
class Findings:
    """What the pictures that were held back say.

    Attributes:
        accuracy: of the new model, on all of them.
        per_label: the same of each label's.
        parent_per_label: the parent's accuracy on each of these.
        drop: of the labels that the parent knew; None where no picture of them was held back.
        flips: pictures whose answer is another.
        objections: what speaks against the new model.
        doubts: what cannot be told, with the number of pictures that would do.
    """

    accuracy: Figure
    per_label: tuple[Figure, ...]
    parent_per_label: tuple[Figure, ...]
    drop: Drop | None
    flips: tuple[Flip, ...]
    objections: tuple[str, ...] = field(default=())
    doubts: tuple[str, ...] = field(default=())


def judge(
    held: Examples,
    scores: NDArray[np.float32],
    before: NDArray[np.float32],
    labels: Sequence[str],
    old: Sequence[str],
    taught: Sequence[str],
    max_drop: float,
) -> Findings:
    """Compare a taught model with its parent.

    Args:
        held: what was not learnt from.
        scores: the new model's, float32 ``[n, classes]``.
        before: the parent's, in the same columns; 0 for labels that it does not know.
        labels: of the columns.
        old: those that the parent knew.
        taught: those that there were pictures of.
        max_drop: points that the parent's labels may lose.
    """
    given = _Given(tuple(labels), scores.argmax(axis=1), before.argmax(axis=1), held.truth)
    present = [place for place in range(len(labels)) if (held.truth == place).any()]
    drop = given.drop(*(label for label in old if labels.index(label) in present))
    against: list[str] = []
    doubts: list[str] = []
    if drop is not None:
        _weigh_drop(drop, max_drop, against, doubts)
    for label in old:
        if (fall := given.drop(label)) is not None and 100 * fall.low > max_drop:  # the others may hide it
            against.append(f"{label} falls by {100 * fall.value:.2f} points ({fall.lost} of {fall.n:,} pictures lost)")
    for label in taught:
        _weigh_label(label, given, against, doubts)
    for one, other in _pairs(taught, labels, present):
        _weigh_pair(labels[one], labels[other], _mistaken(given, one, other), against, doubts)
    enough = _to_begin_with(len(old))
    doubts += [
        f"nothing is known of {label}: no picture of it was held back; put about {enough} into a class folder {label}"
        for place, label in enumerate(labels)
        if place not in present
    ]
    hits = int((given.answers == given.truth).sum())
    return Findings(
        Figure.share("accuracy", hits, len(held), _DATA),
        tuple(given.figures(given.answers, present)),
        tuple(given.figures(given.earlier, present)),
        drop,
        tuple(given.flips(held.names)),
        tuple(against),
        tuple(doubts),
    )


@dataclass(frozen=True)
class _Given:
    """The answers to what was held back, int64 ``[n]`` each."""

    labels: tuple[str, ...]
    answers: NDArray[np.int64]
    earlier: NDArray[np.int64]  # the parent's
    truth: NDArray[np.int64]

    def drop(self, *labels: str) -> Drop | None:
        """Compare both on pictures of some labels; None where there are none."""
        own = np.isin(self.truth, [self.labels.index(label) for label in labels])
        if not own.any():
            return None
        right, was_right = self.answers[own] == self.truth[own], self.earlier[own] == self.truth[own]
        lost, gained, n = int((was_right & ~right).sum()), int((right & ~was_right).sum()), len(right)
        low, high = paired_interval(lost, gained, n)
        return Drop((lost - gained) / n, low, high, lost, gained, n, mcnemar(lost, gained))

    def figures(self, answers: NDArray[np.int64], present: Sequence[int]) -> Iterator[Figure]:
        """Count the right answers, label by label."""
        for place in present:
            own = self.truth == place
            yield Figure.share(self.labels[place], int((answers[own] == place).sum()), int(own.sum()), _DATA)

    def flips(self, names: Sequence[str]) -> Iterator[Flip]:
        """Give the pictures whose answer is another."""
        for place in np.flatnonzero(self.answers != self.earlier).tolist():
            truth, before, after = (self.labels[each[place]] for each in (self.truth, self.earlier, self.answers))
            yield Flip(names[place], truth, before, after)


def _weigh_drop(drop: Drop, max_drop: float, against: list[str], doubts: list[str]) -> None:
    """A single picture never speaks against a file: of a handful, one is many points."""
    fall = (
        f"the labels that were there fall by {100 * drop.value:.2f} points, more than {max_drop:g} ({drop.lost} pictures lost, "
        f"{drop.gained} gained of {drop.n:,}, p = {drop.p:.2g})"
    )
    help_ = "more pictures of what is now taken for something else would help"
    if drop.lost - drop.gained > max(1.0, max_drop / 100 * drop.n + 1e-9):
        if drop.low > 0:
            against.append(f"{fall}; {help_}")
        else:
            doubts.append(f"{fall}, which may be chance; {_enough(drop, lambda low, _: low > 0)}; {help_}")
    elif drop.high > _SHOWN:
        doubts.append(
            f"the labels that were there may fall by up to {100 * drop.high:.0f} points (95 %, {drop.n:,} pictures held "
            f"back); {_enough(drop, lambda _, high: high <= _SHOWN)}"
        )


def _enough(drop: Drop, tells: Callable[[float, float], bool]) -> str:
    """Say how many pictures would tell, if they were like those that there are."""
    for n in _larger(drop.n):
        scale = n / drop.n
        if tells(*paired_interval(round(drop.lost * scale), round(drop.gained * scale), n)):
            return f"about {n:,} held back would tell, {_factor(n, drop.n)}"
    return "more of the same would not tell"


def _weigh_label(label: str, given: _Given, against: list[str], doubts: list[str]) -> None:
    place = given.labels.index(label)
    own = given.truth == place
    n = int(own.sum())
    if not n:
        return
    hits, before = int((given.answers[own] == place).sum()), int((given.earlier[own] == place).sum())
    low, high = wilson_interval(hits, n)
    if high <= _LEAST:
        against.append(f"{label} is found in {hits} of {n:,} pictures only, the parent found {before}")
    elif low <= _LEAST:
        enough = next((many for many in _larger(n) if wilson_interval(round(hits * many / n), many)[0] > _LEAST), None)
        more = f"about {enough:,} held back would do, {_factor(enough, n)}" if enough else "more of the same will not do"
        doubts.append(f"{label} is found in {hits} of {n:,} pictures, too few to tell whether in more than half; {more}")


def _pairs(taught: Sequence[str], labels: Sequence[str], present: Sequence[int]) -> list[tuple[int, int]]:
    mine = {labels.index(label) for label in taught}
    return [(one, other) for one in present for other in present if one < other and mine & {one, other}]


def _mistaken(given: _Given, one: int, other: int) -> tuple[float, int]:
    """Return the share of two labels' pictures that are taken for the other, each label weighing the same, and their number."""
    first, second = given.answers[given.truth == one] == other, given.answers[given.truth == other] == one
    return (float(first.mean()) + float(second.mean())) / 2, 2 * min(len(first), len(second))


def _weigh_pair(one: str, other: str, mistaken: tuple[float, int], against: list[str], doubts: list[str]) -> None:
    share, n = mistaken
    low, _ = wilson_interval(round(share * n), n)
    look = f"{one} and {other} look alike to this model: {100 * share:.0f} % of their pictures are taken for the other"
    if low > _ALIKE:
        against.append(f"{look}; make one label of both, or train a model on them (catdog-train)")
    elif share > _ALIKE:
        enough = next((many for many in _larger(n) if wilson_interval(round(share * many), many)[0] > _ALIKE), None)
        more = f", or {enough // 2:,} of each to be sure that they are" if enough else ""
        doubts.append(f"{look}, of {n // 2} each; more pictures that show the difference would help{more}")


def _to_begin_with(labels: int) -> int:
    """Return how many pictures of each of some labels show that none is lost, if a share of `SHARE` is held back."""
    held = next(n for n in _larger(1) if paired_interval(0, 0, n)[1] <= _SHOWN)
    return math.ceil(held / SHARE / labels)


def _larger(n: int) -> Iterator[int]:
    """Give numbers of pictures above `n`, a tenth apart."""
    many = n
    while many < _MOST_COUNTED:
        many = max(many + 1, many * 11 // 10)
        yield many


def _factor(enough: int, n: int) -> str:
    return f"{enough / n:.1f} times as many"
