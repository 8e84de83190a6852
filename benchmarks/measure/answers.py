"""What each artifact answers: how often it is right, and how often it says the same as the reference."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import printable
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.learnt import Learnt
from catdog.edge.errors import CatdogError
from catdog.edge.pictures.decode import read_picture

from .case import Case
from .worker import load

T = TypeVar("T")

_DRAWN = 10  # pictures a label to compare answers on, where no photographs are at hand
_SEED = 700_000  # far from those that anything was trained, calibrated or verified on


@dataclass(frozen=True)
class Question:
    """Which pictures to judge."""

    data: Path | None  # folder or archive of labelled photographs; None for the drawn ones
    limit: int | None = None  # of these at most so many, spread evenly; None for all
    drawn: dict[str, NDArray[np.uint8]] = field(default_factory=dict)  # pictures by name, BGR uint8 [height, width, 3]


@dataclass(frozen=True)
class Answers:
    """What a model said."""

    truth: dict[str, str]  # of each picture its name and the label of its folder; empty for drawn ones, which are no test
    said: dict[str, str]  # of each picture its name and the label that the model gave
    unread: int  # pictures that could not be read
    learnt: frozenset[str] = frozenset()  # names of those that were learnt from, which its accuracy leaves out
    left_out: tuple[str, ...] = ()  # what else lies there, in words

    @property
    def accuracy(self) -> Figure | None:
        """Share of right answers; None where the truth is not known, all was learnt from, or nothing could be read."""
        known = [name for name in self.said if name in self.truth and name not in self.learnt]
        if not known:
            return None
        return Figure.share("accuracy", sum(self.said[name] == self.truth[name] for name in known), len(known))

    def agreement(self, reference: "Answers") -> Figure | None:
        """Share of the same answers as another model's, on the pictures that both have judged."""
        both = [name for name in self.said if name in reference.said]
        if not both:
            return None
        return Figure.share("same answers", sum(self.said[name] == reference.said[name] for name in both), len(both))


def drawn_pictures() -> dict[str, NDArray[np.uint8]]:
    """Draw some cats and dogs; good for the same answers, not for an accuracy."""
    from catdog.edge.synthetic import LABELS, draw_picture

    seeds = range(_SEED, _SEED + _DRAWN)
    return {f"{label}/{seed}": draw_picture(label, seed, width=320, height=240) for label in LABELS for seed in seeds}


def answer_all(case: Case, question: Question) -> Answers:
    """Load a case's model and ask it; in the case's own process.

    Raises:
        CatdogError: the model cannot be used, or no photographs are there.
    """
    classifier = load(case)
    if question.data is None:
        return Answers({}, {name: classifier.classify(picture).label for name, picture in question.drawn.items()}, 0)
    from catdog.train.data.finder import find_labelled

    known = Learnt.parse(classifier.contract.learnt, classifier.contract.input)
    truth, said, learnt, unread = {}, {}, set(), 0
    place = find_labelled(str(question.data), classifier.contract.labels)
    for photograph in thinned(place.pictures, question.limit):
        try:
            picture = read_picture(photograph.path)
        except CatdogError:
            unread += 1
            continue
        name = printable(photograph.name)
        truth[name] = photograph.label
        said[name] = classifier.classify(picture).label
        if picture in known:
            learnt.add(name)
    return Answers(truth, said, unread, frozenset(learnt), place.left_out)


def thinned(items: Sequence[T], limit: int | None) -> Sequence[T]:
    """Keep at most `limit` of them, spread evenly, so that every label keeps its share."""
    if limit is None or len(items) <= limit:
        return items
    return [items[number * len(items) // limit] for number in range(limit)]
