"""What is known of a picture, and which pictures look alike.

Alike are those of one guess whose difference hash is (N. Krawetz' dHash: is each cell of a 16 x 16 grid brighter than its
right neighbour?) and whose grey thumbnails are. It is cheap, a millisecond or two a picture, and blind to what a picture means:
of two brindled cats on the same cushion it makes one look. Where a pet was found only the part in its box is compared: all else
is the same in every frame of a camera that stands still.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ....pictures.duplicates import fingerprints
from ....pictures.folders import UNLABELLED

MOST_ALIKE = 12  # in one group: as many as are shown beside one another
# Bits of 256, and levels of 255 of a cell on average and at most, by which pictures of one look may differ.
_BITS, _MEAN, _CELL = 72, 12.0, 56.0
_MOST_KEPT = 5_000  # looks, a kilobyte and a half each


class Known(NamedTuple):
    """What lies beside a picture, and what its name says.

    Attributes:
        guess: the model's; empty of a picture that is labelled.
        why: ``"weak"``, ``"appeared"``, ``"steady"``, or empty.
        size: width and height in pixels; empty where nothing lies beside it.
        pets: each with label, score and box in pixels: left, top, width, height.
    """

    guess: str
    why: str
    size: tuple[int, ...]
    pets: list[dict[str, Any]]


class _Look(NamedTuple):
    bits: NDArray[np.float32]  # [256]
    thumbnail: NDArray[np.float32]  # [16, 17]


def known_of(path: Path, name: str) -> Known:
    """Read what lies beside a picture; nothing where that is not what catdog writes."""
    parts = name.split("/")
    guess = parts[1] if parts[0] == UNLABELLED and len(parts) > 2 else ""
    try:
        read = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        pets = [
            {"label": str(pet["label"]), "score": float(pet["score"]), "box": [int(side) for side in pet["box"][:4]]}
            for pet in read["pets"]
        ]
        return Known(guess, str(read.get("why", "")), tuple(int(side) for side in read.get("size", ())[:2]), pets)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Known(guess, "", (), [])


class Looks:
    """Remembers how pictures look, so that each file is decoded once."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int], _Look | None] = {}  # by file name, time and size: a move changes none of them

    def groups(self, paths: Sequence[Path], known: Sequence[Known]) -> list[int]:
        """Number the pictures so that those which look alike have one number: the place of the first of them.

        Args:
            paths: the pictures.
            known: what is known of each.
        """
        groups = list(range(len(paths)))
        looks = {place: look for place in groups if (look := self._look(paths[place], known[place])) is not None}
        sizes: dict[int, int] = {}  # of each group, by its first
        for place, look in looks.items():
            firsts = [first for first, size in sizes.items() if size < MOST_ALIKE and known[first].guess == known[place].guess]
            groups[place] = next(iter(_alike(look, {first: looks[first] for first in firsts})), place)
            sizes[groups[place]] = sizes.get(groups[place], 0) + 1
        return groups

    def _look(self, path: Path, facts: Known) -> _Look | None:
        try:
            status = path.stat()
        except OSError:
            return None
        key = path.name, status.st_mtime_ns, status.st_size
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = _seen(path, facts)
        return self._kept[key]


def _alike(one: _Look, others: Mapping[int, _Look]) -> list[int]:
    """Return the keys of those that look like one."""
    if not others:
        return []
    apart = np.abs(np.stack([other.thumbnail for other in others.values()]) - one.thumbnail)
    bits = np.abs(np.stack([other.bits for other in others.values()]) - one.bits).sum(axis=1)
    near = (apart.mean(axis=(1, 2)) <= _MEAN) & (apart.max(axis=(1, 2)) <= _CELL) & (bits <= _BITS)
    return [key for key, is_near in zip(others, near.tolist(), strict=True) if is_near]


def _seen(path: Path, facts: Known) -> _Look | None:
    """Decode a picture at half its size; None where OpenCV alone cannot."""
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
    except cv2.error:
        return None
    if picture is None:
        return None
    if facts.pets and len(facts.pets[0]["box"]) == 4:
        left, top, wide, high = (max(0, side // 2) for side in facts.pets[0]["box"])
        part = picture[top : top + high, left : left + wide]
        picture = part if part.size else picture
    prints = fingerprints(np.asarray(picture, np.uint8)[np.newaxis])
    return _Look(prints.bits[0], prints.thumbnails[0])
