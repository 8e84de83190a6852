"""Which training pictures hurt: those that are likely under a wrong label, there twice, or unlike all others of their label.

Each is judged by a linear head on the backbone's features that has not learnt from it; features of a backbone that was
fine-tuned have seen the labels, so that they show fewer of the wrong ones.

What counts as a wrong label says `catdog.edge.teach.suspects`, with its source.

May import: numpy, `catdog.edge.teach.suspects`, this room's `data`, `interruption` and `record`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from catdog.edge.pictures.duplicates import fingerprints, first_like
from catdog.edge.teach.suspects import LEAST, unseen_scores, wrong_labels

from .data.pictures import Pictures
from .interruption import step_ended
from .record import COPY, KINDS, OUTLIER, WRONG_LABEL, Suspect

MOST = 10_000  # pictures: comparing each with each takes the square of that

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
    groups = np.array([doubles.get(index, index) for index in range(len(pictures))], np.int64)
    # What is there many times would make outliers of all others.
    once = np.array([index for index in range(len(pictures)) if index not in doubles])
    found = [
        *_wrong_labels(features, pictures, labels, groups),
        *(
            Suspect(pictures.names[copy], labels[pictures.targets[copy]], COPY, pictures.names[first], 1.0)
            for copy, first in doubles.items()
        ),
        *_outliers(unit[once], pictures[once.tolist()], labels),
    ]
    return tuple(sorted(found, key=lambda each: KINDS.index(each.kind)))


def _wrong_labels(
    features: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...], groups: NDArray[np.int64]
) -> Iterator[Suspect]:
    enough = [label for label, count in enumerate(pictures.counts(labels).values()) if count >= LEAST]
    if len(enough) < 2:
        return
    judged = np.flatnonzero(np.isin(pictures.targets, enough))
    targets = np.searchsorted(enough, pictures.targets[judged])
    scores = unseen_scores(features[judged], targets, groups[judged], len(enough))
    for each in wrong_labels(scores, targets, groups[judged]):
        label, likely = labels[enough[targets[each.place]]], labels[enough[each.likely]]
        yield Suspect(pictures.names[judged[each.place]], label, WRONG_LABEL, likely, each.score)


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
