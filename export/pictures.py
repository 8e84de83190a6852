"""The pictures that int8 ranges are taken from and that artifacts are compared on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catdog.edge import synthetic
from catdog.edge.contract import InputSpec
from catdog.edge.preprocess import Preprocessor
from catdog.train.dataset import Dataset, Pictures, load_dataset
from catdog.train.options import DataOptions
from catdog.train.run import TrainedModel

_DRAWN_FOR_VERIFICATION = 200
# Verification must not look at the pictures that the ranges were taken from.
_VERIFICATION_SEED = 500_000


@dataclass(frozen=True)
class PictureSet:
    """Pictures as the model sees them.

    Attributes:
        description: what they are, in words.
        pixels: uint8 ``[n, size, size, 3]``, RGB.
        targets: int64 ``[n]``, index into the contract's labels; None where the truth is not known.
    """

    description: str
    pixels: NDArray[np.uint8]
    targets: NDArray[np.int64] | None = None


def calibration_pictures(where: str | None, count: int, spec: InputSpec, seed: int) -> PictureSet:
    """Pick photographs, the same number of each label where there are enough, or draw pictures.

    Args:
        where: folder or zip archive of class folders; its training part is used. None to draw.
        count: how many.
        spec: size of the pictures.
        seed: decides which.

    Raises:
        DatasetError: the photographs cannot be read.
    """
    if where is None:
        return PictureSet(f"{count} drawn pictures (dead leaves and scenes)", _drawn(count, spec, seed))
    dataset = load_dataset(DataOptions(data=where, image_size=spec.height, seed=seed))
    chosen = _balanced(dataset.train, count, np.random.default_rng(seed))
    return PictureSet(f"{len(chosen)} training photographs of {dataset.name}", dataset.train.pixels[chosen])


def verification_pictures(where: str | None, source: TrainedModel, seed: int) -> PictureSet:
    """Take the named photographs, else the run's validation pictures, else drawn ones.

    Raises:
        DatasetError: the named photographs cannot be read.
    """
    spec = source.contract.input
    options = source.data if where is None else DataOptions(data=where, image_size=spec.height, seed=seed)
    if options is not None:
        dataset = load_dataset(options)
        return PictureSet(
            f"{len(dataset.validation):,} validation pictures of {dataset.name}",
            dataset.validation.pixels,
            _targets(dataset, source),
        )
    drawn = _drawn(_DRAWN_FOR_VERIFICATION, spec, _VERIFICATION_SEED + seed)
    return PictureSet(f"{len(drawn)} drawn pictures", drawn)


def _targets(dataset: Dataset, source: TrainedModel) -> NDArray[np.int64] | None:
    """Translate a data set's labels to the model's; None if it has others."""
    if not set(dataset.labels) <= set(source.contract.labels):
        return None
    order = np.array([source.contract.labels.index(label) for label in dataset.labels], np.int64)
    translated: NDArray[np.int64] = order[dataset.validation.targets]
    return translated


def _drawn(count: int, spec: InputSpec, seed: int) -> NDArray[np.uint8]:
    preprocess = Preprocessor(InputSpec(spec.height, spec.width))
    pictures = synthetic.calibration_pictures(count, seed)
    return np.concatenate([preprocess(picture).copy() for picture in pictures]).astype(np.uint8)


def _balanced(pictures: Pictures, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    labels = np.unique(pictures.targets)
    share = -(-count // len(labels))
    chosen = [rng.permutation(np.flatnonzero(pictures.targets == label))[:share] for label in labels]
    # Alternate the labels, so that a cut at `count` stays balanced.
    longest = max(len(indices) for indices in chosen)
    mixed = [indices[i] for i in range(longest) for indices in chosen if i < len(indices)]
    return np.array(mixed[:count], np.int64)
