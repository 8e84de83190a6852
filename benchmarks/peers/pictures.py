"""The photographs: JPEG files in one folder, so that every side reads the same bytes."""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from catdog.edge.decode import read_picture
from catdog.edge.errors import DatasetError, UnreadableInputError
from catdog.edge.kinds import kind_of_file
from catdog.edge.synthetic import LABELS, draw_picture
from catdog.train.data.finder import Found, find_labelled

_WIDTH, _HEIGHT = 500, 375  # of drawn ones; what the photographs of the public archive are on average


@dataclass(frozen=True)
class Photographs:
    """What is classified.

    Attributes:
        folder: that holds them, and nothing else.
        paths: of each, sorted.
        truth: label of each path; empty for drawn ones, on which an accuracy would say nothing.
        data: what they are, in words, without a path.
    """

    folder: Path
    paths: tuple[str, ...]
    truth: dict[str, str]
    data: str


def gather(data: str | None, count: int, labels: Sequence[str], seed: int, folder: Path) -> Photographs:
    """Put pictures into a folder, of each label about as many.

    Args:
        data: folder or archive with a folder for each label, of a data set with parts the held-back one; None for drawings.
        count: how many at most.
        labels: the model's; others are left out.
        seed: decides which.
        folder: where to; empty.

    Raises:
        DatasetError: nothing of the kind is there.
    """
    if data is None:
        for number in range(count):
            label = LABELS[number % len(LABELS)]
            picture = draw_picture(label, seed + number, width=_WIDTH, height=_HEIGHT)
            cv2.imwrite(str(folder / f"{label}-{number:04}.jpg"), picture)
        paths = tuple(sorted(map(str, folder.iterdir())))
        return Photographs(folder, paths, {}, f"{count:,} drawn pictures of {_WIDTH}x{_HEIGHT} pixels")
    pictures = find_labelled(data, labels).pictures
    truth = _copy(_choose(pictures, count, labels, seed), folder)
    if not truth:
        raise DatasetError(
            f"JPEG files in folders named {', '.join(labels)}", got=f"{data} with none", fix="Name the folders as the labels."
        )
    parts = "".join(f"{part} " for part in sorted({each.part for each in pictures}, reverse=True) if part)
    return Photographs(folder, tuple(sorted(truth)), truth, f"{len(truth):,} {parts}pictures of {Path(data).stem}")


def _choose(found: Sequence[Found], count: int, labels: Sequence[str], seed: int) -> dict[str, list[Path]]:
    """Take as many of each label, as near as `count` allows; JPEG only, which all sides can read."""
    chosen: dict[str, list[Path]] = {}
    for place, label in enumerate(labels):
        paths = [each.path for each in found if each.label == label and kind_of_file(each.path).name == "JPEG"]
        share = count // len(labels) + (place < count % len(labels))
        chosen[label] = sorted(random.Random(seed).sample(paths, min(share, len(paths))))  # noqa: S311 - no secret
    return chosen


def _copy(chosen: dict[str, list[Path]], folder: Path) -> dict[str, str]:
    truth = {}
    for label, paths in chosen.items():
        for number, path in enumerate(paths):
            try:
                read_picture(path)
            except UnreadableInputError:  # how the sides deal with damage is another question
                continue
            target = folder / f"{label}-{number:04}.jpg"
            shutil.copy(path, target)
            truth[str(target)] = label
    return truth
