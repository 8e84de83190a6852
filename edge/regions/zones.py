"""`--zone` and `--ignore`: where to look for pets, and where not to, in fractions of the frame."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Zones:
    """Parts of the frame, each a polygon of points (x, y) in fractions of width and height.

    Attributes:
        watched: look at these alone; empty for everything.
        ignored: and not at these.

    Raises:
        UsageError: a polygon of fewer than three points, or one outside of the frame.
    """

    watched: tuple[Polygon, ...] = ()
    ignored: tuple[Polygon, ...] = ()

    def __post_init__(self) -> None:
        for polygon in (*self.watched, *self.ignored):
            if len(polygon) < 3 or not all(0 <= part <= 1 for point in polygon for part in point):
                raise _unreadable(str(polygon))

    @classmethod
    def of(cls, watched: str | None, ignored: str | None) -> "Zones":
        """Read the options as they are typed: polygons with ``;`` between them, each as for `read_polygon`.

        Raises:
            UsageError: they cannot be read.
        """
        return cls(
            *(tuple(read_polygon(part) for part in (text or "").split(";") if part.strip()) for text in (watched, ignored))
        )

    def __bool__(self) -> bool:
        return bool(self.watched or self.ignored)

    def mask(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return where to look, uint8 ``[height, width]``: 255 there, 0 elsewhere."""
        return _mask(self, width, height)

    def allow(self, x: float, y: float) -> bool:
        """Whether to look at a point, in fractions of the frame."""
        mask = self.mask(_FINE, _FINE)
        return bool(mask[min(_FINE - 1, int(y * _FINE)), min(_FINE - 1, int(x * _FINE))])


_FINE = 200


def read_polygon(text: str) -> Polygon:
    """Read ``X,Y,WIDTH,HEIGHT`` or at least three points ``X,Y X,Y X,Y``, all in fractions of the frame.

    Raises:
        UsageError: it is neither.
    """
    try:
        points = [tuple(float(part) for part in point.split(",")) for point in text.split()]
    except ValueError:
        raise _unreadable(text) from None
    if len(points) == 1 and len(points[0]) == 4:
        x, y, width, height = points[0]
        if width <= 0 or height <= 0:
            raise _unreadable(text)
        return (x, y), (x + width, y), (x + width, y + height), (x, y + height)
    if len(points) < 3 or any(len(point) != 2 for point in points):
        raise _unreadable(text)
    return tuple((point[0], point[1]) for point in points)


@lru_cache(maxsize=8)
def _mask(zones: Zones, width: int, height: int) -> NDArray[np.uint8]:
    mask = np.full((height, width), 0 if zones.watched else 255, np.uint8)
    for polygons, value in ((zones.watched, 255), (zones.ignored, 0)):
        for polygon in polygons:
            points = np.array([(round(x * width), round(y * height)) for x, y in polygon], np.int32)
            cv2.fillPoly(mask, [points], value)
    return mask


def _unreadable(text: str) -> UsageError:
    return UsageError(
        "a part of the frame: X,Y,WIDTH,HEIGHT, or points X,Y X,Y X,Y, in fractions of 0 to 1",
        got=text,
        fix="Example: 0.1,0.5,0.4,0.5; several with ; between them.",
    )
