"""Picture files: single ones, folders, glob patterns."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..decode import decode_picture
from ..errors import CatdogError, InputNotFoundError, UnreadableInputError
from ..kinds import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from .blank import nothing_to_see
from .frame import Frame

_LONGEST_SHOWN = 200  # characters of a name in an error


def find_inputs(text: str) -> list[Path]:
    """Resolve one argument to files: itself, everything in a folder (sub-folders too), or what a pattern matches.

    In a folder or pattern only files whose name ends like a picture's or video's count; a file that is named is taken
    at its word. Sorted by path, so that runs can be compared.

    Raises:
        InputNotFoundError: nothing is there.
        UnreadableInputError: it may not be read, or is a device or pipe: those may never end.
    """
    path = Path(text)
    try:
        kind = path.stat().st_mode if text else None
        if kind is not None and stat.S_ISDIR(kind):
            next(path.iterdir(), None)  # what may not be read would look as if nothing were there
    except (FileNotFoundError, NotADirectoryError):
        kind = None
    except OSError as error:
        raise UnreadableInputError(
            "a file or folder that may be read",
            got=f"{shortened(text)}: {error.strerror}",
            fix="Check its name and permissions.",
        ) from error
    if kind is None and not is_pattern(text):
        raise InputNotFoundError(
            "a picture, video, folder or pattern",
            got=f"{text}, which does not exist" if text else "an empty name",
            fix="Check the path; quote patterns.",
        )
    if kind is not None and stat.S_ISREG(kind):
        return [path]
    if kind is not None and not stat.S_ISDIR(kind):
        raise UnreadableInputError("a file or folder", got=f"{text}, which is neither", fix="A camera is --camera N.")
    found = _matching(text) if kind is None else list(pictures_in(path))
    if not found:
        raise InputNotFoundError(
            "at least one picture or video", got=f"{text}, which holds none", fix="Name another folder or pattern."
        )
    return sorted(found)


def pictures_in(folder: Path) -> Iterator[Path]:
    """Give everything below a folder that looks like a picture or video, and each sub-folder that cannot be looked into.

    To read one of the latter gives its error, so that nothing is left out in silence.
    """
    troubled: list[Path] = []
    for where, _, names in os.walk(folder, onerror=lambda error: troubled.append(Path(os.fsdecode(error.filename)))):
        yield from (path for path in map(Path(where).joinpath, names) if looks_right(path))
    yield from troubled


def is_pattern(text: str) -> bool:
    """Whether a name that is no file's is a pattern."""
    return any(sign in text for sign in "*?[")


def _matching(pattern: str) -> list[Path]:
    import glob  # Path.glob takes no absolute patterns

    return [path for path in map(Path, glob.glob(pattern, recursive=True)) if looks_right(path)]  # noqa: PTH207


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


def read_frame(path: Path) -> Frame:
    """Read one file; what cannot be read becomes a frame with its error."""
    captured_at, start = time.monotonic(), time.perf_counter()
    try:
        data = path.read_bytes()
    except OSError as trouble:
        error = UnreadableInputError(
            "a picture file", got=f"{shortened(str(path))}: {trouble.strerror}", fix="Name a file that may be read."
        )
        return Frame(str(path), 0, captured_at, 1e3 * (time.perf_counter() - start), 0.0, error=error)
    return decoded_frame(str(path), data, captured_at, 1e3 * (time.perf_counter() - start))


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


def looks_right(path: Path) -> bool:
    """Whether a path is a file whose name ends like a picture's or video's, and is not hidden."""
    if path.suffix.lower() not in PICTURE_SUFFIXES | VIDEO_SUFFIXES or path.name.startswith("."):
        return False
    try:
        return path.is_file()
    except OSError:
        return True  # its path is too long, say; to read it will tell
