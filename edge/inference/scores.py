"""From the row that a model gives to scores: left as they are, or through a softmax or sigmoid where they are logits.

Which of both it is stands in the contract. It is not told from the numbers: logits may lie between 0 and 1 for one picture and
not for the next, and uint8 scores of a thousand labels do not sum to 1.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..contract.model_contract import LOGITS, ModelContract
from ..errors import ModelError

_ROUNDING = 0.01  # by which a score may lie outside of 0 to 1


def scores_of(row: NDArray[np.float32], contract: ModelContract) -> NDArray[np.float32]:
    """Return a score for each label.

    Args:
        row: float32 ``[classes]``, as the backend gives it; a single number for two labels is that of the second.
        contract: says what the numbers are.

    Returns:
        float32 ``[labels]``. They sum to 1, unless the model answers for each label alone, or in steps too coarse for that.

    Raises:
        ModelError: a number is none, or no probability where there should be some; no answer can be made of that.
    """
    values = row.tolist()  # of a few scores Python's own arithmetic is several times faster
    if not math.isfinite(sum(values)):
        raise ModelError("scores that are numbers", got=str(values[:5]), fix="Export or train the model again.")
    if contract.scores == LOGITS:
        if len(values) == 1:
            row = np.array([0.0, values[0]], np.float32)
        powers = np.exp(row - row.max())
        result: NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
        return result
    if min(values) < -_ROUNDING or max(values) > 1 + _ROUNDING:
        raise ModelError(
            "probabilities, 0 to 1",
            got=f"scores of {min(values):.3g} to {max(values):.3g}",
            fix="They are logits: --scores logits",
        )
    return row if len(values) > 1 else np.array([1 - values[0], values[0]], np.float32)
