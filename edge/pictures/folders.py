"""Every picture and film below a folder, told by content; what is left out is counted, never passed over in silence.

    left_out = LeftOut()
    for path, kind in walk(folder, left_out): ...    # kind: `catdog.edge.pictures.kinds.Kind`, of Family.PICTURE or VIDEO
    left_out.line()                                  # "12 camera raw file (.nef), 3 hidden, 1 folder @eaDir"

Links to files and folders are followed. Each folder is read once, by its own path if it is below the one that is walked: links
that lead in a circle end, and two names of a folder are no two pictures.

May import: `catdog.edge.pictures.kinds`.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .kinds import Family, Kind, LeftOut, is_passed_over, kind_of_file

UNLABELLED = "unlabelled"  # beside class folders: pictures that only a model has guessed at, which nobody learns from
TO_READ = frozenset({Family.PICTURE, Family.VIDEO})


def walk(folder: Path, left_out: LeftOut, wanted: frozenset[Family] = TO_READ) -> Iterator[tuple[Path, Kind]]:
    """Give every file below a folder that is wanted, in no particular order, and each sub-folder that cannot be looked into.

    To read one of the latter gives its error; it is said to be a picture.

    Args:
        folder: where to look; its own name does not matter.
        left_out: counts the rest.
        wanted: what to give.
    """
    troubled: list[Path] = []
    for path in files_below(folder, left_out, troubled):
        if (kind := wanted_kind(path, left_out, wanted)) is not None:
            yield path, kind
    yield from ((path, Kind(Family.PICTURE)) for path in troubled)


def files_below(folder: Path, left_out: LeftOut | None = None, troubled: list[Path] | None = None) -> Iterator[Path]:
    """Give every file below a folder, whatever it is, but not what is in folders that nobody means.

    Args:
        folder: where to look; its own name does not matter.
        left_out: counts folders that are passed over; None to count nothing.
        troubled: gets the folders that cannot be looked into.
    """
    seen: set[tuple[int, int]] = set()
    counts = LeftOut() if left_out is None else left_out
    waiting = [folder]
    while waiting:
        links: list[Path] = []
        for start in waiting:
            yield from _tree(start, seen, links, counts, [] if troubled is None else troubled)
        waiting = links


def wanted_kind(path: Path, left_out: LeftOut, wanted: frozenset[Family] = TO_READ) -> Kind | None:
    """Tell what a file is that was found in a folder or by a pattern; None for one that is left out, which is counted.

    One that cannot be looked at is what its name says: to read it will tell why.
    """
    if is_passed_over(path.name):
        left_out.file(path)
        return None
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        is_file = True  # a link that leads nowhere, a path that is too long
    kind = kind_of_file(path) if is_file else Kind(Family.OTHER)  # pipes and devices may never end
    if kind.family in wanted:
        return kind
    left_out.file(path, kind)
    return None


def _tree(
    start: Path, seen: set[tuple[int, int]], links: list[Path], left_out: LeftOut, troubled: list[Path]
) -> Iterator[Path]:
    """Give what is below a folder without following links to folders, which are kept for later."""
    if not _is_new(start, seen):
        left_out.link()
        return

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # what is not there any more is no trouble
            troubled.append(Path(os.fsdecode(error.filename)))

    for where, folders, names in os.walk(start, onerror=note):
        inside = []
        for path in map(Path(where).joinpath, sorted(folders)):
            if is_passed_over(path.name):
                left_out.folder(path)
            elif os.path.islink(path):  # noqa: PTH114 - a path that is too long is none, and to look into it will tell
                links.append(path)
            elif _is_new(path, seen):
                inside.append(path.name)
        folders[:] = inside
        yield from map(Path(where).joinpath, names)


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return True  # to look into it will tell
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True
