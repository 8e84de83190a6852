"""What a camera makes of a scene: pets that are small, off centre or cut off, night, noise, blur and compression.

Photographs of pets are portraits in good light. A camera's frames are neither, so pictures are altered on purpose before they
are learnt from. Where pictures of neither are there, pets are also put into them, from a third of the width upwards.

May import: OpenCV, numpy, its neighbour `dataset`.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset

_UNALTERED = 0.25  # share of the pictures that stay as they are, or their mirror images: portraits are asked about, too
_ELSEWHERE, _PART = 0.45, 0.25  # of the others, shares that are put into a scene, and of which a part is shown; the rest whole
_SMALLEST_SIDE, _SMALLEST_PART = 1 / 3, 0.45  # of the input's width; of the picture's area
_BEYOND = 0.25  # share of a pet's width that may lie outside of the picture
_STRETCH = 0.15  # of height against width, as a logarithm
_FEATHER = 0.1  # of a pet's picture, at most, over which it fades into the scene
_GREY, _DARK, _BLURRED, _COARSE, _COMPRESSED = 0.3, 0.35, 0.2, 0.35, 0.3  # shares
_DARKEST, _LEAST_DARK = 0.2, 0.8  # of the light
_NOISE = 12.0  # standard deviation at most, in levels of 255, as a sensor has it that amplifies what little there is
_LONGEST_BLUR = 0.04  # of the width: 9 pixels of 224
_COARSEST = 0.3  # of the width: a pet on 3 % of a frame of 640 x 480 is 100 pixels wide
_QUALITIES = (15, 85)  # of JPEG
_MIRRORED, _WHOLE_SCENE = 0.5, 1 / 3  # shares
_LIGHT = 0.15  # largest change of contrast, and of brightness as a share of 255, also by day


@dataclass(frozen=True)
class Camera:
    """Alters pictures as a camera might show them.

    Attributes:
        scenes: uint8 ``[n, size, size, 3]``, what pictures are put into; may be empty.
    """

    scenes: NDArray[np.uint8]

    @classmethod
    def of(cls, dataset: Dataset) -> "Camera":
        """Take a data set's training pictures of neither for scenes."""
        train = dataset.train
        return cls(train.pixels[train.targets == len(dataset.labels) - 1] if dataset.has_negatives else train.pixels[:0])

    def __call__(self, pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Alter a picture, or now and then only mirror it.

        Scenes are put into others as well, or a frame within a frame would mean a pet.

        Args:
            pixels: uint8 ``[size, size, 3]``.
            rng: decides how.

        Returns:
            uint8 ``[size, size, 3]``.
        """
        if rng.random() < _MIRRORED:
            pixels = pixels[:, ::-1]
        if rng.random() < _UNALTERED:
            return np.ascontiguousarray(pixels)
        chance = rng.random()
        if len(self.scenes) and chance < _ELSEWHERE:
            pixels = _put_into(self._scene(rng), pixels, rng)
        elif chance < _ELSEWHERE + _PART:
            pixels = _part(pixels, rng)
        return _by_sensor(np.ascontiguousarray(pixels), rng)

    def all_of(self, pixels: NDArray[np.uint8], seed: int, first: int = 0) -> NDArray[np.uint8]:
        """Alter pictures, each by itself, so that the same seed gives the same.

        Args:
            pixels: uint8 ``[n, size, size, 3]``.
            seed: decides how.
            first: number of the first of them, where they are a part of more: decides as well.
        """
        made = np.empty_like(pixels)
        with ThreadPoolExecutor() as pool:
            for index, one in enumerate(
                pool.map(lambda i: self(pixels[i], np.random.default_rng([seed, first + i])), range(len(pixels)))
            ):
                made[index] = one
        return made

    def _scene(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        scene = self.scenes[rng.integers(len(self.scenes))]
        return scene if rng.random() < _WHOLE_SCENE else _part(scene, rng)


def _part(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a part of a picture, as large as it was."""
    size = picture.shape[0]
    side = np.sqrt(rng.uniform(_SMALLEST_PART, 1.0)) * size
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH) / 2)
    height, width = (max(8, min(size, round(side * factor))) for factor in (stretch, 1 / stretch))
    top, left = rng.integers(size - height + 1), rng.integers(size - width + 1)
    return _resized(picture[top : top + height, left : left + width], size, size)


