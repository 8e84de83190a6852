"""What a run remembers of each pass over its data."""

from dataclasses import dataclass

PLAIN, HEAD, FINE_TUNE = "plain", "head", "fine-tune"


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        phase: ``"plain"`` (pictures through the network as built), ``"head"`` (cached features through the head) or
            ``"fine-tune"`` (pictures through the network, all of it trainable).
        number: from 1, counted through all phases.
        loss: mean cross-entropy on the altered training pictures, in nats.
        accuracy: share of those that were right, 0-1.
        val_loss: the same on the unaltered validation pictures.
        val_accuracy: the same on the unaltered validation pictures.
        seconds: wall time.
    """

    phase: str
    number: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float

    @classmethod
    def of(cls, phase: str, number: int, log: dict[str, float], seconds: float) -> "Epoch":
        """Take what Keras logged for an epoch."""
        figures = {name: float(log[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        return cls(phase=phase, number=number, **figures, seconds=seconds)
