"""A data set: labelled pictures found, split into training, validation and test, and read into memory."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from catdog.edge import synthetic
from catdog.edge.contract import NEITHER
from catdog.edge.decode import read_picture
from catdog.edge.errors import DatasetError

from ..options import SYNTHETIC, DataOptions
from .duplicates import CLOSE, SAME, Fingerprints, copies, fingerprints
from .folders import TEST, TRAIN, VALIDATION, class_folders, empty_folders, find_folder, part_folder, pictures_in
from .pictures import Item, Pictures, cut_out, printable, read_pictures, without_copies
from .splits import balanced, hold_back

PARTS = (TRAIN, VALIDATION, TEST)

_SMALLEST_PART, _LARGEST_PART = 0.15, 0.8  # of the area of a picture without any of the labels

_PART = ", part "

_Items = dict[str, list[Item]]  # by part; a part that is not there is split off after reading
_Split = dict[str, Pictures]
# Drawn pictures of a part start at these seeds; a run's seed moves all of them. No part is nearly as long as the distance.
_FIRST_SEEDS = {TRAIN: 0, VALIDATION: 1_000_000, TEST: 1_500_000}
_SEEDS_OF_A_RUN = 2_000_000


@dataclass(frozen=True)
class Dataset:
    """A labelled data set, split.

    Attributes:
        name: what to call it, without a path.
        labels: class names, sorted, but ``"neither"`` last if there are pictures without any of the others.
        train: what is learnt from.
        validation: what is measured on after every epoch.
        test: what is measured on once, at the end; may be empty.
        skipped: one line for each picture that was left out, with the reason: not readable, or a held-back picture that is
            among the training pictures, too.
        contradictions: one line for each picture that is there under two labels.
    """

    name: str
    labels: tuple[str, ...]
    train: Pictures
    validation: Pictures
    test: Pictures
    skipped: tuple[str, ...]
    contradictions: tuple[str, ...] = ()

    @property
    def parts(self) -> Mapping[str, Pictures]:
        """The three parts by name."""
        return {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}

    @property
    def digest(self) -> str:
        """SHA-256 of the pictures, their names, labels and split, as hexadecimal digits."""
        found = sha256(repr(self.labels).encode())
        for pictures in self.parts.values():
            found.update(repr((pictures.pixels.shape, pictures.names)).encode())
            found.update(np.ascontiguousarray(pictures.targets).data)
            found.update(np.ascontiguousarray(pictures.pixels).data)
        return found.hexdigest()

    @property
    def has_negatives(self) -> bool:
        """Whether pictures of none of the other labels are among them."""
        return self.labels[-1] == NEITHER

    @property
    def baseline(self) -> float:
        """Share of the validation pictures that have the most frequent label, 0-1: what always saying the same would get."""
        return float(np.bincount(self.validation.targets).max() / len(self.validation))


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


def load_dataset(options: DataOptions) -> Dataset:
    """Find, read and split a data set.

    Raises:
        DatasetError: it cannot be downloaded, unpacked or understood, or a class has no readable picture.
    """
    labels, items = _synthetic_items(options) if options.data == SYNTHETIC else _folder_items(options)
    _check_labels(labels, options)
    skipped: list[str] = []
    split = _split(_read(items, options.image_size, skipped), options, options.validation_share, _by_label)
    if options.more_data:
        more_items = [item for where in options.more_data for item in _more_items(where, labels)]
        learnt = _read({TRAIN: more_items}, options.image_size, skipped)[TRAIN]
        for part in (VALIDATION, TEST):
            learnt = without_copies(learnt, split[part], part, skipped, "not learnt from")
        split[TRAIN] += learnt
    if options.negatives is not None:
        found = _negative_items(options, len(labels))
        negatives = _read(found, options.image_size, skipped)
        more = _split(negatives, options, options.negatives_share, _by_folder)
        labels = (*labels, NEITHER)
        further = [item for where in options.more_negatives for item in _without_labels(where, len(labels) - 1)]
        more[TRAIN] += _read({TRAIN: further}, options.image_size, skipped)[TRAIN]
        found[TRAIN] += further
        cut = _read({TRAIN: _parts_of(more[TRAIN], found, options)}, options.image_size, skipped)
        split = {part: split[part] + more[part] for part in PARTS}
        split[TRAIN] += cut[TRAIN]
    validation = without_copies(split[VALIDATION], split[TRAIN], "training", skipped)
    test = without_copies(without_copies(split[TEST], split[TRAIN], "training", skipped), validation, VALIDATION, skipped)
    name = "drawn cats and dogs" if options.data == SYNTHETIC else place_name(options.data)
    contradictions = tuple(_contradictions(split, len(labels) - 1 if options.negatives is not None else None))
    dataset = Dataset(name, labels, split[TRAIN], validation, test, tuple(skipped), contradictions)
    for part, pictures in ((TRAIN, dataset.train), (VALIDATION, dataset.validation)):
        for label, count in pictures.counts(labels).items():
            if count == 0:
                why = f" ({skipped[0]})" if skipped else ""
                raise DatasetError(f"{part} pictures of {label!r}", got=f"none that can be used{why}", fix="Add some.")
    return dataset


def check_folders(options: DataOptions) -> None:
    """Look at folders and file names, before anything heavy is loaded; what is not on this machine yet is left alone.

    Raises:
        DatasetError: no data set, or a class with too few pictures to be learnt and measured.
    """
    if not Path(options.data).exists():
        return
    labels, items = _folder_items(options)
    _check_labels(labels, options)
    for part in (TRAIN, VALIDATION):
        if part not in items:
            continue
        least = 1 if VALIDATION in items else 2  # one is held back
        counts = Counter(item.target for item in items[part])
        for target, label in enumerate(labels):
            if counts[target] < least:
                raise DatasetError(
                    f"at least {least} pictures of each class" if least > 1 else f"{part} pictures of each class",
                    got=f"{counts[target] or 'none'} of {label!r} in {options.data}",
                    fix="Add some, or remove the folder.",
                )


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
    root = find_folder(where)
    root = part_folder(root, part) or (part_folder(root, TEST) if part == VALIDATION else None) or root
    by_label = class_folders(root) or {"": pictures_in(root)}
    items = _items(by_label, tuple(by_label), root)
    skipped: list[str] = []
    chosen = items if count is None else [items[i] for i in balanced([item.target for item in items], count, seed)]
    pictures = read_pictures(chosen, image_size, skipped, "reading pictures")
    if not len(pictures):
        raise DatasetError("pictures that can be read", got=f"none in {where}", fix="Name another folder or archive.")
    return Part(place_name(where), tuple(by_label), pictures, tuple(skipped))


def _contradictions(split: _Split, neither: int | None) -> Iterator[str]:
    """Find pictures that are there under two labels.

    A camera's empty room and the same room with a small pet are nearly the same picture, so of pictures of neither only those
    are told that are the same.
    """
    names = np.array([name for pictures in split.values() for name in pictures.names], object)
    targets = np.concatenate([pictures.targets for pictures in split.values()])
    prints = Fingerprints.joined([fingerprints(pictures.pixels) for pictures in split.values()])
    whole = np.array([whole_of(name) == name for name in names])
    for label in np.unique(targets).tolist():
        mine = np.flatnonzero(whole & (targets == label))
        for rest, limits in (
            (np.flatnonzero(whole & (targets > label) & (targets != neither)), CLOSE),
            (np.flatnonzero(whole & (targets > label) & (targets == neither)), SAME),
        ):
            for first, second in copies(prints[mine], prints[rest], *limits):
                yield f"{names[mine[first]]} and {names[rest[second]]}"


def whole_of(name: str) -> str:
    """Return the name of the picture that a part was cut from; of a whole picture its own."""
    return name.partition(_PART)[0]


def training_only(dataset: Dataset, learnt: Sequence[int], measured: Sequence[int]) -> Dataset:
    """Return a data set of training pictures alone, some of them held back: a fold of a cross-validation."""
    return replace(dataset, train=dataset.train[learnt], validation=dataset.train[measured], test=dataset.train[[]])


def held_out(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Pictures]:
    """Take some training pictures away, with all parts that were cut out of them; as many of every label as its share.

    Args:
        dataset: the data.
        share: how many, 0-1.
        seed: decides which.

    Returns:
        (what stays, what was taken: whole pictures only).
    """
    train = dataset.train
    origins = [whole_of(name) for name in train.names]
    wholes = train[[index for index, name in enumerate(train.names) if name == origins[index]]]
    _, taken = _divide(wholes, share, f"{seed}/held out", _by_label, at_least=1)
    gone = set(taken.names)
    return replace(dataset, train=train[[index for index, origin in enumerate(origins) if origin not in gone]]), taken


def place_name(data: str) -> str:
    """Name a data set by its file or folder; of an address only the path, since the rest may hold secrets."""
    return Path((urlsplit(data).path if "://" in data else data).rstrip("/")).stem


def _check_labels(labels: Sequence[str], options: DataOptions) -> None:
    odd = [label for label in labels if not (label.strip() and label.isprintable())]
    if odd:  # said here, not after the training by the contract
        raise DatasetError("class folders with printable names", got=f"{odd[0]!a}", fix="Rename the folder.")
    if options.negatives is not None and NEITHER in labels:
        raise DatasetError(
            f"no class folder {NEITHER!r} beside --negatives", got=f"one in {options.data}", fix="Leave one of them out."
        )


def _read(items: _Items, image_size: int, skipped: list[str]) -> _Split:
    return {part: read_pictures(found, image_size, skipped, f"reading {part} pictures") for part, found in items.items()}


def _split(read: _Split, options: DataOptions, share: float, group: Callable[[Pictures, int], object]) -> _Split:
    """Split off the parts that are not there. After reading: what cannot be read must not leave a part without a class."""
    split = dict(read)
    if VALIDATION not in split:
        split[TRAIN], split[VALIDATION] = _divide(split[TRAIN], share, f"{options.seed}", group, at_least=1)
    if TEST not in split:
        split[VALIDATION], split[TEST] = _divide(split[VALIDATION], options.test_share, f"{options.seed}/test", group)
    return split


def _divide(
    pictures: Pictures, share: float, salt: str, group: Callable[[Pictures, int], object], *, at_least: int = 0
) -> tuple[Pictures, Pictures]:
    """Hold back a share of every group's pictures."""
    groups: dict[object, list[int]] = {}
    for index in range(len(pictures)):
        groups.setdefault(group(pictures, index), []).append(index)
    stay, held = [], []
    for members in groups.values():
        needed = max(share, at_least / len(members))
        kept, away = hold_back(members, needed, lambda index: pictures.names[index], salt)
        stay += kept
        held += away
    return pictures[stay], pictures[held]


