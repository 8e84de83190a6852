"""Labelled pictures, in whatever shape their folders are: the one finder of training, export and benches.

    pets/cats/1.jpg                         class folders
    pets/train/cats/1.jpg, pets/Val/...     parts with class folders; also training_set/, test_images/, seg_train/ ...
    pets/train/cat.0.jpg, images/pug_12.jpg labels in the files' names, where no folder says them
    pets.zip, pets.tgz, https://...         the same in an archive, also of archives; wrapping folders are stepped into

Pictures are told by content; what is no picture, or nobody's, is counted. May import what the edge has: `catdog-export verify`
runs there.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from catdog.edge.errors import DatasetError
from catdog.edge.pictures.folders import UNLABELLED, walk
from catdog.edge.pictures.kinds import Family, LeftOut, is_passed_over

from .names import PARTS, TEST, TRAIN, VALIDATION, besides, counted, label_in, part_of
from .where import folder_of, place_name

_WRAPPINGS = frozenset({"images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "data"})
_DEEPEST_WRAPPING = 4


class Found(NamedTuple):
    """A picture that is not read yet.

    Attributes:
        path: where it lies.
        name: path below the folder of its part; without parts below the root.
        part: `TRAIN`, `VALIDATION` or `TEST`; empty where there are no parts.
        label: empty where none is known.
    """

    path: Path
    name: Path
    part: str
    label: str


@dataclass(frozen=True)
class Place:
    """What a folder, archive or address holds.

    Attributes:
        name: what to call it, without a path.
        root: the folder that was arrived at.
        stepped: whether that is inside of the one that was named.
        pictures: all of them, sorted.
        empty: names of the class folders in which there is nothing.
        left_out: what else lies there, by kind and number, in words.
    """

    name: str
    root: Path
    stepped: bool
    pictures: tuple[Found, ...]
    empty: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that there are pictures of."""
        return tuple(part for part in PARTS if any(each.part == part for each in self.pictures))

    def of(self, *parts: str) -> tuple[Found, ...]:
        """Return the pictures of the first of these parts that is there; all where none is."""
        found = next((part for part in parts if part in self.parts), None)
        return tuple(each for each in self.pictures if found is None or each.part == found)

    def without(self, pictures: Sequence[Found], why: str) -> "Place":
        """Return the place without some pictures, and with a word on that."""
        gone = {each.path for each in pictures}
        kept = tuple(each for each in self.pictures if each.path not in gone)
        return replace(self, pictures=kept, left_out=(*self.left_out, f"{counted(len(gone))} {why}")) if gone else self


def find(where: str, labels: Sequence[str] | None = None) -> Place:
    """Find the pictures of a folder, archive or address.

    Args:
        where: what was named.
        labels: where these are given, a picture's label is the nearest folder above it that is one of them, at any depth, and
            its part the nearest above that; else the class folder, or what the file's name begins with.

    Raises:
        DatasetError: nothing is there, or it cannot be downloaded or unpacked.
        OutputError: the cache cannot be written.
    """
    given = folder_of(where)
    rest = LeftOut()
    walked = list(walk(given, rest, frozenset({Family.PICTURE})))
    barred = [path for path, kind in walked if not kind.name and path.is_dir()]
    if given in barred:
        raise DatasetError("a folder that may be read", got=str(given), fix="Check its permissions.")
    below = sorted({path for path, _ in walked}.difference(barred))
    # What a model has guessed at and nobody has labelled; the folder itself may be named, to be looked at or as negatives.
    paths = [path for path in below if UNLABELLED not in path.relative_to(given).parts[:-1]]
    guessed = len(below) - len(paths)
    notes = [
        rest.line(),
        f"{counted(guessed)} in {UNLABELLED}/" if guessed else "",
        *(f"the folder {path.name}, which may not be read" for path in barred),
    ]
    root = _unwrapped(given, paths)
    place = Place(place_name(where), root, root != given, (), left_out=tuple(filter(None, notes)))
    if labels is not None:
        # The folder that is named may be a class folder itself; an archive's own has a name of ours.
        base = given.parent if Path(where).is_dir() else given
        found = tuple(_below_known(path, path.relative_to(base), labels) for path in paths)
        return replace(place, pictures=found)
    return _by_folders(place, paths)


def find_labelled(where: str, labels: Sequence[str]) -> Place:
    """Find pictures of a model's labels, to ask it about: where there are parts, of those that nothing was meant to learn from.

    Args:
        where: folder, archive or address.
        labels: the model's; pictures in other folders are left out.

    Raises:
        DatasetError: as `find`, or none of the labels is there.
    """
    place = find(where, labels)
    strange = [each for each in place.pictures if not each.label]
    known = place.without(strange, "in folders of none of the labels")
    if not known.pictures:
        folders = ", ".join(sorted({each.path.parent.name for each in strange})[:8]) or "no pictures"
        raise DatasetError(
            f"a folder or archive with pictures in folders named {', '.join(labels)}",
            got=f"{where} with {folders}{besides(place.left_out)}",
            fix="Name the folders as the model names its labels.",
        )
    held_back = tuple(each for each in known.pictures if each.part in (VALIDATION, TEST))
    return replace(known, pictures=held_back or known.pictures)


