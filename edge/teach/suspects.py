"""Labelled pictures that are worth a look: likely under a wrong label, or nearly the same under two labels.

Each is judged by a linear layer on the model's features that has not learnt from it, nor from what belongs to it.

Source of what counts as a wrong label: C. Northcutt, L. Jiang, I. Chuang, "Confident learning: estimating uncertainty in
dataset labels", JAIR 70 (2021), section 3: another label's score is at least the mean score of that label's own pictures. Here
that less a standard deviation: of two labels about as many right ones lie below their mean as above, and with the mean itself
as the limit a quarter of what was under a wrong label was passed over (docs/train.md has the figures).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.model_contract import NEITHER
from ..pictures.duplicates import CLOSE, SAME, Fingerprints, copies

WRONG_LABEL, TWO_LABELS = KINDS = ("likely under a wrong label", "under two labels")
LEAST = 10  # groups of a label, below which none of its pictures is said to be under a wrong one
_STRENGTHS = tuple(np.geomspace(0.01, 10, 7))  # of the ridge, on features of length 1
_SMALL = 1e-3  # of what a picture has to say of itself: below it is noise


@dataclass(frozen=True)
class Doubt:
    """A picture that looks like another label than its own.

    Attributes:
        place: which.
        likely: the label that it looks like, as an index.
        score: of that label, by a layer that has not learnt from it, 0-1.
        margin: by how much that is above the score of its own label, 0-1.
    """

    place: int
    likely: int
    score: float
    margin: float


@dataclass(frozen=True)
class Suspect:
    """A picture that is worth a look.

    Attributes:
        name: which.
        label: that it is under.
        kind: one of `KINDS`.
        other: the label that it looks like; of `TWO_LABELS` that of its copy.
        score: of that label, by a layer that has not learnt from it, 0-1; of `TWO_LABELS` 1.
        margin: by how much that is above the score of its own label, 0-1; of `TWO_LABELS` 1.
        copy: name of the picture that it is nearly the same as; empty but for `TWO_LABELS`.
    """

    name: str
    label: str
    kind: str
    other: str
    score: float
    margin: float
    copy: str = ""

    @property
    def reason(self) -> str:
        """Why, in words."""
        return f"nearly the same as {self.copy}" if self.copy else f"looks like {self.other}, {self.score:.2f}"


def find_suspects(
    scores: NDArray[np.float64], labels: Sequence[str], own: Sequence[str], names: Sequence[str], groups: NDArray[np.int64],
    prints: Fingerprints,
) -> tuple[Suspect, ...]:  # fmt: skip
    """List the pictures that are worth a look.

    Args:
        scores: float64 ``[n, classes]``, 0-1, each row by a layer that has not learnt from it.
        labels: of the classes, in order.
        own: the label of each of the n pictures.
        names: of the pictures.
        groups: int64 ``[n]``; those of one number belong together.
        prints: of the pictures.

    Returns:
        By kind; of wrong labels the one by the largest margin first.
    """
    targets = np.array([labels.index(label) for label in own], np.int64)
    doubts = [
        Suspect(names[each.place], own[each.place], WRONG_LABEL, labels[each.likely], each.score, each.margin)
        for each in wrong_labels(scores, targets, groups)
    ]
    twice = [
        Suspect(names[one], own[one], TWO_LABELS, own[other], 1.0, 1.0, names[other])
        for one, other in under_two_labels(prints, own)
    ]
    return (*doubts, *twice)


def wrong_labels(scores: NDArray[np.float64], targets: NDArray[np.int64], groups: NDArray[np.int64]) -> list[Doubt]:
    """Find pictures that are likely under a wrong label, by the largest margin first.

    Args:
        scores: float64 ``[n, classes]``, 0-1, each row by a layer that has not learnt from it.
        targets: int64 ``[n]``, index of the label that each is under.
        groups: int64 ``[n]``; a label of fewer than `LEAST` groups is not judged.
    """
    classes = scores.shape[1]
    enough = [label for label in range(classes) if len(np.unique(groups[targets == label])) >= LEAST]
    of_own = {label: scores[targets == label, label] for label in enough}
    known = {label: float(mine.mean() - mine.std()) for label, mine in of_own.items()}
    if not known:
        return []
    # A label that no picture is under, as cats beside a folder of birds, has to be as likely as the others usually are.
    there, mean = set(targets.tolist()), sum(known.values()) / len(known)
    least = np.array([known.get(label, np.inf if label in there else mean) for label in range(classes)])
    rows = np.arange(len(targets))
    others = np.where(scores >= least, scores, 0.0)
    others[rows, targets] = 0.0
    likely = others.argmax(axis=1)
    margin = others[rows, likely] - scores[rows, targets]
    margin[~np.isin(targets, enough)] = 0.0
    order = np.argsort(-margin, kind="stable")
    return [
        Doubt(place, int(likely[place]), float(scores[place, likely[place]]), float(margin[place]))
        for place in order[margin[order] > 0].tolist()
    ]


def unseen_scores(
    features: NDArray[np.float32], targets: NDArray[np.int64], groups: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Return scores, each row of a linear layer that was fitted without its group.

    Ridge regression on one-hot targets, which gives the answers to what was left out in closed form; as strong as leaves the
    smallest error there. Source: D. Allen, "The relationship between variable selection and data augmentation and a method for
    prediction", Technometrics 16 (1974); of groups: the same with their block of the hat matrix.

    Args:
        features: float32 ``[n, d]``.
        targets: int64 ``[n]``, index of a label.
        groups: int64 ``[n]``; those of one number are left out together.
        classes: how many labels there are.

    Returns:
        float64 ``[n, classes]``, 0-1.
    """
    wanted = np.eye(classes)[targets]
    shares = wanted.mean(axis=0)
    basis, sizes = _directions(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9))
    along = basis.T @ (wanted - shares)
    together = [members for members in _members(groups) if len(members) > 1]
    found, smallest = wanted, np.inf
    for strength in _STRENGTHS:
        kept = sizes / (sizes + strength)
        missed = wanted - shares - (basis * kept) @ along
        leverage = 1 / len(targets) + basis**2 @ kept
        unseen = wanted - missed / np.maximum(1 - leverage, _SMALL)[:, np.newaxis]
        for members in together:
            block = 1 / len(targets) + (basis[members] * kept) @ basis[members].T
            unseen[members] = wanted[members] - np.linalg.solve((1 + _SMALL) * np.eye(len(members)) - block, missed[members])
        error = float(((unseen - wanted) ** 2).mean())
        if error < smallest:
            found, smallest = unseen, error
    return np.clip(found, 0.0, 1.0)


