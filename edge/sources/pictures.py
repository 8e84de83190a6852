"""Picture files: single ones, folders, glob patterns."""

import stat
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import CatdogError, InputNotFoundError, UnreadableInputError
from ..pictures.decode import decode_picture
from ..pictures.folders import walk, wanted_kind
from ..pictures.kinds import Kind, LeftOut, is_passed_over, kind_of_file
from .blank import nothing_to_see
from .frame import Frame
from .net.address import without_secrets

_LONGEST_SHOWN = 200  # characters of a name in an error


def find_inputs(text: str, left_out: LeftOut) -> list[tuple[Path, Kind]]:
    """Resolve one argument to files: itself, everything in a folder (sub-folders too), or what a pattern matches.

    What a file is is told by its content. A file that is named is taken to be a picture unless it is a film. Sorted by path, so
    that runs can be compared.

    Args:
        text: the argument.
        left_out: counts what is neither picture nor film.

    Raises:
        InputNotFoundError: nothing is there.
        UnreadableInputError: it may not be read, or is a device or pipe: those may never end.
    """
    path = Path(text)
    mode = _mode(text)
    if mode is None and not is_pattern(text):
        raise InputNotFoundError(
            "a picture, video, folder or pattern",
            got=f"{without_secrets(text)}, which does not exist" if text else "an empty name",
            fix="Check the path; quote patterns.",
        )
    if mode is not None and stat.S_ISREG(mode):
        return [(path, kind_of_file(path))]
    if mode is not None and not stat.S_ISDIR(mode):
        raise UnreadableInputError(
            "a file or folder", got=f"{without_secrets(text)}, which is neither", fix="A camera is --camera N."
        )
    here = LeftOut()
    found = sorted(_matching(text, here) if mode is None else walk(path, here))
    if not found:
        raise InputNotFoundError(
            "at least one picture or video",
            got=f"{without_secrets(text)}, which holds none{f', but {here.line()}' if here else ''}",
            fix="Name another folder or pattern.",
        )
    left_out.update(here)
    return found


def _mode(text: str) -> int | None:
    """Return the mode of a file or folder; None where there is none."""
    path = Path(text)
    try:
        mode = path.stat().st_mode if text else None
        if mode is not None and stat.S_ISDIR(mode):
            next(path.iterdir(), None)  # what may not be read would look as if nothing were there
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableInputError(
            "a file or folder that may be read",
            got=f"{shortened(without_secrets(text))}: {error.strerror}",
            fix="Check its name and permissions.",
        ) from error
    return mode


def is_pattern(text: str) -> bool:
    """Whether a name that is no file's is a pattern."""
    return any(sign in text for sign in "*?[")


def _matching(pattern: str, left_out: LeftOut) -> Iterator[tuple[Path, Kind]]:
    import glob  # Path.glob takes no absolute patterns

    named = set(Path(pattern).parts)  # who names such a folder means it
    names: dict[tuple[int, int], Path] = {}
    told: set[Path] = set()
    # The shortest first: of the names that links give a folder it is its own.
    for path in sorted(map(Path, glob.glob(pattern, recursive=True)), key=lambda path: (len(path.parts), path)):  # noqa: PTH207
        above = (folder for folder in reversed(path.parents) if folder.name not in named and is_passed_over(folder.name))
        if (passed_over := next(above, None)) is not None:
            first = _first_name(passed_over, names)
            if first not in told:
                left_out.folder(first)
            told.add(first)
        elif path.is_dir():
            if "**" not in pattern:  # else what is in it is found, too
                left_out.folder(path)
        elif "**" in pattern and (first := _first_name(path.parent, names)) != path.parent:
            if first not in told:
                left_out.link()
            told.add(first)
        elif (kind := wanted_kind(path, left_out)) is not None:
            yield path, kind


def _first_name(folder: Path, names: dict[tuple[int, int], Path]) -> Path:
    """Return the name that a folder was first met by: a link in a folder to itself gives it forty."""
    try:
        status = folder.stat()
    except OSError:
        return folder  # to read what is in it will tell
    return names.setdefault((status.st_dev, status.st_ino), folder)


class PictureSource:
    """Picture files, one after another; a file that cannot be read becomes a frame with its error.

    Args:
        paths: the files, in order.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    def __len__(self) -> int:
        return len(self._paths)

    def frames(self) -> Iterator[Frame]:
        """Give one frame per file."""
        return (read() for read in self.readers())

    def readers(self) -> Iterator[Callable[[], Frame]]:
        """Give, for each file, what reads it: for several threads."""
        return (partial(read_frame, path) for path in self._paths)

    def close(self) -> None:
        """Nothing is held open."""


def read_frame(path: Path, name: str | None = None) -> Frame:
    """Read one file; what cannot be read becomes a frame with its error.

    Args:
        path: the file.
        name: what to call it; None for its path.
    """
    captured_at, start = time.monotonic(), time.perf_counter()
    name = str(path) if name is None else name
    try:
        data = path.read_bytes()
    except OSError as trouble:
        shown = without_secrets(name)  # that is none may be an address, with a password
        error = UnreadableInputError(
            "a picture file", got=f"{shortened(shown)}: {trouble.strerror}", fix="Name a file that may be read."
        )
        return Frame(shown, 0, captured_at, 1e3 * (time.perf_counter() - start), 0.0, error=error)
    return decoded_frame(name, data, captured_at, 1e3 * (time.perf_counter() - start))


def decoded_frame(source: str, data: bytes, captured_at: float, capture_ms: float) -> Frame:
    """Make a frame of a picture's bytes; what is none, or shows nothing, becomes a frame with its error.

    Args:
        source: as of a frame.
        data: a JPEG, PNG or other picture file's.
        captured_at: as of a frame.
        capture_ms: as of a frame.
    """
    start = time.perf_counter()
    picture: NDArray[np.uint8] | None = None
    error: CatdogError | None = None
    try:
        picture = decode_picture(data, source)
        if reason := nothing_to_see(picture):
            picture, error = None, UnreadableInputError("a picture to judge", got=f"{source}, {reason}", fix="Leave it out.")
    except CatdogError as trouble:
        error = trouble
    return Frame(source, 0, captured_at, capture_ms, 1e3 * (time.perf_counter() - start), picture, error)


def shortened(name: str) -> str:
    """Return a name that can be read in a line: of a very long one its ends."""
    return name if len(name) <= _LONGEST_SHOWN else f"{name[: _LONGEST_SHOWN // 2]}...{name[-_LONGEST_SHOWN // 2 :]}"
