"""Clips of a camera that stands still, made of photographs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract import NEITHER
from catdog.edge.decode import read_picture
from catdog.edge.errors import DatasetError
from catdog.edge.synthetic import LABELS, draw_picture

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 10.0, 6.0
SHARES = (0.25, 0.12, 0.06, 0.03)  # of the frame, that a pet takes
PET, THING, EMPTY, LAMP, SHAKEN = KINDS = ("pet", "thing", "empty", "lamp", "shaken")
DRAWN = "drawn"

_COMES_S, _ARRIVES_S = 1.5, 2.5  # after the clip's beginning
_DAY_NOISE, _NIGHT_NOISE, _NIGHT_LIGHT = 3.0, 8.0, 0.45  # levels of 255; share of the light
_SPARE = 64  # pixels by which the noise is larger than a frame
_THINGS = (0.03, 0.2)  # shares of the frame
_LAMP_S = (2.0, 4.0)  # switched on, and off
_SHAKEN_S = (2.0, 2.6)
_DRAWN_SEED = 5_000_000  # far from what anything is trained on
_FEATHER = 0.04  # of a side, over which a photograph fades into the scene

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Clip:
    """What is shown.

    Attributes:
        kind: one of `KINDS`.
        scene: path of the scene's photograph, or `DRAWN`.
        seed: decides place, way and noise, and what is drawn.
        night: whether it is dark: grey, little light, noise.
        share: of the frame, that what comes takes, 0-1.
        label: of the pet that comes; `neither` where none does.
        guest: path of the photograph of what comes, or `DRAWN`; None where nothing does.
    """

    kind: str
    scene: str
    seed: int
    night: bool = False
    share: float = 0.0
    label: str = NEITHER
    guest: str | None = None


@dataclass(frozen=True)
class Photographs:
    """What clips are made of.

    Attributes:
        pets: paths by label; empty for drawn ones.
        scenes: paths of pet-free pictures; empty for drawn ones.
    """

    pets: dict[str, tuple[str, ...]]
    scenes: tuple[str, ...]

    @property
    def are_drawn(self) -> bool:
        """Whether any of it is."""
        return not self.pets or not self.scenes


def find_photographs(pets: Path | None, scenes: Path | None) -> Photographs:
    """Find pictures: `pets` holds a folder for each label, `scenes` pictures, in sub-folders or not.

    Both may be archives; of `pets` the validation part is taken where there is one.

    Raises:
        DatasetError: nothing is there.
    """
    from catdog.train.data.finder import find
    from catdog.train.data.names import VALIDATION

    by_label: dict[str, list[str]] = {}
    for found in () if pets is None else find(str(pets)).of(VALIDATION):
        by_label.setdefault(found.label, []).append(str(found.path))
    if pets is not None and ("" in by_label or not by_label):
        raise DatasetError("a folder with a folder of pictures for each label", got=str(pets), fix="Name another --pets.")
    free = () if scenes is None else tuple(str(found.path) for found in find(str(scenes)).pictures)
    if scenes is not None and not free:
        raise DatasetError("a folder of pictures without pets", got=str(scenes), fix="Name another --scenes.")
    return Photographs({label: tuple(paths) for label, paths in by_label.items()}, free)


def make_clips(
    kind: str, count: int, photographs: Photographs, *, share: float = 0.0, night: bool = False, seed: int = 0
) -> list[Clip]:
    """Choose what so many clips show; every picture once before one is taken twice."""
    # Of each row its own: the same pet in the same scene, smaller and smaller, would be one sample counted often.
    rng = np.random.default_rng([seed, KINDS.index(kind), round(1000 * share), night])
    labels = sorted(photographs.pets) or list(LABELS)
    guests = {label: _shuffled(photographs.pets.get(label, (DRAWN,)), rng) for label in labels}
    scenes, things = _shuffled(photographs.scenes or (DRAWN,), rng), _shuffled(photographs.scenes or (DRAWN,), rng)
    clips = []
    for number in range(count):
        label = labels[number % len(labels)] if kind == PET else NEITHER
        guest = None
        if kind == PET:
            guest = guests[label][number // len(labels) % len(guests[label])]
        elif kind == THING:
            guest = things[number % len(things)]
            share = float(np.exp(rng.uniform(*np.log(_THINGS))))
        scene = scenes[number % len(scenes)]
        clips.append(Clip(kind, scene, int(rng.integers(2**31)), night, share, label, guest))
    return clips


def frames(clip: Clip) -> Iterator[Picture]:
    """Give a clip's frames: BGR uint8 ``[HEIGHT, WIDTH, 3]``, `FPS` a second."""
    rng = np.random.default_rng(clip.seed)
    scene = _covering(_open(clip.scene, NEITHER, clip.seed), WIDTH, HEIGHT)
    guest, way = None, ((0.0, 0.0), (0.0, 0.0))
    if clip.guest is not None:
        guest = _sized(_open(clip.guest, clip.label, clip.seed + 1), clip.share)
        way = _way(guest.shape[1], guest.shape[0], rng)
    grain = _grain(rng, night=clip.night)
    lamp, shift = _lamp(rng), rng.uniform(3, 8, 2) * rng.choice((-1, 1), 2)
    for number in range(round(SECONDS * FPS)):
        now = number / FPS
        shown = scene.astype(np.float32)
        if guest is not None and now >= _COMES_S:
            along = min(1.0, (now - _COMES_S) / (_ARRIVES_S - _COMES_S))
            place = [start + (end - start) * along for start, end in zip(*way, strict=True)]
            _lay(shown, guest, round(place[0]), round(place[1]))
        if clip.kind == LAMP and _LAMP_S[0] <= now < _LAMP_S[1]:
            shown *= lamp
        if clip.kind == SHAKEN and now >= _SHAKEN_S[0]:
            swing = rng.uniform(-1, 1, 2) if now < _SHAKEN_S[1] else np.ones(2)
            x, y = shift * swing
            shown = cv2.warpAffine(shown, np.array([[1, 0, x], [0, 1, y]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)  # type: ignore[assignment]
        yield _through_sensor(shown, grain, rng, night=clip.night)


def _shuffled(paths: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [paths[index] for index in rng.permutation(len(paths))]


def _open(path: str, label: str, seed: int) -> Picture:
    return (
        draw_picture(label, _DRAWN_SEED + seed % 1_000_000, width=320, height=240)
        if path == DRAWN
        else read_picture(Path(path))
    )


def _covering(picture: Picture, width: int, height: int) -> Picture:
    """Return the middle of a picture, of that size."""
    factor = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * factor)), max(height, round(picture.shape[0] * factor)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(large[top : top + height, left : left + width], np.uint8)


def _sized(picture: Picture, share: float) -> Picture:
    """Return a picture made so large that it takes a share of the frame, or as large as goes in."""
    height, width = picture.shape[:2]
    factor = min((share * WIDTH * HEIGHT / (width * height)) ** 0.5, 0.98 * WIDTH / width, 0.98 * HEIGHT / height)
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC), np.uint8)