def _by_label(pictures: Pictures, index: int) -> object:
    return int(pictures.targets[index])


def _by_folder(pictures: Pictures, index: int) -> object:
    return pictures.names[index].rpartition("/")[0]


def _folder_items(options: DataOptions) -> tuple[tuple[str, ...], _Items]:
    root = find_folder(options.data)
    folders = {part: folder for part in PARTS if (folder := part_folder(root, part)) is not None}
    if TRAIN not in folders or len(folders) < 2:
        folders = {TRAIN: root}
    found = {part: class_folders(folder) for part, folder in folders.items()}
    by_label = found[TRAIN]
    empty = [name for folder in folders.values() for name in empty_folders(folder)]
    if empty:
        raise DatasetError(
            "pictures in each class folder",
            got=f"none in {', '.join(map(repr, empty[:3]))}",
            fix="Add some, or remove the folder.",
        )
    if len(by_label) < 2:
        # A single folder was stepped into, as if it wrapped the others.
        one = next(iter(by_label), root.name if pictures_in(root) and root != Path(options.data) else None)
        raise DatasetError(
            "at least two class folders, or train/ and validation/ with class folders",
            got=f"{options.data} with {'none' if one is None else f'one, {one!r}'}",
            fix="Put the pictures of each class into a folder of its name.",
        )
    for part, others in found.items():
        if set(by_label) != set(others):
            raise DatasetError(
                f"the same class folders in train and {part}",
                got=f"{', '.join(sorted(set(by_label) ^ set(others)))} in one of them alone",
                fix="Rename or add folders.",
            )
    labels = tuple(sorted(by_label, key=lambda label: (label == NEITHER, label)))
    return labels, {part: _items(found[part], labels, folder) for part, folder in folders.items()}


