"""What a backend is."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract.preprocess import Pixels
from .delegation import Delegation


class Backend(Protocol):
    """A model loaded into a runtime.

    Attributes:
        input_dtype: ``"uint8"`` or ``"float32"``; ``"int8"`` or ``"float16"`` where the runtime runs such models of others.
        input_height: pixels; 0 where the model takes any.
        input_width: pixels; 0 where the model takes any.
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
            pixels: of `input_dtype`, C-contiguous; ``[1, height, width, 3]`` RGB 0-255, or what the contract of a model of
                others says.

        Returns:
            float32 ``[classes]``, a row of its own that the next call does not overwrite: as the model gives it, integers as
            the real numbers that they stand for, without a softmax of its own.
        """
        ...


def size_of(shape: Sequence[object]) -> tuple[int, int] | None:
    """Return height and width of an input for one coloured picture; 0 for a side of any length, None for another shape.

    Args:
        shape: ``[1, height, width, 3]`` or ``[1, 3, height, width]``; what is no number above 0 stands for any.
    """
    sides = [side if isinstance(side, int) and side > 0 else 0 for side in shape]
    if len(sides) != 4 or sides[0] not in (0, 1):
        return None
    if sides[3] == 3 or (sides[3] == 0 and sides[1] not in (0, 3)):
        return sides[1], sides[2]
    return (sides[2], sides[3]) if sides[1] in (0, 3) else None
