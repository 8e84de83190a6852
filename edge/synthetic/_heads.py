"""Heads: where a cat and a dog differ most. Solids and flat features in the head's own frame, whose unit is its radius.

In that frame x points out of the face, y up and z to the animal's right; `Frame` carries it into the world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._body import Part
from ._canvas import Colour
from ._solids import Blade, Ellipsoid, Solid, Vector


@dataclass(frozen=True)
class Frame:
    """The head's place in the world; `axes` [3, 3] holds forward, up and right as columns, each of the head's radius."""

    origin: Vector
    axes: Vector

    def place(self, points: Vector) -> Vector:
        """Head points [n, 3] to world points."""
        return self.origin + points @ self.axes.T

    def way(self, direction: tuple[float, float, float]) -> Vector:
        """A head direction in the world, of unit length."""
        turned = self.axes @ np.array(direction)
        return np.asarray(turned / np.linalg.norm(turned))

    def ball(
        self, x: float, y: float, z: float, radii: tuple[float, float, float], part: Part, pitch: float = 0.0, roll: float = 0.0
    ) -> Ellipsoid:
        """An ellipsoid, nodded by `pitch` and rolled by `roll` degrees; its fur runs away from the nose."""
        a, b = np.radians(pitch), np.radians(roll)
        nod = np.array([[np.cos(a), np.sin(a), 0.0], [-np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
        lean = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(b), -np.sin(b)], [0.0, np.sin(b), np.cos(b)]])
        size = float(np.linalg.norm(self.axes[:, 0]))
        centre = self.place(np.array([[x, y, z]]))[0]
        away = self.way((x - 1.6, y + 0.1, z))
        # Ears hang free; everything else is one piece.
        blend = 0.03 if part is Part.EAR else 0.16
        return Ellipsoid(centre, self.axes @ lean @ nod @ np.diag(radii), part, away, blend * size)

    def blade(self, base: Vector, side: Vector, rise: Vector, part: Part, roundness: float) -> Blade:
        """A leaf-shaped ear."""
        place = self.place(base[None])[0]
        return Blade(place, self.axes @ side, self.axes @ rise, part, self.axes @ rise, roundness)


def head_frame(origin: Vector, radius: float, yaw: float, nod: float, roll: float) -> Frame:
    """A head turned by `yaw`, lowered by `nod` and leaned by `roll` degrees."""
    a, b, c = np.radians(yaw), np.radians(nod), np.radians(roll)
    ahead, right, up = np.array([np.cos(a), 0.0, np.sin(a)]), np.array([-np.sin(a), 0.0, np.cos(a)]), np.array([0.0, 1.0, 0.0])
    ahead, up = ahead * np.cos(b) - up * np.sin(b), up * np.cos(b) + ahead * np.sin(b)
    right, up = right * np.cos(c) + up * np.sin(c), up * np.cos(c) - right * np.sin(c)
    return Frame(origin, np.stack([ahead, up, right], axis=1) * radius)


@dataclass(frozen=True)
class Face:
    """What varies from one face to the next; lengths in head radii."""

    muzzle: float  # how far the muzzle stands out
    width: float
    ear: float  # length of the ears
    ear_lean: float  # how far the ears point outwards
    floppy: bool
    eye: float  # radius of the eyes
    eye_colour: Colour
    pupil: float  # width of the pupil against its height
    nose_colour: Colour
    tongue: bool
    whiskers: float


def cat_head(frame: Frame, face: Face) -> list[Solid]:
    """Round skull, short muzzle of two pads, pointed ears."""
    w, m = face.width, face.muzzle
    solids: list[Solid] = [frame.ball(0.0, 0.0, 0.0, (0.95, 0.84, 0.98 * w), Part.HEAD)]
    for side in (1.0, -1.0):
        tip = np.array([-0.12, face.ear, side * face.ear_lean])
        base = np.array([-0.08, 0.52, side * 0.56 * w])
        spread = np.array([-0.16, -0.10 * side * side, side * 0.46])
        hollow = np.array([0.08, 0.03, -0.02 * side])
        solids += [
            frame.blade(base, spread, tip, Part.EAR, 0.72),
            frame.blade(base + hollow, spread * 0.68, tip * 0.84, Part.EAR_INNER, 0.72),
            frame.ball(0.28, -0.30, side * 0.48 * w, (0.50, 0.42, 0.48 * w), Part.HEAD),
            frame.ball(0.60 + m, -0.37, side * 0.21, (0.32, 0.24, 0.27), Part.MUZZLE),
            frame.ball(0.52, 0.20, side * 0.34, (0.42, 0.34, 0.34), Part.HEAD),
        ]
    solids += [
        frame.ball(0.55 + m, -0.60, 0.0, (0.26, 0.18, 0.24), Part.JAW),
        frame.ball(0.52 + 0.7 * m, -0.05, 0.0, (0.40, 0.30, 0.24), Part.HEAD),
    ]
    return solids


def _dog_ears(frame: Frame, face: Face) -> list[Solid]:
    solids: list[Solid] = []
    for side in (1.0, -1.0):
        if face.floppy:
            drop = face.ear
            solids += [
                frame.ball(-0.12, 0.42, side * 0.78, (0.34, 0.26, 0.24), Part.EAR, roll=-25.0 * side),
                frame.ball(
                    0.0,
                    0.42 - 0.62 * drop,
                    side * (0.88 + face.ear_lean),
                    (0.36, 0.66 * drop, 0.13),
                    Part.EAR,
                    8.0,
                    10.0 * side,
                ),
            ]
        else:
            base = np.array([-0.15, 0.50, side * 0.52])
            tip = np.array([-0.12, face.ear, side * face.ear_lean])
            spread = np.array([-0.10, 0.0, side * 0.32])
            solids += [
                frame.blade(base, spread, tip, Part.EAR, 0.55),
                frame.blade(base + np.array([0.08, 0.03, 0.0]), spread * 0.6, tip * 0.85, Part.EAR_INNER, 0.55),
            ]
    return solids


def dog_head(frame: Frame, face: Face) -> list[Solid]:
    """Skull, stop, long muzzle with hanging lips, big nose."""
    w, m = face.width, face.muzzle
    front = 0.62 + m
    solids: list[Solid] = [
        frame.ball(0.0, 0.0, 0.0, (0.95, 0.80, 0.84 * w), Part.HEAD),
        frame.ball(0.30, -0.28, 0.0, (0.70, 0.52, 0.62 * w), Part.HEAD),
        frame.ball(0.55 + 0.5 * m, -0.34, 0.0, (0.35 + 0.5 * m, 0.32, 0.36 * w), Part.MUZZLE, 4.0),
        frame.ball(0.50 + 0.45 * m, -0.64, 0.0, (0.25 + 0.45 * m, 0.19, 0.27 * w), Part.JAW, -4.0),
        frame.ball(front + 0.16, -0.23, 0.0, (0.17, 0.17, 0.24), Part.NOSE),
    ]
    for side in (1.0, -1.0):
        solids += [
            frame.ball(front - 0.12, -0.46, side * 0.19, (0.34, 0.27, 0.22), Part.MUZZLE),
            frame.ball(0.58, 0.24, side * 0.33, (0.34, 0.24, 0.30), Part.HEAD),
        ]
    if face.tongue:
        solids.append(frame.ball(front - 0.1, -0.98, 0.03, (0.09, 0.36, 0.19), Part.TONGUE, -14.0))
    return solids + _dog_ears(frame, face)