def _way(width: int, height: int, rng: np.random.Generator) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where something comes in, on a side, and where it stays."""
    end = (rng.uniform(0, WIDTH - width), rng.uniform(0, HEIGHT - height))
    return (float(-width if rng.random() < 0.5 else WIDTH), end[1]), end


def _lay(shown: NDArray[np.float32], guest: Picture, left: int, top: int) -> None:
    height, width = guest.shape[:2]
    rows, columns = slice(max(0, top), min(HEIGHT, top + height)), slice(max(0, left), min(WIDTH, left + width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    inner = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    across, down = (
        np.minimum(1, np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)) / (1 + _FEATHER * n)) for n in (width, height)
    )
    weight = np.minimum.outer(down, across)[inner][..., None].astype(np.float32)
    shown[rows, columns] += weight * (guest[inner] - shown[rows, columns])


def _lamp(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return by what a lamp somewhere makes each pixel brighter, float32 ``[HEIGHT, WIDTH, 1]``."""
    x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
    across, down = np.meshgrid(np.arange(WIDTH) - x, np.arange(HEIGHT) - y)
    near = np.exp(-(across**2 + down**2) / (2 * (0.5 * WIDTH) ** 2))
    brighter: NDArray[np.float32] = (1.15 + rng.uniform(0.2, 0.8) * near)[..., None].astype(np.float32)
    return brighter


def _grain(rng: np.random.Generator, *, night: bool) -> NDArray[np.float32]:
    """Return noise for all frames, larger than one: each gets another part of it; drawing it anew would take longer by far."""
    size = (HEIGHT + _SPARE, WIDTH + _SPARE, 1 if night else 3)
    return (_NIGHT_NOISE if night else _DAY_NOISE) * rng.standard_normal(size, dtype=np.float32)


def _through_sensor(
    shown: NDArray[np.float32], grain: NDArray[np.float32], rng: np.random.Generator, *, night: bool
) -> Picture:
    top, left = rng.integers(_SPARE + 1, size=2)
    noise = grain[top : top + HEIGHT, left : left + WIDTH]
    if night:
        levels = np.repeat(_NIGHT_LIGHT * cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY)[..., None] + noise, 3, axis=2)
    else:
        levels = shown + noise
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)
