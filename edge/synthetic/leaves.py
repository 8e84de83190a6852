"""Dead leaves: pictures of nothing with the statistics of photographs.

Shapes of all sizes fall on one another; the number with radius r goes as r to the power -3, which makes the picture look
alike at all scales and gives it the 1/f amplitude spectrum, the sharp edges and the occlusions of natural images. Source:
Lee, Mumford, Huang 2001, "Occlusion models for natural images: a statistical study of a scale-invariant dead leaves
model", International Journal of Computer Vision 41.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ._canvas import Field, Picture, blur_picture, cloud, grain, scale_picture, to_picture

Reals = NDArray[np.float64]

_SMALLEST = 0.005  # radii, as shares of the picture's height
_LARGEST = 0.55
_COUNT = 3000


def _radii(rng: np.random.Generator, count: int, low: float, high: float) -> Reals:
    """Draw from a density proportional to r^-3 between `low` and `high` by inverting its distribution."""
    u = rng.random(count)
    return np.asarray(1.0 / np.sqrt(u / high**2 + (1.0 - u) / low**2))


def _palette(rng: np.random.Generator, count: int) -> Reals:
    """Colours round a few hues, muted as most of the world is, brightness spread wide and skewed to the dark."""
    hues = rng.normal(0.0, 0.16, (5, 3))
    value = 255.0 * np.clip(rng.beta(1.4, 2.2, count), 0.02, 0.95)
    tint = np.exp(hues[rng.integers(0, 5, count)] + rng.normal(0.0, 0.06, (count, 3)))
    return np.asarray(np.clip(value[:, None] * tint, 0.0, 255.0))


def _outlines(rng: np.random.Generator, x: Reals, y: Reals, r: Reals) -> NDArray[np.int32]:
    """Outlines [n, 24, 2] in sixteenths of a pixel: discs, ellipses, blobs and polygons."""
    count = len(r)
    kind, corners = rng.integers(0, 4, count)[:, None], rng.integers(3, 7, count)[:, None]
    turn = np.linspace(0.0, 1.0, 24, endpoint=False)[None, :]
    # A polygon is a circle whose points have slid back to the nearest corner.
    turn = 2 * np.pi * np.where(kind == 3, np.floor(turn * corners) / corners, turn)
    phase, lean = rng.uniform(0.0, 2 * np.pi, (2, count, 1)), rng.uniform(0.0, 2 * np.pi, (count, 1))
    wobble = 0.25 * np.sin(2 * turn + phase[0]) + 0.15 * np.sin(3 * turn + phase[1])
    reach = r[:, None] * (1.0 + wobble * (kind == 2))
    flat = np.where(kind % 2 == 1, rng.uniform(0.35, 1.0, (count, 1)), 1.0)
    px, py = reach * np.cos(turn), flat * reach * np.sin(turn)
    c, s = np.cos(lean), np.sin(lean)
    points = np.stack([x[:, None] + px * c - py * s, y[:, None] + px * s + py * c], axis=2)
    return np.round(points * 16).astype(np.int32)


def draw_dead_leaves(seed: int, *, width: int = 320, height: int = 240) -> Picture:
    """Draw one dead-leaves picture, with colours, texture and shading.

    Args:
        seed: any integer from 0 up; the same seed and size always give the same picture.
        width: of the picture, in pixels, at least 16.
        height: of the picture, in pixels, at least 16.

    Returns:
        uint8 [height, width, 3], BGR.

    Raises:
        ValueError: for a negative seed or a size too small to draw in.
    """
    if seed < 0:
        raise ValueError(f"expected a seed of 0 or more. Received: {seed}")
    if width < 16 or height < 16:
        raise ValueError(f"expected width and height of at least 16 pixels. Received: {width} x {height}")
    rng = np.random.default_rng([seed, 77])
    wide, high = 2 * width, 2 * height
    fine = np.empty((high, wide, 3), np.uint8)
    fine[:] = _palette(rng, 1)[0]
    # A few large ones lie at the bottom, in the place of the endless fall of leaves before these.
    radii = np.concatenate([_radii(rng, 24, 0.15, 1.2), _radii(rng, _COUNT, _SMALLEST, _LARGEST)]) * high
    total = len(radii)
    xs, ys = rng.uniform(-0.1, 1.1, (2, total))
    outlines, colours = _outlines(rng, xs * wide, ys * high, radii), _palette(rng, total).tolist()
    for outline, colour in zip(outlines, colours, strict=True):
        cv2.fillPoly(fine, [outline], colour, cv2.LINE_8, 4)
    return _weather(scale_picture(fine, width, height), rng)


def _weather(picture: Picture, rng: np.random.Generator) -> Picture:
    """Uneven light and texture over the leaves, and a lens that is never perfectly sharp."""
    height, width = picture.shape[:2]
    light = np.exp(0.2 * cloud(rng, height, width, cell=0.6 * width, octaves=6))
    light *= 1.0 + np.float32(rng.uniform(0.02, 0.08)) * grain(rng, height, width)
    field: Field = blur_picture(picture, float(rng.uniform(0.0, 0.6))).astype(np.float32) * light[..., None]
    field += (np.float32(rng.uniform(0.5, 3.0)) * grain(rng, height, width))[..., None]
    return to_picture(field)
