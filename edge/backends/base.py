"""What a backend is."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract.preprocess import Pixels
from ..errors import ModelError
from .delegation import Delegation


class Backend(Protocol):
    """A model loaded into a runtime.

    Attributes:
        input_dtype: ``"uint8"`` or ``"float32"``.
        input_height: pixels.
        input_width: pixels.
        classes: length of the score row.
        embedded_contract: the contract's JSON if the runtime found one inside the file, else None.
    """

    input_dtype: str
    input_height: int
    input_width: int
    classes: int
    embedded_contract: str | None

    @property
    def name(self) -> str:
        """The runtime and its version, e.g. ``"ai-edge-litert 2.3.0"``."""
        ...

    @property
    def delegation(self) -> Delegation:
        """What computes, and how much of the model."""
        ...

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Run the model once.

        Args:
            pixels: ``[1, height, width, 3]`` RGB 0-255 of `input_dtype`, C-contiguous.

        Returns:
            float32 ``[classes]``, a row of its own that the next call does not overwrite.
        """
        ...


def as_distribution(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `row` as scores that sum to 1: unchanged if they do, else through softmax.

    Our artifacts always pass unchanged. A foreign file that was given `--labels` may end in logits.

    Args:
        row: float32 ``[classes]``.

    Raises:
        ModelError: a score is not a number; no answer can be made of that.
    """
    values = row.tolist()  # of a few scores Python's own arithmetic is several times faster
    total = sum(values)
    if not math.isfinite(total):
        raise ModelError("scores that are numbers", got=str(values), fix="Export or train the model again.")
    if min(values) >= 0 and abs(total - 1) < 0.02:
        return row
    powers = np.exp(row - row.max())
    result: NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
    return result
