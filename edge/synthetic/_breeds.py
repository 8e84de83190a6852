"""What cats and dogs look like: measures, faces and coats, drawn at random. The two share most of their colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._body import Build, Part
from ._canvas import Colour
from ._coats import Coat
from ._fur import Fur
from ._heads import Face

BLACK: Colour = (38, 36, 40)
CHARCOAL: Colour = (62, 60, 64)
GREY: Colour = (128, 122, 118)
SILVER: Colour = (178, 176, 174)
WHITE: Colour = (226, 232, 236)
CREAM: Colour = (172, 202, 222)
GOLDEN: Colour = (104, 158, 208)
GINGER: Colour = (74, 132, 202)
RED: Colour = (52, 92, 158)
BROWN: Colour = (58, 82, 116)
TAUPE: Colour = (96, 116, 136)
DARK_BROWN: Colour = (36, 46, 66)

_SOCKS = (Part.PAW,)
_BIB = (Part.PAW, Part.CHEST, Part.MUZZLE, Part.JAW)
_POINTS = (Part.MUZZLE, Part.EAR, Part.PAW, Part.TAIL, Part.TAIL_TIP, Part.JAW)


@dataclass(frozen=True)
class Breed:
    """Everything about one animal but its pose."""

    cat: bool
    build: Build
    face: Face
    coat: Coat
    fur: Fur


def _pick(rng: np.random.Generator, *options: Colour) -> Colour:
    return options[int(rng.integers(len(options)))]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))


def _cat_coat(rng: np.random.Generator) -> Coat:
    nose = _pick(rng, (128, 122, 192), (104, 100, 160), (60, 58, 78))
    seed = _seed(rng)
    kinds = ["tabby", "tabby", "tabby", "bib tabby", "bib tabby", "tuxedo", "calico", "points", "solid", "white"]
    kind = rng.choice(kinds)
    tabbies: tuple[tuple[Colour, Colour, Colour], ...] = (
        (TAUPE, DARK_BROWN, CREAM),
        (GREY, BLACK, SILVER),
        (SILVER, CHARCOAL, WHITE),
        (GINGER, RED, CREAM),
        (BROWN, BLACK, TAUPE),
        (GOLDEN, GINGER, WHITE),
    )
    base, dark, pale = tabbies[int(rng.integers(len(tabbies)))]
    stripes = float(rng.uniform(0.6, 0.95))
    if kind == "tabby":
        return Coat(base, dark, pale, seed, stripes=stripes, belly=0.7, pale_parts=(Part.JAW, Part.MUZZLE), nose=nose)
    if kind == "bib tabby":
        return Coat(base, dark, WHITE, seed, stripes=stripes, belly=0.6, pale_parts=_BIB, nose=nose)
    if kind == "tuxedo":
        return Coat(_pick(rng, BLACK, CHARCOAL, GREY), BLACK, WHITE, seed, belly=0.5, pale_parts=_BIB, nose=nose)
    if kind == "calico":
        return Coat(WHITE, _pick(rng, BLACK, CHARCOAL), WHITE, seed, patches=0.3, second=GINGER, pale_parts=_BIB, nose=nose)
    if kind == "points":
        return Coat(_pick(rng, CREAM, WHITE), DARK_BROWN, WHITE, seed, dark_parts=_POINTS, nose=(60, 58, 78))
    if kind == "white":
        return Coat(WHITE, SILVER, WHITE, seed, nose=nose)
    return Coat(_pick(rng, CHARCOAL, GREY, BLACK, GINGER), BLACK, SILVER, seed, stripes=0.2, belly=0.15, nose=nose)


def _dog_coat(rng: np.random.Generator) -> Coat:
    nose = _pick(rng, (30, 28, 30), (30, 28, 30), (48, 52, 72))
    seed = _seed(rng)
    kinds = ["solid", "solid", "solid", "saddle", "tan points", "tricolour", "patches", "spots", "merle", "mask", "bib"]
    kind = rng.choice(kinds)
    collar = _pick(rng, (40, 40, 190), (170, 80, 40), (40, 120, 50), (30, 30, 30)) if rng.random() < 0.5 else None
    solid = _pick(rng, GOLDEN, CREAM, DARK_BROWN, BLACK, WHITE, RED, BROWN)
    if kind == "saddle":
        return Coat(_pick(rng, GOLDEN, BROWN, GINGER), BLACK, CREAM, seed, saddle=0.35, collar=collar, nose=nose)
    if kind == "tan points":
        return Coat(BLACK, BLACK, RED, seed, belly=0.4, pale_parts=(Part.PAW, Part.MUZZLE, Part.JAW), collar=collar, nose=nose)
    if kind == "tricolour":
        tan = _pick(rng, GINGER, RED, GOLDEN)
        return Coat(tan, BLACK, WHITE, seed, saddle=0.1, belly=0.8, pale_parts=(*_BIB, Part.TAIL_TIP), collar=collar, nose=nose)
    if kind == "patches":
        dark = _pick(rng, BROWN, RED, BLACK, GINGER)
        return Coat(WHITE, dark, WHITE, seed, patches=0.4, dark_parts=(Part.EAR,), collar=collar, nose=nose)
    if kind == "spots":
        return Coat(
            WHITE, _pick(rng, BLACK, DARK_BROWN), WHITE, seed, spots=0.2, dark_parts=(Part.EAR,), collar=collar, nose=nose
        )
    if kind == "merle":
        return Coat(GREY, CHARCOAL, WHITE, seed, spots=0.35, pale_parts=_BIB, collar=collar, nose=nose)
    if kind == "mask":
        return Coat(
            _pick(rng, GOLDEN, CREAM, GINGER), BLACK, CREAM, seed, dark_parts=(Part.MUZZLE, Part.EAR), collar=collar, nose=nose
        )
    if kind == "bib":
        return Coat(_pick(rng, BLACK, BROWN, RED, CHARCOAL), BLACK, WHITE, seed, pale_parts=_BIB, collar=collar, nose=nose)
    ears = (solid[0] * 0.62, solid[1] * 0.62, solid[2] * 0.66)
    return Coat(solid, ears, CREAM, seed, belly=0.35, dark_parts=(Part.EAR,), collar=collar, nose=nose)


def draw_cat(rng: np.random.Generator) -> Breed:
    """A cat: small round head, large eyes, pointed ears, slim limbs, long tail."""
    plump = float(rng.uniform(0.88, 1.15))
    build = Build(
        length=float(rng.uniform(2.2, 2.7)),
        leg=float(rng.uniform(1.65, 1.95)),
        chest=0.70 * plump,
        waist=0.68 * plump,
        hips=0.72 * plump,
        neck=0.10,
        neck_width=0.50 * plump,
        head=float(rng.uniform(0.66, 0.76)),
        limb=0.19 * float(np.sqrt(plump)),
        tail=float(rng.uniform(2.0, 2.6)),
        tail_width=float(rng.uniform(0.13, 0.24)),
    )
    face = Face(
        muzzle=float(rng.uniform(-0.05, 0.06)),
        width=float(rng.uniform(0.95, 1.08)),
        ear=float(rng.uniform(0.80, 1.05)),
        ear_lean=float(rng.uniform(0.22, 0.36)),
        floppy=False,
        eye=float(rng.uniform(0.14, 0.185)),
        eye_colour=_pick(rng, (70, 168, 150), (60, 170, 190), (50, 140, 200), (96, 178, 128), (178, 150, 98)),
        pupil=float(rng.uniform(0.16, 0.55)),
        nose_colour=(120, 118, 180),
        tongue=False,
        whiskers=float(rng.uniform(0.9, 1.3)),
    )
    fur = Fur(float(rng.uniform(0.03, 0.09)), float(rng.uniform(0.05, 0.10)), float(rng.uniform(0.2, 0.5)), _seed(rng))
    coat = _cat_coat(rng)
    return Breed(True, build, face, coat, fur)


def draw_dog(rng: np.random.Generator) -> Breed:
    """A dog: long muzzle, big nose, hanging ears most of the time, deep chest, sturdy legs."""
    heavy = float(rng.uniform(0.9, 1.15))
    floppy = bool(rng.random() < 0.86)
    build = Build(
        length=float(rng.uniform(2.2, 2.8)),
        leg=float(rng.uniform(1.9, 2.4)),
        chest=0.82 * heavy,
        waist=0.62 * heavy,
        hips=0.68 * heavy,
        neck=float(rng.uniform(0.3, 0.5)),
        neck_width=0.52 * heavy,
        head=float(rng.uniform(0.64, 0.76)),
        limb=0.24 * heavy,
        tail=float(rng.uniform(1.3, 1.9)),
        tail_width=float(rng.uniform(0.14, 0.24)),
        depth=1.15,
    )
    face = Face(
        muzzle=float(rng.uniform(0.75, 1.05)),
        width=float(rng.uniform(0.95, 1.08)),
        ear=float(rng.uniform(0.85, 1.25)) if floppy else float(rng.uniform(0.75, 0.95)),
        ear_lean=float(rng.uniform(0.0, 0.12)) if floppy else float(rng.uniform(0.05, 0.2)),
        floppy=floppy,
        eye=float(rng.uniform(0.12, 0.145)),
        eye_colour=_pick(rng, (28, 44, 72), (22, 34, 54), (34, 62, 104)),
        pupil=0.58,
        nose_colour=(30, 28, 30),
        tongue=bool(rng.random() < 0.45),
        whiskers=0.0,
    )
    fur = Fur(float(rng.uniform(0.13, 0.34)), float(rng.uniform(0.07, 0.15)), float(rng.uniform(0.2, 0.6)), _seed(rng))
    coat = _dog_coat(rng)
    return Breed(False, build, face, coat, fur)
