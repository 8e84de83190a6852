"""Files that are either whole or not there: written under a temporary name, flushed to disk, then renamed."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from ..errors import OutputError


def printable(name: str | PurePath) -> str:
    """Return a name as text that can be written anywhere, also where its bytes are no UTF-8."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def check_folder(path: Path) -> None:
    """Make sure that a folder for results can be made and written, so that a wrong path is told before the work and not after.

    Nothing is made yet: work that fails leaves no empty folder.

    Raises:
        OutputError: it, or what it would be in, is a file or may not be written.
    """
    nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not nearest.is_dir():
        raise _cannot_write(path, NotADirectoryError(errno.ENOTDIR, f"{nearest} is not a folder"))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _cannot_write(path, PermissionError(errno.EACCES, f"{nearest} may not be written"))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes the place of `path` in one step.

    Whatever goes wrong inside, `path` keeps what it held before and the temporary file is removed.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The suffix stays, because writers such as Keras choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes files for the owner's eyes alone
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed process has left of `replacing` in a folder that is nobody else's."""
    for path in folder.glob(".*"):
        if re.fullmatch(r"\..+\.[a-z0-9_]{8}(\.\w+)?", path.name) and path.is_file():
            path.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all.

    Raises:
        OutputError: as `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all.

    Raises:
        OutputError: as `replacing`.
    """
    write_bytes(path, text.encode())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"to write {path}",
        got=error.strerror or str(error),
        fix="Free some space, check the permissions, or name another path.",
    )
