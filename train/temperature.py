"""Calibrated scores: one number that all logits are divided by, so that of answers with 90 % about 90 % are right.

Sources: C. Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2 (the temperature); M. Stone,
"Cross-validatory choice and assessment of statistical predictions", 1974 (whether it does any good).
"""

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.teach.temperature import CANDIDATES, best, losses_at

from .data.splits import folds
from .model import LOGITS, ONE_LOGIT

_FOLDS = 5


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """Find the temperature with the smallest cross-entropy, or 1 where pictures that it was not fitted on are worse off.

    Args:
        logits: float32 ``[n, classes]``.
        targets: int64 ``[n]``, index into the labels.
    """
    losses = losses_at(logits, targets)
    unchanged = int(np.argmin(np.abs(np.log(CANDIDATES))))
    parts = folds(targets.tolist(), min(_FOLDS, len(targets)), seed=0)
    everyone = np.arange(len(targets))
    gained = 0.0
    for held in parts:
        others = np.setdiff1d(everyone, held)
        gained += float((losses[unchanged, held] - losses[best(losses[:, others]), held]).sum())
    return float(CANDIDATES[best(losses) if gained > 0 else unchanged])


def apply_temperature(core: keras.Model, temperature: float) -> None:
    """Divide the logits of a model by a temperature, in the weights of their layer."""
    names = {layer.name for layer in core.layers}
    layer = core.get_layer(ONE_LOGIT if ONE_LOGIT in names else LOGITS)
    layer.set_weights([weights / temperature for weights in layer.get_weights()])
