"""What a trained model gets right, with intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catdog.edge.figures import Figure

from .dataset import Dataset


@dataclass(frozen=True)
class Evaluation:
    """A model's answers on the validation pictures of a data set.

    Attributes:
        accuracy: share of right answers.
        per_label: the same for each label's pictures.
        confusion: rows are the true labels, columns the answers, in the order of the labels.
        baseline: share of the most frequent label: what a model that always says the same would get, 0-1.
    """

    accuracy: Figure
    per_label: tuple[Figure, ...]
    confusion: tuple[tuple[int, ...], ...]
    baseline: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able fields."""
        from dataclasses import asdict

        return asdict(self)


def evaluate(scores: NDArray[np.float32], dataset: Dataset) -> Evaluation:
    """Compare scores with the truth.

    Args:
        scores: float32 ``[n, classes]``, for the data set's validation pictures.
        dataset: the data set.
    """
    targets = dataset.validation.targets
    confusion = np.zeros((len(dataset.labels), len(dataset.labels)), np.int64)
    np.add.at(confusion, (targets, scores.argmax(axis=1)), 1)
    on = f"{len(targets):,} validation pictures of {dataset.name}"
    return Evaluation(
        accuracy=Figure.share("accuracy", int(np.trace(confusion)), len(targets), on),
        per_label=tuple(
            Figure.share(f"accuracy on {label}", int(confusion[i, i]), int(confusion[i].sum()), on)
            for i, label in enumerate(dataset.labels)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        baseline=float(np.bincount(targets).max() / len(targets)),
    )
