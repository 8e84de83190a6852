"""The demo camera's film, truth known: a cat and a dog come in, sit down and leave, near by day, then far off until night."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import cv2
import numpy as np

from ._body import Part, sitting, standing
from ._breeds import BLACK, CREAM, DARK_BROWN, GINGER, GOLDEN, GREY, RED, TAUPE, WHITE, Breed, draw_cat, draw_dog
from ._canvas import Picture, grain, lay_over, to_picture
from ._coats import Coat
from ._fur import Sprite
from ._pets import Model, Pose, photograph, pose_model, shadow
from ._scenes import Scene, room
from .pictures import NEITHER

_DRAWING = threading.Lock()
_CYCLE = 40.0  # seconds
_PHASES = 8  # pictures in one walking step
_LOOKS = 6  # pictures of a sitting animal looking about; the last one blinks
_SPARE = 48  # pixels by which the noise tile is larger than a frame
_GROUND = 0.95  # where the pets stand, as a share of the height
_FAR, _FAR_GROUND = 0.36, 0.8  # of a pet's size in the front; where it stands then
_LIGHT_AT, _LIGHT = (0.0, 29.0, 31.0, 38.5, _CYCLE), (1.0, 1.0, 0.4, 0.4, 1.0)  # seconds; share of the day's, even in between
_LAMP_ON, _LAMP_OFF = 35.0, 38.5
_LAMP = (130, 200, 235)  # what its light adds where it hangs, BGR


@dataclass(frozen=True)
class _Visit:
    """One pet's call; times in seconds from the start of the cycle."""

    label: str
    start: float
    walk: float  # one way
    stay: float
    rightwards: bool
    far: bool = False


_VISITS = (
    _Visit("cats", 5.0, 2.0, 3.0, True),
    _Visit("dogs", 14.0, 1.8, 2.4, False),
    _Visit("cats", 21.5, 2.2, 2.4, False, far=True),
    _Visit("dogs", 31.5, 2.0, 2.6, True, far=True),
)


@dataclass(frozen=True)
class _Moment:
    """What one pet does in one frame: which sprite, how far along its way (0 off one side, 1 off the other)."""

    visit: _Visit
    clip: str
    step: int
    way: float


def _moment(seconds: float) -> _Moment | None:
    for visit in _VISITS:
        t = seconds - visit.start
        if 0.0 <= t < visit.walk:
            return _Moment(visit, "walk", int(t * 11.0) % _PHASES, 0.5 * t / visit.walk)
        t -= visit.walk
        if 0.0 <= t < visit.stay:
            look = int(t * 2.2) % (_LOOKS - 1)
            blink = (t * 2.2) % 2.4 < 0.3 and t > 0.5
            return _Moment(visit, "sit", _LOOKS - 1 if blink else look, 0.5)
        t -= visit.stay
        if 0.0 <= t < visit.walk:
            return _Moment(visit, "walk", int(t * 11.0) % _PHASES, 0.5 + 0.5 * t / visit.walk)
    return None


def _cast(label: str, seed: int) -> Breed:
    """The film's actors: well-marked animals, so that a fair classifier knows them."""
    rng = np.random.default_rng([seed, len(label), ord(label[0])])
    bib = (Part.PAW, Part.CHEST, Part.MUZZLE, Part.JAW)
    which = seed % 3
    if label == "cats":
        base, dark, pale = ((TAUPE, DARK_BROWN, CREAM), (GINGER, RED, CREAM), (GREY, BLACK, WHITE))[which]
        breed = draw_cat(rng)
        coat = Coat(
            base, dark, pale, seed, stripes=0.85, belly=0.6, pale_parts=bib[2:] if which == 0 else bib, nose=(104, 100, 160)
        )
        return replace(breed, coat=coat, fur=replace(breed.fur, length=0.06, contrast=0.08))
    breed = draw_dog(rng)
    coats = (
        Coat(GOLDEN, RED, CREAM, seed, belly=0.4, dark_parts=(Part.EAR,), collar=(40, 40, 190)),
        Coat(GINGER, BLACK, WHITE, seed, saddle=0.15, belly=0.7, dark_parts=(Part.EAR,), pale_parts=bib, collar=(170, 80, 40)),
        Coat(WHITE, RED, WHITE, seed, patches=0.4, dark_parts=(Part.EAR,), collar=(40, 40, 190)),
    )
    face = replace(breed.face, floppy=True, ear=1.3, ear_lean=0.06, muzzle=0.95, tongue=True)
    return replace(breed, face=face, coat=coats[which], fur=replace(breed.fur, length=0.29, contrast=0.12, stray=0.4))