def _unwrapped(folder: Path, paths: Sequence[Path]) -> Path:
    """Step into single wrapping folders, as archives have them."""
    for _ in range(_DEEPEST_WRAPPING):
        inside = _folders(folder)
        if len(inside) != 1 or any(path.parent == folder for path in paths):
            break
        folder = inside[0]
    return folder


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir() and not is_passed_over(path.name)]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # told where it was walked


def _by_folders(place: Place, paths: Sequence[Path]) -> Place:
    """Give the pictures their parts and labels, by where they lie."""
    homes = _part_folders(place.root, paths)
    notes: list[str] = []
    if homes:
        others = [path for path in paths if not any(path.is_relative_to(home) for home in homes.values())]
        strange = Counter(path.relative_to(place.root).parts[0] if path.parent != place.root else "" for path in others)
        notes = [f"{counted(n)} {_beside_parts(name)}" for name, n in strange.items()]
    found: list[Found] = []
    empty: list[str] = []
    for part, folder in (homes or {"": place.root}).items():
        others = [home for home in homes.values() if home.parent == folder]  # where the classes to learn from lie beside a part
        inside = [path for path in paths if path.is_relative_to(folder) and not any(map(path.is_relative_to, others))]
        home = _inner(folder, inside)
        found += _labelled(part, home, inside)
        # What may not be read was told, and looks as if nothing were there.
        empty += [each.name for each in _folders(home) if os.access(each, os.R_OK) and not _entries(each)]
    place = replace(place, pictures=tuple(found), empty=tuple(empty), left_out=(*place.left_out, *notes))
    with_labels = {each.part for each in found if each.label}
    loose = [each for each in found if not each.label and each.part in with_labels]
    return place.without(loose, "in no class folder")


def _beside_parts(folder: str) -> str:
    if not folder:
        return "beside the parts"
    return f"in {folder}/, {f'beside another {part}' if (part := part_of(folder)) else 'which is no part'}"


def _part_folders(root: Path, paths: Sequence[Path]) -> dict[str, Path]:
    """Return the folder of each part; none where there are class folders only.

    What is to validate or test with may lie beside class folders, which are what there is to learn from then. One folder alone
    that is called like a part, beside other pictures, is one if class folders are in it; else it is a class, as trains are
    beside cars.
    """
    homes: dict[str, Path] = {}
    # Of `train` and `Train2` the former, whatever the order of the alphabet.
    for folder in sorted(_folders(root), key=lambda folder: (folder.name.lower() not in PARTS, len(folder.name), folder.name)):
        part = part_of(folder.name)
        if part and part not in homes and _entries(folder):
            homes[part] = folder
    beside = _folders_with(root, paths).difference(home.name for home in homes.values())
    if homes and TRAIN not in homes and len(beside) > 1:
        homes[TRAIN] = root
    elif len(homes) == 1 and (beside or any(path.parent == root for path in paths)):
        (home,) = homes.values()
        inside = [path for path in paths if path.is_relative_to(home)]
        if len(_folders_with(_inner(home, inside), inside)) < 2:
            return {}
    return {part: homes[part] for part in PARTS if part in homes}


def _folders_with(home: Path, paths: Sequence[Path]) -> set[str]:
    """Return the names of the folders that pictures are in."""
    below = (path.relative_to(home).parts for path in paths)
    return {parts[0] for parts in below if len(parts) > 1}


def _inner(home: Path, paths: Sequence[Path]) -> Path:
    """Step into what pictures are wrapped in, beside what is none: `training_set/training_set`, `images` and `annotations`."""
    while True:
        first = {path.relative_to(home).parts[0] for path in paths}
        name = first.pop() if len(first) == 1 else ""
        wraps = name.lower() in _WRAPPINGS or name == home.name or part_of(name)
        if not (name and wraps and (home / name).is_dir()):
            return home
        home /= name


def _labelled(part: str, home: Path, paths: Sequence[Path]) -> list[Found]:
    names = [path.relative_to(home) for path in paths]
    labels = [name.parts[0] if len(name.parts) > 1 else "" for name in names]
    if not any(labels):
        labels = _from_names(names)
    return [Found(path, name, part, label) for path, name, label in zip(paths, names, labels, strict=True)]


def _from_names(names: Sequence[Path]) -> list[str]:
    """Take labels from what files are called, where all are called so, and no camera has called them."""
    labels = [label_in(name.stem) for name in names]
    counts = Counter(labels)
    return labels if len(counts) > 1 and "" not in counts and min(counts.values()) > 1 else [""] * len(names)


def _below_known(path: Path, name: Path, labels: Sequence[str]) -> Found:
    folders = name.parts[:-1]
    label = next((folder for folder in reversed(folders) if folder in labels), "")
    if not label and label_in(name.stem) in labels:
        label = label_in(name.stem)
    # The class folder itself may be called like a part.
    above = folders[: len(folders) - folders[::-1].index(label) - 1] if label in folders else folders
    part = next((found for folder in reversed(above) if (found := part_of(folder))), "")
    return Found(path, name, part, label)
