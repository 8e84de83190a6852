"""Does what is said of a model hold? Labelled pictures contradict a wrong order of the labels, and a wrong range of the input.

May import what the edge has, and nothing of TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import LOGITS
from catdog.edge.contract.paired import mcnemar
from catdog.edge.errors import CatdogError, UnprovenError, VerificationError
from catdog.edge.foreign.claims import INPUT_RANGES, Claims
from catdog.edge.inference.classifier import Classifier

from .proof import Truth

_SURE = 0.01  # chance below which another reading is believed to be the right one
_MOST_TRIED = 200  # pictures that other ranges are tried on
_LEAST_SPREAD = 1.0  # of the logarithms of scores: probabilities that go through a softmax never differ by more


@dataclass(frozen=True)
class Answers:
    """What a model says of labelled pictures.

    Attributes:
        scores: float32 ``[n, labels]``.
        targets: int64 ``[n]``, index into the labels.
        truth: what the pictures are.
        pictures: gives each of them once more.
    """

    scores: NDArray[np.float32]
    targets: NDArray[np.int64]
    truth: Truth
    pictures: tuple[Callable[[], NDArray[np.uint8]], ...]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which pictures are answered rightly."""
        return np.asarray(self.scores.argmax(axis=1) == self.targets)


def require_that_it_holds(classifier: Classifier, claims: Claims, found: Answers) -> None:
    """Refuse what the pictures contradict.

    Args:
        classifier: the model, as it is said to be.
        claims: what was said of it.
        found: its answers.

    Raises:
        VerificationError: another order of the labels or another range is right more often, or the model only guesses.
        UnprovenError: the pictures are too few to tell.
    """
    labels = classifier.contract.labels
    better = next(chain(_other_orders(found, labels), _other_ranges(classifier, claims, found)), "")
    accuracy = Figure.share("accuracy", int(found.right.sum()), len(found.targets), found.truth.data)
    refuse_reading(f"what is said of {classifier.model_path}", better, accuracy)
    if classifier.contract.scores == LOGITS and len(labels) > 1 and _hardly_differ(found.scores):
        raise VerificationError(
            "logits",
            got="numbers that never differ by more than 1, as probabilities do",
            fix="Say --scores probabilities.",
        )
    require_better_than_guessing(accuracy, found.targets, labels)


def refuse_reading(what: str, better: str, accuracy: Figure) -> None:
    """Raise an error where another reading is better.

    Args:
        what: was claimed, in words.
        better: the other reading, in words and what to type; empty for none.
        accuracy: of what was claimed.
    """
    if better:
        expected, _, fix = better.partition("; ")
        raise VerificationError(f"{what} to hold", got=f"an accuracy of {accuracy}; {expected}", fix=fix)


def require_better_than_guessing(accuracy: Figure, targets: NDArray[np.int64], labels: Sequence[str]) -> None:
    """Refuse a model that is right no more often than one that always says the same.

    Raises:
        VerificationError: it is not.
        UnprovenError: the pictures are too few to tell, or of one label alone.
    """
    counts = np.bincount(targets[targets >= 0], minlength=len(labels))
    most, share = labels[int(counts.argmax())], float(counts.max() / counts.sum())
    if (counts > 0).sum() < 2:
        raise UnprovenError("pictures of at least two labels", got=f"{most} alone", fix="Name others with --data.")
    if accuracy.value <= share:
        raise VerificationError(
            f"a model that is right more often than one that always says {most} ({share:.1%})",
            got=f"an accuracy of {accuracy}",
            fix="Check --labels, their order, and --input-range with those who made it; or the labels of the pictures.",
        )
    if accuracy.low <= share:
        raise UnprovenError(
            f"pictures enough to tell it from always saying {most} ({share:.1%})",
            got=f"an accuracy of {accuracy}",
            fix="Name more with --data.",
        )


def _other_orders(found: Answers, labels: Sequence[str]) -> Iterator[str]:
    """Give the order in which the labels fit the pictures, where it is another and fits much better."""
    if order := better_order(found.scores.argmax(axis=1), found.targets, len(labels)):
        answered = ", ".join(f"{labels[target]} is answered {labels[answer]}" for target, answer in order.items())
        proposed = list(labels)
        for target, answer in order.items():
            proposed[answer] = labels[target]
        shown = f": --labels {','.join(proposed)}" if len(proposed) < 10 and len(set(proposed)) == len(proposed) else ""
        yield f"mostly {answered}; The labels may be in another order{shown}"


def better_order(answers: NDArray[np.int64], targets: NDArray[np.int64], classes: int) -> dict[int, int]:
    """Return which score each label's pictures get, where these are all different, others than they should be, and fit better.

    Args:
        answers: int64 ``[n]``, the strongest score.
        targets: int64 ``[n]``, the label, -1 where it is not known.
        classes: how many scores there are.
    """
    present = [int(target) for target in np.unique(targets) if target >= 0]
    order = {target: int(np.bincount(answers[targets == target], minlength=classes).argmax()) for target in present}
    moved = {target: answer for target, answer in order.items() if target != answer}
    if not moved or len(set(order.values())) < len(order):
        return {}
    reordered = np.array([answer == order.get(int(target)) for answer, target in zip(answers, targets, strict=True)])
    return moved if much_better(reordered, answers == targets) else {}


def much_better(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Tell whether one is right so much more often than the other, picture by picture, that chance does not explain it."""
    gained, lost = int((one & ~other).sum()), int((other & ~one).sum())
    return gained > lost and mcnemar(lost, gained) < _SURE


def _other_ranges(classifier: Classifier, claims: Claims, found: Answers) -> Iterator[str]:
    """Give the range with which the model is right much more often."""
    tried = np.unique(np.linspace(0, len(found.targets) - 1, _MOST_TRIED).astype(int))
    pictures = [found.pictures[index]() for index in tried]
    best, name = found.right[tried], ""
    for other in INPUT_RANGES:
        try:
            asked = Classifier(classifier.model_path, claims=replace(claims, input_range=other), threads=1)
            if asked.contract.input == classifier.contract.input:
                continue
            answers = [asked.contract.labels.index(asked.classify(picture).label) for picture in pictures]
        except CatdogError:  # a file of whole numbers takes no other
            continue
        right = np.array(answers) == found.targets[tried]
        if much_better(right, found.right[tried]) and right.sum() > best.sum():
            best, name = right, other
    if name:
        yield f"with the range {name} it would be {best.mean():.1%} on {len(tried):,} of them; Say --input-range {name}"


def _hardly_differ(scores: NDArray[np.float32]) -> bool:
    logarithms = np.log(np.maximum(scores, np.finfo(np.float32).tiny))
    return bool((np.ptp(logarithms, axis=1) <= _LEAST_SPREAD + 1e-3).all())
