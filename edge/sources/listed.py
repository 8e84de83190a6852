"""Pictures that are named one by one: paths on stdin, and files that come into a folder."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ..decode import PICTURE_SUFFIXES
from ..errors import InputNotFoundError
from .frame import Frame
from .pictures import read_frame

_POLL_S = 0.3
_PATIENCE_S = 10.0  # for a file to be whole; then what is there is told as it is


class ListedSource:
    """Paths, one a line, as `find` and `ls` give them; judged as they come.

    Args:
        lines: where they come from; None for stdin.
    """

    def __init__(self, lines: TextIO | None = None) -> None:
        self._lines = lines

    def frames(self) -> Iterator[Frame]:
        """Give one frame per line; empty lines are passed over."""
        for line in self._lines or sys.stdin:
            if name := line.rstrip("\r\n"):
                yield read_frame(Path(name))

    def close(self) -> None:
        """Stdin is not ours to close."""


class WatchedSource:
    """A folder into which pictures come: those that are there, then each new one, for ever.

    Args:
        folder: the folder; its sub-folders count, too.

    Raises:
        InputNotFoundError: there is none.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputNotFoundError("a folder to --watch", got=str(folder), fix="Make it, or name another.")
        self._folder = folder

    def frames(self) -> Iterator[Frame]:
        """Give a frame per file once it is whole: while it is still being written, it grows or cannot be decoded."""
        told: set[Path] = set()
        growing: dict[Path, tuple[int, float]] = {}
        while True:
            for path in sorted(self._new(told)):
                size = _size(path)
                before, since = growing.setdefault(path, (-1, time.monotonic()))
                late = time.monotonic() - since > _PATIENCE_S
                growing[path] = (size, since)
                if size != before and not late:
                    continue
                frame = read_frame(path)
                if frame.error is not None and not late:
                    continue
                told.add(path)
                del growing[path]
                yield frame
            time.sleep(_POLL_S)

    def close(self) -> None:
        """Nothing is held open."""

    def _new(self, told: set[Path]) -> list[Path]:
        found = {
            path
            for path in self._folder.rglob("*")
            if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()
        }
        told &= found  # what was removed may come again
        return list(found - told)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
