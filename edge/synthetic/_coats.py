"""Coats: which colour grows where. Patterns live on the body in three dimensions, so they follow any pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._body import Part
from ._canvas import Colour, Field, blur
from ._solids import Solid, Surface, owners


@dataclass(frozen=True)
class Coat:
    """Colours in BGR and amounts from 0 to 1."""

    base: Colour
    dark: Colour
    pale: Colour
    seed: int
    stripes: float = 0.0
    patches: float = 0.0  # share of the body in `dark`, in large patches
    spots: float = 0.0  # share of the body in `dark`, in small spots
    second: Colour | None = None  # a third colour, in patches of its own
    saddle: float = 0.0
    belly: float = 0.3
    dark_parts: tuple[Part, ...] = ()
    pale_parts: tuple[Part, ...] = ()
    collar: Colour | None = None
    nose: Colour = (30, 28, 30)
    tongue: Colour = (130, 120, 225)
    inner_ear: Colour = (150, 155, 205)


@dataclass(frozen=True)
class _Skin:
    """The covered samples of a surface, one a row: where they are [n, 3], and which solid they belong to [n]."""

    point: Field
    owner: NDArray[np.intp]
    surface: Surface
    solids: list[Solid]
    scale: float

    def on(self, *parts: Part) -> Field:
        """1 on these parts of the body, else 0, [n]."""
        return _parts(self.solids, parts)[self.owner]

    def near(self, sigma: float, *parts: Part) -> Field:
        """The same with soft borders; `sigma` in world units, [n]."""
        amount = blur(owners(self.surface, _parts(self.solids, parts)), sigma * self.scale)
        return amount[self.surface.covered]


def _mix(under: Field, colour: Colour, amount: Field) -> Field:
    return under + (np.array(colour, np.float32) - under) * amount[:, None]


def _ramp(x: Field, low: float, high: float) -> Field:
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    smooth: Field = t * t * (3.0 - 2.0 * t)
    return smooth


def _lumps(point: Field, rng: np.random.Generator, frequency: float, waves: int = 4) -> Field:
    """A smooth random field over space, about unit variance: a few plane waves in random directions."""
    total = np.zeros(len(point), np.float32)
    for _ in range(waves):
        way = rng.standard_normal(3)
        way *= frequency * rng.uniform(0.6, 1.5) / np.linalg.norm(way)
        total += np.sin(point @ way.astype(np.float32) + np.float32(rng.uniform(0.0, 6.3)))
    return total * np.float32(np.sqrt(2.0 / waves))


def _parts(solids: list[Solid], wanted: tuple[Part, ...]) -> Field:
    return np.array([1.0 if solid.part in wanted else 0.0 for solid in solids], np.float32)


def _along(skin: _Skin) -> Field:
    """Distance along the solid in front, from its middle, in world units."""
    ways = np.stack([solid.flow for solid in skin.solids])
    middles = np.array([float(solid.flow @ solid.centre) for solid in skin.solids], np.float32)
    along: Field = np.einsum("ni,ni->n", skin.point, ways.astype(np.float32)[skin.owner])
    along -= middles[skin.owner]
    return along


def _stripes(skin: _Skin, warp: Field) -> Field:
    """Mackerel stripes: rings round trunk, legs and tail, lines running up the forehead."""
    point = skin.point
    rings = np.sin(_along(skin) * 11.0 + warp * 1.1)
    trunk = np.sin(point[:, 0] * 11.0 + point[:, 1] * 2.0 + warp * 1.5)
    crown = np.sin(point[:, 2] * 19.0 + warp * 0.5)
    on_trunk, on_head = skin.on(Part.TORSO, Part.CHEST, Part.NECK), skin.on(Part.HEAD)
    wave = rings + (trunk - rings) * on_trunk + (crown - rings) * on_head
    return _ramp(wave, -0.1, 0.75)


def paint(coat: Coat, solids: list[Solid], surface: Surface, up: Field, scale: float) -> Field:
    """Colour of every surface sample, float32 [height, width, 3]; `up` is the world-up part of the normal."""
    rng = np.random.default_rng(coat.seed)
    covered = surface.covered
    skin = _Skin(surface.point[covered], surface.owner[covered], surface, solids, scale)
    warp, fine = _lumps(skin.point, rng, 2.6), _lumps(skin.point, rng, 8.0)
    colour = np.empty((len(warp), 3), np.float32)
    colour[:] = coat.base
    colour *= (1.0 + 0.07 * warp + 0.05 * fine)[:, None]
    colour = _markings(coat, skin, colour, up[covered], warp, rng)
    colour = _pale_and_dark(coat, skin, colour, up[covered], fine)
    picture = np.zeros((*covered.shape, 3), np.float32)
    picture[covered] = _trimmings(coat, skin, colour)
    return picture


def _markings(coat: Coat, skin: _Skin, colour: Field, up: Field, warp: Field, rng: np.random.Generator) -> Field:
    """Stripes, saddle, patches and spots."""
    if coat.stripes:
        where = skin.on(Part.TORSO, Part.NECK, Part.HEAD, Part.TAIL, Part.EAR, Part.LEG)
        colour = _mix(colour, coat.dark, coat.stripes * where * _stripes(skin, warp))
    if coat.saddle:
        low = skin.near(0.12, Part.LEG, Part.PAW, Part.MUZZLE, Part.JAW, Part.CHEST)
        colour = _mix(colour, coat.dark, _ramp(up + 0.25 * warp - 1.6 * low, 0.2 - coat.saddle, 0.6 - coat.saddle))
    if coat.patches:
        colour = _mix(colour, coat.dark, _ramp(warp, _level(coat.patches), _level(coat.patches) + 0.15))
    if coat.second is not None:
        colour = _mix(colour, coat.second, _ramp(_lumps(skin.point, rng, 2.2), 0.35, 0.5))
    if coat.spots:
        dots = _lumps(skin.point, rng, 7.5, waves=6)
        colour = _mix(colour, coat.dark, _ramp(dots, _level(coat.spots), _level(coat.spots) + 0.2))
    return colour


def _pale_and_dark(coat: Coat, skin: _Skin, colour: Field, up: Field, fine: Field) -> Field:
    """A paler belly, and parts of the body of another colour, with ragged borders."""
    if coat.belly:
        colour = _mix(colour, coat.pale, coat.belly * _ramp(-up + 0.1 * fine, 0.05, 0.7))
    if coat.dark_parts:
        colour = _mix(colour, coat.dark, 0.92 * _ramp(skin.near(0.08, *coat.dark_parts) + 0.10 * fine, 0.35, 0.65))
    if coat.pale_parts:
        colour = _mix(colour, coat.pale, 0.95 * _ramp(skin.near(0.08, *coat.pale_parts) + 0.10 * fine, 0.35, 0.65))
    return colour


def _trimmings(coat: Coat, skin: _Skin, colour: Field) -> Field:
    """What is not fur: nose, tongue, the inside of the ears, a collar."""
    colour = _mix(colour, coat.inner_ear, 0.8 * _ramp(skin.near(0.03, Part.EAR_INNER), 0.3, 0.9))
    colour[skin.on(Part.NOSE) > 0] = coat.nose
    colour[skin.on(Part.TONGUE) > 0] = coat.tongue
    if coat.collar is not None:
        colour[skin.on(Part.COLLAR) > 0] = coat.collar
    return colour


def _level(share: float) -> float:
    """Where to cut a unit-variance field so that about `share` of it lies above."""
    return float(np.clip(1.7 * (1.0 - 2.0 * share), -1.6, 1.6))
