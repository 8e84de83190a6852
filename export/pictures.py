"""The pictures that int8 ranges are taken from and that artifacts are compared on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from catdog.edge import synthetic
from catdog.edge.contract.model_contract import NEITHER, InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import DatasetError
from catdog.train.data.dataset import Dataset, load_dataset, load_part
from catdog.train.data.pictures import Pictures
from catdog.train.data.splits import balanced
from catdog.train.model_file import TrainedModel
from catdog.train.options import SYNTHETIC, DataOptions

from .verification import Truth

_DRAWN_FOR_VERIFICATION, _SCENES = 200, 100
# Verification must not look at the pictures that the ranges were taken from.
_VERIFICATION_SEED = 500_000


@dataclass(frozen=True)
class PictureSet:
    """Pictures as the model sees them.

    Attributes:
        pixels: uint8 ``[n, size, size, 3]``, RGB.
        truth: what they are called and, where that is known, what is on them.
        drawn: whether they are drawn, not photographs.
        skipped: one line for each that could not be read.
    """

    pixels: NDArray[np.uint8]
    truth: Truth
    drawn: bool = False
    skipped: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What they are, in words."""
        return self.truth.data + self.truth.besides

    def counts(self, labels: Sequence[str]) -> dict[str, int]:
        """Count them by label; empty where the truth is not known."""
        if self.truth.targets is None:
            return {}
        return {label: int((self.truth.targets == target).sum()) for target, label in enumerate(labels)}


def calibration_pictures(where: str | None, count: int, source: TrainedModel, seed: int) -> PictureSet:
    """Take the named photographs, else the run's training pictures, else drawn ones.

    Args:
        where: folder or archive; of class folders the same number each, and of `train/` and `validation/` the former.
        count: how many at most.
        source: the model, and the data it was trained on if its run is known.
        seed: decides which.

    Raises:
        DatasetError: the named photographs cannot be read.
    """
    size = source.contract.input.height
    known = source.data
    if known is not None and known.data != SYNTHETIC and _is_runs_own(where, known) and (learnt := _data_of_run(known)):
        chosen = learnt.train[balanced(learnt.train.targets.tolist(), count, seed)]
        return _photographs("training pictures", learnt.name, learnt.labels, chosen, source)
    if where is not None:
        part = load_part(where, "train", size, known=source.contract.labels, count=count, seed=seed)
        found = _photographs("pictures", part.name, part.labels, part.pictures, source)
        return replace(found, skipped=part.skipped)
    return drawn_pictures(count, size, seed)


def verification_pictures(where: str | None, source: TrainedModel, seed: int) -> PictureSet:
    """Take the named photographs, else the run's held-back pictures (validation and test), else drawn ones.

    A model that knows the answer `neither` is asked for it: where none of the photographs has it, drawn scenes are added, whose
    answers are compared only.

    Raises:
        DatasetError: the named photographs cannot be read.
    """
    found = _named_or_held_back(where, source)
    size, labels = source.contract.input.height, source.contract.labels
    if found is None:
        return drawn_pictures(_DRAWN_FOR_VERIFICATION, size, _VERIFICATION_SEED + seed)
    truth = found.truth
    if NEITHER not in labels or truth.targets is None or labels.index(NEITHER) in truth.targets:
        return found
    preprocess = Preprocessor(InputSpec(size, size))
    seeds = range(_VERIFICATION_SEED + seed, _VERIFICATION_SEED + seed + _SCENES)
    scenes = [preprocess(synthetic.draw_picture(NEITHER, each)).copy().astype(np.uint8) for each in seeds]
    more = Truth(
        truth.data,
        (*truth.names, *(f"drawn scene/{each}" for each in seeds)),
        np.concatenate([truth.targets, np.full(_SCENES, -1)]),
        f" and {_SCENES} drawn scenes",
    )
    return replace(found, pixels=np.concatenate([found.pixels, *scenes]), truth=more)


def _named_or_held_back(where: str | None, source: TrainedModel) -> PictureSet | None:
    size = source.contract.input.height
    known = source.data
    if known is not None and _is_runs_own(where, known) and (held_back := _data_of_run(known)):
        pictures = held_back.validation + held_back.test
        return _photographs("held-back pictures", held_back.name, held_back.labels, pictures, source)
    if where is not None:
        part = load_part(where, "validation", size, known=source.contract.labels)
        kept, labels, left_out = _known_only(where, part.labels, part.pictures, source.contract.labels)
        found = _photographs("pictures", part.name + left_out, labels, kept, source)
        return replace(found, skipped=part.skipped)
    return None


def drawn_pictures(count: int, size: int, seed: int) -> PictureSet:
    """Draw pictures, dead leaves and scenes in turn; what is on them is nothing that a model knows."""
    preprocess = Preprocessor(InputSpec(size, size))
    pictures = synthetic.calibration_pictures(count, seed)
    pixels = np.concatenate([preprocess(picture).copy() for picture in pictures]).astype(np.uint8)
    names = tuple(f"drawn/{seed + number}" for number in range(count))
    return PictureSet(pixels, Truth(f"{count} drawn pictures (dead leaves and scenes)", names, None), drawn=True)


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


def _known_only(
    where: str, labels: tuple[str, ...], pictures: Pictures, known: Sequence[str]
) -> tuple[Pictures, tuple[str, ...], str]:
    """Leave out what the model has no label for: its answers there prove nothing. Pictures in no folders are all kept.

    Returns:
        The pictures, their labels, and a word on what was left out.

    Raises:
        DatasetError: none of the folders is one of the model's labels.
    """
    strange = [label for label in labels if label and label not in known]
    if not strange:
        return pictures, labels, ""
    if len(strange) == len(labels):
        raise DatasetError(
            f"class folders named {', '.join(known)}", got=f"{where} with {', '.join(labels)}", fix="Rename the folders."
        )
    kept = [index for index, target in enumerate(pictures.targets.tolist()) if labels[target] in known]
    return pictures[kept], labels, f" (without {len(pictures) - len(kept):,} of {', '.join(strange)})"


def _photographs(what: str, name: str, labels: tuple[str, ...], pictures: Pictures, source: TrainedModel) -> PictureSet:
    """Translate labels to the model's; where it has others, the truth is not known.

    A model that was exported without its answer `neither` is not asked about pictures that have no other.
    """
    known = source.contract.labels
    if labels[-1] == NEITHER and NEITHER not in known:
        labels = labels[:-1]
        pictures = pictures[np.flatnonzero(pictures.targets < len(labels)).tolist()]
    targets = None
    present = {labels[target] for target in set(pictures.targets.tolist())}
    if present <= set(known):
        places = [known.index(label) if label in known else -1 for label in labels]
        targets = np.array(places, np.int64)[pictures.targets]
    return PictureSet(pictures.pixels, Truth(f"{len(pictures):,} {what} of {name}", pictures.names, targets))
