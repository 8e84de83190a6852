"""Multinomial logistic regression in NumPy that goes on from weights that are there: L2 towards these, not towards zero.

Sources: D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 45
(1989); for fewer pictures than features the solution lies in the span of the pictures: T. Hastie, R. Tibshirani, J. Friedman,
"The elements of statistical learning", section 18.3.5.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_DIRECTIONS = 512  # of the features, those in which pictures differ most; more cost time alone
_PAIRS, _MOST_STEPS = 10, 200
_SMALL = 1e-5  # of the gradient: it is done


@dataclass(frozen=True)
class Span:
    """Features in as many directions as the pictures differ in.

    Attributes:
        places: float64 ``[n, r]``, where the pictures are; of mean length 1, round their mean.
        back: float32 ``[r, features]``: from weights of the directions to weights of features.
        mean: float32 ``[features]``, of the pictures.
    """

    places: Floats
    back: NDArray[np.float32]
    mean: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> "Span":
        """Find the directions of features ``[n, features]``."""
        mean = features.mean(axis=0)
        centred = features - mean
        gram = np.asarray(centred @ centred.T, np.float64)
        unit = float(np.trace(gram)) / len(gram) or 1.0
        values, vectors = np.linalg.eigh(gram / unit)
        kept = np.flatnonzero(values > 1e-7 * values[-1])[-_MOST_DIRECTIONS:]
        roots = np.sqrt(values[kept].clip(1e-12))
        back = (vectors[:, kept] / roots).T.astype(np.float32) @ centred / np.float32(unit)
        return cls(vectors[:, kept] * roots, back, mean)


def fit(places: Floats, targets: Floats, weights: Floats, base: Floats, strength: float) -> tuple[Floats, Floats]:
    """Find what is to be added to the logits that are there.

    Args:
        places: float64 ``[n, r]``.
        targets: float64 ``[n, classes]``, rows sum to 1.
        weights: float64 ``[n]``, of the pictures; they sum to 1.
        base: float64 ``[n, classes]``, the logits that are there.
        strength: of the L2 penalty.

    Returns:
        weights ``[classes, r]`` and bias ``[classes]``.
    """
    classes, width = targets.shape[1], places.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        table = flat.reshape(classes, width + 1)
        logs = log_softmax(base + places @ table[:, :width].T + table[:, width])
        apart = (np.exp(logs) - targets) * weights[:, np.newaxis]
        slope = np.empty_like(table)
        slope[:, :width] = apart.T @ places + strength * table[:, :width]
        slope[:, width] = apart.sum(axis=0)
        value = -float((weights[:, np.newaxis] * targets * logs).sum()) + strength / 2 * float((table[:, :width] ** 2).sum())
        return value, slope.ravel()

    found = _minimum(loss, np.zeros(classes * (width + 1))).reshape(classes, width + 1)
    return found[:, :width], found[:, width]


def log_softmax(logits: Floats) -> Floats:
    """Return the logarithms of the scores of logits ``[n, classes]``."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _minimum(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """Minimise a convex function by L-BFGS with backtracking."""
    at, (value, slope) = start, loss(start)
    pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=_PAIRS)
    for _ in range(_MOST_STEPS):
        if float(np.abs(slope).max()) < _SMALL:
            break
        way = -_times_inverse(slope, pairs)
        step, fall = 1.0, float(slope @ way)
        while True:
            new = at + step * way
            new_value, new_slope = loss(new)
            if new_value <= value + 1e-4 * step * fall or step < 1e-8:
                break
            step /= 2
        moved, bent = new - at, new_slope - slope
        if (product := float(moved @ bent)) > 1e-12:
            pairs.append((moved, bent, 1 / product))
        at, value, slope = new, new_value, new_slope
    return at


def _times_inverse(slope: Floats, pairs: deque[tuple[Floats, Floats, float]]) -> Floats:
    """Multiply by the inverse Hessian that the last steps let guess: the two loops of the source."""
    result = slope.copy()
    factors = []
    for moved, bent, inverse in reversed(pairs):
        factors.append(inverse * float(moved @ result))
        result -= factors[-1] * bent
    if pairs:
        moved, bent, inverse = pairs[-1]
        result *= 1 / (inverse * float(bent @ bent))
    for (moved, bent, inverse), factor in zip(pairs, reversed(factors), strict=True):
        result += (factor - inverse * float(bent @ result)) * moved
    return result