def _directions(unit: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the rows are along the directions in which they differ, each of length 1, and the squared lengths."""
    centred = np.asarray(unit - unit.mean(axis=0), np.float64)
    few = len(centred) <= centred.shape[1]
    sizes, vectors = np.linalg.eigh(centred @ centred.T if few else centred.T @ centred)
    kept = sizes > 1e-9 * max(float(sizes[-1]), 1e-12)
    sizes, vectors = sizes[kept], vectors[:, kept]
    return vectors if few else centred @ vectors / np.sqrt(sizes), sizes


def _members(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(groups, kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)) if len(order) else []


def under_two_labels(prints: Fingerprints, own: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Find pictures that are nearly the same and under different labels, as pairs of places.

    A camera's empty room and the same room with a small pet are nearly the same picture, so of pictures of neither only those
    are told that are the same.

    Args:
        prints: of n pictures.
        own: the label of each.
    """
    names = np.array(own, object)
    for label in sorted(Counter(own)):
        mine = np.flatnonzero(names == label)
        later = np.array([each > label for each in own], bool)
        bare = later & ((names == NEITHER) | (label == NEITHER))
        for rest, limits in ((np.flatnonzero(later & ~bare), CLOSE), (np.flatnonzero(bare), SAME)):
            for one, other in copies(prints[mine], prints[rest], *limits):
                yield int(mine[one]), int(rest[other])


def counted(suspects: Sequence[Suspect]) -> str:
    """Say how many there are of each kind; empty where there are none."""
    counts = Counter(each.kind for each in suspects)
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