def _posed(breed: Breed, clip: str, step: int) -> Model:
    """The animal facing right: one picture of a walk, or of sitting and looking about."""
    cat, build = breed.cat, breed.build
    if clip == "walk":
        phase = step / _PHASES
        stance = standing(build, stride=0.36, phase=phase, lift=35.0, curl=70.0 if cat else 40.0, head_up=45.0, sway=0.0)
        return pose_model(breed, Pose(stance, 12.0, 38.0 if cat else 22.0, nod=4.0, pitch=9.0))
    shift = np.sin(2 * np.pi * step / (_LOOKS - 1))
    stance = sitting(build, lean=60.0, lift=-10.0, curl=30.0, head_up=65.0, sway=0.25 + 0.15 * float(shift))
    gaze = (72.0 if cat else 24.0) + 10.0 * float(shift)
    blink = 0.25 if step == _LOOKS - 1 else 1.0
    return pose_model(
        breed, Pose(stance, 48.0 if cat else 17.0, gaze, nod=3.0, roll=4.0 * float(shift), pitch=9.0, eyes_open=blink)
    )


def _scale(breed: Breed, height: int) -> float:
    """Pixels a world unit, so that the sitting animal fills most of the frame."""
    model = _posed(breed, "sit", 0)
    _, top, _, bottom = model.box(model.camera(1.0))
    return (0.74 if breed.cat else 0.83) * height / (bottom - top)


@dataclass(frozen=True)
class _Stage:
    """The room, what its lamp adds, and noise to lay over both: uint8 round 128, larger than a frame."""

    scene: Scene
    lamp: Picture
    noise: Picture


@lru_cache(maxsize=4)
def _stage(width: int, height: int, seed: int) -> _Stage:
    rng = np.random.default_rng([seed, 640])
    scene = room(rng, height, width, 0.0)
    noise = np.dstack([grain(rng, height + _SPARE, width + _SPARE) for _ in range(3)])
    across, down = np.meshgrid(np.linspace(0, width / height, width), np.linspace(0, 1, height))
    near = np.exp(-((across - 0.75 * width / height) ** 2 + (down - 0.25) ** 2) / 0.35)
    return _Stage(scene, to_picture(near[..., None] * np.array(_LAMP)), to_picture(128.0 + 2.2 * noise))


@lru_cache(maxsize=8)
def _actor(label: str, height: int, seed: int) -> tuple[Breed, float, float, float]:
    """The animal, its scale, and how far the walking animal reaches to the left and right of its origin, in pixels."""
    breed = _cast(label, seed)
    scale = _scale(breed, height)
    boxes = [model.box(model.camera(scale)) for model in (_posed(breed, "walk", 0), _posed(breed, "walk", 4))]
    margin = 0.12 * scale
    return breed, scale, min(b[0] for b in boxes) - margin, max(b[2] for b in boxes) + margin


