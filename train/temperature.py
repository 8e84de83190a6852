"""Calibrated scores: one number that all logits are divided by, so that of answers with 90 % about 90 % are right.

Sources: C. Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2 (the temperature); M. Stone,
"Cross-validatory choice and assessment of statistical predictions", 1974 (whether it does any good).
"""

import keras
import numpy as np
from numpy.typing import NDArray

from .data.splits import folds
from .model import LOGITS, ONE_LOGIT

_CANDIDATES = np.geomspace(0.2, 5.0, 325)  # 1 % apart; 1 is among them
# A model that gets each of a few pictures right would be pushed to certainty. What speaks against that is a prior on the
# logarithm, normal round 0: a factor of 1.6 either way within one standard deviation. It weighs as much for two classes as for
# a hundred, and less and less the more pictures there are.
_PRIOR = 0.5
_FOLDS = 5


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """Find the temperature with the smallest cross-entropy, or 1 where pictures that it was not fitted on are worse off.

    Args:
        logits: float32 ``[n, classes]``.
        targets: int64 ``[n]``, index into the labels.
    """
    losses = _losses(logits, targets)
    unchanged = int(np.argmin(np.abs(np.log(_CANDIDATES))))
    parts = folds(targets.tolist(), min(_FOLDS, len(targets)), seed=0)
    everyone = np.arange(len(targets))
    gained = 0.0
    for held in parts:
        others = np.setdiff1d(everyone, held)
        gained += float((losses[unchanged, held] - losses[_best(losses[:, others]), held]).sum())
    return float(_CANDIDATES[_best(losses) if gained > 0 else unchanged])


def apply_temperature(core: keras.Model, temperature: float) -> None:
    """Divide the logits of a model by a temperature, in the weights of their layer."""
    names = {layer.name for layer in core.layers}
    layer = core.get_layer(ONE_LOGIT if ONE_LOGIT in names else LOGITS)
    layer.set_weights([weights / temperature for weights in layer.get_weights()])


def _losses(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cross-entropy of each picture at each candidate, ``[candidates, n]``, in nats."""
    rows = np.arange(len(targets))
    return np.stack([-_log_softmax(logits / candidate)[rows, targets] for candidate in _CANDIDATES])


def _best(losses: NDArray[np.float64]) -> int:
    """Return the candidate with the largest posterior for these pictures."""
    return int(np.argmin(losses.sum(axis=1) + np.log(_CANDIDATES) ** 2 / (2 * _PRIOR**2)))


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
