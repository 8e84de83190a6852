"""Which pictures a data set holds, and which part each is in: found, named and labelled, and none of them read yet.

May import: the edge's drawn pictures and `decode`, this room's `options`, its neighbours `folders` and `pictures`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catdog.edge import synthetic
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import DatasetError
from catdog.edge.pictures.decode import read_picture

from ..options import SYNTHETIC, TEST_OF_FOLDER, DataOptions
from .folders import TEST, TRAIN, VALIDATION, class_folders, empty_folders, find_folder, part_folder, pictures_in, place_name
from .pictures import Item, Pictures, cut_out, printable

PARTS = (TRAIN, VALIDATION, TEST)

_SMALLEST_PART, _LARGEST_PART = 0.15, 0.8  # of the area of a picture without any of the labels

_PART = ", part "

Items = dict[str, list[Item]]  # by part; a part that is not there is split off after reading
# Drawn pictures of a part start at these seeds; a run's seed moves all of them. No part is nearly as long as the distance.
_FIRST_SEEDS = {TRAIN: 0, VALIDATION: 1_000_000, TEST: 1_500_000}
_SEEDS_OF_A_RUN = 2_000_000


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


def labelled_items(options: DataOptions) -> tuple[tuple[str, ...], Items]:
    """Find the labelled pictures: class names, sorted, and the items of each part that is there.

    Raises:
        DatasetError: it cannot be downloaded, unpacked or understood.
    """
    labels, items = _synthetic_items(options) if options.data == SYNTHETIC else _folder_items(options)
    _check_labels(labels, options)
    return labels, items


def more_items(options: DataOptions, labels: Sequence[str], known: Items) -> list[Item]:
    """Find the labelled pictures that are to be learnt from besides.

    Args:
        options: where they are.
        labels: the class names; each place has folders of some of them.
        known: the other pictures, whose names these must not have.

    Raises:
        DatasetError: as `labelled_items`, or a folder is of no label.
    """
    return _further(options.more_data, known, lambda where: _labelled_more(where, labels))


def negative_items(options: DataOptions, target: int) -> Items:
    """Find the pictures of none of the labels; folders among them are kept apart, so that each is in every part.

    Args:
        options: where they are.
        target: index of their label.

    Raises:
        DatasetError: there are none.
    """
    if options.negatives == SYNTHETIC:
        return _drawn_items(options, lambda seed: [(NEITHER, target, seed)])
    return {TRAIN: _without_labels(options.negatives or "", target)}


def more_negative_items(options: DataOptions, target: int, known: Items) -> list[Item]:
    """Find the pictures of none of the labels that are to be learnt from besides; for the arguments see `more_items`.

    Raises:
        DatasetError: there are none.
    """
    return _further(options.more_negatives, known, lambda where: _without_labels(where, target))


def _further(places: Sequence[str], known: Items, find: Callable[[str], list[Item]]) -> list[Item]:
    """Find what is in further places. A picture is known by its name, so one that is taken gets its place's before it."""
    taken = {item.name for items in known.values() for item in items}
    found: list[Item] = []
    for number, where in enumerate(places, start=1):
        for item in find(where):
            label, _, rest = item.name.partition("/")
            name = item.name if item.name not in taken else f"{label}/{place_name(where)} {number}/{rest}"
            found.append(item._replace(name=name))
        taken.update(item.name for item in found)
    return found


def _check_labels(labels: Sequence[str], options: DataOptions) -> None:
    odd = [label for label in labels if not (label.strip() and label.isprintable())]
    if odd:  # said here, not after the training by the contract
        raise DatasetError("class folders with printable names", got=f"{odd[0]!a}", fix="Rename the folder.")
    if options.negatives is not None and NEITHER in labels:
        raise DatasetError(
            f"no class folder {NEITHER!r} beside --negatives", got=f"one in {options.data}", fix="Leave one of them out."
        )


def whole_of(name: str) -> str:
    """Return the name of the picture that a part was cut from; of a whole picture its own."""
    return name.partition(_PART)[0]


def whole_ones(names: Sequence[str]) -> list[int]:
    """Return the places of the pictures that are whole, no parts of others."""
    return [place for place, name in enumerate(names) if whole_of(name) == name]


def _folder_items(options: DataOptions) -> tuple[tuple[str, ...], Items]:
    root = find_folder(options.data)
    folders = {part: folder for part in PARTS if (folder := part_folder(root, part)) is not None}
    if TRAIN not in folders or len(folders) < 2:
        folders = {TRAIN: root}
    found = {part: class_folders(folder) for part, folder in folders.items()}
    by_label = found[TRAIN]
    # A single class folder was stepped into, as if it wrapped the others.
    stepped = not by_label and root != Path(options.data)
    empty = [name for folder in folders.values() for name in empty_folders(folder)]
    if stepped and not pictures_in(root):
        empty.append(root.name)
    if empty:
        raise DatasetError(
            "pictures in each class folder",
            got=f"none in {', '.join(map(repr, empty[:3]))}",
            fix="Add some, or remove the folder.",
        )
    if len(by_label) < 2:
        one = next(iter(by_label), root.name if stepped else None)
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
    return labels, {part: items_of(found[part], labels, folder) for part, folder in folders.items()}


def items_of(by_label: Mapping[str, Sequence[Path]], labels: Sequence[str], root: Path) -> list[Item]:
    """Name and label picture files.

    Args:
        by_label: the files of each label.
        labels: the class names, in order.
        root: folder that names begin at.
    """
    return [
        Item(printable(path.relative_to(root)), labels.index(label), partial(read_picture, path))
        for label, paths in by_label.items()
        for path in paths
    ]


def _without_labels(where: str, target: int) -> list[Item]:
    root = find_folder(where)
    paths = pictures_in(root)
    if not paths:
        raise DatasetError("pictures of none of the labels", got=f"none in {where}", fix="Name another folder or archive.")
    return [Item(f"{NEITHER}/{printable(path.relative_to(root))}", target, partial(read_picture, path)) for path in paths]


def _labelled_more(where: str, labels: Sequence[str]) -> list[Item]:
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
    return items_of(by_label, labels, root)


def parts_of(learnt: Pictures, found: Items, options: DataOptions) -> list[Item]:
    """Cut parts out of pictures of none of the labels: what is in none of the whole is in none of the parts.

    Args:
        learnt: the pictures that are learnt from.
        found: where they came from.
        options: how many parts of each, and the seed.
    """
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


def _synthetic_items(options: DataOptions) -> tuple[tuple[str, ...], Items]:
    labels = synthetic.LABELS
    return labels, _drawn_items(options, lambda seed: [(label, target, seed) for target, label in enumerate(labels)])


def _drawn_items(options: DataOptions, pictures_of: Callable[[int], list[tuple[str, int, int]]]) -> Items:
    counts = {
        TRAIN: options.synthetic_count,
        VALIDATION: max(2, options.synthetic_count // 4),
        TEST: round(options.synthetic_count / 4 * (TEST_OF_FOLDER if options.test_share is None else options.test_share)),
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
