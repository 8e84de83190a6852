"""Light and lens: what falls on a pet, and what a cheap camera makes of the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._canvas import Colour, Field, Picture, blur_picture, grain, to_picture


@dataclass(frozen=True)
class Light:
    """One key light and the room's own: `way` points from the subject to the key light, in screen axes."""

    way: tuple[float, float, float]
    key: Colour
    ambient: Colour


def draw_light(rng: np.random.Generator, *, outdoors: bool) -> Light:
    """A light from above and one side, warm or cool."""
    across = rng.uniform(0.25, 0.9) * rng.choice([-1.0, 1.0])
    way = np.array([across, -rng.uniform(0.5, 1.0), rng.uniform(0.45, 1.0)])
    way /= np.linalg.norm(way)
    warm = rng.uniform(-0.06, 0.10)
    power = rng.uniform(0.62, 0.82) if outdoors else rng.uniform(0.5, 0.72)
    ambient = rng.uniform(0.36, 0.5)
    cool = 0.5 * warm
    return Light(
        (float(way[0]), float(way[1]), float(way[2])),
        (power * (1 - warm), power, power * (1 + warm)),
        (ambient * (1 + cool), ambient, ambient * (1 - cool)),
    )


def shade(light: Light, normal: Field, folds: Field) -> Field:
    """Illumination [height, width, 3], about 1 where fully lit.

    The key light wraps round the body (half-Lambert): fur scatters light past the terminator.
    """
    way = np.array(light.way, np.float32)
    facing = np.clip(normal @ way * np.float32(0.6) + np.float32(0.4), 0.0, 1.0)
    key = (facing * facing * (1.0 - 0.45 * folds))[..., None] * np.array(light.key, np.float32) * np.float32(1.15)
    sky = 0.75 - 0.25 * normal[..., 1]
    lit: Field = key + (sky * (1.0 - 0.7 * folds))[..., None] * np.array(light.ambient, np.float32) * np.float32(1.2)
    return lit


@dataclass(frozen=True)
class Lens:
    """How the camera renders the scene: gains and a vignette are factors, blur and noise are in pixels and grey levels."""

    gain: Colour
    gamma: float
    vignette: float
    blur: float
    noise: float


def draw_lens(rng: np.random.Generator) -> Lens:
    """Exposure, colour cast, vignette, softness and noise of one camera."""
    exposure = float(np.exp(rng.normal(0.0, 0.13)))
    cast_ = rng.normal(0.0, 0.035)
    return Lens(
        (exposure * (1 - cast_), exposure, exposure * (1 + cast_)),
        float(rng.uniform(0.9, 1.12)),
        float(rng.uniform(0.0, 0.3)),
        float(rng.choice([0.0, 0.0, 0.4, 0.7, 1.0])),
        float(rng.uniform(0.5, 4.0)),
    )


def expose(picture: Picture, lens: Lens, rng: np.random.Generator) -> Picture:
    """The picture as this camera would give it."""
    height, width = picture.shape[:2]
    levels = np.arange(256, dtype=np.float32) / 255.0
    curves = np.stack([np.minimum(levels * gain, 1.25) ** lens.gamma * 255.0 for gain in lens.gain], axis=1)
    field = np.empty((height, width, 3), np.float32)
    soft = blur_picture(picture, lens.blur)
    for channel in range(3):
        field[..., channel] = curves[:, channel].astype(np.float32)[soft[..., channel]]
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    field *= (1.0 - np.float32(lens.vignette * 0.5) * (x * x + y * y))[..., None]
    field += (np.float32(lens.noise) * grain(rng, height, width))[..., None]
    return to_picture(field)
