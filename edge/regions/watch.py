"""What is looked at again and again: what moves, what moved and stayed, what a search has found; and what was said of it."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..contract.model_contract import NEITHER
from .boxes import Box

_SAME = 0.2  # overlap from which on two boxes are the same thing
_WITHIN = 0.7  # share of the smaller one that lies in the other: likewise
_FADED = 0.6  # of the area: what stops moving becomes background piece by piece, and has not become smaller
_SHRINK_S = 1.0  # unless it goes on being small
_LOOKS = 6  # the last ones count
_STALE_LOOK_S = 3.0
_STILL_S = 0.4  # what does not move is looked at so often
_DULL_LOOKS, _DULL_S = 6, 0.3  # and so often what moves and has been nothing for so many looks
_MOVES_S = 0.3  # what has moved so short a time ago moves
_GIVE_UP_S = 3.0  # what does not move and is nothing is forgotten after that
_FROM_ELSEWHERE = 0.6  # of its size, by which something must have come away from where it was first seen
_ONE = 0.5  # overlap from which on two pets are one
_MOST = 12  # watched at a time; the least sure go

_SURE, _SURE_LOOKS = 0.6, 2  # mean score of a pet that came from elsewhere, and in how many looks at least
# Of something that was always where it is: a lamp makes things flicker, and a sofa stays one however often it is asked. On 173
# scenes without pets that nothing was learnt from, and 40 each with one on 6 % and 3 % by day and 6 % by night: at 0.8 a pet is
# seen in 8 of the scenes and found in 38, 37 and 34; at 0.95, every other look mirrored, in 1, and 36, 34 and 28.
_SURE_STILL, _SURE_STILL_LOOKS = 0.95, 4
# Of whole frames in which no part is a pet. The bundled `default` gives 96 % of 1,000 photographs that a pet fills as much
# (87 % of them at night: grey, 0.45 of the light, noise of 8 levels). An everyday scene that it calls a pet had 0.72 to 0.94,
# from frame to frame, and never as much over 15.
_SURE_WHOLE, _DOUBTFUL_LOOKS, _WHOLE_LOOKS = 0.9, 4, 15
_KNOWN_S = 10.0  # for so long whole frames are believed of what was seen from near


class Pet(NamedTuple):
    """A pet in a frame.

    Attributes:
        label: which.
        score: mean over the last looks, 0-1.
        box: where, in pixels of the frame.
        scores: every label's, likewise.
    """

    label: str
    score: float
    box: Box
    scores: Mapping[str, float]


class Watched:
    """Something that is watched.

    Attributes:
        box: where it is.
        looked_at: when the model was asked last, in seconds.
        looks: how often it was asked.
        came: whether it came from elsewhere, and was not always where it is.
    """

    def __init__(self, box: Box, now: float, *, moves: bool) -> None:
        self.box = self._first = box
        self.looked_at = float("-inf")
        self.looks = 0
        self._moved_at = now if moves else float("-inf")
        self.came = False
        self._since = now  # it was last a pet, or first seen
        self._small_since: float | None = None
        self._last: deque[tuple[float, Mapping[str, float]]] = deque(maxlen=_LOOKS)

    def move(self, box: Box, now: float) -> None:
        """Note where it is now."""
        if box.area < _FADED * self.box.area and self.box.holds(box.middle):
            self._small_since = now if self._small_since is None else self._small_since
            if now - self._small_since < _SHRINK_S:
                self._moved_at = now
                return
        self._small_since = None
        self.box, self._moved_at = box, now
        (x, y), (first_x, first_y) = box.middle, self._first.middle
        self.came |= math.hypot(x - first_x, y - first_y) > _FROM_ELSEWHERE * math.sqrt(max(box.area, self._first.area))

    def moves(self, now: float) -> bool:
        """Whether it moves."""
        return now - self._moved_at <= _MOVES_S

    def is_same(self, box: Box) -> bool:
        """Whether a box is where this is."""
        common = self.box.common(box)
        return self.box.overlap(box) > _SAME or common > _WITHIN * min(self.box.area, box.area)

    def due(self, now: float) -> bool:
        """Whether to look at it now."""
        waited = now - self.looked_at
        if self.moves(now):
            return waited > 0 and (self.looks < _DULL_LOOKS or self.pet(now) is not None or waited >= _DULL_S)
        return waited >= _STILL_S or (self.looks < _SURE_STILL_LOOKS and waited > 0)

    def look(self, scores: Mapping[str, float], now: float) -> None:
        """Note what the model says of it."""
        self.looked_at = now
        self.looks += 1
        self._last.append((now, scores))
        if self.pet(now) is not None:
            self._since = now

    def pet(self, now: float) -> Pet | None:
        """Return what it is; None for nothing, or not known yet."""
        looks = [scores for at, scores in self._last if now - at <= _STALE_LOOK_S]
        enough, sure = (_SURE_LOOKS, _SURE) if self.came else (_SURE_STILL_LOOKS, _SURE_STILL)
        if len(looks) < enough:
            return None
        mean = {label: sum(scores[label] for scores in looks) / len(looks) for label in looks[0]}
        label = max(mean, key=mean.__getitem__)
        return Pet(label, mean[label], self.box, mean) if label != NEITHER and mean[label] >= sure else None

    def doubt(self, now: float) -> float:
        """Return how far it is from being a pet, 0-1; 0 while it moves, since then it is looked at anyway."""
        if self.moves(now) or not self._last:
            return 0.0
        surest = [max(score for label, score in scores.items() if label != NEITHER) for _, scores in self._last]
        return 1 - sum(surest) / len(surest)

    def is_over(self, now: float) -> bool:
        """Whether it can be forgotten."""
        return not self.moves(now) and now - max(self._since, self._moved_at) > _GIVE_UP_S and self.pet(now) is None

    def is_settled(self, now: float) -> bool:
        """Whether nothing new is to be expected of it while nothing moves."""
        return not self.moves(now) and self.looks >= _LOOKS


class WholeFrame:
    """What was said of whole frames: a scene that looks somewhat like a pet does so again and again.

    A pet that was just seen from near may well look like little from afar: then whole frames are believed for a while.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._last: deque[tuple[float, float]] = deque(maxlen=_WHOLE_LOOKS)  # when, and the score of the pet
        self._near: dict[str, float] = {}  # when each label was last seen from near
        self._undecided = 0  # looks at what may be a pet and may be doubted, in a row

    def look(self, scores: Mapping[str, float], pets: Sequence[Pet], now: float) -> None:
        """Note what the model says of a frame, and which pets were found in it."""
        label = max(scores, key=scores.__getitem__)
        self._near |= dict.fromkeys((pet.label for pet in pets), now)
        if label == NEITHER:
            self._undecided = 0
        else:
            self._undecided += 1
            self._last.append((now, scores[label]))

    def is_doubtful(self, label: str, now: float) -> bool:
        """Whether frames have looked like a pet for some time, and never surely."""
        looks = [score for at, score in self._last if now - at <= _STALE_LOOK_S]
        known = now - self._near.get(label, float("-inf")) <= _KNOWN_S
        return not known and len(looks) >= _DOUBTFUL_LOOKS and sum(looks) / len(looks) < _SURE_WHOLE

    def is_settled(self) -> bool:
        """Whether the next frame's answer, were it the same, would be believed or doubted as this one's."""
        return self._undecided == 0 or self._undecided >= _DOUBTFUL_LOOKS