def _items(by_label: Mapping[str, Sequence[Path]], labels: Sequence[str], root: Path) -> list[Item]:
    return [
        Item(printable(path.relative_to(root)), labels.index(label), partial(read_picture, path))
        for label, paths in by_label.items()
        for path in paths
    ]


def _negative_items(options: DataOptions, target: int) -> _Items:
    """Find the pictures of none of the labels; folders among them are kept apart, so that each is in every part."""
    if options.negatives == SYNTHETIC:
        return _drawn_items(options, lambda seed: [(NEITHER, target, seed)])
    return {TRAIN: _without_labels(options.negatives or "", target)}


def _without_labels(where: str, target: int) -> list[Item]:
    root = find_folder(where)
    paths = pictures_in(root)
    if not paths:
        raise DatasetError("pictures of none of the labels", got=f"none in {where}", fix="Name another folder or archive.")
    return [Item(f"{NEITHER}/{printable(path.relative_to(root))}", target, partial(read_picture, path)) for path in paths]


def _more_items(where: str, labels: Sequence[str]) -> list[Item]:
    """Find labelled pictures to learn from besides: of a training part if there is one, of any of the labels."""
    root = find_folder(where)
    root = part_folder(root, TRAIN) or root
    if root.name in labels and root != Path(where):
        root = root.parent  # a single class folder was stepped into, as if it wrapped others
    by_label = class_folders(root)
    if not by_label or not set(by_label) <= set(labels):
        raise DatasetError(
            f"class folders among {', '.join(labels)}",
            got=f"{where} with {', '.join(by_label) or 'none'}",
            fix="Rename or remove folders.",
        )
    return _items(by_label, labels, root)