def _put_into(scene: NDArray[np.uint8], pet: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Put a picture, made smaller, somewhere into another; a part of it may lie outside."""
    size = scene.shape[0]
    side = size * np.exp(rng.uniform(np.log(_SMALLEST_SIDE), np.log(0.95)))
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH))
    height, width = max(8, round(side * stretch)), max(8, round(side / stretch))
    small = _resized(pet, width, height)
    top = round(rng.uniform(-_BEYOND * height, size - (1 - _BEYOND) * height))
    left = round(rng.uniform(-_BEYOND * width, size - (1 - _BEYOND) * width))
    inside = (slice(max(0, top), min(size, top + height)), slice(max(0, left), min(size, left + width)))
    shown = (slice(inside[0].start - top, inside[0].stop - top), slice(inside[1].start - left, inside[1].stop - left))
    mask = _feathered(height, width, rng.uniform(0, _FEATHER))[shown]
    made = scene.copy()
    made[inside] = np.rint(scene[inside] + mask * (small[shown].astype(np.float32) - scene[inside]))
    return made


def _feathered(height: int, width: int, share: float) -> NDArray[np.float32]:
    """Return weights ``[height, width, 1]`` that fall to 0 towards the edges, over a share of the sides."""
    edges = [
        np.clip((0.5 - np.abs((np.arange(length) + 0.5) / length - 0.5)) / max(share, 1e-6), 0, 1) for length in (height, width)
    ]
    return np.minimum.outer(*edges)[..., None].astype(np.float32)


def _by_sensor(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Let light, lens, sensor and encoder have their say, in this order."""
    size = picture.shape[0]
    grey, dark, blurred, coarse, compressed = rng.random(5) < (_GREY, _DARK, _BLURRED, _COARSE, _COMPRESSED)
    if blurred:
        picture = _moved(picture, max(2, round(rng.uniform(0.01, _LONGEST_BLUR) * size)), rng.uniform(0, np.pi))
    if coarse:
        width = max(8, round(rng.uniform(_COARSEST, 0.8) * size))
        picture = _resized(picture, width, width)
    if grey:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    light = rng.uniform(_DARKEST, _LEAST_DARK) if dark else 1.0
    contrast, brightness = 1 + rng.uniform(-_LIGHT, _LIGHT), 255 * rng.uniform(-_LIGHT, _LIGHT)
    levels = light * ((picture.astype(np.float32) - 127.5) * contrast + 127.5 + brightness)
    noise = rng.uniform(0, _NOISE) if dark else rng.uniform(0, _NOISE / 3)
    # Of a camera in the dark the noise is without colour, too.
    drawn = rng.standard_normal((*picture.shape[:2], 1 if grey else 3), dtype=np.float32)
    picture = np.clip(np.rint(levels + noise * drawn), 0, 255).astype(np.uint8)
    if compressed:
        quality = int(rng.integers(_QUALITIES[0], _QUALITIES[1] + 1))
        encoded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return _resized(picture, size, size)


def _moved(picture: NDArray[np.uint8], length: int, angle: float) -> NDArray[np.uint8]:
    """Smear a picture along a line of some pixels."""
    kernel = np.zeros((length, length), np.float32)
    middle, reach = (length - 1) / 2, (length - 1) / 2
    ends = [(round(middle + sign * reach * np.cos(angle)), round(middle + sign * reach * np.sin(angle))) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())  # type: ignore[return-value]


def _resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if picture.shape[:2] == (height, width):
        return picture
    smaller = width * height < picture.shape[0] * picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)  # type: ignore[return-value]
