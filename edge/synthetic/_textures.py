"""Seamless textures of the ground and the walls, drawn once a process, and the plane they lie on."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import cv2
import numpy as np

from ._canvas import Field, blur, cloud, grain

_SIZE = 512


def _wrap_blur(field: Field, across: float, down: float) -> Field:
    """Blur a tile so that its opposite edges still meet."""
    padded = np.pad(field, 64, mode="wrap")
    soft = cast(Field, cv2.GaussianBlur(padded, (0, 0), sigmaX=across, sigmaY=down))
    return soft[64:-64, 64:-64]


def _level(field: Field, contrast: float) -> Field:
    even: Field = 1.0 + np.float32(contrast) * (field - field.mean()) / field.std()
    return even


def _wood(rng: np.random.Generator) -> Field:
    """Planks along y: each its own shade, grain along its length, dark joints."""
    streaks = _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 0.8, 30.0), 0.05)
    wide = _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 4.0, 50.0), 0.05)
    tile = streaks * wide
    planks, width = 8, _SIZE // 8
    for k in range(planks):
        cut = tile[:, k * width : (k + 1) * width]
        joint = int(rng.integers(0, _SIZE))
        cut[:joint] *= rng.uniform(0.86, 1.1)
        cut[joint:] *= rng.uniform(0.86, 1.1)
        cut[joint : joint + 3] *= 0.6
        cut[:, :2] *= 0.6
    return tile


def _tiles(rng: np.random.Generator) -> Field:
    """Square slabs with pale joints."""
    tile = _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 9.0, 9.0), 0.03)
    step = _SIZE // 4
    for row in range(4):
        for column in range(4):
            cut = tile[row * step : (row + 1) * step, column * step : (column + 1) * step]
            cut *= rng.uniform(0.93, 1.05)
            cut[:4] *= 0.75
            cut[:, :4] *= 0.75
    return tile


def _carpet(rng: np.random.Generator) -> Field:
    """Short pile: fine noise over soft blotches."""
    fine = _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 1.0, 1.0), 0.09)
    return fine * _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 20.0, 20.0), 0.04)


def _grass(rng: np.random.Generator) -> Field:
    """Blades: thousands of short strokes in eight shades, later ones over earlier ones."""
    canvas = np.full((_SIZE, _SIZE), 70, np.uint8)
    for _ in range(24):
        count = 500
        foot = rng.uniform(0, _SIZE, (count, 2))
        tip = foot + np.stack([rng.normal(0, 9, count), -rng.uniform(10, 34, count)], axis=1)
        shade = float(rng.uniform(60, 200))
        for shift in (np.zeros(2), np.array([0.0, _SIZE]), np.array([_SIZE, 0.0])):
            lines = np.round(np.stack([foot, tip], axis=1) + shift).astype(np.int32)
            cv2.polylines(canvas, list(lines), False, shade, 2, cv2.LINE_AA)
    return _level(_wrap_blur(canvas.astype(np.float32), 0.8, 0.8), 0.24)


def _bricks(rng: np.random.Generator) -> Field:
    """Courses of bricks, upright."""
    tile = _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 1.5, 1.5), 0.05)
    high, wide = _SIZE // 16, _SIZE // 8
    for row in range(16):
        for column in range(8):
            left = column * wide + (row % 2) * wide // 2
            cut = np.s_[row * high + 3 : (row + 1) * high, left + 3 : left + wide]
            tile[cut] *= rng.uniform(0.8, 1.1)
        tile[row * high : row * high + 3] *= 1.15
    return tile


def _asphalt(rng: np.random.Generator) -> Field:
    """Grit."""
    return _level(_wrap_blur(grain(rng, _SIZE, _SIZE), 0.7, 0.7), 0.10) * _level(
        _wrap_blur(grain(rng, _SIZE, _SIZE), 25.0, 12.0), 0.05
    )


_MAKERS = {"wood": _wood, "tiles": _tiles, "carpet": _carpet, "grass": _grass, "bricks": _bricks, "asphalt": _asphalt}


@lru_cache(maxsize=len(_MAKERS))
def texture(name: str) -> Field:
    """A seamless tile of brightness factors round 1, float32 [512, 512]."""
    return _MAKERS[name](np.random.default_rng(list(_MAKERS).index(name) + 7))


def ground(rng: np.random.Generator, name: str, height: int, width: int, *, depth: float, zoom: float) -> Field:
    """A texture on a floor that runs to a horizon `depth` floor-heights above its top row, [height, width], about 1.

    Contrast fades with distance, where the tile would shimmer.
    """
    y = np.linspace(depth, 1.0 + depth, height, dtype=np.float32)[:, None]
    away = (1.0 + np.float32(depth)) / y
    x = (np.arange(width, dtype=np.float32) - width * np.float32(rng.uniform(0.2, 0.8)))[None, :]
    u = x * away * np.float32(zoom) + np.float32(rng.uniform(0, _SIZE))
    v = np.broadcast_to(height * away * np.float32(zoom * 1.6), u.shape) + np.float32(rng.uniform(0, _SIZE))
    if name != "grass" and rng.random() < 0.5:
        u, v = v, u
    tile = cv2.remap(texture(name), u % _SIZE, np.ascontiguousarray(v % _SIZE), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    clear = np.clip(2.0 / (zoom * away * away), 0.15, 1.0)
    return (1.0 + (cast(Field, tile) - 1.0) * clear).astype(np.float32)


def wall(rng: np.random.Generator, name: str, height: int, width: int, zoom: float) -> Field:
    """A texture seen face on, [height, width], about 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(zoom) + np.float32(rng.uniform(0, _SIZE))
    return cast(Field, cv2.remap(texture(name), x % _SIZE, y % _SIZE, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def cloth(rng: np.random.Generator, height: int, width: int) -> Field:
    """Woven cloth with soft folds, [height, width], about 1."""
    folds = cloud(rng, height, width, cell=0.35 * width, octaves=3)
    slope = cv2.Sobel(blur(folds, 2.0), cv2.CV_32F, 1, 1, ksize=5)
    weave = 0.035 * blur(grain(rng, height, width), 0.7)
    woven: Field = 1.0 + np.clip(np.float32(0.25) * cast(Field, slope), -0.2, 0.2) + weave + np.float32(0.07) * folds
    return woven
