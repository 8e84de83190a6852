"""Honest scores: one number that all logits are divided by, so that of answers with 90 % about 90 % are right.

Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.
"""

import keras
import numpy as np
from numpy.typing import NDArray

from .model import LOGITS, ONE_LOGIT

_CANDIDATES = np.geomspace(0.2, 5.0, 325)  # 1 % apart


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """Find the temperature with the smallest cross-entropy.

    A model that gets every picture right would be pushed to certainty, so the targets are softened as if one more picture of
    each class had been seen (J. Platt, "Probabilistic outputs for support vector machines", 1999).

    Args:
        logits: float32 ``[n, classes]``.
        targets: int64 ``[n]``, index into the labels.
    """
    n, classes = logits.shape
    truth = np.full((n, classes), 1.0 / (n + classes))
    truth[np.arange(n), targets] = (n + 1.0) / (n + classes)
    losses = [-(truth * _log_softmax(logits / candidate)).sum() for candidate in _CANDIDATES]
    return float(_CANDIDATES[int(np.argmin(losses))])


def apply_temperature(core: keras.Model, temperature: float) -> None:
    """Divide the logits of a model by a temperature, in the weights of their layer."""
    names = {layer.name for layer in core.layers}
    layer = core.get_layer(ONE_LOGIT if ONE_LOGIT in names else LOGITS)
    layer.set_weights([weights / temperature for weights in layer.get_weights()])


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
