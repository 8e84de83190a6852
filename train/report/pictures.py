"""Which pictures a report shows: samples, altered copies, mistakes."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.names import TEST, VALIDATION
from ..data.pictures import Pictures
from ..evaluate import Answer
from ..pipelines import AUGMENTED, PIPELINES, Augmentation
from ..record import KINDS, StageRecord, Suspect
from .drawing import shorten

MOST_SAMPLE_ROWS, SAMPLES = 6, 3
MOST_MISTAKES = 12
MOST_SUSPECTS = 12  # of each kind
_MOST_ALTERED_ROWS, _COPIES = 2, 4
_SHEET_SEED = 16  # one at which a flip alters half of the copies in each row, so that both are seen
_LARGEST_SIDE, _JPEG_QUALITY = 224, 85  # pixels; as large as the page shows a picture
_CAPTION = 12  # characters of a label above a picture of a sheet

ORIGINAL, ALTERED = "original", "altered"


@dataclass(frozen=True)
class Shown:
    """A picture with a title.

    Attributes:
        title: what it is.
        pixels: uint8 ``[height, width, 3]``, RGB.
    """

    title: str
    pixels: NDArray[np.uint8]

    @property
    def data_uri(self) -> str:
        """The picture inside an address, as a JPEG no larger than the page shows it."""
        pixels = self.pixels
        if (scale := _LARGEST_SIDE / max(pixels.shape[:2])) < 1:
            pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        swapped = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        _, encoded = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


@dataclass(frozen=True)
class Row:
    """Pictures that belong together.

    Attributes:
        label: of all of them.
        pictures: one or more.
    """

    label: str
    pictures: tuple[Shown, ...]


@dataclass(frozen=True)
class Looked:
    """A training picture that is worth a look.

    Attributes:
        suspect: which, and why.
        shown: the picture.
    """

    suspect: Suspect
    shown: Shown


@dataclass(frozen=True)
class Mistake:
    """A wrong answer with its picture.

    Attributes:
        part: which part of the data set it is in.
        answer: what was answered.
        pixels: uint8 ``[height, width, 3]``, RGB; None if the part has no picture of that name.
    """

    part: str
    answer: Answer
    pixels: NDArray[np.uint8] | None

    @property
    def caption(self) -> str:
        """What it is, what was answered, and with which score, on one line."""
        truth, label = (shorten(each, _CAPTION) for each in (self.answer.truth, self.answer.label))
        return f"{truth}, answered {label}, {self.answer.score:.2f}"

    @property
    def shown(self) -> Shown | None:
        """The picture with its caption; None if it is not there."""
        return None if self.pixels is None else Shown(self.caption, self.pixels)


def sample_rows(dataset: Dataset) -> list[Row]:
    """Take a few training pictures of each label, from all over its pictures; of many labels the first."""
    rows = []
    for target, label in enumerate(dataset.labels):
        ones = _some(np.flatnonzero(dataset.train.targets == target), SAMPLES)
        if ones:
            rows.append(Row(label, tuple(Shown(label, dataset.train.pixels[i]) for i in ones)))
    return rows[:MOST_SAMPLE_ROWS]


def augmentation_of(pipeline: str) -> Augmentation:
    """Return how a pipeline alters its training pictures: all its stages that do so do it alike."""
    what = PIPELINES[pipeline][AUGMENTED].augmentation
    if what is None:
        raise ValueError(f"Expected a pipeline whose stage {AUGMENTED!r} alters pictures. Received: {pipeline!r}")
    return what


def altered_rows(dataset: Dataset, what: Augmentation) -> dict[str, list[Row]]:
    """Alter pictures as training does, by each of its layers alone and by all of them.

    Returns:
        Rows of an original and altered copies of it, by what was done: ``"flip"``, ``"rotation"``, ``"all"``. The same for the
        same pictures, whatever the seed of the run.
    """
    # Keras comes with TensorFlow, which takes seconds: a report is read back and tested without.
    import keras

    from ..model import build_augmentation

    whole = build_augmentation(what, _SHEET_SEED)

    def only(kind: type[keras.Layer]) -> keras.Model:
        return keras.Sequential([layer for layer in whole.layers if isinstance(layer, kind)])

    ways = {"flip": only(keras.layers.RandomFlip), "rotation": only(keras.layers.RandomRotation), "all": whole}
    found: dict[str, list[Row]] = {way: [] for way in ways}
    for row in sample_rows(dataset)[:_MOST_ALTERED_ROWS]:
        original = row.pictures[0].pixels
        batch = np.repeat(original[np.newaxis].astype(np.float32), _COPIES, axis=0)
        for way, alter in ways.items():
            copies = np.asarray(keras.ops.convert_to_numpy(alter(batch, training=True)))
            altered = copies.clip(0, 255).round().astype(np.uint8)
            found[way].append(Row(row.label, (Shown(ORIGINAL, original), *(Shown(ALTERED, copy) for copy in altered))))
    return found


def surest_mistakes(dataset: Dataset, record: StageRecord) -> list[Mistake]:
    """Return the wrong answers with the highest scores on the held-back pictures, the surest first."""
    found = [Mistake(VALIDATION, answer, None) for answer in record.validation.mistakes]
    found += [Mistake(TEST, answer, None) for answer in (record.test.mistakes if record.test is not None else ())]
    found.sort(key=lambda mistake: -mistake.answer.score)
    return [
        replace(each, pixels=_find(dataset.parts[each.part], each.answer, dataset.labels)) for each in found[:MOST_MISTAKES]
    ]


def suspects_shown(dataset: Dataset, record: StageRecord) -> list[Looked]:
    """Return the first of each kind of the training pictures that are worth a look."""
    places = {name: index for index, name in enumerate(dataset.train.names)}
    return [
        Looked(each, Shown(each.reason, dataset.train.pixels[places[each.name]]))
        for kind in KINDS
        for each in [each for each in record.suspects if each.kind == kind and each.name in places][:MOST_SUSPECTS]
    ]


def _find(pictures: Pictures, answer: Answer, labels: Sequence[str]) -> NDArray[np.uint8] | None:
    for index, name in enumerate(pictures.names):
        if name == answer.name and labels[pictures.targets[index]] == answer.truth:
            pixels: NDArray[np.uint8] = pictures.pixels[index]
            return pixels
    return None


def _some(indices: NDArray[np.int64], count: int) -> list[int]:
    """Choose up to `count` indices, evenly spaced."""
    if len(indices) <= count:
        return list(indices.tolist())
    return [int(indices[place]) for place in np.linspace(0, len(indices) - 1, count).round().astype(int)]
