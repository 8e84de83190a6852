"""What a report says in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER

from ..data.dataset import Dataset
from ..evaluate import Evaluation
from ..history import Epoch
from ..options import TrainOptions
from ..pages.words import interval, percent
from ..record import StageRecord
from ..writeups import comparison

_MOST_PAIRS, _MOST_WORST = 12, 3
_FAR_OFF, _ENOUGH = 0.1, 50  # calibration error, 0-1, that is a problem; pictures, below which it may be chance
LAST_EPOCHS = 5  # over which a curve's end is averaged, because single epochs jump


@dataclass(frozen=True)
class Tile:
    """A figure for the head of the page."""

    name: str  # what it is
    value: str  # with its unit
    note: str  # its spread or what it is of


@dataclass(frozen=True)
class MatrixRow:
    """A row of a confusion matrix."""

    label: str  # the truth
    counts: tuple[int, ...]  # of each answer
    shares: tuple[float, ...]  # the same, of the row's pictures, 0-1
    right: Figure | None  # share of right answers; None if no picture has the label


def mean_of_last(history: Sequence[Epoch]) -> float | None:
    """Return the mean validation accuracy of the last epochs, 0-1; None if it was not measured after each of them."""
    last = [epoch.val_accuracy for epoch in history[-LAST_EPOCHS:]]
    known = [accuracy for accuracy in last if accuracy is not None and math.isfinite(accuracy)]
    return sum(known) / len(known) if last and len(known) == len(last) else None


def answer_labels(dataset: Dataset, evaluation: Evaluation) -> tuple[str, ...]:
    """Return the names of a model's answers: a presence check adds ``"neither"`` also where no picture is of it."""
    more = len(evaluation.confusion) - len(dataset.labels)
    return (*dataset.labels, *(NEITHER,) * more)


def matrix_rows(evaluation: Evaluation, labels: Sequence[str]) -> list[MatrixRow]:
    """Lay out a confusion matrix."""
    rows = []
    for place, (label, counts) in enumerate(zip(labels, evaluation.confusion, strict=True)):
        total = sum(counts)
        right = Figure.share(f"accuracy on {label}", counts[place], total) if total else None
        rows.append(MatrixRow(label, counts, tuple(count / max(total, 1) for count in counts), right))
    return rows


@dataclass(frozen=True)
class Pair:
    """Two labels that are mixed up."""

    truth: str  # the right one
    answer: str  # the one that was given
    count: int  # how many pictures
    share: float  # of that label's pictures, 0-1


def mixed_up(evaluation: Evaluation, labels: Sequence[str]) -> list[Pair]:
    """Return the labels that are mixed up most, by pictures."""
    counts = np.array(evaluation.confusion)
    totals = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:_MOST_PAIRS]
    places = (divmod(int(place), len(labels)) for place in order)
    return [
        Pair(labels[row], labels[column], int(counts[row, column]), float(counts[row, column] / totals[row]))
        for row, column in places
        if counts[row, column]
    ]


