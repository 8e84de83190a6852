"""Which training pictures hurt: those that are likely under a wrong label, there twice, or unlike all others of their label.

Each is judged by a linear head on the backbone's features that has not learnt from it; features of a backbone that was
fine-tuned have seen the labels, so that they show fewer of the wrong ones.

Source of what counts as a wrong label: C. Northcutt et al., "Confident learning: estimating uncertainty in dataset labels",
JAIR 2021, section 3: another label's score is at least the mean score of that label's own pictures.

May import: numpy, this room's `data`, `interruption` and `record`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from catdog.edge.pictures.duplicates import fingerprints, first_like

from .data.pictures import Pictures
from .interruption import step_ended
from .record import COPY, KINDS, OUTLIER, WRONG_LABEL, Suspect

MOST = 10_000  # pictures: comparing each with each takes the square of that

LEAST = 10  # pictures of a label, below which none is said to be under a wrong one
_STRENGTHS = tuple(np.geomspace(0.01, 10, 7))  # of the ridge, on features of length 1
_NEAREST = 3  # neighbours
_FAR = 3.0  # interquartile ranges below the lower quartile: J. Tukey's "far out", "Exploratory Data Analysis", 1977
_CHUNK = 256
_LEAST_NEAR = 20  # pictures of a label, below which nothing is unlike the others


def find_suspects(features: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...]) -> tuple[Suspect, ...]:
    """Look through training pictures.

    Args:
        features: float32 ``[n, d]``, of the backbone.
        pictures: the n pictures.
        labels: the class names.

    Returns:
        By kind, the surest first.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    doubles = dict(_copies(pictures))
    # What is there many times would make outliers of all others.
    once = np.array([index for index in range(len(pictures)) if index not in doubles])
    found = [
        *_wrong_labels(unit, pictures, labels),
        *(
            Suspect(pictures.names[copy], labels[pictures.targets[copy]], COPY, pictures.names[first], 1.0)
            for copy, first in doubles.items()
        ),
        *_outliers(unit[once], pictures[once.tolist()], labels),
    ]
    return tuple(sorted(found, key=lambda each: KINDS.index(each.kind)))


def _wrong_labels(unit: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...]) -> Iterator[Suspect]:
    enough = [label for label, count in enumerate(pictures.counts(labels).values()) if count >= LEAST]
    if len(enough) < 2:
        return
    judged = np.flatnonzero(np.isin(pictures.targets, enough)).tolist()
    unit, pictures = unit[judged], pictures[judged]
    labels, targets = tuple(labels[label] for label in enough), np.searchsorted(enough, pictures.targets)
    scores = _unseen(unit, targets, len(labels))
    usual = np.array([scores[targets == label, label].mean() for label in range(len(labels))])
    others = np.where(scores >= usual, scores, 0.0)
    own = scores[np.arange(len(targets)), targets]
    others[np.arange(len(targets)), targets] = 0.0
    likely = others.argmax(axis=1)
    margin = others.max(axis=1) - own
    for index in np.argsort(-margin, kind="stable"):
        if margin[index] <= 0:
            return
        score = float(scores[index, likely[index]])
        yield Suspect(pictures.names[index], labels[targets[index]], WRONG_LABEL, labels[likely[index]], score)


def _unseen(unit: NDArray[np.float32], targets: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return scores ``[n, classes]``, 0-1, each row of a linear head that was fitted without it.

    Ridge regression on one-hot targets, which gives the answers to what was left out in closed form; as strong as leaves the
    smallest error there. Source: D. Allen, "The relationship between variable selection and data augmentation and a method for
    prediction", Technometrics 16 (1974).
    """
    wanted = np.eye(classes, dtype=np.float32)[targets]
    shares = wanted.mean(axis=0)
    basis, sizes, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    along = basis.T @ (wanted - shares)
    found, smallest = wanted, np.inf
    for strength in _STRENGTHS:
        kept = sizes**2 / (sizes**2 + strength)
        fitted = shares + (basis * kept) @ along
        leverage = 1 / len(targets) + basis**2 @ kept
        unseen = wanted - (wanted - fitted) / np.maximum(1 - leverage, 1e-3)[:, np.newaxis]
        error = float(((unseen - wanted) ** 2).mean())
        if error < smallest:
            found, smallest = unseen, error
    return np.clip(found, 0, 1)


def _copies(pictures: Pictures) -> Iterator[tuple[int, int]]:
    """Give each picture that is there before, with the first one of its kind, both as places; only within a label."""
    prints = fingerprints(pictures.pixels)
    told: set[int] = set()
    for first in range(len(pictures)):
        if first in told:
            continue  # its own copies are the first one's
        rest = np.flatnonzero(pictures.targets[first + 1 :] == pictures.targets[first]) + first + 1
        for copy in first_like(prints, first, rest).tolist():
            if copy not in told:
                told.add(copy)
                yield copy, first
        if first % _CHUNK == 0:
            step_ended()


def _outliers(unit: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...]) -> Iterator[Suspect]:
    for label in np.unique(pictures.targets).tolist():
        mine = np.flatnonzero(pictures.targets == label)
        if len(mine) < _LEAST_NEAR:
            continue
        alike = unit[mine] @ unit[mine].T
        np.fill_diagonal(alike, -1.0)
        near = np.sort(alike, axis=1)[:, -_NEAREST:].mean(axis=1)
        low, high = np.percentile(near, (25, 75))
        for index in np.argsort(near, kind="stable"):
            if near[index] >= low - _FAR * (high - low):
                break
            yield Suspect(pictures.names[mine[index]], labels[label], OUTLIER, "", float(near[index]))
