"""Pictures that are named one by one: paths on stdin, and files that come into a folder."""

import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from ..common.files import printable
from ..errors import CatdogError, InputNotFoundError, UnreadableInputError
from ..pictures.folders import files_below, wanted_kind
from ..pictures.kinds import Family, LeftOut
from .frame import Frame, Idle
from .net.address import without_secrets
from .pictures import is_pattern, read_frame, shortened

_POLL_S = 0.3
_PICTURES = frozenset({Family.PICTURE})
_PATIENCE_S = 10.0  # for a file to be whole; then what is there is told as it is


class ListedSource:
    """Paths, one a line, as `find` and `ls` give them, or between zero bytes (`find -print0`); judged as they come.

    Args:
        lines: where they come from; None for stdin.
    """

    def __init__(self, lines: TextIO | None = None) -> None:
        self._lines = lines

    def frames(self) -> Iterator[Frame]:
        """Give one frame per name; empty ones are passed over."""
        return (read_named(name) for name in self.names() if name)

    def names(self) -> Iterator[str]:
        """Give what is named, empty lines among it."""
        lines = self._lines
        if lines is None:
            lines = sys.stdin
            if isinstance(lines, io.TextIOWrapper):
                lines.reconfigure(errors="surrogateescape")  # names of files are bytes
                if isinstance(lines.buffer, io.BufferedReader) and b"\0" in lines.buffer.peek():
                    return _between_zeros(lines.buffer)
        return (line.rstrip("\r\n") for line in lines)

    def close(self) -> None:
        """Stdin is not ours to close."""


def _between_zeros(file: io.BufferedReader) -> Iterator[str]:
    held = b""
    while chunk := file.read1():
        *whole, held = (held + chunk).split(b"\0")
        yield from map(os.fsdecode, whole)
    yield os.fsdecode(held)


class WatchedSource:
    """A folder into which pictures come: those that are there, then each new one, for ever.

    Args:
        where: the folder, whose sub-folders count, too; or a pattern in one, such as ``inbox/*.jpg``.
        say: gets a line on what is left out, when something of another kind is.

    Raises:
        InputNotFoundError: there is no such folder.
    """

    never_ends = True

    def __init__(self, where: str, say: Callable[[str], None]) -> None:
        path = Path(where)
        is_folder = path.is_dir() or not is_pattern(path.name)
        self._folder, self._pattern = (path, "*") if is_folder else (path.parent, path.name)
        if not self._folder.is_dir():
            raise InputNotFoundError("a folder to --watch", got=without_secrets(where), fix="Make it, or name another.")
        self._list: Callable[[], Iterator[Path]] = partial(files_below, self._folder)
        if not is_folder:
            self._list = lambda: (path for path in self._folder.glob(self._pattern) if not path.is_dir())
        self._say = say
        self._told: set[Path] = set()
        self._left_out, self._kinds_said = LeftOut(), 0

    def frames(self) -> Iterator[Frame | Idle]:
        """Give a frame per file once it is whole: while it is still being written, it grows or cannot be decoded."""
        growing: dict[Path, tuple[int, float]] = {}
        while True:
            new = self._new()
            growing = {path: seen for path, seen in growing.items() if path in new}
            for path in sorted(new):
                size = _size(path)
                before, since = growing.setdefault(path, (-1, time.monotonic()))
                late = time.monotonic() - since > _PATIENCE_S
                growing[path] = (size, since)
                # What is no picture may become one, too, while it is written.
                if not late and (size != before or wanted_kind(path, LeftOut(), _PICTURES) is None):
                    continue
                frame = None if wanted_kind(path, self._left_out, _PICTURES) is None else read_frame(path)
                if frame is not None and frame.error is not None and not late:
                    continue
                self._told.add(path)
                del growing[path]
                if frame is not None:
                    yield frame
            self._say_what_is_left_out()
            yield Idle(str(self._folder))
            time.sleep(_POLL_S)

    def close(self) -> None:
        """Nothing is held open."""

    def _new(self) -> set[Path]:
        try:
            found = set(self._list())
        except OSError:
            return set()  # something went while it was looked at; the next look is soon
        if self._folder.is_dir():
            self._told &= found  # what was removed may come again; a disk that is away for a moment has removed nothing
        return found - self._told

    def _say_what_is_left_out(self) -> None:
        if self._left_out.kinds > self._kinds_said:
            self._kinds_said = self._left_out.kinds
            self._say(f"left out of {self._folder}, as no picture: {self._left_out.line()}")


def read_named(name: str, folder: str = "") -> Frame:
    """Read a file that somebody named; devices and pipes may never end, and are refused.

    Args:
        name: its path.
        folder: that a path is relative to; empty for the one where the program stands.
    """
    path, shown = Path(folder, name), printable(without_secrets(name))  # it may be an address, with a password
    try:
        if path.exists() and not path.is_file():
            raise UnreadableInputError("a picture file", got=f"{without_secrets(name)}, which is none", fix="Name files.")
        return read_frame(path, name)
    except OSError as trouble:  # too long for the system, say
        error: CatdogError = UnreadableInputError(
            "a picture file", got=f"{shortened(shown)}: {trouble.strerror}", fix="Name a file that may be read."
        )
    except ValueError as trouble:
        error = UnreadableInputError("a name of a file", got=f"{without_secrets(name)!r}: {trouble}", fix="One path a line.")
    except UnreadableInputError as trouble:
        error = trouble
    return Frame(shown, 0, time.monotonic(), 0.0, 0.0, error=error)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
