"""Writing in the store's folder: to disk before it counts, and one process or thread at a time."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..common.files import sweep, write_bytes
from ..errors import OutputError

_LOCK = ".lock"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make the folder if absent, and be the only one who writes there; what a killed writer has left half done is removed.

    The system releases the lock of a process that is killed.

    Raises:
        OutputError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        sweep(folder)
        yield
    finally:
        os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and have its name on the disk, too, before anything that relies on it is written.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, data)
    try:
        handle = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system on which folders cannot be flushed
            raise _cannot_write(path.parent, error) from error


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"to write {folder}",
        got=error.strerror or str(error),
        fix="Free some space, check the permissions, or name another folder: --models DIR.",
    )
