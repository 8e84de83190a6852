"""A pet is a heap of ellipsoids; this module turns the heap into depth, normals and surface points.

Everything is seen through an orthographic camera whose scale shrinks a little with distance (weak perspective), so every
ellipsoid has a closed-form front surface: for a ray along the view axis, the nearer root of a quadratic. Screen axes: x to
the right, y DOWN, z towards the viewer. World axes (the animal's): x forward, y UP, z to its right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ._canvas import Field, blur

Vector = NDArray[np.float64]

_FAR = -1.0e4
_VIEWER = 14.0  # distance of the viewer in world units, for the weak perspective


@dataclass(frozen=True)
class Ellipsoid:
    """`axes` [3, 3] holds the three radius vectors as columns; `flow` is the way its fur lies."""

    centre: Vector
    axes: Vector
    part: int
    flow: Vector
    blend: float = 0.18


@dataclass(frozen=True)
class Blade:
    """A flat leaf with a point, such as an ear: `base` plus u * `side` plus v * `rise`, narrowing to the tip at v = 1."""

    base: Vector
    side: Vector
    rise: Vector
    part: int
    flow: Vector
    roundness: float = 0.75

    @property
    def centre(self) -> Vector:
        """The middle of the foot, in the place of an ellipsoid's centre."""
        return self.base

    @property
    def axes(self) -> Vector:
        """Half width and height, in the place of an ellipsoid's radii."""
        return np.stack([self.side, self.rise, np.zeros(3)], axis=1)


Solid = Ellipsoid | Blade


