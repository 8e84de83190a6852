"""Is an artifact the model it was made from? What its scores and the reference's say, picture by picture.

May import neither TensorFlow nor anything else that the edge does not have: `catdog-export verify` runs anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract.figures import Figure
from catdog.edge.contract.paired import mcnemar, paired_interval
from catdog.edge.errors import VerificationError
from catdog.train.evaluate import per_label

_SHOWN = 0.05  # a fall in accuracy, or share of other answers, that the pictures must be able to show
_FAR_OFF = 0.5  # of a score, 0-1, worth a word
PUBLISHED, UNPROVEN, REFUSED = "published", "unproven", "refused"
_FLIPS_BESIDES = 4.5  # points by which answers may change besides, from wrong to right or where the truth is not known


@dataclass(frozen=True)
class Truth:
    """What pictures are called, and what is on them."""

    data: str  # what they are, in words
    names: tuple[str, ...]  # one per picture; the folder before the last slash groups them
    # int64 [n], index into the labels, -1 for a picture whose answers are only compared; None if that is all
    targets: NDArray[np.int64] | None
    besides: str = ""  # what those of -1 are, in words


@dataclass(frozen=True)
class Measured:
    """How right one model is."""

    accuracy: Figure  # share of right answers
    per_label: tuple[Figure, ...]  # the same for each label's pictures, and for each folder where a label has several
    labels: int = 0  # how many labels there are pictures of


@dataclass(frozen=True)
class Drop:
    """The difference of two accuracies on the same pictures."""

    value: float  # the reference's less the artifact's, as a share; below 0 where the artifact is more often right
    low: float  # lower end of the 95 % interval
    high: float  # upper end
    lost: int  # pictures that only the reference gets right
    gained: int  # pictures that only the artifact gets right
    p: float  # how likely so uneven a count is if neither is better: McNemar's exact test, two-sided
    worst_label: str  # the label whose pictures lose most; empty where none does
    worst: float  # how much that is, as a share of them


@dataclass(frozen=True)
class Flip:
    """A picture whose answer is another."""

    index: int  # which of the pictures
    name: str  # what it is called
    truth: str | None  # its label; None where it is not known
    reference: str  # the reference's answer
    reference_score: float  # and its score, 0-1
    answer: str  # the artifact's answer
    score: float  # and its score, 0-1


@dataclass(frozen=True)
class Verification:
    """How an artifact's answers compare with the reference's on the same pictures."""

    agreement: Figure  # share of pictures with the same answer
    largest_difference: float  # of any score on any picture, 0-1
    mean_difference: float  # mean absolute difference of the scores, 0-1
    deterministic: bool  # whether a second call gave the same bits
    artifact: Measured | None  # how right it is; None where the truth is not known
    reference: Measured | None  # how right that is
    drop: Drop | None  # their difference
    flips: tuple[Flip, ...]  # the pictures whose answer is another


def compare(
    scores: NDArray[np.float32],
    reference: NDArray[np.float32],
    truth: Truth,
    labels: Sequence[str],
    *,
    deterministic: bool = True,
) -> Verification:
    """Compare an artifact's scores with the reference's.

    Args:
        scores: the artifact's, float32 ``[n, classes]``.
        reference: the same of what it was made from.
        truth: the pictures they belong to.
        labels: the class names.
        deterministic: what was found of that.

    Raises:
        VerificationError: some scores are no numbers.
    """
    if not np.isfinite(scores).all() or not np.isfinite(reference).all():
        raise VerificationError("scores that are numbers", got="others", fix="Nothing was published. Train the model again.")
    answers, expected = scores.argmax(axis=1), reference.argmax(axis=1)
    difference = np.abs(scores - reference)
    return Verification(
        agreement=Figure.share("same answers", int((answers == expected).sum()), len(answers), truth.data + truth.besides),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        deterministic=deterministic,
        artifact=measure(scores, truth, labels),
        reference=measure(reference, truth, labels),
        drop=None if truth.targets is None else _drop(answers, expected, truth.targets, labels),
        flips=tuple(_flips(scores, reference, truth, labels)),
    )


def measure(scores: NDArray[np.float32], truth: Truth, labels: Sequence[str]) -> Measured | None:
    """Count the right answers; None where the truth is not known."""
    if truth.targets is None:
        return None
    right, known = scores.argmax(axis=1) == truth.targets, truth.targets >= 0
    return Measured(
        Figure.share("accuracy", int(right.sum()), int(known.sum()), truth.data),
        tuple(per_label(right, truth.names, truth.targets, labels, truth.data)),
        len(np.unique(truth.targets[known])),
    )


def objections(verification: Verification, max_drop: float, tolerance: float = 1.0) -> list[str]:
    """Say what speaks against publishing an artifact; nothing does if the list is empty.

    A single picture never does: of a handful, one is many points. `max_drop` is of the accuracy, in points; `tolerance` of the
    mean difference of the scores, 0-1.
    """
    found = []
    drop, n = verification.drop, verification.agreement.n
    if drop is not None and drop.lost - drop.gained > max(1.0, max_drop / 100 * n + 1e-9):
        found.append(
            f"accuracy falls by {100 * drop.value:.2f} points, more than {max_drop:g} ({drop.lost} pictures lost, "
            f"{drop.gained} gained of {n:,}, p = {drop.p:.2g})"
        )
    flips_allowed = (max_drop + _FLIPS_BESIDES) / 100
    if len(verification.flips) > max(1.0, flips_allowed * n + 1e-9):
        found.append(f"the same answer on {verification.agreement} only, less than {max(0.0, 1 - flips_allowed):.1%}")
    if verification.mean_difference > tolerance:
        found.append(
            f"scores differ by {verification.mean_difference:.4f} on average, more than rounding explains ({tolerance:g})"
        )
    if not verification.deterministic:
        found.append("two calls with the same picture gave different scores")
    return found


def doubts(verification: Verification) -> list[str]:
    """Say what the pictures cannot show, and what else is worth knowing although nothing speaks against the artifact."""
    found = [f"unproven: {line}" for line in _unproven(verification)]
    if verification.reference is not None:
        accuracy, labels = verification.reference.accuracy, verification.reference.labels
        if labels > 1 and accuracy.low <= 1 / labels:
            found.append(f"the model itself may be no better than guessing: {accuracy}")
    if verification.largest_difference > _FAR_OFF:
        found.append(f"on one picture a score differs by {verification.largest_difference:.2f}")
    return found


def verdict(verification: Verification, against: Sequence[str]) -> str:
    """Return what has come of an artifact: refused, unproven where the pictures are too few to tell, or published."""
    return REFUSED if against else UNPROVEN if any(_unproven(verification)) else PUBLISHED


def _unproven(verification: Verification) -> Iterator[str]:
    n = verification.agreement.n
    if verification.drop is not None and verification.drop.high > _SHOWN:
        n = verification.artifact.accuracy.n if verification.artifact else n
        yield f"a fall of up to {100 * verification.drop.high:.0f} points may not show on {n:,} pictures (95 %)"
    elif verification.drop is None and 1 - verification.agreement.low > 2 * _SHOWN:
        yield f"up to {100 * (1 - verification.agreement.low):.0f} % other answers may not show on {n:,} pictures (95 %)"


def _drop(answers: NDArray[np.int64], expected: NDArray[np.int64], targets: NDArray[np.int64], labels: Sequence[str]) -> Drop:
    lost, gained = (expected == targets) & (answers != targets), (answers == targets) & (expected != targets)
    n, count_lost, count_gained = int((targets >= 0).sum()), int(lost.sum()), int(gained.sum())
    low, high = paired_interval(count_lost, count_gained, n)
    by_label = [
        (float(lost[own].mean() - gained[own].mean()), label)
        for target, label in enumerate(labels)
        if (own := targets == target).any()
    ]
    worst, label = max(by_label)
    return Drop(
        (count_lost - count_gained) / n, low, high, count_lost, count_gained, mcnemar(count_lost, count_gained),
        label if worst > 0 else "", max(0.0, worst),
    )  # fmt: skip


def _flips(scores: NDArray[np.float32], reference: NDArray[np.float32], truth: Truth, labels: Sequence[str]) -> Iterator[Flip]:
    answers, expected = scores.argmax(axis=1), reference.argmax(axis=1)
    for index in np.flatnonzero(answers != expected).tolist():
        yield Flip(
            index,
            truth.names[index],
            None if truth.targets is None or truth.targets[index] < 0 else labels[truth.targets[index]],
            labels[expected[index]],
            float(reference[index].max()),
            labels[answers[index]],
            float(scores[index].max()),
        )
