"""Where the pictures of a data set lie: folder, archive or address, its parts, and its class folders."""

from pathlib import Path
from urllib.parse import urlsplit

from catdog.edge.errors import DatasetError
from catdog.edge.pictures.decode import PICTURE_SUFFIXES

from ..options import SYNTHETIC
from .archive import unpack
from .download import download

_OFFLINE_WAYS = "Without a network, name a folder or zip archive with --data PATH, or use drawn pictures: --data synthetic."

TRAIN, VALIDATION, TEST = "train", "validation", "test"
_USUAL_NAMES = {TRAIN: ("train", "training"), VALIDATION: ("validation", "val", "valid"), TEST: ("test", "testing")}


def find_folder(data: str) -> Path:
    """Turn a folder, zip archive or address into a folder; single wrapping folders, as archives have them, are stepped into.

    Raises:
        DatasetError: nothing is there, or it cannot be downloaded or unpacked.
    """
    fetched = data.startswith(("http://", "https://"))
    path = download(data, offline_ways=_OFFLINE_WAYS) if fetched else Path(data)
    if path.is_dir():
        return _descend(path)
    if path.is_file():
        try:
            return _descend(unpack(path))
        except DatasetError:
            if fetched:
                path.unlink()  # a login page in place of the archive, say: the next try shall fetch anew
            raise
    raise DatasetError(
        "a folder, zip archive or address of pictures",
        got=f"{data}, which does not exist",
        fix=f"Check the path; {SYNTHETIC!r} draws pictures.",
    )


def part_folder(root: Path, part: str) -> Path | None:
    """Return the folder of `TRAIN`, `VALIDATION` or `TEST` by one of its usual names; None if there is none."""
    return next((root / name for name in _USUAL_NAMES[part] if (root / name).is_dir()), None)


def class_folders(root: Path) -> dict[str, list[Path]]:
    """Return the pictures of each folder in `root` that has some, by the folder's name, sorted."""
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = {folder.name: pictures_in(folder) for folder in folders}
    return {label: paths for label, paths in found.items() if paths}


def empty_folders(root: Path) -> list[str]:
    """Return the names of the folders in `root` that hold nothing at all, sorted."""
    return sorted(
        entry.name
        for entry in root.iterdir()
        if entry.is_dir() and not entry.name.startswith((".", "__")) and not any(entry.iterdir())
    )


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files in a folder and those below it, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def place_name(data: str) -> str:
    """Name a data set by its file or folder; of an address only the path, since the rest may hold secrets."""
    return Path((urlsplit(data).path if "://" in data else data).rstrip("/")).stem


def _descend(root: Path) -> Path:
    for _ in range(4):
        folders = [entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))]
        if len(folders) != 1:
            break
        root = folders[0]
    return root
