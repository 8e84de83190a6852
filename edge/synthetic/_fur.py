"""Fur: from a bare painted surface to a sprite with a ragged, hairy outline.

Geometry, colour and light are computed once a pixel; then everything is looked up again at twice the resolution, at
displaced positions. The displacement follows strands (white noise smeared along the way the fur lies, a line integral
convolution, Cabral and Leedom 1993, in doubling steps, so that a strand of 16 pixels costs four look-ups) and carries
colour borders and the silhouette with it. The sprite is then averaged down to its own size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from ._body import Part
from ._canvas import Field, Picture, cloud, fill, grain, scale_picture, scale_to, strokes, to_picture
from ._canvas import blur as blurred
from ._coats import Coat, paint
from ._faces import Decal
from ._light import Light, shade
from ._solids import Blade, Camera, Solid, Surface, carve, occlusion, owners, see, visible

_FINE = 2  # sprites are drawn this much larger, then averaged
_COVERAGE = (255.0 * np.clip((np.arange(256) - 128.0) / 16.0 * _FINE + 0.5, 0.0, 1.0)).astype(np.uint8)


@dataclass(frozen=True)
class Sprite:
    """A cut-out picture to lay at (left, top): `ink` is multiplied by its coverage `alpha`; both uint8 [h, w, 3]."""

    ink: Picture
    alpha: Picture
    left: int
    top: int


@dataclass(frozen=True)
class Fur:
    """Length in world units, contrast of the strands as a share of the colour, and how far they stray."""

    length: float
    contrast: float
    stray: float
    seed: int


def _flow(surface: Surface, solids: list[Solid], camera: Camera, fur: Fur, rng: np.random.Generator) -> tuple[Field, Field]:
    """The way the fur lies on the screen, x and y parts of about unit length; none where there is no fur."""
    ways = np.array([solid.flow / (np.linalg.norm(solid.flow) + 1e-9) for solid in solids]) @ camera.turn.T
    way = owners(surface, ways.astype(np.float32))
    nx, ny, nz = (surface.normal[..., k] for k in range(3))
    # Lie flat on the surface, then stand up from it a little.
    along = 0.35 - (way[..., 0] * nx + way[..., 1] * ny + way[..., 2] * nz)
    sigma = 0.05 * camera.scale
    x, y = blurred(way[..., 0] + along * nx, sigma), blurred(way[..., 1] + along * ny, sigma)
    turn = np.float32(fur.stray) * cloud(rng, x.shape[0], x.shape[1], max(4.0, 0.14 * camera.scale), octaves=2)
    bare = owners(surface, np.array([_hairiness(solid) for solid in solids], np.float32))
    length = bare / (np.sqrt(x * x + y * y) + np.float32(0.15))
    c, s = np.cos(turn) * length, np.sin(turn) * length
    return x * c - y * s, x * s + y * c


def _strands(
    flow: tuple[Field, Field], grid: tuple[Field, Field], reach: float, width: float, rng: np.random.Generator
) -> Field:
    """Noise smeared along `flow` over `reach` pixels, of about unit variance; eight bits do, and are faster."""
    height, across = grid[0].shape
    thick = max(1.0, width)
    noise = grain(rng, int(height / thick) + 2, int(across / thick) + 2)
    strands = scale_picture(to_picture(noise * 42.0 + 128.0), across, height)
    steps = max(1, round(np.log2(max(reach, 2.0))))
    for k in range(steps):
        stride = reach / float(1 << (steps - k))
        ahead = cv2.remap(
            strands,
            cv2.scaleAdd(flow[0], stride, grid[0]),
            cv2.scaleAdd(flow[1], stride, grid[1]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        strands = np.asarray(cv2.addWeighted(strands, 0.5, ahead, 0.5, 0.0), np.uint8)
    spread = max(1.0, float(np.std(strands[::4, ::4])))
    return np.asarray(cv2.addWeighted(strands, 1.0 / spread, strands, 0.0, -128.0 / spread, dtype=cv2.CV_32F), np.float32)


def _hairiness(solid: Solid) -> float:
    """How long the fur of a solid is, as a share; thin ears would be torn to shreds by the long fur of a body."""
    if solid.part in (Part.NOSE, Part.TONGUE, Part.COLLAR):
        return 0.0
    return 0.4 if solid.part in (Part.EAR_INNER, Part.PAW) or isinstance(solid, Blade) else 1.0


def _gloss(surface: Surface, solids: list[Solid], light: Light) -> Field:
    """Highlights: sharp on a wet nose, faint on fur."""
    half = np.array(light.way) + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half)
    facing = np.clip(surface.normal @ half.astype(np.float32), 0.0, 1.0)
    wet = np.array([1.0 if solid.part in (Part.NOSE, Part.TONGUE) else 0.0 for solid in solids], np.float32)
    gloss: Field = 10.0 * facing**6 + 90.0 * owners(surface, wet) * facing**24
    return gloss


def _lit(solids: list[Solid], surface: Surface, camera: Camera, coat: Coat, light: Light) -> Field:
    """Painted and lit surface, [h, w, 3]."""
    up = surface.normal @ camera.turn[:, 1].astype(np.float32)
    folds = occlusion(surface, 0.16 * camera.scale)
    colour = paint(coat, solids, surface, up, camera.scale) * shade(light, surface.normal, folds)
    colour += _gloss(surface, solids, light)[..., None]
    return colour


def _stretch(surface: Surface, colour: Field, reach: float) -> Field:
    """Carry the colour a little past the outline, so that strands that leave it have one."""
    covered = ((surface.inside > 0.5) & surface.covered).astype(np.float32)
    weight = blurred(covered, reach)
    spread = blurred(colour * covered[..., None], reach) / (weight + np.float32(1e-4))[..., None]
    return np.where(covered[..., None] > 0, colour, spread)


def render(
    solids: list[Solid],
    camera: Camera,
    decals: Iterable[Decal],
    head: float,
    coat: Coat,
    fur: Fur,
    light: Light,
    width: int,
    height: int,
) -> Sprite:
    """Draw a whole animal into a sprite clipped to a picture of `width` x `height` pixels."""
    left, top, right, bottom = _bounds(solids, camera, width, height)
    local = Camera(camera.turn, camera.scale, camera.x - left, camera.y - top)
    wide, high = right - left, bottom - top
    surface = carve(solids, local, wide, high)
    rng = np.random.default_rng(fur.seed)
    lit = _stretch(surface, _lit(solids, surface, local, coat, light), 2.0 + 0.35 * fur.length * camera.scale)
    flow = _flow(surface, solids, local, fur, rng)
    ink, alpha = _grow(lit, surface.inside, flow, fur, camera.scale, rng)
    _draw_decals(decals, surface, local, head, ink, alpha, light)
    return _finish(ink, alpha, wide, high, left, top)


def _grow(
    lit: Field, inside: Field, flow: tuple[Field, Field], fur: Fur, scale: float, rng: np.random.Generator
) -> tuple[Picture, Picture]:
    """Let the fur grow: colour [h, w, 3] and coverage [h, w] at the fine size."""
    high, wide = (_FINE * side for side in inside.shape)
    fine = scale_to(flow[0], wide, high), scale_to(flow[1], wide, high)
    down, across = np.indices((high, wide), np.float32)
    reach = fur.length * scale * _FINE
    strands = _strands(fine, (across, down), reach, 0.012 * scale * _FINE, rng)
    push = np.clip(strands, -1.6, 1.6) * np.float32(-0.3 * reach)
    at = [
        cv2.addWeighted(grid + push * way, 1.0 / _FINE, grid, 0.0, 0.5 / _FINE - 0.5)
        for grid, way in zip((across, down), fine, strict=True)
    ]
    # The distance to the outline travels as a fourth channel, 16 steps a pixel round 128.
    edge = to_picture(inside * 16.0 + 128.0)
    ragged = cv2.remap(cv2.merge([to_picture(lit), edge]), at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    hairy = cv2.magnitude(fine[0], fine[1]) * np.float32(fur.contrast * 128.0)
    factor = to_picture(128.0 + hairy * strands)
    colour = cv2.multiply(cv2.cvtColor(ragged, cv2.COLOR_BGRA2BGR), cv2.merge([factor] * 3), scale=1.0 / 128.0)
    cover = cv2.LUT(cv2.extractChannel(ragged, 3), _COVERAGE)
    return np.asarray(colour, np.uint8), np.asarray(cover, np.uint8)


def _finish(ink: Picture, alpha: Picture, wide: int, high: int, left: int, top: int) -> Sprite:
    cover = np.repeat(alpha[..., None], 3, axis=2)
    ink = np.asarray(cv2.multiply(ink, cover, scale=1.0 / 255.0), np.uint8)
    return Sprite(scale_picture(ink, wide, high), scale_picture(cover, wide, high), left, top)


def _draw_decals(
    decals: Iterable[Decal], surface: Surface, camera: Camera, head: float, ink: Picture, alpha: Picture, light: Light
) -> None:
    """Eyes, nose, mouth and whiskers over the fine picture; hidden ones are left out."""
    glow = np.array(light.ambient) + 0.55 * np.array(light.key)
    for decal in decals:
        seen = camera.project(decal.points)
        middle = seen.mean(axis=0)
        faces = camera.turn[2] @ decal.normal > 0.12
        slack = 0.25 * head * camera.scale
        if not faces or not (decal.stands_out or visible(surface, middle[0], middle[1], middle[2], slack)):
            continue
        points = (seen[:, :2] + 0.5) * _FINE - 0.5
        colour = tuple(float(v) for v in np.clip(np.array(decal.colour) * glow, 0, 255))
        if decal.thickness == 0.0:
            fill(ink, points, colour)
            continue
        thickness = max(1, round(decal.thickness * head * camera.scale * _FINE))
        strokes(ink, [points], colour, thickness)
        if decal.stands_out:
            strokes(alpha, [points], (200.0,), thickness)


def _bounds(solids: list[Solid], camera: Camera, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of the picture the animal can touch, whiskers and fur included: left, top, right, bottom."""
    seen = see(solids, camera)
    margin = 0.35 * camera.scale + 4
    left, top = (max(0, int(v)) for v in seen.low.min(axis=0) - margin)
    right, bottom = seen.high.max(axis=0) + margin
    left, top = min(left, width - 8), min(top, height - 8)
    return left, top, max(min(width, int(right)), left + 8), max(min(height, int(bottom)), top + 8)
