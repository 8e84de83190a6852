"""Labelled pictures: found, split, and read into memory as the contract's pixels."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from catdog.edge import synthetic
from catdog.edge.contract import InputSpec
from catdog.edge.decode import PICTURE_SUFFIXES, read_picture
from catdog.edge.errors import CatdogError, DatasetError
from catdog.edge.preprocess import Preprocessor

from .archive import unpack
from .download import download
from .duplicates import near_duplicates
from .options import SYNTHETIC, DataOptions

_OFFLINE_WAYS = "Without a network, name a folder or zip archive with --data PATH, or use drawn pictures: --data synthetic."

_PARTS = {"train": ("train", "training"), "validation": ("validation", "val", "valid", "test")}

# A picture is drawn or read only when a worker thread asks for it.
_Item = tuple[str, int, Callable[[], NDArray[np.uint8]]]


@dataclass(frozen=True)
class Pictures:
    """Pictures of one split, in memory.

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


@dataclass(frozen=True)
class Part:
    """Labelled pictures as they lie in a folder, not split.

    Attributes:
        name: what to call it, without a path.
        labels: class names, sorted; a single empty one if the pictures are in no class folders.
        pictures: the pictures.
        skipped: one line for each that could not be read.
    """

    name: str
    labels: tuple[str, ...]
    pictures: Pictures
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A labelled data set, split.

    Attributes:
        name: what to call it, without a path.
        labels: class names, sorted.
        train: what is learnt from.
        validation: what is only measured on.
        skipped: one line for each picture that was left out, with the reason: not readable, or a validation picture that is
            among the training pictures, too.
    """

    name: str
    labels: tuple[str, ...]
    train: Pictures
    validation: Pictures
    skipped: tuple[str, ...]

    def counts(self, split: Pictures) -> dict[str, int]:
        """Count the pictures of a split by label."""
        found = Counter(split.targets.tolist())
        return {label: found[index] for index, label in enumerate(self.labels)}


def load_dataset(options: DataOptions) -> Dataset:
    """Find, split and read a data set.

    Raises:
        DatasetError: it cannot be downloaded, unpacked or understood, or a class has no readable picture.
    """
    if options.data == SYNTHETIC:
        name = "drawn cats and dogs"
        labels, train, validation = _synthetic_items(options)
    else:
        root = find_folder(options.data)
        name = Path(options.data.rstrip("/")).stem
        labels, train, validation = _folder_items(root, options)
    skipped: list[str] = []
    spec = InputSpec(options.image_size, options.image_size)
    learnt = _read(train, spec, skipped, "reading training pictures")
    measured = _without_known(_read(validation, spec, skipped, "reading validation pictures"), learnt, skipped)
    dataset = Dataset(name=name, labels=labels, train=learnt, validation=measured, skipped=tuple(skipped))
    for title, split in (("training", dataset.train), ("validation", dataset.validation)):
        for label, count in dataset.counts(split).items():
            if count == 0:
                why = f" ({skipped[0]})" if skipped else ""
                raise DatasetError(f"{title} pictures of {label!r}", got=f"none that can be used{why}", fix="Add some.")
    return dataset


def load_part(where: str, part: str, image_size: int, *, count: int | None = None, seed: int = 0) -> Part:
    """Read labelled pictures without splitting them: those of a part if there are parts, else all.

    Args:
        where: folder, zip archive or address; ``<part>/<label>/*.jpg``, ``<label>/*.jpg``, or pictures without labels.
        part: ``"train"`` or ``"validation"``.
        image_size: side in pixels.
        count: read only so many, the same number of each label where there are enough; None for all.
        seed: decides which.

    Raises:
        DatasetError: nothing is there, or nothing that can be read.
    """
    root = _descend(find_folder(where))
    root = _part(root, part)
    by_class = _classes(root) or {"": _pictures_in(root)}
    items = _items(by_class, tuple(by_class))
    skipped: list[str] = []
    chosen = items if count is None else [items[i] for i in balanced([item[1] for item in items], count, seed)]
    pictures = _read(chosen, InputSpec(image_size, image_size), skipped, "reading pictures")
    if not len(pictures):
        raise DatasetError("pictures that can be read", got=f"none in {where}", fix="Name another folder or archive.")
    return Part(Path(where.rstrip("/")).stem, tuple(by_class), pictures, tuple(skipped))


def balanced(targets: Sequence[int], count: int, seed: int) -> list[int]:
    """Choose `count` indices at random, the labels taking turns."""
    turns: Counter[int] = Counter()
    ranked: list[tuple[int, int, int]] = []  # turn within its label, place in the draw, index
    for index in np.random.default_rng(seed).permutation(len(targets)).tolist():
        ranked.append((turns[targets[index]], len(ranked), index))
        turns[targets[index]] += 1
    return [index for _, _, index in sorted(ranked)[:count]]


def find_folder(data: str) -> Path:
    """Turn a folder, zip archive or address into a folder.

    Raises:
        DatasetError: nothing is there, or it cannot be downloaded or unpacked.
    """
    fetched = data.startswith(("http://", "https://"))
    path = download(data, offline_ways=_OFFLINE_WAYS) if fetched else Path(data)
    if path.is_dir():
        return path
    if path.is_file():
        try:
            return unpack(path)
        except DatasetError:
            if fetched:
                path.unlink()  # a login page in place of the archive, say: the next try shall fetch anew
            raise
    raise DatasetError(
        "a folder, zip archive or address of pictures",
        got=f"{data}, which does not exist",
        fix=f"Check the path; {SYNTHETIC!r} draws pictures.",
    )


def _folder_items(root: Path, options: DataOptions) -> tuple[tuple[str, ...], list[_Item], list[_Item]]:
    root = _descend(root)
    held_back_folder = _part(root, "validation")
    if _part(root, "train") != root and held_back_folder != root:
        by_class = _classes(_part(root, "train"))
        held_back = _classes(held_back_folder)
        if set(by_class) != set(held_back):
            raise DatasetError(
                "the same class folders in train and validation",
                got=f"{', '.join(by_class)} and {', '.join(held_back)}",
                fix="Rename or add folders.",
            )
        labels = tuple(by_class)
        return labels, _items(by_class, labels), _items(held_back, labels)
    by_class = _classes(root)
    if len(by_class) < 2:
        raise DatasetError(
            "at least two class folders, or train/ and validation/ with class folders",
            got=f"{options.data} with {', '.join(by_class) or 'none'}",
            fix="Put the pictures of each class into a folder of its name.",
        )
    labels = tuple(by_class)
    train, validation = {}, {}
    for label, paths in by_class.items():
        # Ranked by a hash of the name, not by a shuffle: a picture that is added later moves at most one other across.
        ranked = sorted(paths, key=lambda path: hashlib.sha256(f"{options.seed}/{label}/{path.name}".encode()).digest())
        cut = max(1, round(len(paths) * options.validation_share))
        validation[label], train[label] = sorted(ranked[:cut]), sorted(ranked[cut:])
    return labels, _items(train, labels), _items(validation, labels)


def _descend(root: Path) -> Path:
    """Step into single wrapping folders, as archives have them."""
    for _ in range(4):
        folders = [entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))]
        if len(folders) != 1:
            break
        root = folders[0]
    return root


def _part(root: Path, part: str) -> Path:
    """Return the folder of a part by one of its usual names; `root` itself if there are no parts."""
    return next((root / name for name in _PARTS[part] if (root / name).is_dir()), root)


def _classes(root: Path) -> dict[str, list[Path]]:
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = {folder.name: _pictures_in(folder) for folder in folders}
    return {label: paths for label, paths in found.items() if paths}


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _items(by_class: dict[str, list[Path]], labels: Sequence[str]) -> list[_Item]:
    return [
        (f"{label}/{path.name}", labels.index(label), partial(read_picture, path))
        for label, paths in by_class.items()
        for path in paths
    ]


def _synthetic_items(options: DataOptions) -> tuple[tuple[str, ...], list[_Item], list[_Item]]:
    def draw(first_seed: int, count: int) -> list[_Item]:
        return [
            (f"{label}/{seed}", index, partial(synthetic.draw_picture, label, seed))
            for index, label in enumerate(synthetic.LABELS)
            for seed in range(first_seed, first_seed + count)
        ]

    # A run's seed moves both ranges; they never meet, since the first is far shorter than the distance.
    start = 2_000_000 * options.seed
    count = options.synthetic_count
    return synthetic.LABELS, draw(start, count), draw(start + 1_000_000, max(2, count // 4))


def _read(items: Iterable[_Item], spec: InputSpec, skipped: list[str], title: str) -> Pictures:
    items = list(items)
    with ThreadPoolExecutor() as pool:
        results = list(
            tqdm(pool.map(partial(_read_one, spec), items), total=len(items), desc=title, unit=" pictures", disable=None)
        )
    pixels, targets, names = [], [], []
    for (name, target, _), result in zip(items, results, strict=True):
        if isinstance(result, CatdogError):
            skipped.append(str(result))
            continue
        pixels.append(result)
        targets.append(target)
        names.append(name)
    stacked = np.stack(pixels) if pixels else np.empty((0, spec.height, spec.width, 3), np.uint8)
    return Pictures(stacked, np.array(targets, np.int64), tuple(names))


def _without_known(measured: Pictures, learnt: Pictures, skipped: list[str]) -> Pictures:
    """Leave out what would be measured on although it was learnt from."""
    known = {second: first for first, second in near_duplicates(learnt.pixels, measured.pixels)}
    skipped += [
        f"{measured.names[i]}, a copy of the training picture {learnt.names[known[i]]}: not measured on" for i in sorted(known)
    ]
    kept = [i for i in range(len(measured)) if i not in known]
    return (
        Pictures(measured.pixels[kept], measured.targets[kept], tuple(measured.names[i] for i in kept)) if known else measured
    )


def _read_one(spec: InputSpec, item: _Item) -> NDArray[np.uint8] | CatdogError:
    _, _, make = item
    try:
        # A preprocessor reuses its buffers, so each picture gets its own: allocation is nothing beside decoding.
        pixels = Preprocessor(spec)(make())
    except CatdogError as error:
        return error
    return pixels[0]
