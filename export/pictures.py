"""The pictures that int8 ranges are taken from and that artifacts are compared on."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from catdog.edge import synthetic
from catdog.edge.contract import InputSpec
from catdog.edge.errors import DatasetError
from catdog.edge.preprocess import Preprocessor
from catdog.train.data.dataset import Dataset, load_dataset, load_part
from catdog.train.data.pictures import Pictures
from catdog.train.data.splits import balanced
from catdog.train.model_file import TrainedModel
from catdog.train.options import SYNTHETIC, DataOptions

_DRAWN_FOR_VERIFICATION = 200
# Verification must not look at the pictures that the ranges were taken from.
_VERIFICATION_SEED = 500_000


@dataclass(frozen=True)
class PictureSet:
    """Pictures as the model sees them.

    Attributes:
        description: what they are, in words.
        pixels: uint8 ``[n, size, size, 3]``, RGB.
        labelled: the same with their truths, as indices into the contract's labels; None where the truth is not known.
    """

    description: str
    pixels: NDArray[np.uint8]
    labelled: Pictures | None = None


def calibration_pictures(where: str | None, count: int, source: TrainedModel, seed: int) -> PictureSet:
    """Take the named photographs, else the run's training pictures, else drawn ones.

    Args:
        where: folder or zip archive; of class folders the same number each, and of `train/` and `validation/` the former.
        count: how many at most.
        source: the model, and the data it was trained on if its run is known.
        seed: decides which.

    Raises:
        DatasetError: the named photographs cannot be read.
    """
    size = source.contract.input.height
    known = source.data
    if known is not None and known.data != SYNTHETIC and _is_runs_own(where, known) and (learnt := _data_of_run(known)):
        chosen = balanced(learnt.train.targets.tolist(), count, seed)
        return PictureSet(f"{len(chosen)} training pictures of {learnt.name}", learnt.train.pixels[chosen])
    if where is not None:
        part = load_part(where, "train", size, count=count, seed=seed)
        return PictureSet(f"{len(part.pictures)} pictures of {part.name}", part.pictures.pixels)
    return PictureSet(f"{count} drawn pictures (dead leaves and scenes)", _drawn(count, size, seed))


def verification_pictures(where: str | None, source: TrainedModel, seed: int) -> PictureSet:
    """Take the named photographs, else the run's held-back pictures (validation and test), else drawn ones.

    Raises:
        DatasetError: the named photographs cannot be read.
    """
    size = source.contract.input.height
    known = source.data
    if known is not None and _is_runs_own(where, known) and (held_back := _data_of_run(known)):
        pictures = held_back.validation + held_back.test
        return _labelled("held-back pictures", held_back.name, held_back.labels, pictures, source)
    if where is not None:
        part = load_part(where, "validation", size)
        return _labelled("pictures", part.name, part.labels, part.pictures, source)
    drawn = _drawn(_DRAWN_FOR_VERIFICATION, size, _VERIFICATION_SEED + seed)
    return PictureSet(f"{len(drawn)} drawn pictures", drawn)


def _is_runs_own(where: str | None, known: DataOptions) -> bool:
    """Tell whether the run's own data is meant, by default or by name.

    It is then split as it was for training: nothing learnt from is measured on, nothing measured on is calibrated on.
    """
    return where is None or DataOptions(data=where).data == known.data


@lru_cache(maxsize=1)  # calibration and verification take their parts of the same pictures
def _data_of_run(options: DataOptions) -> Dataset | None:
    """Load what a run was trained on; None where it is gone, as on another machine."""
    try:
        return load_dataset(options)
    except DatasetError:
        return None


def _labelled(what: str, name: str, labels: tuple[str, ...], pictures: Pictures, source: TrainedModel) -> PictureSet:
    """Translate labels to the model's; where it has others, the truth is not known."""
    labelled = None
    if set(labels) <= set(source.contract.labels):
        places = np.array([source.contract.labels.index(label) for label in labels], np.int64)
        labelled = replace(pictures, targets=places[pictures.targets])
    return PictureSet(f"{len(pictures):,} {what} of {name}", pictures.pixels, labelled)


def _drawn(count: int, size: int, seed: int) -> NDArray[np.uint8]:
    preprocess = Preprocessor(InputSpec(size, size))
    pictures = synthetic.calibration_pictures(count, seed)
    return np.concatenate([preprocess(picture).copy() for picture in pictures]).astype(np.uint8)
