"""Does what is said of a model hold? Labelled pictures contradict a wrong order of the labels, and a wrong range of the input.

May import what the edge has, and nothing of TensorFlow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import LOGITS
from catdog.edge.contract.paired import mcnemar
from catdog.edge.errors import CatdogError, UnprovenError, VerificationError
from catdog.edge.foreign.claims import INPUT_RANGES, Claims
from catdog.edge.inference.classifier import Classifier

from .verification import Truth

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
    better = _other_order(found, labels) or _other_range(classifier, claims, found)
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


def _other_order(found: Answers, labels: Sequence[str]) -> str:
    """Give the order in which the labels fit the pictures, where it is another and fits much better; else nothing."""
    order = better_order(found.scores.argmax(axis=1), found.targets, len(labels))
    if not order:
        return ""
    answered = ", ".join(f"{labels[target]} is answered {labels[answer]}" for target, answer in order.items())
    proposed = list(labels)
    for target, answer in order.items():
        proposed[answer] = labels[target]
    shown = f": --labels {','.join(proposed)}" if len(proposed) < 10 and len(set(proposed)) == len(proposed) else ""
    return f"mostly {answered}; The labels may be in another order{shown}"


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


def places_tried(count: int) -> NDArray[np.int64]:
    """Return which of so many pictures other ranges are tried on, int64 ``[n]``: evenly spread, as folders are by label."""
    return np.unique(np.linspace(0, count - 1, _MOST_TRIED).astype(np.int64))


def better_range(right: Mapping[str, NDArray[np.bool_]]) -> str:
    """Return the range with which a model is right much more often, in words and what to type; empty for none.

    Args:
        right: by range, which pictures are answered rightly, bool ``[n]``; with an empty name: as it was said.
    """
    best = max(right, key=lambda name: int(right[name].sum()))
    if not best or not much_better(right[best], right[""]):
        return ""
    accuracy = f"{right[best].mean():.1%} on {len(right[best]):,} of them"
    return f"with the range {best} it would be {accuracy}; Say --input-range {best}"


def _other_range(classifier: Classifier, claims: Claims, found: Answers) -> str:
    tried = places_tried(len(found.targets))
    asked = dict(_in_other_ranges(classifier, claims))
    right: dict[str, list[bool]] = {name: [] for name in asked}
    for place in tried:  # one picture at a time: a phone's takes 36 MB
        picture, label = found.pictures[place](), classifier.contract.labels[found.targets[place]]
        for name, other in list(asked.items()):
            try:
                right[name].append(other.classify(picture).label == label)
            except CatdogError:  # scores that are none
                del asked[name]
    return better_range({"": found.right[tried], **{name: np.array(right[name]) for name in asked}})


def _in_other_ranges(classifier: Classifier, claims: Claims) -> Iterator[tuple[str, Classifier]]:
    for name in INPUT_RANGES:
        try:
            other = Classifier(classifier.model_path, claims=replace(claims, input_range=name), threads=1)
        except CatdogError:  # a file of whole numbers takes no other
            continue
        if other.contract.input != classifier.contract.input:
            yield name, other


def _hardly_differ(scores: NDArray[np.float32]) -> bool:
    logarithms = np.log(np.maximum(scores, np.finfo(np.float32).tiny))
    return bool((np.ptp(logarithms, axis=1) <= _LEAST_SPREAD + 1e-3).all())
