"""Where what was fetched is kept.

May import: the standard library.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder, by the XDG convention: `$XDG_CACHE_HOME/catdog`, else `~/.cache/catdog`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "catdog"


@contextmanager
def turn(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let one process at a time in; the system opens the lock of one that dies. The file stays: removing it would race.

    Args:
        lock: a file for it.
        waiting: called where another process is in.

    Raises:
        OSError: the file cannot be written.
    """
    with lock.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
