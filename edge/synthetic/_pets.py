"""One animal in one pose, seen from one side: chosen at random, or asked for by the film."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ._body import Part, Stance, bone, flesh, lying, sitting, standing
from ._breeds import Breed
from ._canvas import Field, Picture, blur
from ._faces import Decal, cat_features, dog_features
from ._fur import Sprite, render
from ._heads import cat_head, dog_head, head_frame
from ._light import Light
from ._solids import Camera, Solid, look, see


@dataclass(frozen=True)
class Pose:
    """A stance and where body and head turn; angles in degrees, 0 looks to the right of the picture, 90 at the viewer."""

    stance: Stance
    yaw: float
    gaze: float
    nod: float = 0.0
    roll: float = 0.0
    pitch: float = 10.0
    eyes_open: float = 1.0


@dataclass(frozen=True)
class Model:
    """A posed animal, ready to be photographed."""

    solids: list[Solid]
    decals: list[Decal]
    head: float
    breed: Breed
    pose: Pose

    def camera(self, scale: float, x: float = 0.0, y: float = 0.0) -> Camera:
        """A camera with the world's origin (on the ground, under the belly) at (x, y)."""
        return look(self.pose.yaw, self.pose.pitch, scale, x, y)

    def box(self, camera: Camera, *, head_only: bool = False) -> tuple[float, float, float, float]:
        """Left, top, right, bottom on the screen, in pixels."""
        face = (Part.HEAD, Part.MUZZLE, Part.EAR, Part.JAW, Part.NOSE)
        seen = see([solid for solid in self.solids if not head_only or solid.part in face], camera)
        (left, top), (right, bottom) = seen.low.min(axis=0), seen.high.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


def pose_model(breed: Breed, pose: Pose) -> Model:
    """Put flesh on a pose."""
    build, stance = breed.build, pose.stance
    frame = head_frame(stance.head, build.head, pose.gaze - pose.yaw, pose.nod, pose.roll)
    solids = flesh(build, stance, taper=0.25 if breed.cat else 0.65)
    solids += (cat_head if breed.cat else dog_head)(frame, breed.face)
    if breed.coat.collar is not None:
        a = stance.shoulders * 0.35 + stance.head * 0.65
        way = (stance.head - stance.shoulders) / np.linalg.norm(stance.head - stance.shoulders)
        ring = bone(a - way * 0.02, a + way * 0.02, 1.16 * build.neck_width, Part.COLLAR, blend=0.0)
        thin = ring.axes.copy()
        thin[:, 0] = way * 0.11
        solids.append(type(ring)(ring.centre, thin, Part.COLLAR, ring.flow, 0.0))
    features = cat_features if breed.cat else dog_features
    return Model(solids, list(features(frame, breed.face, open_=pose.eyes_open)), build.head, breed, pose)


def draw_pose(rng: np.random.Generator, breed: Breed) -> Pose:
    """A random pose: on its feet, sitting or lying; mostly looking somewhere near the viewer."""
    build, cat = breed.build, breed.cat
    facing = 1.0 if rng.random() < 0.5 else -1.0
    sway, curl = float(rng.uniform(-0.4, 0.4)), float(rng.uniform(30, 130) if cat else rng.uniform(20, 80))
    lift = float(rng.uniform(-30, 60) if cat else rng.uniform(-30, 50))
    up = float(rng.uniform(30, 60))
    kind = rng.choice(["stand", "sit", "sit", "lie"])
    if kind == "stand":
        stride = float(rng.choice([0.0, 0.25, 0.4]))
        stance = standing(build, stride=stride, phase=float(rng.random()), lift=lift, curl=curl, head_up=up, sway=sway)
        turn = rng.uniform(-15, 55 if cat else 42)
    elif kind == "sit":
        lean = float(rng.uniform(52, 66))
        stance = sitting(build, lean=lean, lift=-10.0, curl=float(rng.uniform(-20, 60)), head_up=up + 15.0, sway=sway * 2)
        turn = rng.uniform(20, 90) if cat else rng.uniform(5, 70)
    else:
        stance = lying(build, reach=float(rng.uniform(0.3, 0.8)), head_up=up + 10.0, sway=sway * 2)
        turn = rng.uniform(10, 75 if cat else 60)
    # A muzzle shows best from the side, a cat's face from the front: that is how people photograph them, too.
    ahead = turn + (88.0 - turn) * (rng.beta(2.5, 1.2) if cat else rng.beta(1.5, 1.7))
    yaw, gaze = (turn, ahead) if facing > 0 else (180.0 - turn, 180.0 - ahead)
    return Pose(
        stance, float(yaw), float(gaze), float(rng.normal(2.0, 8.0)), float(rng.normal(0.0, 7.0)), float(rng.uniform(4.0, 20.0))
    )


def photograph(model: Model, camera: Camera, light: Light, width: int, height: int) -> Sprite:
    """The animal as this camera sees it, clipped to a picture of `width` x `height`."""
    breed = model.breed
    return render(model.solids, camera, model.decals, model.head, breed.coat, breed.fur, light, width, height)


def shadow(model: Model, camera: Camera, light: Light, width: int, height: int) -> Field:
    """How much light reaches the ground, [height, width], 1 in the open; each solid shades what is under it."""
    small = np.zeros((max(height // 4, 1), max(width // 4, 1)), np.uint8)
    flat = abs(camera.turn[2, 1]) + 0.08
    middles = np.stack([solid.centre for solid in model.solids])
    seen = see(model.solids, camera)
    feet = camera.project(middles * np.array([1.0, 0.0, 1.0]))
    reach = (seen.high[:, 0] - seen.low[:, 0]) / 2
    x = feet[:, 0] - light.way[0] * middles[:, 1] * camera.scale * 0.35
    for k in np.flatnonzero(middles[:, 1] < 2.2):
        centre, axes = (round(x[k] * 4), round(feet[k, 1] * 4)), (round(reach[k] * 4) + 8, round(reach[k] * flat * 4) + 8)
        cv2.ellipse(small, centre, axes, 0, 0, 360, 255, cv2.FILLED, cv2.LINE_AA, 4)
    soft = blur(small.astype(np.float32) / 255.0, max(1.0, camera.scale * 0.05))
    grown = np.asarray(cv2.resize(soft, (width, height)), np.float32)
    return 1.0 - np.float32(0.5) * grown


def darken(picture: Picture, lightness: Field) -> Picture:
    """Multiply a picture by a field of factors from 0 to 1."""
    factor = (lightness * 255.0).astype(np.uint8)
    return np.asarray(cv2.multiply(picture, cv2.merge([factor, factor, factor]), scale=1.0 / 255.0), np.uint8)
