"""Bodies: proportions and a stance in, a heap of solids out. Cats and dogs share this skeleton, not its measures.

World units are about a hand's breadth; the ground is y = 0. The animal looks along +x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from ._solids import Ellipsoid, Solid, Vector, cross


class Part(IntEnum):
    """What a solid is, for colour and fur."""

    TORSO = 0
    CHEST = 1
    NECK = 2
    HEAD = 3
    MUZZLE = 4
    EAR = 5
    EAR_INNER = 6
    LEG = 7
    PAW = 8
    TAIL = 9
    TAIL_TIP = 10
    NOSE = 11
    TONGUE = 12
    COLLAR = 13
    JAW = 14


@dataclass(frozen=True)
class Build:
    """Proportions: lengths and radii in world units."""

    length: float
    leg: float
    chest: float
    waist: float
    hips: float
    neck: float
    neck_width: float
    head: float
    limb: float
    tail: float
    tail_width: float
    depth: float = 1.0  # how much deeper than wide the chest is


@dataclass(frozen=True)
class Stance:
    """Where the joints are: each [3]; paws as (near, far), the tail as a line [n, 3]."""

    shoulders: Vector
    hips: Vector
    head: Vector
    fore: tuple[Vector, Vector]
    hind: tuple[Vector, Vector]
    tail: Vector
    folded: float = 0.0  # 0 stands on its hind legs' length, 1 sits on them


def vector(x: float, y: float, z: float) -> Vector:
    """A world vector."""
    return np.array([x, y, z], np.float64)


def _unit(v: Vector) -> Vector:
    unit: Vector = v / (float(v @ v) ** 0.5 + 1e-9)
    return unit


def bone(a: Vector, b: Vector, radius: float, part: Part, *, flat: float = 1.0, blend: float = 0.18) -> Ellipsoid:
    """An ellipsoid from joint to joint, `flat` times as wide sideways as radius; its fur lies from a to b."""
    along = _unit(b - a)
    side = np.array([0.0, 0.0, 1.0])
    side = _unit(side - along * (side @ along)) if abs(along[2]) < 0.95 else _unit(cross(along, np.array([0.0, 1.0, 0.0])))
    other = cross(along, side)
    half = float((b - a) @ (b - a)) ** 0.5 / 2 + 0.55 * radius
    axes = np.stack([along * half, other * radius, side * radius * flat], axis=1)
    return Ellipsoid((a + b) / 2, axes, part, along, blend)


def ball(centre: Vector, rx: float, ry: float, rz: float, part: Part, flow: Vector, blend: float = 0.18) -> Ellipsoid:
    """An ellipsoid along the world axes."""
    return Ellipsoid(centre, np.diag([rx, ry, rz]), part, flow, blend)


def tail_line(root: Vector, build: Build, lift: float, curl: float, sway: float, count: int = 9) -> Vector:
    """A tail that leaves backwards at `lift` degrees above level and bends by `curl` degrees more towards its tip."""
    t = np.linspace(0.0, 1.0, count)
    angle = np.radians(lift + curl * t)
    step = build.tail / (count - 1)
    x = root[0] - np.cumsum(np.cos(angle)) * step
    y = np.maximum(root[1] + np.cumsum(np.sin(angle)) * step, build.tail_width)
    z = root[2] + sway * t * t * build.tail
    return np.stack([x, y, z], axis=1)


def standing(build: Build, *, stride: float, phase: float, lift: float, curl: float, head_up: float, sway: float) -> Stance:
    """On four legs; `stride` > 0 walks, `phase` in turns."""
    half = build.length / 2
    bob = 0.03 * stride * np.cos(4 * np.pi * phase)
    shoulders, hips = vector(half, build.leg + bob, 0.0), vector(-half, build.leg * 0.98 - bob, 0.0)

    def paw(x: float, z: float, turn: float) -> Vector:
        swing = 2 * np.pi * (phase + turn)
        return vector(x + stride * np.cos(swing), 0.14 + max(0.0, 0.35 * stride * np.sin(-swing)), z)

    near, far = 0.5 * build.chest, -0.5 * build.chest
    nod = np.radians(head_up)
    head = shoulders + vector(np.cos(nod), np.sin(nod), 0.0) * (build.neck + build.head)
    return Stance(
        shoulders,
        hips,
        head,
        (paw(half + 0.05, near, 0.0), paw(half + 0.05, far, 0.5)),
        (paw(-half - 0.18, near, 0.6), paw(-half - 0.18, far, 0.1)),
        tail_line(hips + vector(-0.5 * build.hips, 0.45 * build.hips, 0.0), build, lift, curl, sway),
    )


def sitting(build: Build, *, lean: float, lift: float, curl: float, head_up: float, sway: float) -> Stance:
    """Upright on its haunches, the back at `lean` degrees."""
    angle = np.radians(lean)
    hips = vector(0.0, 0.92 * build.hips, 0.0)
    shoulders = hips + vector(np.cos(angle), np.sin(angle), 0.0) * build.length * 0.92
    nod = np.radians(head_up)
    head = shoulders + vector(np.cos(nod), np.sin(nod), 0.0) * (build.neck + build.head)
    x, z = shoulders[0] + 0.12, 0.38 * build.chest
    foot = 0.75 * build.hips
    return Stance(
        shoulders,
        hips,
        head,
        (vector(x, 0.14, z), vector(x, 0.14, -z)),
        (vector(0.62 * build.length, 0.14, foot), vector(0.62 * build.length, 0.14, -foot)),
        tail_line(hips + vector(-0.55 * build.hips, -0.45 * build.hips, 0.0), build, lift, curl, sway),
        folded=1.0,
    )


def lying(build: Build, *, reach: float, head_up: float, sway: float) -> Stance:
    """Like a sphinx: belly on the ground, forelegs stretched out by `reach`."""
    half = build.length / 2
    hips, shoulders = vector(-half, 0.85 * build.hips, 0.0), vector(half, 1.0 * build.chest, 0.0)
    nod = np.radians(head_up)
    head = shoulders + vector(np.cos(nod), np.sin(nod), 0.0) * (build.neck + build.head)
    x, z = half + reach, 0.5 * build.chest
    return Stance(
        shoulders,
        hips,
        head,
        (vector(x, 0.15, z), vector(x, 0.15, -z)),
        (vector(-half + 0.75, 0.14, 1.05 * build.hips), vector(-half + 0.75, 0.14, -1.05 * build.hips)),
        tail_line(hips + vector(-0.5 * build.hips, -0.3 * build.hips, 0.0), build, -20.0, 28.0, sway),
        folded=1.0,
    )


def _trunk(build: Build, stance: Stance) -> list[Solid]:
    s, h = stance.shoulders, stance.hips
    spine = _unit(h - s)
    deep = vector(0.0, -0.12 * build.chest, 0.0)
    chest = bone(s - spine * 0.1 + deep, s + (h - s) * 0.5 + deep, build.chest, Part.TORSO, flat=1.0 / build.depth, blend=0.4)
    belly = bone(s + (h - s) * 0.35, h + (s - h) * 0.1, build.waist, Part.TORSO, flat=0.96, blend=0.4)
    hips = bone(s + (h - s) * 0.75, h - spine * -0.05, build.hips, Part.TORSO, flat=0.92, blend=0.4)
    neck_end = stance.head + _unit(s - stance.head) * 0.45 * build.head
    neck = bone(neck_end, s + spine * 0.25, build.neck_width, Part.NECK, blend=0.4)
    front = bone(
        neck_end * 0.35 + s * 0.65 - spine * 0.1, s - spine * 0.15 + deep * 3.5, build.chest * 0.72, Part.CHEST, blend=0.4
    )
    return [belly, chest, hips, neck, replace(front, flow=vector(0.1, -1.0, 0.0))]


def _legs(build: Build, stance: Stance) -> list[Solid]:
    solids: list[Solid] = []
    r = build.limb
    for side, fore, hind in zip((1.0, -1.0), stance.fore, stance.hind, strict=True):
        z = fore[2]
        shoulder = stance.shoulders + vector(-0.05, -0.35 * build.chest, 0.0) + vector(0.0, 0.0, 0.85 * z)
        elbow = shoulder * 0.5 + fore * 0.5 + vector(-0.14, 0.0, 0.0)
        solids += [
            bone(shoulder, elbow, 1.55 * r, Part.LEG, blend=0.3),
            bone(elbow, fore, r, Part.LEG),
            ball(fore + vector(0.1, -0.01, 0.0), 1.5 * r, 0.78 * r, 1.15 * r, Part.PAW, vector(1.0, 0.0, 0.0)),
        ]
        hip = stance.hips + vector(0.0, -0.15 * build.hips, 0.55 * side * build.hips)
        if stance.folded:
            knee = hip * 0.45 + hind * 0.55 + vector(0.1, 0.45 * build.hips, 0.12 * side)
            solids += [
                bone(hip, knee, 0.62 * build.hips, Part.LEG, flat=0.7, blend=0.3),
                bone(knee * 0.4 + hip * 0.6 + vector(0.0, -0.5 * build.hips, 0.0), hind, 1.1 * r, Part.LEG),
            ]
        else:
            knee = hip * 0.55 + hind * 0.45 + vector(0.22, 0.02, 0.0)
            hock = hind * 0.7 + hip * 0.3 + vector(-0.16, -0.02, 0.0)
            solids += [
                bone(hip, knee, 2.1 * r, Part.LEG, flat=0.75, blend=0.35),
                bone(knee, hock, 1.15 * r, Part.LEG, blend=0.25),
                bone(hock, hind, 0.9 * r, Part.LEG),
            ]
        solids.append(ball(hind + vector(0.1, -0.01, 0.0), 1.6 * r, 0.78 * r, 1.15 * r, Part.PAW, vector(1.0, 0.0, 0.0)))
    return solids


def _tail(build: Build, stance: Stance, taper: float) -> list[Solid]:
    line = stance.tail
    count = len(line) - 1
    return [
        bone(
            line[i] * 1.4 - line[i + 1] * 0.4,
            line[i + 1] * 1.4 - line[i] * 0.4,
            build.tail_width * (1.0 - taper * i / count),
            Part.TAIL_TIP if i > 0.72 * count else Part.TAIL,
            blend=0.12,
        )
        for i in range(count)
    ]


def flesh(build: Build, stance: Stance, *, taper: float) -> list[Solid]:
    """All the solids of a body but its head."""
    return _trunk(build, stance) + _legs(build, stance) + _tail(build, stance, taper)
