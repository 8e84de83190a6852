"""Everywhere in a frame, one part after another: what does not move is found by this alone."""

import itertools

from .boxes import Box
from .zones import Polygon, Zones

# Sides of the parts, in shares of the frame's, and how many there are in each direction; they overlap.
_LEVELS = ((1 / 2, 3), (1 / 3, 4))

MOST_STRETCHED, SMALLEST = 1.5, 40.0  # of what is judged: the longer side over the shorter one; pixels


def tiles(width: int, height: int, zones: Zones) -> list[Box]:
    """Return the parts of a frame of that size that lie where to look, the larger ones first."""
    found = []
    for share, count in _LEVELS:
        places = [number * (1 - share) / (count - 1) for number in range(count)]
        for top, left in itertools.product(places, places):
            if zones.allow(left + share / 2, top + share / 2):
                found.append(Box(left * width, top * height, share * width, share * height).inside(width, height))
    return [*found, *(_around(polygon, width, height) for polygon in zones.watched)]  # small ones may hold the middle of none


def _around(polygon: Polygon, width: int, height: int) -> Box:
    across, down = zip(*polygon, strict=True)
    box = Box(min(across), min(down), max(across) - min(across), max(down) - min(down)).scaled(width, height)
    return box.widened(1.0, MOST_STRETCHED, SMALLEST).inside(width, height)


class Round:
    """Goes round the parts of a frame without an end."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._size = (0, 0)
        self._left: list[Box] = []
        self.rounds = -1  # that were finished since it was begun anew

    def restart(self) -> None:
        """Begin with the first one again, as after everything has changed."""
        self._left, self.rounds = [], -1

    def next(self, width: int, height: int) -> Box | None:
        """Return the next part of a frame of that size; None where there is nothing to look at."""
        if not self._left or (width, height) != self._size:
            self._size, self._left = (width, height), tiles(width, height, self._zones)
            self.rounds += 1
        return self._left.pop(0) if self._left else None
