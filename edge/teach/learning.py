"""From examples and the layer that is there to a new layer: how strongly it is held to the old one, and how sure it may be."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.model_contract import NEITHER
from .cut import Head
from .examples import DRAWN, Examples, folds
from .logistic import Floats, Span, fit, log_softmax
from .temperature import CANDIDATES, best, losses_at

_STRENGTHS = tuple(10.0**power for power in (-1, -2, -3, -4, -5, -6))
_FOLDS = 5
_SHIFTS = np.linspace(0.0, -8.0, 33)  # nats, of a new label's logit
_KEPT = 0.95  # of the pictures of new labels that were found have to be found after that
_UNKNOWN = 1.0  # nats, by which a new label begins below what it was taken for so far


@dataclass(frozen=True)
class Learnt:
    """A fitted layer and how it was arrived at.

    Attributes:
        head: the layer, its logits divided by the temperature.
        strength: of the L2 penalty, found by cross-validation.
        temperature: what the logits were divided by.
        shift: nats taken from new labels so that old ones lose no more than they may.
        logits: of the examples by layers that were fitted without their groups, ``[n, classes]``, before shift and temperature.
    """

    head: Head
    strength: float
    temperature: float
    shift: float
    logits: Floats


def extended(head: Head, old: tuple[str, ...], labels: tuple[str, ...]) -> Head:
    """Return a layer with a row for each of `labels`: what is new begins as `neither`, or as the mean of all, and a bit less.

    Args:
        head: of the labels `old`.
        old: the labels of its rows.
        labels: those wanted, all of `old` among them.
    """
    if NEITHER in old:
        weights, bias = head.weights[old.index(NEITHER)], head.bias[old.index(NEITHER)]
    else:
        weights, bias = head.weights.mean(axis=0), head.bias.mean()
    rows = [old.index(label) if label in old else -1 for label in labels]
    return Head(
        np.stack([weights if row < 0 else head.weights[row] for row in rows]),
        np.array([bias - _UNKNOWN if row < 0 else head.bias[row] for row in rows]),
    )


def learn(examples: Examples, start: Head, new: NDArray[np.bool_], max_drop: float, tell: Callable[[str], None]) -> Learnt:
    """Fit the layer.

    Args:
        examples: what to learn from.
        start: a row for each label; what is not learnt stays as it is there.
        new: bool ``[classes]``, which labels are.
        max_drop: points of the others' accuracy that the new ones may take.
        tell: takes a line on what was found.
    """
    span, base = Span.of(examples.features), start(examples.features)
    weights = _weights(examples)
    parts = folds(examples, _FOLDS)
    apart = {strength: _crossed(span, base, examples, weights, parts, strength) for strength in _STRENGTHS}
    losses = {
        strength: -float((weights[:, np.newaxis] * examples.targets * log_softmax(logits)).sum())
        for strength, logits in apart.items()
    }
    strength = min(losses, key=losses.__getitem__)
    logits = apart[strength]
    shift = _shift(logits, base, examples, new, max_drop)
    # By new pictures alone, and never surer than the parent was: on exemplars, which it has learnt from, it is too sure, and
    # its own temperature is of more pictures than there are here.
    unseen = np.array([bool(name) for name in examples.names])
    shifted = logits + np.where(new, shift, 0.0)
    temperature = max(1.0, float(CANDIDATES[best(losses_at(shifted[unseen], examples.truth[unseen]))]))
    added, bias = fit(span.places, examples.targets, weights, base, strength)
    by_feature = (added.astype(np.float32) @ span.back).astype(np.float64)
    head = Head(
        (start.weights + by_feature) / temperature,
        (start.bias + bias - by_feature @ span.mean + np.where(new, shift, 0.0)) / temperature,
    )
    tell(f"fitted: L2 {strength:g}, temperature {temperature:.2f}, cross-entropy {losses[strength]:.3f} in cross-validation")
    return Learnt(head, strength, temperature, float(shift), logits)


def unseen_by(learnt: Learnt, examples: Examples, held: NDArray[np.bool_], new: NDArray[np.bool_]) -> Floats:
    """Return scores of examples by layers that have not learnt from them, float64 ``[n, classes]``, 0-1.

    Args:
        learnt: from those that were not held back; views of these may be behind them.
        examples: all.
        held: bool ``[n]``, which were held back.
        new: bool ``[classes]``, which labels are.
    """
    logits = np.empty((len(examples), len(new)))
    logits[held] = learnt.head(examples.features[held])
    others = learnt.logits[: int((~held).sum())]
    logits[~held] = (others + np.where(new, learnt.shift, 0.0)) / learnt.temperature
    return np.asarray(np.exp(log_softmax(logits)))


def _weights(examples: Examples) -> Floats:
    """Weigh pictures by the root of how rare their label is: in full, 20 of a new label would be as likely as all else."""
    answers = examples.targets.argmax(axis=1)
    weights = 1 / np.sqrt(np.bincount(answers, minlength=examples.targets.shape[1])[answers])
    return np.asarray(weights / weights.sum(), np.float64)


def _crossed(
    span: Span, base: Floats, examples: Examples, weights: Floats, parts: NDArray[np.int64], strength: float
) -> Floats:
    """Return the logits of each part by a layer that was fitted to the others."""
    logits = base.copy()
    for part in np.unique(parts):
        held = parts == part
        own = weights[~held] / weights[~held].sum()
        added, bias = fit(span.places[~held], examples.targets[~held], own, base[~held], strength)
        logits[held] += span.places[held] @ added.T + bias
    return logits


def _shift(logits: Floats, base: Floats, examples: Examples, new: NDArray[np.bool_], max_drop: float) -> float:
    """Find the smallest shift of new labels with which old ones lose no more than they may, if new ones keep most of theirs.

    Where nothing is known of an old label it is as large as the new ones bear: drawn pictures say little of what is lost.
    """
    old = np.flatnonzero((examples.truth != DRAWN) & ~new[examples.truth])
    own = np.flatnonzero((examples.truth != DRAWN) & new[examples.truth])
    if not len(own):
        return 0.0
    all_known = set(examples.truth[old].tolist()) == set(np.flatnonzero(~new).tolist())
    before = (np.where(new, -np.inf, base)[old].argmax(axis=1) == examples.truth[old]).sum()
    found = (logits[own].argmax(axis=1) == examples.truth[own]).sum()
    free, needed, met = 0.0, 0.0, False
    for shift in _SHIFTS.tolist():
        row = np.where(new, shift, 0.0)
        kept = ((logits[own] + row).argmax(axis=1) == examples.truth[own]).sum()
        if kept < _KEPT * found:
            break
        free = shift if kept == found else free
        if not met:
            lost = before - ((logits[old] + row).argmax(axis=1) == examples.truth[old]).sum()
            needed, met = shift, all_known and lost <= max_drop / 100 * len(old)
    return min(needed, free / 2)  # half of what costs nothing: what is known of old labels is not all that there is