def cross(a: Vector, b: Vector) -> Vector:
    """The cross product of two single vectors, ten times faster than NumPy's general one."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


@dataclass(frozen=True)
class Camera:
    """Where a world point lands on the picture: turned by `turn` [3, 3], scaled by `scale` pixels a unit."""

    turn: Vector
    scale: float
    x: float
    y: float

    def project(self, points: Vector) -> Vector:
        """World points [n, 3] to screen [n, 3] (x, y and depth, all in pixels)."""
        seen = points @ self.turn.T
        zoom = self.scale * _zoom(seen[:, 2])
        return np.stack([self.x + seen[:, 0] * zoom, self.y + seen[:, 1] * zoom, seen[:, 2] * self.scale], axis=1)


def look(yaw: float, pitch: float, scale: float, x: float, y: float) -> Camera:
    """A camera that sees the animal turned by `yaw` degrees (0 faces right, 90 the viewer), from `pitch` degrees above."""
    a, b = np.radians(yaw), np.radians(pitch)
    turn = np.array([[np.cos(a), 0.0, -np.sin(a)], [0.0, -1.0, 0.0], [np.sin(a), 0.0, np.cos(a)]])
    tilt = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(b), np.sin(b)], [0.0, -np.sin(b), np.cos(b)]])
    return Camera(tilt @ turn, scale, x, y)


@dataclass(frozen=True)
class Seen:
    """Solids on the screen, in pixels: centres [n, 3], axes [n, 3, 3] and the corners of their boxes, `low`, `high` [n, 2]."""

    centres: Vector
    axes: Vector
    low: Vector
    high: Vector


def see(solids: list[Solid], camera: Camera) -> Seen:
    """Project all solids at once."""
    world = np.stack([solid.centre for solid in solids])
    centres = camera.project(world)
    zoom = camera.scale * _zoom(centres[:, 2] / camera.scale)
    axes = (camera.turn @ np.stack([solid.axes for solid in solids])) * zoom[:, None, None]
    reach = np.sqrt(np.sum(axes[:, :2] ** 2, axis=2))
    return Seen(centres, axes, centres[:, :2] - reach, centres[:, :2] + reach)


def _zoom(depth: Vector) -> Vector:
    """How much larger than nominal things at these depths look, in world units from the origin."""
    return _VIEWER / (_VIEWER - np.minimum(depth, 0.6 * _VIEWER))


@dataclass(frozen=True)
class Surface:
    """What the camera sees, at one sample a pixel: all [height, width] or [height, width, 3]."""

    depth: Field
    inside: Field  # signed distance to the silhouette, in pixels, positive inside
    owner: NDArray[np.intp]  # index of the solid in front
    covered: NDArray[np.bool_]  # whether there is a solid at all
    normal: Field  # screen axes, unit length
    point: Field  # world coordinates


@dataclass
class _Layers:
    depth: Field
    inside: Field
    owner: NDArray[np.intp]

    def merge(self, cut: tuple[slice, slice], depth: Field, inside: Field, index: int, blend: float) -> None:
        """Union with one solid, rounding the crease where two surfaces meet (polynomial smooth maximum)."""
        old = self.depth[cut]
        depth = np.where(inside > 0.0, depth, np.float32(_FAR))
        gap = np.abs(old - depth)
        crease = np.maximum(blend - gap, 0.0)
        self.owner[cut][depth > old] = index
        self.depth[cut] = np.maximum(old, depth) + crease * crease * np.float32(0.25 / max(blend, 1e-3))
        edge = self.inside[cut]
        soft = np.maximum(0.6 * blend - np.abs(edge - inside), 0.0)
        self.inside[cut] = np.maximum(edge, inside) + soft * soft * np.float32(0.25 / max(0.6 * blend, 1e-3))


def carve(solids: list[Solid], camera: Camera, width: int, height: int) -> Surface:
    """Render the solids into a surface of `width` x `height` samples."""
    layers = _Layers(
        np.full((height, width), _FAR, np.float32),
        np.full((height, width), -60.0, np.float32),
        np.zeros((height, width), np.intp),
    )
    seen = see(solids, camera)
    forms = np.empty((len(solids), 3, 3), np.float32)
    anchors = seen.centres.astype(np.float32)
    for index, solid in enumerate(solids):
        centre, axes = seen.centres[index], seen.axes[index]
        if isinstance(solid, Ellipsoid):
            forms[index] = _carve_ellipsoid(centre, axes, layers, index, solid.blend * camera.scale)
        else:
            # A constant form, seen from far behind, gives the plane's own normal.
            anchors[index, 2] -= 1000.0
            forms[index] = _carve_blade(solid, centre, axes, layers, index, 0.05 * camera.scale)
    normal = _normals(layers, forms, anchors)
    rows, columns = np.indices((height, width), np.float32, sparse=True)
    across, down, depth = columns - np.float32(camera.x), rows - np.float32(camera.y), layers.depth
    turn = (camera.turn / camera.scale).astype(np.float32)
    point = cv2.merge([across * turn[0, k] + down * turn[1, k] + depth * turn[2, k] for k in range(3)])
    return Surface(
        depth, layers.inside, layers.owner, depth > _FAR / 2, unit(blur(normal, 0.035 * camera.scale)), cast(Field, point)
    )


def _normals(layers: _Layers, forms: Field, anchors: Field) -> Field:
    """Normals of the solids in front: the gradient of each one's quadratic form."""
    normal = np.zeros((*layers.depth.shape, 3), np.float32)
    rows, columns = np.nonzero(layers.depth > _FAR / 2)
    owner = layers.owner[rows, columns]
    x = columns.astype(np.float32) - anchors[owner, 0]
    y = rows.astype(np.float32) - anchors[owner, 1]
    z = layers.depth[rows, columns] - anchors[owner, 2]
    parts = [forms[owner, k, 0] * x + forms[owner, k, 1] * y + forms[owner, k, 2] * z for k in range(3)]
    length = np.sqrt(parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2) + np.float32(1e-9)
    for k in range(3):
        normal[rows, columns, k] = parts[k] / length
    return normal


