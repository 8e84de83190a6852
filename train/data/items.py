"""Which pictures a data set holds, and which part each is in: found, named and labelled, and none of them read yet.

May import: the edge's drawn pictures and `decode`, this room's `options`, its neighbours `finder` and `pictures`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catdog.edge import synthetic
from catdog.edge.common.files import printable
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import DatasetError
from catdog.edge.pictures.decode import read_picture

from ..options import SYNTHETIC, TEST_OF_FOLDER, DataOptions
from .finder import Found, Place, find
from .names import TEST, TRAIN, VALIDATION, besides
from .pictures import Item, Pictures, cut_out
from .where import absent, is_address, place_name

_SMALLEST_PART, _LARGEST_PART = 0.15, 0.8  # of the area of a picture without any of the labels

_PART = ", part "

Items = dict[str, list[Item]]  # by part; a part that is not there is split off after reading
# Drawn pictures of a part start at these seeds; a run's seed moves all of them. No part is nearly as long as the distance.
_FIRST_SEEDS = {TRAIN: 0, VALIDATION: 1_000_000, TEST: 1_500_000}
_SEEDS_OF_A_RUN = 2_000_000


def check_folders(options: DataOptions) -> None:
    """Look at folders and file names, before anything heavy is loaded; what is to be drawn or fetched is left alone.

    Raises:
        DatasetError: no data set, or a class with too few pictures to be learnt and measured.
    """
    if options.data == SYNTHETIC or is_address(options.data):
        return
    if not Path(options.data).exists():
        raise absent(options.data)
    labels, items, left_out = _folder_items(options)
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
                    got=f"{counts[target] or 'none'} of {label!r} in {options.data}{besides(left_out)}",
                    fix="Add some, or remove the folder.",
                )


def labelled_items(options: DataOptions) -> tuple[tuple[str, ...], Items, tuple[str, ...]]:
    """Find the labelled pictures: class names, sorted, the items of each part that is there, and words on what was left out.

    Raises:
        DatasetError: it cannot be downloaded, unpacked or understood.
    """
    labels, items, left_out = (*_synthetic_items(options), ()) if options.data == SYNTHETIC else _folder_items(options)
    _check_labels(labels, options)
    return labels, items, left_out


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


def _folder_items(options: DataOptions) -> tuple[tuple[str, ...], Items, tuple[str, ...]]:
    place = find(options.data)
    if place.parts and TRAIN not in place.parts:
        raise DatasetError(
            f"training pictures beside {' and '.join(place.parts)}", got=f"none in {options.data}", fix="Add a folder train/."
        )
    by_label = _classes(place, TRAIN if TRAIN in place.parts else "")
    # A single class folder was stepped into, as if it wrapped the others.
    stepped = not by_label and place.stepped
    empty = [*place.empty, *([place.root.name] if stepped and not place.pictures else [])]
    if empty:
        raise DatasetError(
            "pictures in each class folder",
            got=f"none in {', '.join(map(repr, empty[:3]))}{besides(place.left_out)}",
            fix="Add some, or remove the folder.",
        )
    if len(by_label) < 2:
        one = next(iter(by_label), place.root.name if stepped and not place.parts else None)
        raise DatasetError(
            "at least two class folders, or train/ and validation/ with class folders",
            got=f"{options.data} with {'none' if one is None else f'one, {one!r}'}{besides(place.left_out)}",
            fix="Put the pictures of each class into a folder of its name.",
        )
    for part in place.parts:
        others = _classes(place, part)
        if len(others) < 2 and not by_label.keys() & others.keys():
            # Of a competition, whose answers are secret; or kept for a look.
            place = place.without(place.of(part), f"of {part} without class folders")
        elif by_label.keys() != others.keys():
            raise DatasetError(
                f"the same class folders in train and {part}",
                got=f"{', '.join(sorted(by_label.keys() ^ others.keys()))} in one of them alone",
                fix="Rename or add folders.",
            )
    labels = tuple(sorted(by_label, key=lambda label: (label == NEITHER, label)))
    return labels, {part or TRAIN: items_of(place.of(part), labels) for part in place.parts or ("",)}, place.left_out


def _classes(place: Place, part: str) -> Counter[str]:
    """Count the pictures of each label in a part; in all without parts."""
    return Counter(found.label for found in place.of(part) if found.label)


def items_of(pictures: Sequence[Found], labels: Sequence[str]) -> list[Item]:
    """Name and label picture files.

    Args:
        pictures: that were found, in the order of their labels.
        labels: the class names, in order.
    """
    return [Item(printable(each.name), labels.index(each.label), partial(read_picture, each.path)) for each in pictures]


def _without_labels(where: str, target: int) -> list[Item]:
    place = find(where, ())
    if not place.pictures:
        raise DatasetError(
            "pictures of none of the labels",
            got=f"none in {where}{besides(place.left_out)}",
            fix="Name another folder or archive.",
        )
    return [
        Item(f"{NEITHER}/{printable(each.path.relative_to(place.root))}", target, partial(read_picture, each.path))
        for each in place.pictures
    ]


def _labelled_more(where: str, labels: Sequence[str]) -> list[Item]:
    """Find labelled pictures to learn from besides: of a training part if there is one, of any of the labels."""
    place = find(where)
    pictures = place.of(TRAIN)
    if place.stepped and place.root.name in labels and not any(each.label for each in pictures):
        # A single class folder was stepped into, as if it wrapped others.
        own = place.root.name
        pictures = tuple(each._replace(label=own, name=Path(own) / each.name) for each in pictures)
    found = sorted({each.label for each in pictures})
    if not found or not set(found) <= set(labels):
        raise DatasetError(
            f"class folders among {', '.join(labels)}",
            got=f"{where} with {', '.join(filter(None, found)) or 'none'}{besides(place.left_out)}",
            fix="Rename or remove folders.",
        )
    return items_of(pictures, labels)


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
