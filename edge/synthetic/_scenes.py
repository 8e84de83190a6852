"""Places: a room, a garden, a street, a sofa, an out-of-focus background. Cats, dogs and nobody share all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ._canvas import Colour, Field, Picture, blur, blur_picture, cloud, fill_box, fill_oval, grain, to_picture
from ._light import Light, draw_light
from ._textures import cloth, ground, wall
from ._things import INDOORS, OUTDOORS, SMALL, Thing, dim, paint_colour


@dataclass(frozen=True)
class Scene:
    """A background, the light on it, and the first row where something can stand."""

    picture: Picture
    light: Light
    floor: int


def _tint(brightness: Field, colour: Colour) -> Field:
    return brightness[..., None] * np.array(colour, np.float32)


def _wash(rng: np.random.Generator, height: int, width: int) -> Field:
    """Uneven light: a slope across and soft blotches, about 1."""
    across = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :] * np.float32(rng.normal(0.0, 0.12))
    down = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None] * np.float32(rng.normal(0.0, 0.08))
    wash: Field = 1.0 + across + down + np.float32(0.06) * cloud(rng, height, width, cell=width / 2.5, octaves=2)
    return wash


def _furnish(
    picture: Picture, rng: np.random.Generator, floor: int, things: tuple[Thing, ...], count: int, size: float
) -> None:
    """Stand some things on the ground, far ones first."""
    height, width = picture.shape[:2]
    spots = np.sort(rng.uniform(floor + 0.04 * height, floor + 0.55 * (height - floor), count))
    for spot in spots:
        thing = things[int(rng.integers(len(things)))]
        near = 0.6 + 0.8 * (spot - floor) / max(1, height - floor)
        tall = height * size * near * rng.uniform(0.6, 1.2) * (0.45 if thing in SMALL else 1.0)
        thing(picture, rng, float(rng.uniform(0.0, width)), float(spot), float(tall))


def _window(picture: Picture, rng: np.random.Generator, floor: int) -> None:
    height, width = picture.shape[:2]
    x, w = rng.uniform(0.1, 0.9) * width, rng.uniform(0.12, 0.25) * width
    top, low = 0.02 * height, floor * rng.uniform(0.55, 0.8)
    frame = (215.0, 222.0, 226.0)
    fill_box(picture, x - w, top, x + w, low, frame)
    for k in range(2):
        left = x - 0.93 * w + k * 0.95 * w
        fill_box(picture, left, top + 4, left + 0.9 * w, low - 4, (245, 236, 222))
        fill_box(picture, left, (top + low) / 2, left + 0.9 * w, low - 4, (170, 205, 190))


def _pictures(picture: Picture, rng: np.random.Generator, floor: int) -> None:
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0.05, 0.95) * width, rng.uniform(0.15, 0.55) * floor
        w, h = rng.uniform(0.04, 0.1) * width, rng.uniform(0.06, 0.12) * height
        fill_box(picture, x - w, y - h, x + w, y + h, paint_colour(rng, 0.1, 0.6, 0.3))
        fill_box(picture, x - 0.85 * w, y - 0.85 * h, x + 0.85 * w, y + 0.85 * h, paint_colour(rng, 0.5, 0.95))
        fill_oval(picture, x, y + 0.3 * h, 0.6 * w, 0.4 * h, paint_colour(rng, 0.3, 0.8))


def room(rng: np.random.Generator, height: int, width: int, busy: float) -> Scene:
    """A wall, a floor of wood, tiles or carpet, and furniture."""
    floor = int(height * rng.uniform(0.38, 0.62))
    field = np.empty((height, width, 3), np.float32)
    paper = paint_colour(rng, 0.5, 0.92, 0.35)
    field[:floor] = _tint(1.0 + 0.012 * grain(rng, floor, width), paper)
    kind = str(rng.choice(["wood", "wood", "tiles", "carpet"]))
    planks = dim((78, 120, 168), rng.uniform(0.5, 1.25)) if kind == "wood" else paint_colour(rng, 0.35, 0.85, 0.3)
    lain = ground(rng, kind, height - floor, width, depth=rng.uniform(0.3, 0.7), zoom=rng.uniform(0.7, 1.3) * 320 / width)
    field[floor:] = _tint(lain, planks)
    field *= _wash(rng, height, width)[..., None]
    picture = to_picture(field)
    board = dim((200, 208, 212), rng.uniform(0.6, 1.1))
    fill_box(picture, 0, floor - 0.03 * height, width, floor, board)
    decor = rng.random()
    if decor < 0.4:
        _window(picture, rng, floor)
    elif decor < 0.85:
        _pictures(picture, rng, floor)
    _furnish(picture, rng, floor, INDOORS, int(rng.integers(1, 4) + busy), 0.5)
    return Scene(picture, draw_light(rng, outdoors=False), floor)


def _foliage(rng: np.random.Generator, height: int, width: int) -> Field:
    """Leaves in light and shade, out of focus."""
    lumps = cloud(rng, height, width, cell=0.25 * width, octaves=5)
    specks = cloud(rng, height, width, cell=9.0, octaves=2)
    light = np.clip(0.62 + 0.16 * lumps + 0.15 * specks, 0.2, 1.4)
    green = (rng.uniform(50, 90), rng.uniform(100, 140), rng.uniform(70, 120))
    return _tint(light, green)


def garden(rng: np.random.Generator, height: int, width: int, busy: float) -> Scene:
    """Sky, a hedge or trees, and a lawn."""
    floor = int(height * rng.uniform(0.28, 0.52))
    field = np.empty((height, width, 3), np.float32)
    sky = np.linspace(0.0, 1.0, floor, dtype=np.float32)[:, None, None]
    zenith = np.array([225.0, 180.0, 130.0], np.float32) * np.float32(rng.uniform(0.7, 1.05))
    puffs = np.clip(0.5 * cloud(rng, floor, width, cell=0.4 * width), 0.0, 1.0)[..., None]
    field[:floor] = zenith + (np.array([238.0, 232.0, 224.0], np.float32) - zenith) * np.maximum(sky, puffs)
    crown = floor * (1.0 - rng.uniform(0.3, 1.2)) - 0.12 * floor * cloud(rng, 1, width, cell=0.15 * width)[0]
    rows = np.arange(floor, dtype=np.float32)[:, None]
    trees = np.clip((rows - crown[None, :]) / 4.0, 0.0, 1.0)[..., None]
    field[:floor] += (_foliage(rng, floor, width) - field[:floor]) * trees
    lawn = ground(rng, "grass", height - floor, width, depth=rng.uniform(0.15, 0.5), zoom=rng.uniform(0.7, 1.2) * 320 / width)
    green = (rng.uniform(40, 80), rng.uniform(115, 155), rng.uniform(80, 140))
    field[floor:] = _tint(lawn, green)
    field *= _wash(rng, height, width)[..., None]
    picture = to_picture(field)
    if rng.random() < 0.35:
        _fence(picture, rng, floor)
    _furnish(picture, rng, floor, OUTDOORS, int(rng.integers(0, 3) + busy), 0.4)
    return Scene(picture, draw_light(rng, outdoors=True), floor)


def _fence(picture: Picture, rng: np.random.Generator, floor: int) -> None:
    height, width = picture.shape[:2]
    colour, step = dim((120, 150, 172), rng.uniform(0.5, 1.3)), width / rng.uniform(14, 26)
    tall = rng.uniform(0.15, 0.28) * height
    for k in range(int(width / step) + 1):
        shade = dim(colour, float(rng.uniform(0.85, 1.1)))
        fill_box(picture, k * step, floor - tall, (k + 0.85) * step, floor + 3, shade)


def street(rng: np.random.Generator, height: int, width: int, busy: float) -> Scene:
    """A brick wall or a hedge, a pavement, perhaps a car."""
    floor = int(height * rng.uniform(0.35, 0.55))
    field = np.empty((height, width, 3), np.float32)
    if rng.random() < 0.6:
        colour = dim((88, 110, 165), rng.uniform(0.7, 1.3)) if rng.random() < 0.6 else paint_colour(rng, 0.5, 0.9, 0.2)
        field[:floor] = _tint(wall(rng, "bricks", floor, width, rng.uniform(1.2, 2.4) * 320 / width), colour)
    else:
        field[:floor] = _foliage(rng, floor, width)
    kind = str(rng.choice(["asphalt", "tiles"]))
    grey = paint_colour(rng, 0.35, 0.75, 0.1)
    lain = ground(rng, kind, height - floor, width, depth=rng.uniform(0.2, 0.5), zoom=rng.uniform(0.7, 1.2) * 320 / width)
    field[floor:] = _tint(lain, grey)
    field *= _wash(rng, height, width)[..., None]
    picture = to_picture(field)
    fill_box(picture, 0, floor - 2, width, floor + 0.02 * height, dim(grey, 0.7))
    _furnish(picture, rng, floor, OUTDOORS, int(rng.integers(0, 3) + busy), 0.45)
    return Scene(picture, draw_light(rng, outdoors=True), floor)


def blanket(rng: np.random.Generator, height: int, width: int, busy: float) -> Scene:
    """A sofa or a bed close by: cloth with folds, cushions behind."""
    floor = int(height * rng.uniform(0.25, 0.5))
    seat, back = paint_colour(rng, 0.35, 0.9, 0.5), paint_colour(rng, 0.3, 0.85, 0.5)
    field = np.empty((height, width, 3), np.float32)
    folds = cloth(rng, height, width)
    field[:floor], field[floor:] = _tint(folds[:floor], back), _tint(folds[floor:], seat)
    seam = np.exp(-(((np.arange(height, dtype=np.float32) - floor) / (0.03 * height)) ** 2))
    field *= (1.0 - 0.45 * seam)[:, None, None] * _wash(rng, height, width)[..., None]
    if rng.random() < 0.4:
        bands = np.sin(np.arange(width, dtype=np.float32) * np.float32(rng.uniform(0.05, 0.25)))
        field[floor:] *= (1.0 + 0.18 * np.sign(bands))[None, :, None]
    picture = to_picture(field)
    _furnish(picture, rng, floor, SMALL, int(rng.integers(0, 2) + busy), 0.6)
    return Scene(picture, draw_light(rng, outdoors=False), floor)


def bokeh(rng: np.random.Generator, height: int, width: int, busy: float) -> Scene:
    """A portrait's background: everything far out of focus."""
    base = _foliage(rng, height, width) if rng.random() < 0.5 else _tint(_wash(rng, height, width), paint_colour(rng, 0.3, 0.9))
    picture = to_picture(base)
    for _ in range(int(rng.integers(0, 16))):
        r = rng.uniform(0.02, 0.08) * height
        fill_oval(picture, rng.uniform(0, width), rng.uniform(0, height), r, r, paint_colour(rng, 0.5, 1.0))
    soft = to_picture(blur(picture.astype(np.float32), 0.035 * height))
    if busy:
        _furnish(soft, rng, int(0.5 * height), INDOORS, 1 + int(busy), 0.6)
        soft = blur_picture(soft, float(rng.uniform(1.0, 4.0)) * width / 320)
    return Scene(soft, draw_light(rng, outdoors=True), int(0.5 * height))


_PLACES: tuple[Callable[[np.random.Generator, int, int, float], Scene], ...] = (
    room,
    room,
    garden,
    garden,
    street,
    blanket,
    bokeh,
)


def draw_scene(rng: np.random.Generator, height: int, width: int, *, busy: float = 0.0, focus: bool = False) -> Scene:
    """A place at random; `busy` adds that many things, `focus` keeps it sharp (else it may be out of focus)."""
    scene = _PLACES[int(rng.integers(len(_PLACES)))](rng, height, width, busy)
    depth = 0.0 if focus else float(rng.choice([0.0, 0.6, 1.2, 2.2])) * width / 320
    if depth <= 0.2:
        return scene
    return Scene(blur_picture(scene.picture, depth), scene.light, scene.floor)
