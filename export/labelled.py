"""Labelled photographs for `catdog-export verify`: found and read with what the edge has."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from catdog.edge.errors import DatasetError
from catdog.edge.pictures.decode import decode_picture, read_picture
from catdog.edge.pictures.folders import walk
from catdog.edge.pictures.kinds import PICTURE_SUFFIXES, Family, LeftOut, is_passed_over

_HELD_BACK = ("validation", "valid", "val", "test", "testing")  # the parts of a data set that nothing was learnt from

_LARGEST_FILE = 64 * 1024 * 1024  # bytes of a picture, unpacked: an archive may claim anything


@dataclass(frozen=True)
class Photograph:
    """A labelled picture that is not read yet.

    Attributes:
        name: its path inside the folder or archive.
        label: the name of the nearest folder above it that is one of the model's labels; empty if none is.
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
    found = sorted(_in_archive(where, labels) if where.is_file() else _in_folder(where, labels), key=lambda each: each.name)
    known = [each for each in found if each.label]
    held_back = [each for each in known if any(part in PurePosixPath(each.name).parts[:-2] for part in _HELD_BACK)]
    if not known:
        folders = ", ".join(sorted({PurePosixPath(each.name).parent.name for each in found})[:8]) or "no pictures"
        raise DatasetError(
            f"a folder or zip archive with pictures in folders named {', '.join(labels)}",
            got=f"{where} with {folders}",
            fix="Name the folders as the model names its labels.",
        )
    return held_back or known


def _in_folder(root: Path, labels: Sequence[str]) -> Iterator[Photograph]:
    if not root.is_dir():
        raise DatasetError("a folder or zip archive of photographs", got=f"{root}, which does not exist", fix="Check the path.")
    for path, _ in walk(root, LeftOut(), frozenset({Family.PICTURE})):
        name = path.relative_to(root.parent).as_posix()
        yield Photograph(name, _label(name, labels), partial(read_picture, path))


def _in_archive(path: Path, labels: Sequence[str]) -> Iterator[Photograph]:
    try:
        archive = zipfile.ZipFile(path)
        names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError("a folder or zip archive of photographs", got=f"{path}: {error}", fix="Copy it again.") from error
    for name in names:
        inside = PurePosixPath(name)
        if inside.suffix.lower() in PICTURE_SUFFIXES and len(inside.parts) > 1 and not any(map(is_passed_over, inside.parts)):
            yield Photograph(name, _label(name, labels), partial(_read_member, archive, name))


def _read_member(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    try:
        with archive.open(name) as member:
            data = member.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise DatasetError(f"a picture file of at most {_LARGEST_FILE >> 20} MiB", got=f"{name}, more", fix="Leave it out.")
        return decode_picture(data, name)
    # Damage shows in many ways: zlib's error, a password that is not there, a method that nobody knows.
    except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise DatasetError("a whole picture", got=f"{name}: {error}", fix="Copy the archive again.") from error


def _label(name: str, labels: Sequence[str]) -> str:
    return next((folder for folder in reversed(PurePosixPath(name).parts[:-1]) if folder in labels), "")