class Watch:
    """Everything that is watched."""

    def __init__(self) -> None:
        self._all: list[Watched] = []

    def __len__(self) -> int:
        return len(self._all)

    def forget(self) -> None:
        """Watch nothing."""
        self._all = []

    def moved(self, boxes: Sequence[Box], now: float) -> None:
        """Note what moves."""
        free = list(self._all)
        for box in boxes:
            same = [watched for watched in free if watched.is_same(box)]
            if len(same) > 1:  # two that have met: each stays where it was
                for watched in same:
                    watched.move(watched.box, now)
            elif same:
                same[0].move(box, now)
            elif not any(watched.is_same(box) for watched in self._all):
                self._all.append(Watched(box, now, moves=True))
            free = [watched for watched in free if watched not in same]

    def found(self, box: Box, scores: Mapping[str, float], now: float) -> None:
        """Note a part of the frame in which the model has seen something, though nothing moves."""
        if any(watched.box.common(box) > 0 and watched.pet(now) is not None for watched in self._all):
            return  # the same pet, seen in a larger part
        same = [watched for watched in self._all if watched.is_same(box)]
        if all(watched.doubt(now) > 1 - max(scores.values()) for watched in same):  # here it is clearer
            found = Watched(box, now, moves=False)
            found.look(scores, now)
            self._all = [watched for watched in self._all if watched not in same] + [found]

    def due(self, now: float, most: int) -> list[Watched]:
        """Return what to look at now: what was longest not looked at comes first, and what moves before what does not."""
        waiting = [watched for watched in self._all if watched.due(now)]
        return sorted(waiting, key=lambda watched: (not watched.moves(now), watched.looked_at))[:most]

    def pets(self, now: float) -> list[Pet]:
        """Return the pets, the surest first, and forget what has turned out to be nothing."""
        self._all = [watched for watched in self._all if not watched.is_over(now)]
        known = sorted(
            ((watched.pet(now), watched) for watched in self._all), key=lambda pair: -(pair[0].score if pair[0] else 0)
        )
        if len(self._all) > _MOST:
            self._all = [watched for _, watched in known[:_MOST]]
        pets: list[Pet] = []
        for pet, watched in known:
            if pet is not None and not any(is_one(pet, other, is_place=not watched.came) for other in pets):
                pets.append(pet)
        return pets

    def is_settled(self, now: float) -> bool:
        """Whether nothing new is to be expected while nothing moves."""
        return all(watched.is_settled(now) for watched in self._all)


def is_one(pet: Pet, other: Pet, *, is_place: bool) -> bool:
    """Tell whether two are one: of a pet that does not move each part of the search that holds some of it may tell."""
    common = pet.box.common(other.box)
    if is_place and pet.label == other.label:
        return common > 0
    return common > _WITHIN * min(pet.box.area, other.box.area) or pet.box.overlap(other.box) > _ONE
