"""What a trained model gets right, how much its scores can be trusted, and what it gets wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract.figures import Figure

if TYPE_CHECKING:
    # An exported file is measured where the packages that read data sets are not installed.
    from .data.pictures import Pictures

_BINS = 15  # as in the source of the calibration error


@dataclass(frozen=True)
class Bin:
    """The pictures whose highest score lies in a range."""

    low: float  # lower end of the range, 0-1
    high: float  # upper end, 0-1
    n: int  # how many pictures
    score: float  # their mean highest score, 0-1; 0 if there are none
    accuracy: float  # share of them that is right, 0-1; 0 if there are none


@dataclass(frozen=True)
class Answer:
    """A model's answer to one picture."""

    name: str  # which picture
    truth: str  # its label
    label: str  # the answer
    score: float  # of the answer, 0-1


@dataclass(frozen=True)
class Evaluation:
    """A model's answers on one part of a data set."""

    accuracy: Figure  # share of right answers
    # the same for each label's pictures, and for each folder where a label has several; what has no pictures is left out
    per_label: tuple[Figure, ...]
    confusion: tuple[tuple[int, ...], ...]  # rows are the true labels, columns the answers, in the order of the labels
    calibration_error: float  # expected calibration error, 0-1: by how much the scores are off the share of right answers
    bins: tuple[Bin, ...]  # what it is made of, from score 0 to 1
    mistakes: tuple[Answer, ...]  # the wrong answers, the surest first

    @property
    def mean_recall(self) -> float:
        """Mean over the labels of the share of their pictures that is right, 0-1: a rare label counts as much as the others."""
        return float(np.mean([row[place] / sum(row) for place, row in enumerate(self.confusion) if sum(row)]))

    @property
    def is_uneven(self) -> bool:
        """Whether some label has more than twice the pictures of another, so that accuracy is mostly about that one."""
        counts = [sum(row) for row in self.confusion if sum(row)]
        return max(counts) > 2 * min(counts)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able fields; `from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Evaluation":
        """Read what `to_dict` returned.

        Raises:
            KeyError, TypeError: the fields are others.
        """
        return cls(
            accuracy=Figure(**fields["accuracy"]),
            per_label=tuple(Figure(**figure) for figure in fields["per_label"]),
            confusion=tuple(tuple(row) for row in fields["confusion"]),
            calibration_error=fields["calibration_error"],
            bins=tuple(Bin(**each) for each in fields["bins"]),
            mistakes=tuple(Answer(**answer) for answer in fields["mistakes"]),
        )


def evaluate(scores: NDArray[np.float32], pictures: "Pictures", labels: Sequence[str], on: str) -> Evaluation:
    """Compare scores with the truth.

    Args:
        scores: float32 ``[n, classes]``.
        pictures: the pictures they belong to, at least one.
        labels: the class names.
        on: what the pictures are, in words.
    """
    targets, answers = pictures.targets, scores.argmax(axis=1)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (targets, answers), 1)
    bins = _bins(scores.max(axis=1), answers == targets)
    wrong = sorted(np.flatnonzero(answers != targets), key=lambda i: -scores[i].max())
    return Evaluation(
        accuracy=Figure.share("accuracy", int(np.trace(confusion)), len(targets), on),
        per_label=tuple(per_label(answers == targets, pictures.names, targets, labels, on)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        calibration_error=_off(bins),
        bins=bins,
        mistakes=tuple(
            Answer(pictures.names[i], labels[targets[i]], labels[answers[i]], float(scores[i].max())) for i in wrong
        ),
    )


def per_label(
    right: NDArray[np.bool_], names: Sequence[str], targets: NDArray[np.int64], labels: Sequence[str], on: str
) -> Iterator[Figure]:
    """Give the share of right answers for each label's pictures, and for each folder where a label has several.

    Args:
        right: ``[n]``, whether the answer is.
        names: of the pictures; what is before the last slash is the folder.
        targets: int64 ``[n]``, index into the labels.
        labels: the class names.
        on: what the pictures are, in words.
    """
    folders = np.array([name.rpartition("/")[0] for name in names])
    for target, label in enumerate(labels):
        own = targets == target
        if own.any():
            yield Figure.share(f"accuracy on {label}", int(right[own].sum()), int(own.sum()), on)
        among = np.unique(folders[own])
        for folder in among if len(among) > 1 else ():
            inside = own & (folders == folder)
            yield Figure.share(f"accuracy on {folder}", int(right[inside].sum()), int(inside.sum()), on)


def calibration_error(top: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error of answers, 0-1.

    Args:
        top: float32 ``[n]``, scores of the answers, 0-1.
        right: bool ``[n]``, whether they are.
    """
    return _off(_bins(top, right))


def _off(bins: Sequence[Bin]) -> float:
    return sum(each.n * abs(each.score - each.accuracy) for each in bins) / sum(each.n for each in bins)


def _bins(top: NDArray[np.float32], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Sort answers into ranges of their score.

    Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3: 15 ranges of equal width; the
    expected calibration error is the mean of |score - accuracy| over them, weighted by their pictures.
    """
    place = np.minimum((top * _BINS).astype(int), _BINS - 1)
    found = []
    for number in range(_BINS):
        inside = place == number
        n = int(inside.sum())
        score, accuracy = (float(top[inside].mean()), float(right[inside].mean())) if n else (0.0, 0.0)
        found.append(Bin(number / _BINS, (number + 1) / _BINS, n, score, accuracy))
    return tuple(found)