@lru_cache(maxsize=128)
def _sprite(label: str, clip: str, step: int, width: int, height: int, seed: int) -> Sprite:
    """One picture of the animal with its shadow, as if its origin stood at x = 0; drawn when first needed."""
    breed, scale, _, _ = _actor(label, height, seed)
    model = _posed(breed, clip, step)
    wide = 2 * width
    camera = model.camera(scale, wide / 2, _GROUND * height - model.box(model.camera(scale))[3])
    light = _stage(width, height, seed).scene.light
    sprite = photograph(model, camera, light, wide, height)
    shade = np.zeros((height, wide), np.float32)
    shade[:] = 1.0 - shadow(model, camera, light, wide, height)
    columns = np.flatnonzero(shade.max(axis=0) > 0.01)
    rows = np.flatnonzero(shade.max(axis=1) > 0.01)
    left, right = min(int(columns[0]), sprite.left), max(int(columns[-1]) + 1, sprite.left + sprite.ink.shape[1])
    top, bottom = min(int(rows[0]), sprite.top), max(int(rows[-1]) + 1, sprite.top + sprite.ink.shape[0])
    alpha = np.repeat((shade[top:bottom, left:right] * 255.0).astype(np.uint8)[..., None], 3, axis=2)
    ink = np.zeros_like(alpha)
    lay_over(alpha, sprite.alpha, sprite.alpha, sprite.left - left, sprite.top - top)
    lay_over(ink, sprite.ink, sprite.alpha, sprite.left - left, sprite.top - top)
    return Sprite(ink, alpha, left - wide // 2, top)


@lru_cache(maxsize=64)
def _far_sprite(label: str, clip: str, step: int, width: int, height: int, seed: int) -> Sprite:
    """The same picture as seen from farther away."""
    near = _sprite(label, clip, step, width, height, seed)
    size = tuple(max(1, round(_FAR * side)) for side in near.ink.shape[1::-1])
    ink, alpha = (cast(Picture, cv2.resize(side, size, interpolation=cv2.INTER_AREA)) for side in (near.ink, near.alpha))
    return Sprite(ink, alpha, round(_FAR * near.left), round(_FAR_GROUND * height - _FAR * (_GROUND * height - near.top)))


def _mirrored(sprite: Sprite) -> Sprite:
    ink, alpha = (cast(Picture, cv2.flip(side, 1)) for side in (sprite.ink, sprite.alpha))
    return Sprite(ink, alpha, -sprite.left - ink.shape[1], sprite.top)


@dataclass(frozen=True)
class DemoFilm:
    """An endless film for a demo camera, any frame of it at any time.

    In a cycle of 40 s the room is empty for 5 s, a cat walks in, sits down and leaves, the room is empty for 2 s, a dog
    walks in, sits down and leaves. Then the same farther away, on some 5 % of the frame: the cat by day, the dog after dusk,
    and while it sits there, a lamp is switched on. The pictures of an animal are drawn when first needed (some 0.1 s each,
    several times that on a small board) or before, by `prepare`, and kept.

    Attributes:
        width: of a frame, in pixels, at least 64.
        height: of a frame, in pixels, at least 64.
        fps: frames a second, more than 0.
        seed: another seed gives another room and other animals, 0 or more.

    Raises:
        ValueError: for a size, rate or seed out of range.
    """

    width: int = 640
    height: int = 480
    fps: float = 15.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.width < 64 or self.height < 64:
            raise ValueError(f"expected width and height of at least 64 pixels. Received: {self.width} x {self.height}")
        if not self.fps > 0:
            raise ValueError(f"expected fps above 0. Received: {self.fps}")
        if self.seed < 0:
            raise ValueError(f"expected a seed of 0 or more. Received: {self.seed}")

    @property
    def frames_per_cycle(self) -> int:
        """Frames after which the story begins again."""
        return max(1, round(_CYCLE * self.fps))

    def _now(self, index: int) -> _Moment | None:
        if index < 0:
            raise ValueError(f"expected an index of 0 or more. Received: {index}")
        return _moment((index % self.frames_per_cycle) / self.frames_per_cycle * _CYCLE)

    def _place(self, moment: _Moment) -> tuple[int, float, float]:
        """Where the animal's origin is, and the left and right ends of the animal when it walks, in pixels."""
        _, _, left, right = _actor(moment.visit.label, self.height, self.seed)
        if not moment.visit.rightwards:
            left, right = -right, -left
        if moment.visit.far:
            left, right = _FAR * left, _FAR * right
        start, end = -right, self.width - left
        way = moment.way if moment.visit.rightwards else 1.0 - moment.way
        # Half of the way ends in the middle of the room, whatever the animal's length.
        middle = (self.width - left - right) / 2
        x = start + (middle - start) * 2 * way if way < 0.5 else middle + (end - middle) * (2 * way - 1)
        return round(x), x + left, x + right

    def truth(self, index: int) -> str | None:
        """The label of frame `index`: `"cats"`, `"dogs"`, `"neither"`, or None while a pet is only partly in view."""
        moment = self._now(index)
        if moment is None:
            return NEITHER
        _, left, right = self._place(moment)
        if right <= 0 or left >= self.width:
            return NEITHER
        inside = moment.clip == "sit" or (left >= 0 and right <= self.width)
        return moment.visit.label if inside else None

    def prepare(self, index: int) -> None:
        """Draw what frame `index` needs, so that `frame` has it at hand; may be called from another thread."""
        moment = self._now(index)
        if moment is not None:
            self._sprite_of(moment)

    def _sprite_of(self, moment: _Moment) -> Sprite:
        with _DRAWING:  # whoever needs what is being drawn waits for it, instead of drawing it as well
            find = _far_sprite if moment.visit.far else _sprite
            return find(moment.visit.label, moment.clip, moment.step, self.width, self.height, self.seed)

    def _light(self, index: int) -> tuple[float, bool]:
        """The light as a share of the day's, and whether the lamp is on."""
        seconds = (index % self.frames_per_cycle) / self.frames_per_cycle * _CYCLE
        return float(np.interp(seconds, _LIGHT_AT, _LIGHT)), _LAMP_ON <= seconds < _LAMP_OFF

    def frame(self, index: int) -> Picture:
        """Frame `index`, uint8 [height, width, 3], BGR; the same index always gives the same bytes.

        The story repeats every `frames_per_cycle` frames; flicker and sensor noise do not.
        """
        moment = self._now(index)
        stage = _stage(self.width, self.height, self.seed)
        picture = stage.scene.picture.copy()
        if moment is not None:
            sprite = self._sprite_of(moment)
            if not moment.visit.rightwards:
                sprite = _mirrored(sprite)
            x, _, _ = self._place(moment)
            lay_over(picture, sprite.ink, sprite.alpha, sprite.left + x, sprite.top)
        rng = np.random.default_rng([self.seed, index])
        top, left = (int(v) for v in rng.integers(0, _SPARE, 2))
        light, lamp = self._light(index)
        gain = light + 0.012 * float(rng.standard_normal())
        if lamp:
            picture = cast(Picture, cv2.add(picture, stage.lamp))
        noise = stage.noise[top : top + self.height, left : left + self.width]
        return cast(Picture, cv2.addWeighted(picture, gain, noise, 1.0, -128.0))
