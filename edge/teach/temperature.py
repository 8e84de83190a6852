"""Candidates for the one number that all logits are divided by, so that of answers with 90 % about 90 % are right.

Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .logistic import log_softmax

CANDIDATES = np.geomspace(0.2, 5.0, 325)  # 1 % apart; 1 is among them
# A model that gets each of a few pictures right would be pushed to certainty. What speaks against that is a prior on the
# logarithm, normal round 0: a factor of 1.6 either way within one standard deviation. It weighs as much for two classes as for
# a hundred, and less and less the more pictures there are.
_PRIOR = 0.5


def losses_at(logits: NDArray[np.floating[Any]], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cross-entropy of each picture at each candidate, ``[candidates, n]``, in nats."""
    rows = np.arange(len(targets))
    return np.stack([-log_softmax(logits.astype(np.float64) / candidate)[rows, targets] for candidate in CANDIDATES])


def best(losses: NDArray[np.float64]) -> int:
    """Return the candidate with the largest posterior for these pictures."""
    return int(np.argmin(losses.sum(axis=1) + np.log(CANDIDATES) ** 2 / (2 * _PRIOR**2)))
