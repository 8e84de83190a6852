"""Early stopping: a phase ends when the validation loss no longer falls, and the weights of its best epoch stay.

May import: Keras, this room's `history`.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras

from .history import Epoch


class EarlyStopping:
    """Remembers a phase's best epoch.

    Args:
        variables: Keras variables of the model that is trained.
        patience: epochs without a lower validation loss after which the phase is over; 0 for never.
        before: epochs of earlier phases, which do not count: what a phase begins with is none of its epochs.

    Attributes:
        kept: variables that hold the best epoch's values, to be checkpointed with the others; none without patience.
    """

    def __init__(self, variables: Sequence[Any], patience: int, before: int = 0) -> None:
        self._variables, self._patience, self._before = variables, patience, before
        self.kept = [keras.Variable(variable, trainable=False, dtype=variable.dtype) for variable in variables if patience]

    def see(self, history: Sequence[Epoch]) -> None:
        """Take note of an epoch: the last one of `history`."""
        if self._patience and self._best(history) == len(history):
            for kept, variable in zip(self.kept, self._variables, strict=True):
                kept.assign(variable)

    def is_over(self, history: Sequence[Epoch]) -> bool:
        """Whether the loss has not fallen for long enough."""
        done = len(history) > self._before
        return bool(self._patience) and done and len(history) - self._best(history) >= self._patience

    def restore_best(self) -> None:
        """Give the model the best epoch's weights; without patience it keeps the last one's."""
        for variable, kept in zip(self._variables, self.kept, strict=False):
            variable.assign(kept)

    def _best(self, history: Sequence[Epoch]) -> int:
        losses = {epoch.number: epoch.val_loss for epoch in history[self._before :] if epoch.val_loss is not None}
        return min(losses, key=lambda number: losses[number] if math.isfinite(losses[number]) else math.inf)