def _parts_of(learnt: Pictures, found: _Items, options: DataOptions) -> list[Item]:
    """Cut parts out of pictures of none of the labels: what is in none of the whole is in none of the parts."""
    if options.negatives == SYNTHETIC:
        return []  # more of them can be drawn
    items = {item.name: item for item in found[TRAIN]}
    return [
        Item(f"{name}{_PART}{number}", items[name].target, partial(_part, items[name].make, options.seed, name, number))
        for name in learnt.names
        for number in range(1, options.negative_parts + 1)
    ]


def _part(make: Callable[[], NDArray[np.uint8]], seed: int, name: str, number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng([seed, number, *name.encode()])
    return cut_out(make(), rng, _SMALLEST_PART, _LARGEST_PART)


def _synthetic_items(options: DataOptions) -> tuple[tuple[str, ...], _Items]:
    labels = synthetic.LABELS
    return labels, _drawn_items(options, lambda seed: [(label, target, seed) for target, label in enumerate(labels)])


def _drawn_items(options: DataOptions, pictures_of: Callable[[int], list[tuple[str, int, int]]]) -> _Items:
    counts = {
        TRAIN: options.synthetic_count,
        VALIDATION: max(2, options.synthetic_count // 4),
        TEST: round(options.synthetic_count / 4 * options.test_share),
    }
    return {
        part: [
            Item(f"{label}/{seed}", target, partial(synthetic.draw_picture, label, seed))
            for first in (_SEEDS_OF_A_RUN * options.seed + _FIRST_SEEDS[part],)
            for number in range(count)
            for label, target, seed in pictures_of(first + number)
        ]
        for part, count in counts.items()
    }
