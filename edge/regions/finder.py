"""A frame in, pets with their boxes out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..contract.model_contract import NEITHER
from ..inference.classifier import Classifier, Prediction, Timings
from ..inference.smoothing import UNSURE
from .boxes import Box
from .light import in_better_light
from .movement import Movement
from .options import RegionOptions
from .tiles import MOST_STRETCHED, SMALLEST, Round, tiles
from .watch import Pet, Watch, WholeFrame, is_one
from .zones import Zones

# How much of the surroundings is cut out with a thing, in turn: each look is then another picture of it. Measured: of a pet's
# box times 1.0 to 1.3 the models are right on 90 to 98 %, times 1.8 on 73 to 84 %.
_WIDER = (1.1, 1.25, 1.0)

_QUICK_S = 0.15  # between two parts of the search through everything, the first time round
_SLOWLY = 20  # frames between two parts later: the search then costs a twentieth of what the whole frames do
_MOST_TILES = 4  # a frame
_LONGEST_STEP_S = 0.5  # of the finder's clock; what is longer is a pause
_FOUND = 0.8  # score of a part from which on it is watched


class FrameAnswer(NamedTuple):
    """What was seen in a frame.

    Attributes:
        prediction: the answer that the frame has: that of the surest pet, else of the whole frame. A pet that only the whole
            frame looks like, for long and never surely, is `unsure`. Its times are sums over all that was judged.
        pets: every pet, the surest first.
        inferences: how often the model was asked.
    """

    prediction: Prediction
    pets: tuple[Pet, ...]
    inferences: int


class PetFinder:
    """Looks at frames, one after another, and remembers where to look.

    Examples:
        >>> finder = PetFinder(Classifier())
        >>> finder.look(picture, now=0.0).pets[0].label
        'cats'

    Args:
        classifier: the model; one that can say `neither`, or whatever moves is called a pet.
        options: where to look.
    """

    def __init__(self, classifier: Classifier, options: RegionOptions | None = None) -> None:
        self._classifier, self._options = classifier, options or RegionOptions()
        zones = self._options.zones
        self._movement, self._watch, self._round = Movement(zones), Watch(), Round(zones)
        self._whole = WholeFrame()
        self._tile_due = float("-inf")
        self._unsearched = 0  # frames since a part was looked at
        self._size = (0, 0)
        self._at: float | None = None
        self._seen_s = 0.0

    def forget(self) -> None:
        """Begin anew: what was seen before a silence says nothing of what comes after."""
        self._movement.forget()
        self._watch.forget()
        self._whole.forget()
        self._round.restart()
        self._tile_due = float("-inf")

    def is_settled(self) -> bool:
        """Whether nothing new is to be expected of the next frames while nothing moves."""
        return self._round.rounds > 0 and self._watch.is_settled(self._seen_s) and self._whole.is_settled()

    def look(self, picture: NDArray[np.uint8], now: float) -> FrameAnswer:
        """Judge a frame of a camera or film, and regions of it.

        Args:
            picture: BGR uint8 ``[height, width, 3]``.
            now: when it was taken, in seconds; later than the one before.

        Raises:
            UnreadableInputError: as `Classifier.classify`.
        """
        height, width = picture.shape[:2]
        if (width, height) != self._size:
            self.forget()  # places in another frame
            self._size = (width, height)
        whole = self._classifier.classify(picture)
        asked = [whole]
        seen = self._tick(now)
        moving = self._movement.see(picture, seen)
        if moving is None:
            self._round.restart()
        else:
            self._watch.moved(moving, seen)
        for watched in self._watch.due(seen, self._options.most):
            wider = watched.box.widened(_WIDER[watched.looks % len(_WIDER)], MOST_STRETCHED, SMALLEST)
            # What stays where it is gives the same picture every time; its mirror image is another.
            mirrored = not watched.came and watched.looks % 2 == 1
            asked.append(_ask(self._classifier, picture, wider.inside(width, height), mirrored=mirrored))
            watched.look(asked[-1].scores, seen)
        for tile in self._tiles(width, height, seen):
            asked.append(_ask(self._classifier, picture, tile))
            if asked[-1].label != NEITHER and asked[-1].score >= _FOUND:
                self._watch.found(tile, asked[-1].scores, seen)
        pets = self._watch.pets(seen)
        self._whole.look(whole.scores, pets, seen)
        if not pets and whole.label != NEITHER and self._whole.is_doubtful(whole.label, seen):
            whole = whole._replace(label=UNSURE)
        return _sight(whole, pets, asked, width, height)

    def _tick(self, now: float) -> float:
        """Return the time for which frames were seen, in seconds: between two that are far apart nothing can have been said."""
        step = 0.0 if self._at is None else min(max(0.0, now - self._at), _LONGEST_STEP_S)
        self._at = now
        self._seen_s += step
        return self._seen_s

    def _tiles(self, width: int, height: int, now: float) -> list[Box]:
        """Return the parts of the search that are due."""
        found: list[Box] = []
        self._unsearched += 1
        is_first = self._round.rounds < 1
        self._tile_due = max(self._tile_due, now - _MOST_TILES * _QUICK_S)
        while len(found) < _MOST_TILES and (self._tile_due <= now if is_first else self._unsearched >= _SLOWLY):
            tile = self._round.next(width, height)
            if tile is None:
                break
            found.append(tile)
            self._tile_due += _QUICK_S
            self._unsearched = 0
        return found


def look_at_picture(classifier: Classifier, picture: NDArray[np.uint8], zones: Zones | None = None) -> FrameAnswer:
    """Judge a picture that has nothing to do with any other, and every part of it.

    Args:
        classifier: the model.
        picture: BGR uint8 ``[height, width, 3]``.
        zones: where to look; None for everywhere.
    """
    height, width = picture.shape[:2]
    whole = classifier.classify(picture)
    asked, pets = [whole], []
    for tile in tiles(width, height, zones or Zones()):
        asked.append(_ask(classifier, picture, tile))
        if asked[-1].label != NEITHER and asked[-1].score >= _FOUND:
            pets.append(Pet(asked[-1].label, asked[-1].score, tile, asked[-1].scores))
    return _sight(whole, _apart(pets), asked, width, height)


def _ask(classifier: Classifier, picture: NDArray[np.uint8], box: Box, *, mirrored: bool = False) -> Prediction:
    x, y, width, height = (int(value) for value in box)
    part = in_better_light(picture[y : y + height, x : x + width])
    return classifier.classify(np.ascontiguousarray(part[:, ::-1]) if mirrored else part)


def _sight(whole: Prediction, pets: Sequence[Pet], asked: Sequence[Prediction], width: int, height: int) -> FrameAnswer:
    if not pets and whole.label not in (NEITHER, UNSURE):
        pets = [Pet(whole.label, whole.score, Box(0, 0, width, height), whole.scores)]
    times = Timings(*(sum(values) for values in zip(*(answer.latency_ms for answer in asked), strict=True)))
    best = pets[0] if pets else None
    answer = whole if best is None else whole._replace(label=best.label, score=best.score, scores=dict(best.scores))
    return FrameAnswer(answer._replace(latency_ms=times), tuple(pets), len(asked))


def _apart(pets: Sequence[Pet]) -> list[Pet]:
    """Leave out what is the same pet in another part, where it is less sure."""
    kept: list[Pet] = []
    for pet in sorted(pets, key=lambda pet: -pet.score):
        if not any(is_one(pet, other, is_place=True) for other in kept):
            kept.append(pet)
    return kept
