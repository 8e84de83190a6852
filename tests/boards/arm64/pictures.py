"""Which pictures both machines are shown: photographs where they are, else drawn ones."""

import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from catdog.edge.synthetic import draw_dead_leaves, draw_picture

_FIRST_SEED = 700_000  # far from those of training sets
_NEW, _TAUGHT = "faces", 20  # the label that is taught, and pictures to learn it from
_HELD_PETS, _HELD_LEAVES = 30, 14  # pictures not learnt from, of old labels and of the new one where it is drawn


@dataclass(frozen=True)
class Pictures:
    """Folders of pictures."""

    said: str  # what they are, for the report
    all: Path  # to be classified
    count: int  # of these
    lessons: Path  # <lessons>/<label>/*.jpg, to learn a new label from
    held_back: Path  # of the new label and of the old ones, not learnt from
    held: int  # of these


def lay_out(shared: Path, folder: Path, count: int) -> Pictures:
    """Write the pictures into a folder.

    Args:
        shared: the developers' folder; where it is not there, pictures are drawn.
        folder: for them; what is there is deleted.
        count: of those to be classified, spread evenly.
    """
    shutil.rmtree(folder, ignore_errors=True)
    everything, lessons, held = folder / "all", folder / "lessons", folder / "held"
    pets, *scenes = (shared / "data" / f"{name}.zip" for name in ("cats_and_dogs_filtered", "no_pet_scenes", "more_scenes"))
    if all(archive.is_file() for archive in (pets, *scenes)):
        photographs = [name for name in _names(pets) if "/validation/" in name]
        chosen = _spread(photographs, count)
        _unpack(pets, chosen, everything)
        for archive in scenes:
            _unpack(archive, [name for name in _names(archive) if Path(name).name.startswith("Faces")], lessons / _NEW)
        _unpack(pets, _spread(photographs, _HELD_PETS), held)
        for path in sorted((lessons / _NEW).iterdir())[_TAUGHT:]:
            path.rename(held / path.name)
        said = f"{len(chosen):,} of the {len(photographs):,} validation photographs"
    else:
        _draw(everything, count, first=0)
        _draw_leaves(lessons / "leaves", _TAUGHT, first=0)
        _draw_leaves(held, _HELD_LEAVES, first=_TAUGHT)
        _draw(held, _HELD_PETS, first=count)
        said = f"{count:,} drawn pictures (no photographs at CATDOG_SHARED)"
    return Pictures(said, everything, len(_files(everything)), lessons, held, len(_files(held)))


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return sorted(name for name in opened.namelist() if name.endswith(".jpg"))


def _spread(names: Sequence[str], count: int) -> list[str]:
    """Choose so many, at even distances."""
    count = min(count, len(names))
    return [names[place * len(names) // count] for place in range(count)]


def _unpack(archive: Path, names: Sequence[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as opened:
        for name in names:
            (folder / Path(name).name).write_bytes(opened.read(name))


def _draw(folder: Path, count: int, *, first: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        label = ("cats", "dogs", "neither")[seed % 3]
        cv2.imwrite(str(folder / f"{label}-{seed}.jpg"), draw_picture(label, _FIRST_SEED + seed))


def _draw_leaves(folder: Path, count: int, *, first: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        cv2.imwrite(str(folder / f"leaves-{seed}.jpg"), draw_dead_leaves(_FIRST_SEED + seed))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
