"""Things that stand about: toys, pots, furniture, a car. They furnish every scene, and are all there is in a pet-free one.

Each takes the picture, a generator, the point (x, y) where it touches the ground and its height in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np

from ._canvas import Colour, Picture, blur_picture, fill, fill_box, fill_oval, strokes

Thing = Callable[[Picture, np.random.Generator, float, float, float], None]


def paint_colour(rng: np.random.Generator, low: float = 0.25, high: float = 0.95, vivid: float = 0.6) -> Colour:
    """A random colour in BGR, `vivid` from 0 (grey) to 1."""
    value = rng.uniform(low, high) * 255.0
    tint = 1.0 - rng.uniform(0.0, vivid) * rng.dirichlet([0.6, 0.6, 0.6]) * 1.6
    b, g, r = np.clip(value * tint, 0, 255)
    return (float(b), float(g), float(r))


def dim(colour: Colour, by: float) -> Colour:
    """A darker or lighter version of a colour."""
    b, g, r = colour
    return (min(255.0, b * by), min(255.0, g * by), min(255.0, r * by))


def foot_shadow(picture: Picture, x: float, y: float, reach: float) -> None:
    """A dark patch where a thing touches the ground."""
    top, left = max(0, int(y - reach)), max(0, int(x - 2 * reach))
    patch = picture[top : int(y + reach), left : int(x + 2 * reach)]
    if patch.size == 0:
        return
    light = np.full_like(patch, 255)
    fill_oval(light, x - left, y - top, reach * 1.15, max(2.0, reach * 0.22), (140.0,) * 3)
    patch[:] = cv2.multiply(patch, blur_picture(light, 0.12 * reach), scale=1.0 / 255.0)


def _column(picture: Picture, profile: list[tuple[float, float]], x: float, y: float, size: float, colour: Colour) -> None:
    """A turned body (bottle, pot, lamp): profile of (height, radius) in parts of `size`, lit from one side in strips."""
    heights = np.array([p[0] for p in profile])
    radii = np.array([p[1] for p in profile])
    edges = np.linspace(-1.0, 1.0, 11)
    for left, right in pairwise(edges):
        angle = np.arcsin((left + right) / 2)
        light = 0.35 + 0.75 * max(0.0, float(np.cos(angle + 0.6)))
        one = np.stack([x + radii * left * size, y - heights * size], axis=1)
        other = np.stack([x + radii * (right + 0.05) * size, y - heights * size], axis=1)
        fill(picture, np.concatenate([one, other[::-1]]), dim(colour, light))


def ball(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A ball, plain or with a stripe."""
    colour, r = paint_colour(rng, 0.5, 1.0, 0.9), size * 0.32
    foot_shadow(picture, x, y, r)
    for k in range(9):
        t = k / 8
        fill_oval(
            picture, x - 0.3 * r * t, y - r - 0.3 * r * t, r * (1 - 0.85 * t), r * (1 - 0.85 * t), dim(colour, 0.5 + 0.75 * t)
        )
    if rng.random() < 0.5:
        turn = np.linspace(-1.2, 1.2, 12)
        line = np.stack([x + r * 0.8 * np.sin(turn), y - r + r * 0.35 * np.cos(turn) * rng.choice([-1, 1])], axis=1)
        strokes(picture, [line], dim(paint_colour(rng), 0.9), max(1, int(r / 8)))


