"""Labelled pictures in memory, as the contract's pixels."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.progress import progress_bar
from catdog.edge.contract.model_contract import InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import CatdogError, MissingExtraError
from catdog.edge.pictures.duplicates import near_duplicates

_STRETCH = 0.2  # of a part's sides against one another, at most, as a logarithm


class Item(NamedTuple):
    """A labelled picture that is not read yet.

    Attributes:
        name: label and file name.
        target: index of its label.
        make: gives the picture, BGR uint8 ``[height, width, 3]``; called by a worker thread.
    """

    name: str
    target: int
    make: Callable[[], NDArray[np.uint8]]


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures.

    Attributes:
        pixels: uint8 ``[n, size, size, 3]``, RGB 0-255.
        targets: int64 ``[n]``, index into the labels.
        names: where each came from.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, indices: Sequence[int]) -> "Pictures":
        chosen = list(indices)
        return Pictures(self.pixels[chosen], self.targets[chosen], tuple(self.names[i] for i in chosen))

    def __add__(self, other: "Pictures") -> "Pictures":
        return Pictures(
            np.concatenate([self.pixels, other.pixels]),
            np.concatenate([self.targets, other.targets]),
            self.names + other.names,
        )

    def counts(self, labels: Sequence[str]) -> dict[str, int]:
        """Count the pictures by label."""
        found = Counter(self.targets.tolist())
        return {label: found[index] for index, label in enumerate(labels)}


def cut_out(picture: NDArray[np.uint8], rng: np.random.Generator, smallest: float, largest: float) -> NDArray[np.uint8]:
    """Cut a part out of a picture, of about its shape.

    Args:
        picture: uint8 ``[height, width, 3]``.
        rng: decides which.
        smallest: share of its area that is cut out at least, 0-1.
        largest: at most, 0-1.
    """
    side = np.sqrt(rng.uniform(smallest, largest))
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH))
    lengths = zip((stretch, 1 / stretch), picture.shape[:2], strict=True)
    height, width = (max(1, int(min(1.0, side * factor) * length)) for factor, length in lengths)
    top, left = int(rng.integers(picture.shape[0] - height + 1)), int(rng.integers(picture.shape[1] - width + 1))
    return picture[top : top + height, left : left + width]


def read_pictures(items: Sequence[Item], image_size: int, skipped: list[str], title: str) -> Pictures:
    """Read and resize pictures in parallel.

    Args:
        items: what to read.
        image_size: side in pixels.
        skipped: gets a line for each picture that cannot be read.
        title: of the progress bar.
    """
    spec = InputSpec(image_size, image_size)
    pixels = np.empty((len(items), image_size, image_size, 3), np.uint8)
    with ThreadPoolExecutor() as pool:
        reading = pool.map(partial(_read_one, spec), items, pixels)
        errors = list(progress_bar(reading, total=len(items), title=title, unit=" pictures"))
    skipped += _reasons(errors)
    everything = Pictures(pixels, np.array([item.target for item in items], np.int64), tuple(item.name for item in items))
    read = [index for index, error in enumerate(errors) if error is None]
    return everything if len(read) == len(items) else everything[read]


def _reasons(errors: Sequence[CatdogError | None]) -> list[str]:
    """Say why pictures cannot be read: of each package that is missing once, of damage by name."""
    missing: dict[str, list[CatdogError]] = {}
    for error in errors:
        if isinstance(error, MissingExtraError):
            missing.setdefault(error.expected, []).append(error)
    lines = [f"{len(those):,} pictures: {those[0]}" for those in missing.values()]
    return lines + [str(error) for error in errors if error is not None and not isinstance(error, MissingExtraError)]


def without_copies(
    measured: Pictures, known: Pictures, known_as: str, skipped: list[str], so: str = "not measured on"
) -> Pictures:
    """Leave out the pictures that are among others, too: what was learnt from must not be measured on.

    Only among pictures of one label: a camera's empty room and the same room with a small pet are nearly the same picture.

    Args:
        measured: the pictures to look through.
        known: the pictures that they must not be copies of.
        known_as: what those are called.
        skipped: gets a line for each picture that is left out.
        so: what that means for it.
    """
    found = {
        second: first
        for first, second in near_duplicates(known.pixels, measured.pixels)
        if known.targets[first] == measured.targets[second]
    }
    skipped += [f"{measured.names[i]}, a copy of the {known_as} picture {known.names[found[i]]}: {so}" for i in sorted(found)]
    return measured[[i for i in range(len(measured)) if i not in found]] if found else measured


def _read_one(spec: InputSpec, item: Item, pixels: NDArray[np.uint8]) -> CatdogError | None:
    """Read a picture into its place; return why not."""
    try:
        # A preprocessor reuses its buffers, so each picture gets its own: allocation is nothing beside decoding.
        pixels[:] = Preprocessor(spec)(item.make())[0]
    except CatdogError as error:
        return error
    return None
