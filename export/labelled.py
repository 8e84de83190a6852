"""Labelled photographs for `catdog-export verify`: found and read with what the edge has."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from catdog.edge.decode import PICTURE_SUFFIXES, decode_picture, read_picture
from catdog.edge.errors import DatasetError

_HELD_BACK = ("validation", "val", "test")  # the parts of a data set that nothing was learnt from


@dataclass(frozen=True)
class Photograph:
    """A labelled picture that is not read yet.

    Attributes:
        name: its path inside the folder or archive.
        label: the name of its folder.
        read: gives it, BGR uint8 ``[height, width, 3]``; raises `CatdogError`.
    """

    name: str
    label: str
    read: Callable[[], NDArray[np.uint8]]


def find_photographs(where: Path, labels: Sequence[str]) -> list[Photograph]:
    """Find ``<label>/*.jpg``, at any depth; of a data set with parts the held-back ones.

    Args:
        where: folder or zip archive.
        labels: the model's; pictures in other folders are left out.

    Raises:
        DatasetError: nothing is there.
    """
    found = sorted(_in_archive(where) if where.is_file() else _in_folder(where), key=lambda each: each.name)
    known = [each for each in found if each.label in labels]
    held_back = [each for each in known if any(part in PurePosixPath(each.name).parts[:-2] for part in _HELD_BACK)]
    if not known:
        folders = ", ".join(sorted({each.label for each in found})[:8]) or "no pictures"
        raise DatasetError(
            f"a folder or zip archive with pictures in folders named {', '.join(labels)}",
            got=f"{where} with {folders}",
            fix="Name the folders as the model names its labels.",
        )
    return held_back or known


def _in_folder(root: Path) -> Iterator[Photograph]:
    if not root.is_dir():
        raise DatasetError("a folder or zip archive of photographs", got=f"{root}, which does not exist", fix="Check the path.")
    for path in root.rglob("*"):
        if _is_picture(path.name) and path.is_file():
            name = path.relative_to(root.parent).as_posix()
            yield Photograph(name, path.parent.name, partial(read_picture, path))


def _in_archive(path: Path) -> Iterator[Photograph]:
    try:
        archive = zipfile.ZipFile(path)
        names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError("a folder or zip archive of photographs", got=f"{path}: {error}", fix="Copy it again.") from error
    for name in names:
        inside = PurePosixPath(name)
        if _is_picture(inside.name) and len(inside.parts) > 1:
            yield Photograph(name, inside.parts[-2], partial(_read_member, archive, name))


def _read_member(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    try:
        return decode_picture(archive.read(name), name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError("a whole picture", got=f"{name}: {error}", fix="Copy the archive again.") from error


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith(".")
