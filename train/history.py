"""What a run remembers of each pass over its data."""

import math
from dataclasses import dataclass

from catdog.edge.errors import TrainingError

PLAIN, DISTILL, HEAD, FINE_TUNE = "plain", "distil", "head", "fine-tune"


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data."""

    # "plain" (pictures through the network as built), "distil" (the backbone learning from larger pictures), "head" (cached
    # features through the head) or "fine-tune" (pictures through the network, all trainable)
    phase: str
    number: int  # from 1, counted through all phases
    loss: float  # mean cross-entropy on the altered training pictures, in nats
    accuracy: float  # share of those that were right, 0-1
    val_loss: float | None  # the same on the unaltered validation pictures; None if they are measured on at the end only
    val_accuracy: float | None  # the same on the unaltered validation pictures; None likewise
    seconds: float  # wall time

    @classmethod
    def of(cls, phase: str, number: int, log: dict[str, float], seconds: float) -> "Epoch":
        """Take what Keras logged for an epoch."""
        return cls(
            phase=phase,
            number=number,
            loss=float(log["loss"]),
            accuracy=float(log["accuracy"]),
            val_loss=float(log["val_loss"]) if "val_loss" in log else None,
            val_accuracy=float(log["val_accuracy"]) if "val_accuracy" in log else None,
            seconds=seconds,
        )


def require_finite(loss: float, phase: str, number: int) -> None:
    """Refuse to go on learning from what is no number; the checkpoint of the epoch before stays.

    Raises:
        TrainingError: the loss is infinite or not a number.
    """
    if not math.isfinite(loss):
        raise TrainingError(
            f"a finite loss in epoch {number} of the phase {phase}",
            got=str(loss),
            fix="Train with a smaller rate, and check that the backbone weights are whole.",
        )
