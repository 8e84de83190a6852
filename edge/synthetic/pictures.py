"""Whole pictures: a cat, a dog or no pet at all, somewhere, in some light, through some lens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ._breeds import draw_cat, draw_dog
from ._canvas import Picture, lay_over
from ._light import draw_lens, expose
from ._pets import Model, darken, draw_pose, photograph, pose_model, shadow
from ._scenes import Scene, draw_scene
from ._solids import Camera
from .leaves import draw_dead_leaves

LABELS = ("cats", "dogs")
NEITHER = "neither"

_ALL = (*LABELS, NEITHER)

# Far above any seed that a data set or demo is drawn from: what is calibrated on is never what is measured on.
_CALIBRATION_SEEDS = 1 << 80


def _check_size(width: int, height: int) -> None:
    if width < 16 or height < 16:
        raise ValueError(f"expected width and height of at least 16 pixels. Received: {width} x {height}")


def _frame_up(rng: np.random.Generator, model: Model, scene: Scene) -> Camera:
    """Choose the distance: a portrait of the head, or the whole animal standing on the scene's floor."""
    height, width = scene.picture.shape[:2]
    portrait = rng.random() < 0.35
    left, top, right, bottom = model.box(model.camera(1.0), head_only=portrait)
    room = min(width / (right - left), height / (bottom - top))
    scale = room * (rng.uniform(0.55, 0.85) if portrait else rng.uniform(0.62, 0.95))
    left, top, right, bottom = model.box(model.camera(scale), head_only=portrait)
    slack = max(0.0, width - (right - left))
    x = rng.uniform(0.25, 0.75) * slack - left
    if portrait:
        y = rng.uniform(0.3, 0.6) * max(0.0, height - (bottom - top)) - top
    else:
        lowest = min(0.98 * height, max(scene.floor + 0.15 * height, bottom - top + 0.02 * height))
        y = rng.uniform(lowest, 0.98 * height) - bottom
    return model.camera(float(scale), float(x), float(y))


def _with_pet(rng: np.random.Generator, label: str, width: int, height: int) -> Picture:
    scene = draw_scene(rng, height, width)
    breed = (draw_cat if label == "cats" else draw_dog)(rng)
    model = pose_model(breed, draw_pose(rng, breed))
    camera = _frame_up(rng, model, scene)
    picture = darken(scene.picture, shadow(model, camera, scene.light, width, height))
    sprite = photograph(model, camera, scene.light, width, height)
    lay_over(picture, sprite.ink, sprite.alpha, sprite.left, sprite.top)
    return picture


def draw_picture(label: str, seed: int, *, width: int = 320, height: int = 240) -> Picture:
    """Draw one labelled picture.

    Args:
        label: `"cats"`, `"dogs"` or `"neither"` (a scene without a pet).
        seed: any integer from 0 up; the same label, seed and size always give the same picture.
        width: of the picture, in pixels, at least 16.
        height: of the picture, in pixels, at least 16.

    Returns:
        uint8 [height, width, 3], BGR.

    Raises:
        ValueError: for an unknown label, a negative seed or a size too small to draw in.
    """
    if label not in _ALL:
        raise ValueError(f"expected a label out of {', '.join(_ALL)}. Received: {label!r}")
    if seed < 0:
        raise ValueError(f"expected a seed of 0 or more. Received: {seed}")
    _check_size(width, height)
    rng = np.random.default_rng([seed, _ALL.index(label)])
    if label == NEITHER:
        picture = draw_scene(rng, height, width, busy=float(rng.integers(1, 4)), focus=rng.random() < 0.7).picture
    else:
        picture = _with_pet(rng, label, width, height)
    return expose(picture, draw_lens(rng), rng)


def calibration_pictures(count: int, seed: int = 0, *, width: int = 320, height: int = 240) -> Iterator[Picture]:
    """Pictures to calibrate an int8 model with when no photographs are at hand.

    Every second one is a dead-leaves picture (whose statistics are those of photographs at large); the others are drawn
    cats, dogs and empty scenes in turn.

    Args:
        count: how many to give.
        seed: any integer from 0 up; the same seed gives the same pictures.
        width: of each picture, in pixels, at least 16.
        height: of each picture, in pixels, at least 16.

    Yields:
        uint8 [height, width, 3], BGR.

    Raises:
        ValueError: for a negative count or seed, or a size too small to draw in.
    """
    if count < 0:
        raise ValueError(f"expected a count of 0 or more. Received: {count}")
    for index in range(count):
        own_seed = _CALIBRATION_SEEDS + (seed << 32) + index
        if index % 2 == 0:
            yield draw_dead_leaves(own_seed, width=width, height=height)
        else:
            yield draw_picture(_ALL[index // 2 % 3], own_seed, width=width, height=height)
