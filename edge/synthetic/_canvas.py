"""Typed drawing primitives: the few OpenCV calls everything else in this folder is drawn with.

Two kinds of array travel here: a `Picture` is uint8 [height, width, 3] in BGR, ready to look at; a `Field` is float32
[height, width] or [height, width, channels], on its way to becoming one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[float, float, float]

_TILE = 1024
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel with shift=4


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur; wide ones run on a reduced copy, which looks the same and costs a tenth."""
    if sigma <= 0.2:
        return field
    if sigma > 4.0:
        height, width = field.shape[:2]
        step = min(int(sigma / 2.0), max(1, min(height, width) // 4))
        small = scale_to(field, max(1, width // step), max(1, height // step))
        return scale_to(cast(Field, cv2.GaussianBlur(small, (0, 0), sigma / step)), width, height)
    return cast(Field, cv2.GaussianBlur(field, (0, 0), sigma))


def blur_picture(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur of a finished picture."""
    return cast(Picture, cv2.GaussianBlur(picture, (0, 0), sigma)) if sigma > 0.2 else picture


def scale_to(field: Field, width: int, height: int) -> Field:
    """Resize: averaging when it shrinks, bilinear when it grows."""
    shrinks = width < field.shape[1]
    return cast(Field, cv2.resize(field, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def scale_picture(picture: Picture, width: int, height: int) -> Picture:
    """Resize a finished picture, averaging when it shrinks."""
    shrinks = width < picture.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast(Picture, cv2.resize(picture, (width, height), interpolation=method))


def sample(field: Field, x: Field, y: Field) -> Field:
    """Look `field` up at the positions (x, y), in pixels, bilinearly; the border is repeated."""
    return cast(Field, cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


@lru_cache(maxsize=1)
def _noise_tile() -> Field:
    return np.random.default_rng(20010).standard_normal((_TILE, _TILE), dtype=np.float32)


def grain(rng: np.random.Generator, height: int, width: int) -> Field:
    """White noise of unit variance, cut from one shared tile: a thousand times cheaper than drawing it anew."""
    tile = _noise_tile()
    top, left = (int(v) for v in rng.integers(0, _TILE, 2))
    if top + height <= _TILE and left + width <= _TILE:
        return tile[top : top + height, left : left + width]
    rows = np.arange(top, top + height) % _TILE
    columns = np.arange(left, left + width) % _TILE
    return tile[np.ix_(rows, columns)]


def cloud(rng: np.random.Generator, height: int, width: int, cell: float = 80.0, octaves: int = 4) -> Field:
    """Smooth fractal noise of about unit variance; `cell` is the size in pixels of its largest lumps."""
    coarse = int(cell * 0.5 ** (octaves - 1) / 4.0)
    if coarse > 1:  # nothing in it is fine enough to need every pixel
        small = cloud(rng, height // coarse + 2, width // coarse + 2, cell / coarse, octaves)
        return scale_to(small, width, height)
    total = np.zeros((height, width), np.float32)
    weight, power = 1.0, 0.0
    for _ in range(octaves):
        rows, columns = int(height / cell) + 3, int(width / cell) + 3
        lumps = rng.standard_normal((rows, columns), dtype=np.float32)
        grown = cv2.resize(lumps, (int(columns * cell) + 1, int(rows * cell) + 1), interpolation=cv2.INTER_CUBIC)
        total += weight * cast(Field, grown)[:height, :width]
        power += weight * weight * 0.5
        weight, cell = weight * 0.55, cell * 0.5
        if cell < 2.0:
            break
    return total / np.float32(np.sqrt(power))


def _fixed(points: ArrayLike) -> NDArray[np.int32]:
    return np.round(np.asarray(points, np.float64) * (1 << _SHIFT)).astype(np.int32)


def fill(picture: Picture, points: ArrayLike, colour: Sequence[float]) -> None:
    """Fill a polygon, points [n, 2] in pixels, antialiased, in place."""
    cv2.fillPoly(picture, [_fixed(points)], tuple(map(float, colour)), cv2.LINE_AA, _SHIFT)


def fill_box(picture: Picture, left: float, top: float, right: float, bottom: float, colour: Sequence[float]) -> None:
    """Fill an upright rectangle, antialiased, in place."""
    fill(picture, [(left, top), (right, top), (right, bottom), (left, bottom)], colour)


def fill_oval(
    picture: Picture, x: float, y: float, radius_x: float, radius_y: float, colour: Sequence[float], tilt: float = 0.0
) -> None:
    """Fill an ellipse turned by `tilt` degrees, antialiased, in place."""
    centre, axes = _fixed((x, y)), _fixed((max(radius_x, 0.1), max(radius_y, 0.1)))
    cv2.ellipse(
        picture,
        (int(centre[0]), int(centre[1])),
        (int(axes[0]), int(axes[1])),
        tilt,
        0.0,
        360.0,
        tuple(map(float, colour)),
        cv2.FILLED,
        cv2.LINE_AA,
        _SHIFT,
    )


def strokes(picture: Picture, lines: Sequence[ArrayLike], colour: Sequence[float], thickness: int = 1) -> None:
    """Draw many open lines of one colour in one call, each [n, 2] in pixels, antialiased, in place."""
    cv2.polylines(picture, [_fixed(line) for line in lines], False, tuple(map(float, colour)), thickness, cv2.LINE_AA, _SHIFT)


def to_picture(field: Field) -> Picture:
    """Round a float field of 0-255 to a picture, saturating."""
    return cast(Picture, cv2.convertScaleAbs(np.maximum(field, np.float32(0.0))))


def lay_over(picture: Picture, ink: Picture, alpha: Picture, left: int, top: int) -> None:
    """Composite a sprite in place at (left, top), clipped to the picture.

    `ink` is already multiplied by its alpha, and `alpha` [h, w, 3] uint8 repeats the coverage for the three channels,
    so that one saturating multiply and one add do it.
    """
    height, width = picture.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + ink.shape[1], width), min(top + ink.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    cut = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    patch = picture[y0:y1, x0:x1]
    behind = cv2.multiply(patch, cv2.bitwise_not(alpha[cut]), scale=1.0 / 255.0)
    patch[:] = cv2.add(behind, ink[cut])
