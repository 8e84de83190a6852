"""Which training pictures hurt: those that are likely under a wrong label, there twice, or unlike all others of their label.

Each is judged by a linear head on the backbone's features that has not learnt from it; features of a backbone that was
fine-tuned have seen the labels, so that they show fewer of the wrong ones.

Source of what counts as a wrong label: C. Northcutt et al., "Confident learning: estimating uncertainty in dataset labels",
JAIR 2021, section 3: another label's score is at least the mean score of that label's own pictures.

May import: numpy, this room's `data`; Keras only where heads are fitted, since records are read without it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .data.duplicates import copies, fingerprints
from .data.pictures import Pictures
from .data.splits import folds

WRONG_LABEL, COPY, LONELY = KINDS = ("likely under a wrong label", "there twice", "unlike the others of its label")
MOST = 10_000  # pictures: comparing each with each takes the square of that

_FOLDS = 5
_STEPS, _RATE = 150, 0.02  # of the head, on all pictures at once
_NEAREST = 3  # neighbours
_FAR = 3.0  # interquartile ranges below the lower quartile: J. Tukey's "far out", "Exploratory Data Analysis", 1977
_LEAST = 20  # pictures of a label, below which nothing is unlike the others


@dataclass(frozen=True)
class Suspect:
    """A training picture that is worth a look.

    Attributes:
        name: which picture.
        label: that it is under.
        kind: one of `KINDS`.
        other: the label that it looks like, or the picture that it is a copy of; empty for `LONELY`.
        score: of that label, by a head that has not learnt from it, 0-1; of `LONELY` the cosine to its nearest neighbours.
    """

    name: str
    label: str
    kind: str
    other: str
    score: float

    @property
    def reason(self) -> str:
        """Why, in words."""
        if self.kind == WRONG_LABEL:
            return f"looks like {self.other}, {self.score:.2f}"
        return f"a copy of {self.other}" if self.kind == COPY else self.kind


def find_suspects(features: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...], seed: int) -> tuple[Suspect, ...]:
    """Look through training pictures.

    Args:
        features: float32 ``[n, d]``, of the backbone.
        pictures: the n pictures.
        labels: the class names.
        seed: decides the folds.

    Returns:
        By kind, the surest first.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    found = [*_wrong_labels(unit, pictures, labels, seed), *_copies(pictures, labels), *_lonely(unit, pictures, labels)]
    return tuple(sorted(found, key=lambda each: KINDS.index(each.kind)))


def counted(suspects: tuple[Suspect, ...]) -> str:
    """Say how many there are of each kind."""
    counts = Counter(each.kind for each in suspects)
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])


def _wrong_labels(unit: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...], seed: int) -> Iterator[Suspect]:
    if min(pictures.counts(labels).values()) < _FOLDS:
        return  # some head would not have seen the label
    scores, targets = _unseen(unit, pictures.targets, len(labels), seed), pictures.targets
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


def _unseen(unit: NDArray[np.float32], targets: NDArray[np.int64], classes: int, seed: int) -> NDArray[np.float32]:
    """Return scores ``[n, classes]``, each row of a head that was fitted without it."""
    import keras

    scores = np.empty((len(targets), classes), np.float32)
    scaled = unit * np.sqrt(unit.shape[1], dtype=np.float32)
    for held in folds(targets.tolist(), _FOLDS, seed):
        learnt = np.setdiff1d(np.arange(len(targets)), held)
        head = keras.Sequential(
            [keras.Input(unit.shape[1:]), keras.layers.Dense(classes, "softmax", kernel_initializer="zeros")]
        )
        head.compile(keras.optimizers.Adam(_RATE / np.sqrt(unit.shape[1])), "sparse_categorical_crossentropy")
        head.fit(scaled[learnt], targets[learnt], batch_size=len(learnt), epochs=_STEPS, verbose=0)
        scores[held] = head.predict(scaled[held], batch_size=1024, verbose=0)
    return scores


def _copies(pictures: Pictures, labels: tuple[str, ...]) -> Iterator[Suspect]:
    prints = fingerprints(pictures.pixels)
    for label in np.unique(pictures.targets).tolist():
        mine = np.flatnonzero(pictures.targets == label)
        told: set[int] = set()
        for first, second in copies(prints[mine], prints[mine]):
            if first < second and second not in told:
                told.add(second)
                yield Suspect(pictures.names[mine[second]], labels[label], COPY, pictures.names[mine[first]], 1.0)


def _lonely(unit: NDArray[np.float32], pictures: Pictures, labels: tuple[str, ...]) -> Iterator[Suspect]:
    for label in np.unique(pictures.targets).tolist():
        mine = np.flatnonzero(pictures.targets == label)
        if len(mine) < _LEAST:
            continue
        alike = unit[mine] @ unit[mine].T
        np.fill_diagonal(alike, -1.0)
        near = np.sort(alike, axis=1)[:, -_NEAREST:].mean(axis=1)
        low, high = np.percentile(near, (25, 75))
        for index in np.argsort(near, kind="stable"):
            if near[index] >= low - _FAR * (high - low):
                break
            yield Suspect(pictures.names[mine[index]], labels[label], LONELY, "", float(near[index]))
