"""Rectangles in a frame."""

from collections.abc import Iterable
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle, in pixels of a frame.

    Attributes:
        x: its left edge.
        y: its upper edge.
        width: more than 0.
        height: more than 0.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def common(self, other: "Box") -> float:
        """Return the area that both cover, in square pixels."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0.0, width) * max(0.0, height)

    def overlap(self, other: "Box") -> float:
        """Return the intersection over the union, 0-1."""
        common = self.common(other)
        return common / (self.area + other.area - common)

    def holds(self, point: tuple[float, float]) -> bool:
        """Whether a point is inside."""
        return 0 <= point[0] - self.x <= self.width and 0 <= point[1] - self.y <= self.height

    def widened(self, factor: float, most_stretched: float, smallest: float) -> "Box":
        """Return it around the same centre, larger, and not too narrow: a model sees squares.

        Args:
            factor: of both sides.
            most_stretched: the longer side over the shorter one, at most.
            smallest: least length of a side, in pixels.
        """
        width, height = max(smallest, factor * self.width), max(smallest, factor * self.height)
        width, height = max(width, height / most_stretched), max(height, width / most_stretched)
        x, y = self.middle
        return Box(x - width / 2, y - height / 2, width, height)

    def inside(self, width: int, height: int) -> "Box":
        """Return it pushed into a frame of that size, and cut to it where it is larger; whole pixels."""
        wide, high = min(round(self.width), width), min(round(self.height), height)
        wide, high = max(1, wide), max(1, high)
        return Box(min(max(0, round(self.x)), width - wide), min(max(0, round(self.y)), height - high), wide, high)

    def scaled(self, x: float, y: float) -> "Box":
        """Return it in a frame that is so much larger."""
        return Box(self.x * x, self.y * y, self.width * x, self.height * y)


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that holds all of several."""
    boxes = list(boxes)
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)
