"""Flat features drawn on a finished head: eyes, nose, mouth and whiskers, as polygons in space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ._canvas import Colour
from ._heads import Face, Frame
from ._solids import Vector, cross

_TURN = np.linspace(0.0, 2 * np.pi, 20, endpoint=False)


@dataclass(frozen=True)
class Decal:
    """A filled outline, or a line if `thickness` (head radii) is not 0; shown if `normal` faces the viewer."""

    points: Vector  # world [n, 3]
    colour: Colour
    normal: Vector
    thickness: float = 0.0
    stands_out: bool = False  # may leave the silhouette, as whiskers do


def _oval(frame: Frame, centre: Vector, normal: Vector, rx: float, ry: float, tilt: float, sharp: float = 0.0) -> Vector:
    """An ellipse (an almond as `sharp` grows) round `centre` on the plane across `normal`, in the world."""
    n = normal / np.linalg.norm(normal)
    across = cross(np.array([0.0, 1.0, 0.0]), n)
    across /= np.linalg.norm(across)
    up = cross(n, across)
    angle = np.radians(tilt)
    across, up = across * np.cos(angle) + up * np.sin(angle), up * np.cos(angle) - across * np.sin(angle)
    u, v = np.cos(_TURN) * rx, np.sin(_TURN) * ry * (1.0 - sharp * np.cos(_TURN) ** 2)
    return frame.place(centre + u[:, None] * across + v[:, None] * up)


def _dim(colour: Colour, by: float) -> Colour:
    return (colour[0] * by, colour[1] * by, colour[2] * by)


def _eye(frame: Frame, face: Face, side: float, *, cat: bool, open_: float) -> Iterator[Decal]:
    spot = np.array([0.90, 0.10, side * 0.42 * face.width]) if cat else np.array([0.86, 0.14, side * 0.37 * face.width])
    out = np.array([1.0, 0.05, side * (0.40 if cat else 0.55)])
    facing = frame.way((out[0], out[1], out[2]))
    r, tilt = face.eye, side * (-14.0 if cat else -6.0)

    def oval(rx: float, ry: float, sharp: float = 0.0, lift: float = 0.0) -> Vector:
        return _oval(frame, spot + np.array([0.02, lift, 0.0]), out, rx, ry * open_, tilt, sharp)

    yield Decal(oval(1.32 * r, 1.16 * r, 0.45), (22, 22, 26), facing)
    white = (150, 168, 180) if not cat else _dim(face.eye_colour, 0.75)
    yield Decal(oval(1.08 * r, 0.95 * r, 0.35), white, facing)
    iris = 0.98 if cat else 0.90
    yield Decal(oval(iris * r, 0.90 * r, 0.2 if cat else 0.1), face.eye_colour, facing)
    yield Decal(oval(0.72 * r, 0.5 * r, 0.0, -0.3 * r), _dim(face.eye_colour, 1.25), facing)
    yield Decal(oval(face.pupil * r, 0.82 * r if cat else 0.58 * r), (10, 9, 9), facing)
    glint = spot + np.array([0.04, 0.34 * r * open_, -0.30 * r])
    yield Decal(_oval(frame, glint, out, 0.2 * r, 0.2 * r * open_, 0.0), (250, 250, 250), facing)


def cat_features(frame: Frame, face: Face, *, open_: float = 1.0) -> Iterator[Decal]:
    """Slit-pupilled eyes, small triangular nose, a w of a mouth, whiskers."""
    for side in (1.0, -1.0):
        yield from _eye(frame, face, side, cat=True, open_=open_)
    m, ahead = face.muzzle, frame.way((1.0, 0.0, 0.0))

    def at(*points: tuple[float, float, float]) -> Vector:
        return frame.place(np.array(points))

    x = 0.93 + m
    dark = _dim(face.nose_colour, 0.35)
    nose = at((x, -0.13, -0.15), (x, -0.11, 0.0), (x, -0.13, 0.15), (x, -0.20, 0.13), (x + 0.02, -0.29, 0.0), (x, -0.20, -0.13))
    yield Decal(at((x, -0.28, 0.0), (x, -0.42, 0.0)), dark, ahead, 0.035)
    for side in (1.0, -1.0):
        mouth = at((x, -0.42, 0.0), (x, -0.49, side * 0.10), (x - 0.05, -0.52, side * 0.20), (x - 0.2, -0.50, side * 0.33))
        yield Decal(mouth, dark, ahead, 0.035)
    yield Decal(nose, face.nose_colour, ahead)
    for side in (1.0, -1.0):
        yield Decal(
            _oval(frame, np.array([x + 0.02, -0.20, side * 0.075]), np.array([1.0, 0.0, 0.0]), 0.035, 0.02, 0.0), dark, ahead
        )
    t = np.linspace(0.0, 1.0, 6)
    for side in (1.0, -1.0):
        for k in range(5):
            root = np.array([0.85 + m, -0.32 - 0.05 * (k % 3), side * (0.22 + 0.03 * k)])
            droop, spread = 0.30 - 0.16 * k, face.whiskers * (1.0 - 0.06 * abs(k - 2))
            reach = np.stack([0.1 * t - 0.35 * t * t, droop * t - 0.30 * t * t, side * spread * t], axis=1)
            yield Decal(frame.place(root + reach), (232, 236, 238), frame.way((1.0, 0.0, 1.2 * side)), 0.018, True)


def dog_features(frame: Frame, face: Face, *, open_: float = 1.0) -> Iterator[Decal]:
    """Round dark eyes, nostrils, the long line of the lips."""
    for side in (1.0, -1.0):
        yield from _eye(frame, face, side, cat=False, open_=open_)
    front, ahead = 0.62 + face.muzzle, frame.way((1.0, 0.0, 0.0))
    x = front + 0.3
    for side in (1.0, -1.0):
        spot = np.array([x, -0.26, side * 0.10])
        yield Decal(
            _oval(frame, spot, np.array([1.0, 0.0, side * 0.5]), 0.05, 0.035, 0.0), (8, 8, 8), frame.way((1.0, 0.0, 0.7 * side))
        )
        lip = [(front + 0.1, -0.52, side * 0.02), (front, -0.66, side * 0.20), (front - 0.3, -0.64, side * 0.34)]
        corner = [(0.45, -0.56, side * 0.46 * face.width), (0.30, -0.46, side * 0.55 * face.width)]
        yield Decal(frame.place(np.array(lip + corner)), (34, 32, 36), frame.way((0.8, 0.0, side)), 0.03)
    yield Decal(frame.place(np.array([(front + 0.26, -0.36, 0.0), (front + 0.16, -0.54, 0.0)])), (24, 22, 24), ahead, 0.04)
    shine = np.array([x - 0.02, -0.13, -0.05])
    yield Decal(_oval(frame, shine, np.array([1.0, 0.6, 0.0]), 0.10, 0.03, 0.0), (150, 150, 150), ahead)
