"""Plain stages that start dead: what tells them, and the next start from other weights.

Unscaled pixels and Adam's first steps leave many starts of the write-ups' stages 1 and 2 with units that see no picture, and
such units learn from none; others lose all they had learnt after some epochs. It is decided by the training pictures alone.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import keras
import numpy as np

from catdog.edge.errors import TrainingError

from ..checkpoint import Checkpoint
from ..data.pictures import Pictures
from ..features import predict

LOG = logging.getLogger(__name__)
T = TypeVar("T")

_ALIKE = 1e-4  # nats, to which logits are rounded to tell whether they are the same answer
_BLIND = 1 / 3  # share of different pictures that get the very same answer, above which a network is restarted
_PATIENCE = 5  # epochs after which a network must do better than guess
_GUESSING = 0.995  # of the loss of always answering with the labels' shares; more is guessing
_STARTS = 10
_STALLS = 3  # starts that may be given up for guessing; a fourth goes on, since some pictures have nothing to be learnt


class DeadNetworkError(TrainingError):
    """The network is dead, blind to many pictures, or does not learn."""


def with_restarts(fit: Callable[[int], T], stage: str, checkpoint: Checkpoint | None) -> T:
    """Train a stage; restart it, up to ten times, while the network is dead.

    Args:
        fit: trains it, told how often it was restarted, on which its weights depend.
        stage: which, for the log.
        checkpoint: where it keeps what it learns; None for nowhere.

    Raises:
        DeadNetworkError: the last start was dead, too.
    """
    # A run that goes on is seeded as the start that was stopped.
    restarts = checkpoint.restarts if checkpoint and checkpoint.read() else 0
    while True:
        try:
            return fit(restarts)
        except DeadNetworkError as error:
            if checkpoint:
                checkpoint.remove()  # the next start must not go on from this one
            restarts += 1
            if restarts == _STARTS:
                raise
            LOG.warning("the network of the stage %s: %s; restarted from other weights", stage, error.got)


def require_progress(
    model: keras.Model,
    pictures: Pictures,
    loss: float,
    weights: dict[int, float] | None,
    *,
    epoch: int,
    epochs: int,
    restarts: int,
) -> None:
    """Look after the first epoch whether a network is alive, and after some whether it learns.

    Args:
        model: pixels to logits.
        pictures: those it learns from.
        loss: cross-entropy of the epoch in nats.
        weights: of the labels' pictures in that loss; None for all the same.
        epoch: which is done, from 1.
        epochs: how many there are.
        restarts: how often it was restarted; after some it may guess to the end.

    Raises:
        DeadNetworkError: it is not, or does not.
    """
    if epoch == 1:
        _require_alive(model, pictures)
    if epoch == _PATIENCE < epochs and restarts < _STALLS:
        _require_learning(loss, pictures, weights)


def _require_alive(model: keras.Model, pictures: Pictures) -> None:
    """Refuse a network that gives many different pictures the very same answer; where all have one label, it may be right."""
    some = pictures[range(0, len(pictures), max(1, len(pictures) // 256))]
    _, different = np.unique(some.pixels.reshape(len(some), -1), axis=0, return_index=True)
    logits = np.round(predict(model, some.pixels[different]) / _ALIKE)
    _, answer, counts = np.unique(logits, axis=0, return_inverse=True, return_counts=True)
    blind = answer.ravel() == counts.argmax()
    if blind.mean() > _BLIND and np.ptp(some.targets[different][blind]):
        raise DeadNetworkError(
            "a network that tells pictures apart",
            got=f"the same answer to {blind.mean():.0%} of the pictures",
            fix="Try another --seed or pipeline.",
        )


def _require_learning(loss: float, pictures: Pictures, weights: dict[int, float] | None) -> None:
    """Refuse a network whose loss is that of always answering with the labels' shares."""
    found, counts = np.unique(pictures.targets, return_counts=True)
    shares = counts * np.array([1.0 if weights is None else weights[label] for label in found.tolist()]) / len(pictures)
    guessing = -float(np.sum(shares * np.log(shares)))
    if loss > _GUESSING * guessing:
        raise DeadNetworkError(
            f"a loss clearly below {guessing:.3f}, that of guessing",
            got=f"a loss of {loss:.3f} after {_PATIENCE} epochs",
            fix="Try another --seed or pipeline.",
        )