def box(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A carton or a block, seen from one corner."""
    colour = (96.0, 140.0, 178.0) if rng.random() < 0.5 else paint_colour(rng)
    w, h, d = size * rng.uniform(0.35, 0.7), size * rng.uniform(0.35, 0.8), size * rng.uniform(0.12, 0.3)
    foot_shadow(picture, x, y, w * 0.8)
    corner = x + w * rng.uniform(-0.6, 0.6)
    low = y - d * 0.4
    fill(picture, [(x - w, low), (corner, y), (corner, y - h), (x - w, low - h)], dim(colour, 0.95))
    fill(picture, [(corner, y), (x + w, low), (x + w, low - h), (corner, y - h)], dim(colour, 0.62))
    back = (2 * x - corner, low - h - d * 0.5)
    fill(picture, [(x - w, low - h), (corner, y - h), (x + w, low - h), back], dim(colour, 1.15))
    strokes(picture, [[((x - w + corner) / 2, y - h), ((x - w + corner) / 2, y - 0.6 * h)]], dim(colour, 0.7), 2)


def bottle(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A bottle with a label and a glint."""
    colour, r = paint_colour(rng, 0.3, 0.9, 0.9), rng.uniform(0.11, 0.16)
    foot_shadow(picture, x, y, r * size)
    neck = r * 0.36
    _column(picture, [(0.0, r), (0.6, r), (0.75, neck), (0.95, neck), (1.0, neck * 1.15)], x, y, size, colour)
    fill_box(picture, x - r * size, y - 0.45 * size, x + r * size, y - 0.2 * size, dim(paint_colour(rng, 0.7, 1.0, 0.3), 0.9))
    strokes(picture, [[(x - 0.6 * r * size, y - 0.55 * size), (x - 0.6 * r * size, y - 0.1 * size)]], (235, 235, 235), 1)


def plant(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A pot plant."""
    foot_shadow(picture, x, y, 0.2 * size)
    green = (rng.uniform(30, 70), rng.uniform(90, 150), rng.uniform(40, 100))
    for _ in range(int(rng.integers(18, 34))):
        angle, reach = rng.normal(0.0, 0.8), size * rng.uniform(0.3, 0.68)
        tip = np.array([x + np.sin(angle) * reach, y - 0.32 * size - np.cos(angle) * reach])
        root = np.array([x + np.sin(angle) * 0.05 * size, y - 0.3 * size])
        side = np.array([np.cos(angle), np.sin(angle)]) * size * rng.uniform(0.025, 0.06)
        middle = root * 0.4 + tip * 0.6
        fill(picture, [root, middle - side, tip, middle + side], dim(green, rng.uniform(0.45, 1.3)))
    _column(picture, [(0.0, 0.13), (0.28, 0.18), (0.28, 0.2), (0.33, 0.2)], x, y, size, paint_colour(rng, 0.4, 0.9))


def lamp(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A standard lamp."""
    _column(picture, [(0.0, 0.1), (0.02, 0.1), (0.03, 0.012), (0.75, 0.012)], x, y, size, paint_colour(rng, 0.2, 0.5))
    _column(picture, [(0.7, 0.17), (1.0, 0.1)], x, y, size, dim(paint_colour(rng, 0.8, 1.0, 0.25), 1.2))


def chair(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A wooden chair."""
    colour, w = dim((60, 95, 140), rng.uniform(0.5, 1.4)), 0.24 * size
    foot_shadow(picture, x, y, w)
    t = 0.03 * size
    for dx, foot, top in ((-0.8, 0.06, 0.98), (0.8, 0.06, 0.98), (-1.0, 0.0, 0.45), (1.0, 0.0, 0.45)):
        fill_box(picture, x + dx * w - t, y - top * size, x + dx * w + t, y - foot * size, dim(colour, 0.75))
    for k in range(3):
        fill_box(
            picture, x - 0.8 * w, y - (0.62 + 0.13 * k) * size, x + 0.8 * w, y - (0.57 + 0.13 * k) * size, dim(colour, 0.9)
        )
    fill(
        picture,
        [(x - w, y - 0.4 * size), (x + w, y - 0.4 * size), (x + 0.8 * w, y - 0.52 * size), (x - 0.8 * w, y - 0.52 * size)],
        dim(colour, 1.15),
    )


def sofa(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A two-seater with cushions."""
    colour, w = paint_colour(rng, 0.3, 0.8, 0.5), size * 1.15
    foot_shadow(picture, x, y, w)
    fill_box(picture, x - 0.88 * w, y - size, x + 0.88 * w, y - 0.2 * size, dim(colour, 0.8))
    for dx in (-0.44, 0.44):
        fill_oval(picture, x + dx * w, y - 0.70 * size, 0.46 * w, 0.36 * size, dim(colour, 0.92))
        fill_oval(picture, x + dx * w, y - 0.74 * size, 0.40 * w, 0.28 * size, dim(colour, 1.0))
        fill_oval(picture, x + dx * w, y - 0.40 * size, 0.46 * w, 0.11 * size, dim(colour, 1.12))
    fill_box(picture, x - 0.9 * w, y - 0.38 * size, x + 0.9 * w, y - 0.08 * size, dim(colour, 0.74))
    for side in (-1.0, 1.0):
        fill_box(
            picture,
            x + side * 0.95 * w - 0.13 * w,
            y - 0.55 * size,
            x + side * 0.95 * w + 0.13 * w,
            y - 0.04 * size,
            dim(colour, 0.86),
        )
        fill_oval(picture, x + side * 0.95 * w, y - 0.55 * size, 0.13 * w, 0.10 * size, dim(colour, 1.05))
    if rng.random() < 0.7:
        cushion(picture, rng, x + w * rng.uniform(-0.5, 0.5), y - 0.38 * size, size * 0.6)


def cushion(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A cushion leaning on something."""
    colour, r = paint_colour(rng, 0.4, 0.95, 0.7), 0.36 * size
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    bulge = 1.0 - 0.12 * np.cos(4 * turn)
    square = np.stack(
        [np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.5, np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.5], axis=1
    )
    outline = square * (r * bulge)[:, None] + np.array([x, y - r])
    for k in range(5):
        fill(
            picture,
            (outline - [x, y - r]) * (1 - 0.16 * k) + [x - 0.03 * k * r, y - r - 0.03 * k * r],
            dim(colour, 0.72 + 0.1 * k),
        )


def shelf(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A bookcase."""
    wood, w = dim((70, 110, 150), rng.uniform(0.5, 1.3)), 0.4 * size
    fill_box(picture, x - w, y - size, x + w, y, dim(wood, 0.45))
    for row in range(4):
        base, left = y - (0.03 + 0.245 * row) * size, x - 0.93 * w
        while left < x + 0.85 * w:
            thick = size * rng.uniform(0.018, 0.05)
            if rng.random() < 0.85:
                high = size * rng.uniform(0.13, 0.2)
                fill_box(picture, left, base - high, min(left + thick, x + 0.92 * w), base, paint_colour(rng, 0.2, 0.85))
            left += thick + 1
        fill_box(picture, x - w, base, x + w, base + 0.03 * size, wood)
    for side in (-w, 0.94 * w):
        fill_box(picture, x + side, y - size, x + side + 0.06 * w, y, wood)


def car(picture: Picture, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A parked car, side on."""
    colour, w = paint_colour(rng, 0.25, 0.95, 0.8), size * 1.25
    foot_shadow(picture, x, y, w)
    lower = [(-1, 0.15), (-1, 0.45), (-0.92, 0.55), (-0.62, 0.6)]
    upper = [(-0.38, 0.96), (0.3, 0.98), (0.62, 0.62), (0.95, 0.54), (1, 0.4), (1, 0.15)]
    fill(picture, [(x + a * w, y - b * size) for a, b in lower + upper], colour)
    fill_box(picture, x - w, y - 0.32 * size, x + w, y - 0.13 * size, dim(colour, 0.72))
    rear = [(-0.54, 0.62), (-0.34, 0.9), (-0.06, 0.91), (-0.06, 0.62)]
    front = [(0.0, 0.62), (0.0, 0.91), (0.27, 0.91), (0.5, 0.62)]
    for glass in (rear, front):
        fill(picture, [(x + a * w, y - b * size) for a, b in glass], (82, 72, 66))
    for dx in (-0.6, 0.6):
        for r, shade in ((0.2, 26.0), (0.12, 150.0), (0.05, 70.0)):
            fill_oval(picture, x + dx * w, y - 0.19 * size, r * size, r * size, (shade,) * 3)
    strokes(picture, [[(x - 0.95 * w, y - 0.52 * size), (x + 0.9 * w, y - 0.52 * size)]], dim(colour, 1.3), 1)


INDOORS: tuple[Thing, ...] = (ball, box, bottle, plant, lamp, chair, sofa, cushion, shelf)
OUTDOORS: tuple[Thing, ...] = (ball, box, bottle, plant, car, chair)
SMALL: tuple[Thing, ...] = (ball, box, bottle, cushion)
