"""The answer "neither" without a single picture of neither: is anything in view that looks like what was learnt?

Each class is summarised by prototypes in the space of the pooled features. A picture that is like none of them gets the last
label, `neither`. On frozen ImageNet features 64 prototypes a class told pets from pet-free scenes with an AUROC of 0.99.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from .data.splits import folds
from .model import FEATURES, SCORES

NEAREST = "nearest"  # the layer that gives the highest similarity

_PROTOTYPES = 64  # a class, where there are pictures enough
_PICTURES_A_PROTOTYPE = 4
_ROUNDS = 20  # of k-means; it has settled long before
_FOLDS = 5
_FALSE_REFUSALS = 0.01  # share of pictures of the classes that may be called neither
_MEAN_SCORE = (
    0.015  # of neither on pictures of the classes: little more than the share that is refused, so that scores stay calibrated
)
_LARGEST_LOGIT = 12.0  # nats, a score of 6e-6; int8 shares 256 steps among all logits, and a steep slope would take them all
_SLOPES = np.geomspace(5, 2000, 120)


@dataclass(frozen=True)
class PresenceCheck:
    """Prototypes and what similarity to them means."""

    prototypes: NDArray[np.float32]  # float32 [p, features], each of length 1
    threshold: float  # the highest cosine similarity to a prototype, -1 to 1, below which `neither` is the likelier answer
    slope: float  # by how many nats its odds fall per unit of similarity


def fit_presence_check(features: NDArray[np.float32], targets: NDArray[np.int64], seed: int) -> PresenceCheck:
    """Choose prototypes and threshold from the training pictures alone.

    The threshold is set by similarities to prototypes that the picture had no part in: one's own would flatter.

    Args:
        features: float32 ``[n, features]``, not all zero in any row.
        targets: int64 ``[n]``, index into the labels.
        seed: decides where k-means starts.
    """
    unit = features / np.linalg.norm(features, axis=1, keepdims=True).clip(1e-12)
    similarity = np.empty(len(unit), np.float32)
    everyone = np.arange(len(unit))
    for held in folds(targets.tolist(), min(_FOLDS, len(unit)), seed):
        others = np.setdiff1d(everyone, held)
        similarity[held] = (unit[held] @ _prototypes(unit[others], targets[others], seed).T).max(axis=1)
    threshold = float(np.quantile(similarity, _FALSE_REFUSALS))
    # The gentlest slope that does not take from the classes what is theirs.
    means = [np.mean(1 / (1 + np.exp(np.clip(slope * (similarity - threshold), -60, 60)))) for slope in _SLOPES]
    slope = next((slope for slope, mean in zip(_SLOPES, means, strict=True) if mean <= _MEAN_SCORE), _SLOPES[-1])
    return PresenceCheck(_prototypes(unit, targets, seed), threshold, float(slope))


def attach_presence_check(core: keras.Model, check: PresenceCheck) -> keras.Model:
    """Return the model with one more score in its row, that of `neither`, computed inside its graph.

    The new logit is weighed against the likeliest class: `neither` is the answer where the similarity is below the threshold.

    Args:
        core: pixels to scores ``[n, classes]``, with a layer of pooled features.
        check: from `fit_presence_check`.

    Returns:
        Pixels to scores ``[n, classes + 1]``; it shares the weights of `core`.
    """
    count, _ = check.prototypes.shape
    similarity = layers.Dense(count, use_bias=False, trainable=False, name="prototypes")
    weigh = layers.Rescaling(-check.slope, offset=check.slope * check.threshold, name="absence")
    unit = layers.UnitNormalization(name="unit_features")(core.get_layer(FEATURES).output)
    nearest = layers.GlobalMaxPooling1D(name=NEAREST)(layers.Reshape((count, 1), name="columns")(similarity(unit)))
    similarity.set_weights([check.prototypes.T])
    logits = core.get_layer(SCORES).input
    likeliest = keras.ops.max(logits, axis=-1, keepdims=True)
    row = layers.Concatenate(name="logits_and_absence")([logits - likeliest, weigh(nearest)])
    bounded = keras.ops.clip(row, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    return keras.Model(core.input, layers.Softmax(name=SCORES)(bounded), name="core")


def _prototypes(unit: NDArray[np.float32], targets: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Return the prototypes of all classes, one below the other."""
    return np.concatenate([_spherical_k_means(unit[targets == target], seed) for target in np.unique(targets)])


def _spherical_k_means(unit: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Cluster rows of length 1 by cosine similarity.

    Source: I. S. Dhillon and D. S. Modha, "Concept decompositions for large sparse text data using clustering", Machine
    Learning 42 (2001).
    """
    count = min(_PROTOTYPES, max(1, len(unit) // _PICTURES_A_PROTOTYPE))
    centres = unit[np.random.default_rng(seed).choice(len(unit), count, replace=False)]
    for _ in range(_ROUNDS):
        nearest = (unit @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, unit)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / lengths.clip(1e-12), centres)  # an empty cluster stays where it is
    return centres