def unit(vectors: Field) -> Field:
    """Vectors [h, w, 3] scaled to length 1; zero stays zero."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    scale = 1.0 / (np.sqrt(x * x + y * y + z * z) + np.float32(1e-6))
    return cast(Field, cv2.merge([x * scale, y * scale, z * scale]))


def _window(x: float, y: float, rx: float, ry: float, layers: _Layers) -> tuple[slice, slice] | None:
    height, width = layers.depth.shape
    x0, x1 = max(int(x - rx - 2), 0), min(int(x + rx + 3), width)
    y0, y1 = max(int(y - ry - 2), 0), min(int(y + ry + 3), height)
    return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None


def _carve_ellipsoid(centre: Vector, axes: Vector, layers: _Layers, index: int, blend: float) -> Vector:
    """Merge one ellipsoid in; returns its quadratic form, in pixels."""
    inverse = np.linalg.inv(axes)
    form = inverse.T @ inverse
    spread = axes @ axes.T
    cut = _window(centre[0], centre[1], np.sqrt(spread[0, 0]), np.sqrt(spread[1, 1]), layers)
    if cut is None:
        return form
    dy = (np.arange(cut[0].start, cut[0].stop, dtype=np.float32) - np.float32(centre[1]))[:, None]
    dx = (np.arange(cut[1].start, cut[1].stop, dtype=np.float32) - np.float32(centre[0]))[None, :]
    q = form.astype(np.float32)
    slope = q[0, 2] * dx + q[1, 2] * dy
    outline = np.linalg.inv(spread[:2, :2]).astype(np.float32)
    square = outline[0, 0] * dx * dx + (2 * outline[0, 1] * dy) * dx + outline[1, 1] * dy * dy
    # On the outline the quadratic has one root; its discriminant is q22 * (1 - square).
    rise = np.sqrt(np.maximum(q[2, 2] * (1.0 - square), 0.0))
    depth = (rise - slope) / q[2, 2] + np.float32(centre[2])
    middle, gap = (spread[0, 0] + spread[1, 1]) / 2, (spread[0, 0] - spread[1, 1]) / 2
    narrow = np.float32(np.sqrt(max(middle - np.hypot(gap, spread[0, 1]), 1e-6)))
    inside = (1.0 - np.sqrt(square)) * narrow
    layers.merge(cut, depth.astype(np.float32), inside.astype(np.float32), index, blend)
    return form


def _carve_blade(solid: Blade, base: Vector, axes: Vector, layers: _Layers, index: int, blend: float) -> Vector:
    side, rise = axes[:, 0], axes[:, 1]
    plane = axes[:2, :2]
    normal = cross(side, rise)
    normal *= np.sign(normal[2]) or 1.0
    form = np.outer(normal / np.linalg.norm(normal), [0.0, 0.0, 1.0])
    reach = np.abs(side[:2]) + np.abs(rise[:2])
    cut = _window(base[0], base[1], reach[0], reach[1], layers)
    if cut is None or abs(np.linalg.det(plane)) < 0.12 * np.linalg.norm(side) * np.linalg.norm(rise):
        return form
    dy = (np.arange(cut[0].start, cut[0].stop, dtype=np.float32) - np.float32(base[1]))[:, None]
    dx = (np.arange(cut[1].start, cut[1].stop, dtype=np.float32) - np.float32(base[0]))[None, :]
    back = np.linalg.inv(plane).astype(np.float32)
    u, v = back[0, 0] * dx + back[0, 1] * dy, back[1, 0] * dx + back[1, 1] * dy
    wide = np.power(np.clip(1.0 - v, 0.0, 1.0), np.float32(solid.roundness))
    inside = np.minimum(wide - np.abs(u), v + np.float32(0.25)) * np.float32(np.linalg.norm(side[:2]))
    dish = (1.0 - u * u) * np.float32(0.25 * np.linalg.norm(side))
    depth = np.float32(base[2]) + u * np.float32(side[2]) + v * np.float32(rise[2]) - dish
    layers.merge(cut, depth.astype(np.float32), inside.astype(np.float32), index, blend)
    return form


def occlusion(surface: Surface, reach: float) -> Field:
    """Darkening of folds and of what lies behind, 0 to 1: how far the surface sinks below its own blur.

    Source: Luft, Colditz, Deussen 2006, "Image enhancement by unsharp masking the depth buffer".
    """
    seen = surface.covered
    depth = np.where(seen, surface.depth, np.float32(0.0))
    weight = blur(seen.astype(np.float32), reach) + np.float32(1e-3)
    sunk = blur(depth, reach) / weight - depth
    return np.where(seen, np.clip(sunk / np.float32(3.0 * reach), 0.0, 1.0), 0.0).astype(np.float32)


def owners(surface: Surface, table: NDArray[np.float32]) -> Field:
    """Look up one row of `table` per pixel by the solid in front."""
    return table[surface.owner]


def visible(surface: Surface, x: float, y: float, depth: float, slack: float) -> bool:
    """Whether a point at this screen position and depth is not hidden by something nearer."""
    height, width = surface.depth.shape
    column, row = round(x), round(y)
    if not (0 <= column < width and 0 <= row < height):
        return False
    return bool(surface.depth[row, column] < depth + slack)
