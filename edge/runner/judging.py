"""One model, and what it remembers of the frames of one source."""

import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract.model_contract import NEITHER
from ..errors import CatdogError
from ..inference.classifier import Classifier
from ..regions.options import OFF, TILES, RegionOptions
from ..sources import Change, Frame
from .results import Result

# Nothing of regions is loaded for a single picture.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ..regions.finder import FrameAnswer, PetFinder


class Judges(Protocol):
    """What judges the frames of a source, one after another."""

    def turn(self, frame: Frame) -> tuple[Change, ...]:
        """Let another model take its turn before this frame, if one is due; return what is to be told of it."""
        ...

    def judge(self, frame: Frame) -> Result:
        """Judge a frame, by itself or as one of those before it."""
        ...

    def forget(self) -> None:
        """Begin anew: what was seen before a silence says nothing of what comes after."""
        ...

    def is_settled(self) -> bool:
        """Whether nothing new is to be expected of the next frames while nothing moves."""
        ...


class Judging:
    """One model for all frames.

    Args:
        classifier: the model.
        options: where to look beside the whole frame.
    """

    def __init__(self, classifier: Classifier, options: RegionOptions) -> None:
        self._classifier = classifier
        self._finder = _finder(classifier, options)
        self._in_parts = in_parts(classifier, options)

    def turn(self, frame: Frame) -> tuple[Change, ...]:
        """Do nothing: there is no other model."""
        del frame
        return ()

    def judge(self, frame: Frame) -> Result:
        """Judge a frame, by itself or as one of those before it."""
        if frame.scene_s is None:
            return judge(frame, self._classifier, self._in_parts)
        return judge(frame, self._classifier, None if self._finder is None else partial(self._finder.look, now=frame.scene_s))

    def forget(self) -> None:
        """Begin anew: what was seen before a silence says nothing of what comes after."""
        if self._finder is not None:
            self._finder.forget()

    def is_settled(self) -> bool:
        """Whether nothing new is to be expected of the next frames while nothing moves."""
        return self._finder is None or self._finder.is_settled()


def judge(frame: Frame, classifier: Classifier, look: "Callable[[NDArray[np.uint8]], FrameAnswer] | None" = None) -> Result:
    """Classify one frame.

    Args:
        frame: what to judge.
        classifier: the model.
        look: looks at regions, too; None for the whole frame alone.
    """
    error, prediction, pets = frame.error, None, None
    if frame.picture is not None:
        try:
            if look is None:
                prediction = classifier.classify(frame.picture)
            else:
                prediction, pets, _ = look(frame.picture)
        except CatdogError as trouble:
            error = trouble
    return Result(frame, 1e3 * (time.monotonic() - frame.captured_at), prediction, error, pets=pets)


def in_parts(classifier: Classifier, options: RegionOptions) -> "Callable[[NDArray[np.uint8]], FrameAnswer] | None":
    """Return what looks at all parts of a picture that has nothing to do with any other; None where that is not asked for."""
    if options.mode != TILES or NEITHER not in classifier.contract.labels:
        return None
    from ..regions.finder import look_at_picture

    return partial(look_at_picture, classifier, zones=options.zones)


def _finder(classifier: Classifier, options: RegionOptions) -> "PetFinder | None":
    """Return what looks at regions; a model that cannot say `neither` would call a pet whatever moves."""
    if options.mode == OFF or NEITHER not in classifier.contract.labels:
        return None
    from ..regions.finder import PetFinder

    return PetFinder(classifier, options)