def worst_labels(evaluation: Evaluation, labels: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return the labels with the smallest share of right answers: name, pictures that are right, pictures."""
    found = [(label, row[place], sum(row)) for place, (label, row) in enumerate(zip(labels, evaluation.confusion, strict=True))]
    wrong = [each for each in found if each[1] < each[2]]
    return sorted(wrong, key=lambda each: each[1] / each[2])[:_MOST_WORST]


def commonest_label(dataset: Dataset) -> str:
    """Return the most frequent label of the validation pictures, the first of several."""
    return dataset.labels[int(np.bincount(dataset.validation.targets).argmax())]


def headline(final: StageRecord) -> str:
    """Say the one thing to remember."""
    accuracy = final.validation.accuracy
    right = f"The {final.stage} stage is right on {percent(accuracy.value)} of {accuracy.n:,} pictures it has not learnt from"
    if not final.validation.is_uneven:
        return right
    return f"{right}, {percent(final.validation.mean_recall)} if every label counts as much"


def tiles(dataset: Dataset, final: StageRecord) -> list[Tile]:
    """Return the figures for the head of the page."""
    accuracy, test = final.validation.accuracy, final.test
    part, measured = ("validation", final.validation) if test is None else ("test", test)
    return [
        Tile("Validation accuracy", percent(accuracy.value), f"95 % interval {interval(accuracy)}, n = {accuracy.n:,}"),
        Tile("Test accuracy", "–", "no test pictures")  # noqa: RUF001 - a dash for nothing
        if test is None
        else Tile(
            "Test accuracy",
            percent(test.accuracy.value),
            f"95 % interval {interval(test.accuracy)}, n = {test.accuracy.n:,}; measured once, at the end",
        ),
        Tile("Baseline", percent(dataset.baseline), f"always answering “{commonest_label(dataset)}”, the most frequent label"),
        *_mean_recall(measured, part),
        Tile("Calibration error", f"{100 * measured.calibration_error:.1f} points",
             f"how far scores are off the share that is right, {part} pictures"),
    ]  # fmt: skip


def _mean_recall(measured: Evaluation, part: str) -> list[Tile]:
    if not measured.is_uneven:
        return []
    guessing = percent(1 / sum(sum(row) > 0 for row in measured.confusion))
    what = f"mean over the labels of the share that is right, {part} pictures; always the same answer gets {guessing}"
    return [Tile("Mean recall", percent(measured.mean_recall), what)]


def sentences(dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions) -> list[str]:
    """Say what the figures mean: against the baseline, against the other stages, against the published figures."""
    final = records[-1]
    said = [_against_baseline(dataset, final)]
    best = max(records, key=lambda record: record.validation.accuracy.value)
    if best.validation.accuracy.value > final.validation.accuracy.value:
        said.append(
            f"The stage {best.stage} has the higher validation accuracy, {percent(best.validation.accuracy.value)}: "
            f"{final.stage} is not the best stage of this run."
        )
    said += _on_scores(final.validation)
    said += [
        f"Restarted from other weights because the network of {record.stage} gave many training pictures the very same answer "
        "after its first epoch, or did no better than guess after five: "
        f"{record.restarts} {'time' if record.restarts == 1 else 'times'}."
        for record in records
        if record.restarts
    ]
    return said + comparison.sentences(dataset, final, options)


def _on_scores(measured: Evaluation) -> list[str]:
    """Say that scores are far off, where the pictures are enough to tell."""
    if measured.calibration_error < _FAR_OFF or measured.accuracy.n < _ENOUGH:
        return []
    off = f"{100 * measured.calibration_error:.1f} points"
    return [
        f"Its scores are off by {off} on the validation pictures: do not take a score for a probability. More pictures, or a "
        "temperature that is fitted on some of the training pictures (--held-out 0.1), calibrate them."
    ]


def name_only(where: str) -> str:
    """Return what a folder, file or address is called, without where it is."""
    return PurePosixPath(where.partition("?")[0].rstrip("/")).name or where


def _against_baseline(dataset: Dataset, final: StageRecord) -> str:
    accuracy, baseline, label = final.validation.accuracy, dataset.baseline, commonest_label(dataset)
    above = f"{abs(100 * (accuracy.value - baseline)):.1f} points"
    always = f"what always answering “{label}” gets ({percent(baseline, 1)})"
    if accuracy.value < baseline:
        return f"That is {above} below {always}: as it is, the model is of no use."
    if accuracy.low <= baseline:
        return f"That is {above} above {always}, but the interval reaches down to that: the model may be no better."
    wrong, base = (round((1 - share) * accuracy.n) for share in (accuracy.value, baseline))
    return (
        f"That is {above} above {always}: {wrong:,} {'answer is' if wrong == 1 else 'answers are'} wrong instead of {base:,}."
    )
