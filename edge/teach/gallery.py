"""The pictures to learn from: class folders, which pictures belong together, and how the model sees each of them.

photos/robin/*.jpg, photos/sparrow/2026-05/*.jpg      the folder below DIR is the label
photos/unlabelled/robin/*.jpg                         guesses of a model: never learnt from
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..backends.litert import LiteRTBackend
from ..common.progress import progress_bar
from ..contract.learnt import marks_of
from ..contract.model_contract import InputSpec
from ..contract.preprocess import Preprocessor
from ..errors import DatasetError, InputNotFoundError, MissingExtraError, UnreadableInputError
from ..pictures.decode import read_picture
from ..pictures.duplicates import Fingerprints, copies, fingerprints
from ..pictures.folders import UNLABELLED, walk
from ..pictures.kinds import Family, LeftOut, is_passed_over

MOST = 300  # pictures of a label; more would cost time and memory and teach a last layer next to nothing
_MIRRORED = (
    300  # pictures in all, up to which they are looked at from both sides: it doubles the time, and helps where they are few
)
_NEAR = (24, 3.0)  # bits of 256 and levels of 255 by which frames of one event may differ; see `duplicates`
_EVENT_S = 60.0  # what a camera has kept within so many seconds is one event
_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[T_ -]+(\d\d)[-.:]?(\d\d)[-.:]?(\d\d)")
_FRAME = re.compile(r"[-_ .](frame|f)[-_ ]?\d+$", re.IGNORECASE)
_COPY = re.compile(r"([-_ .]copy[-_ ]?\d*|\s*\(\d+\))$", re.IGNORECASE)


@dataclass(frozen=True)
class Photo:
    """A picture in a class folder.

    Attributes:
        path: where it lies.
        name: the same below DIR.
        label: name of its class folder.
    """

    path: Path
    name: str
    label: str


@dataclass(frozen=True)
class Seen:
    """Pictures as the model sees them.

    Attributes:
        photos: those that could be read.
        features: float32 ``[n, features]``.
        mirrored: float32 ``[n, features]``, of the same mirrored; ``[0, features]`` where there are many.
        groups: int64 ``[n]``: of one number are near copies and frames of one event.
        prints: what they are compared by.
        marks: of each, as `catdog.edge.contract.learnt.marks_of` writes them.
        failed: those that could not be read, and why.
    """

    photos: tuple[Photo, ...]
    features: NDArray[np.float32]
    mirrored: NDArray[np.float32]
    groups: NDArray[np.int64]
    prints: Fingerprints
    marks: tuple[str, ...]
    failed: tuple[str, ...]


def find(folder: Path, tell: Callable[[str], None]) -> list[Photo]:
    """Find the pictures of all class folders, by content; at most `MOST` of a label.

    Args:
        folder: holds the class folders.
        tell: takes a line on what is left out.

    Raises:
        InputNotFoundError: there is no such folder.
        DatasetError: it holds no class folder with pictures, or one that no label can be called like.
    """
    if not folder.is_dir():
        raise InputNotFoundError("a folder of class folders", got=str(folder), fix="Make DIR/label/*.jpg, a folder a label.")
    found, left_out = [], LeftOut()
    for place in sorted(folder.iterdir()):
        if not place.is_dir() or is_passed_over(place.name) or place.name == UNLABELLED:
            left_out.folder(place) if place.is_dir() else left_out.file(place)
            continue
        if not place.name.isprintable() or not place.name.strip():
            raise DatasetError("class folders with printable names", got=f"{place.name!a}", fix="Rename the folder.")
        paths = sorted(path for path, _ in walk(place, left_out, frozenset({Family.PICTURE})) if not path.is_dir())
        if len(paths) > MOST:
            tell(f"{place.name}: {MOST:,} of {len(paths):,} pictures are used")
            paths = sorted(sorted(paths, key=lambda path: _digest(path.name))[:MOST])
        found += [Photo(path, str(path.relative_to(folder)), place.name) for path in paths]
    if left_out.line():
        tell(f"left out: {left_out.line()}")
    if not found:
        raise DatasetError(
            "class folders with pictures", got=f"none in {folder}", fix="Make DIR/label/*.jpg, a folder a label."
        )
    return found


def look(photos: Sequence[Photo], backend: LiteRTBackend, spec: InputSpec, *, numbered: bool = False) -> Seen:
    """Read pictures and give them to the model, up to its features.

    Args:
        photos: the pictures.
        backend: pixels to features.
        spec: what the model is fed.
        numbered: they are a data set's, whose names are mere numbers: near copies alone belong together; from one side each.

    Raises:
        DatasetError: not one of them can be read.
        MissingExtraError: pictures take an extra that is not installed, as HEIC does.
    """
    kept: list[Photo] = []
    rows: list[NDArray[np.float32]] = []
    mirrored: list[NDArray[np.float32]] = []
    prints: list[Fingerprints] = []
    marks, failed = [], []
    preprocess, plain = Preprocessor(spec), Preprocessor(spec.of_pixels())
    for photo in progress_bar(photos, title="looking", unit=" pictures"):
        try:
            picture = read_picture(photo.path)
        except (UnreadableInputError, InputNotFoundError) as error:
            failed.append(f"{photo.name}: {error.got}")
            continue
        except MissingExtraError as error:
            raise MissingExtraError(error.expected, got=f"{photo.name}, and {error.got}", fix=error.fix) from error
        rows.append(backend.scores(preprocess(picture)))
        if len(photos) <= _MIRRORED and not numbered:
            mirrored.append(backend.scores(preprocess(np.ascontiguousarray(picture[:, ::-1]))))
        pixels = np.asarray(plain(picture), np.uint8)
        prints.append(fingerprints(pixels))
        marks.append(marks_of(pixels))
        kept.append(photo)
    if not kept:
        raise DatasetError("pictures that can be read", got=f"none: {failed[0]}", fix="Copy them again.")
    joined = Fingerprints.joined(prints)
    groups = _groups(kept, joined, numbered=numbered)
    features = np.stack(rows)
    return Seen(tuple(kept), features, np.array(mirrored or features[:0]), groups, joined, tuple(marks), tuple(failed))


def _groups(photos: Sequence[Photo], prints: Fingerprints, *, numbered: bool = False) -> NDArray[np.int64]:
    """Number the pictures so that those which belong together have one number: the first of them."""
    of = list(range(len(photos)))

    def first(one: int) -> int:
        while of[one] != one:
            of[one] = one = of[of[one]]
        return one

    def join(one: int, other: int) -> None:
        lower, higher = sorted((first(one), first(other)))
        of[higher] = lower

    for one, other in copies(prints, prints, *_NEAR):
        if one < other:
            join(one, other)
    if numbered:
        return np.array([first(index) for index in range(len(of))], np.int64)
    stems = [(photo.label, str(Path(photo.name).with_suffix(""))) for photo in photos]
    first_of = {stem: index for index, stem in reversed([*enumerate(stems)])}
    for index, (label, stem) in enumerate(stems):
        # "robin (1)", "robin (2)" are how Windows names many different pictures at once; a copy lies beside what it is of.
        join(first_of.get((label, _COPY.sub("", stem)), index), index)
        join(first_of.setdefault((label, _FRAME.sub("", stem)), index), index)
    for one, other in _events(photos):
        join(one, other)
    return np.array([first(index) for index in range(len(of))], np.int64)


def _events(photos: Sequence[Photo]) -> list[tuple[int, int]]:
    """Return pairs of pictures of one label whose names tell times within `_EVENT_S` of the first of them."""
    timed = sorted((photo.label, at, index) for index, photo in enumerate(photos) if (at := _time_of(photo.path.stem)))
    pairs, first = [], ("", 0.0, 0)
    for each in timed:
        if each[0] == first[0] and each[1] - first[1] <= _EVENT_S:
            pairs.append((first[2], each[2]))
        else:
            first = each
    return pairs


def _time_of(stem: str) -> float:
    """Return the time that a name tells, in seconds; 0 where it tells none."""
    if (found := _TIME.search(stem)) is None:
        return 0.0
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="surrogateescape")).digest()
