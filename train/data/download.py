"""Downloads: whole or not there, continued where they broke off, kept in the cache."""

import fcntl
import hashlib
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from catdog.edge.errors import DatasetError, OutputError

from .cache import cache_folder
from .partial import Partial
from .transfer import TransferError, fetch

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def download(url: str, *, offline_ways: str, md5: str | None = None) -> Path:
    """Fetch a file into the cache; one that is there already is not fetched again.

    A transfer that breaks off is continued, now or by the next call. Processes that want the same file take turns: one
    fetches it, the others wait and find it there.

    Args:
        url: `http(s)://` address. Where its path ends in `.zip` or `.h5`, the file has to be one.
        offline_ways: a sentence that names what to do without a network.
        md5: of the file, as hexadecimal digits; None for what the server says of it, if anything.

    Returns:
        The path of the file.

    Raises:
        DatasetError: the address cannot be reached, the transfer broke off, or what came is not what the name or the hash says.
        OutputError: the cache cannot be written.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise DatasetError("an address such as https://host/pets.zip", got=str(error), fix=offline_ways) from error
    name = Path(parts.path).name or "download"
    # Without user, password and query: those hold secrets.
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    target = cache_folder() / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    partial = Partial(target.with_name(f"{name}.part"))
    try:
        if target.is_file():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with _turn(target.with_name(f"{name}.lock"), name):
            if not target.is_file():
                told = fetch(url, partial, name)
                _check(partial, name, address, offline_ways)
                _check_hash(partial, md5 or told, address, offline_ways)
                partial.become(target)
    except TransferError as error:
        kept = "What came is kept: try again to go on from there. " if partial.resumable else ""
        raise DatasetError(f"to download {address}", got=str(error), fix=kept + offline_ways) from error
    except OSError as error:
        raise OutputError(
            f"to write {target}",
            got=error.strerror or str(error),
            fix="Free some space, or set XDG_CACHE_HOME to a folder with room. What came is kept for the next try.",
        ) from error
    return target


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)  # what Keras and Google's servers name


@contextmanager
def _turn(lock: Path, name: str) -> Iterator[None]:
    """Let one process at a time in; the system opens the lock of one that dies. The file stays: removing it would race."""
    with lock.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tqdm.write(f"another process is downloading {name}: waiting for it", file=sys.stderr)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _check(partial: Partial, name: str, address: str, offline_ways: str) -> None:
    """Refuse, and throw away, what cannot be what its name says: a login page, say, or half an archive."""
    suffix = Path(name).suffix.lower()
    with partial.path.open("rb") as stream:
        start = stream.read(40)
    if (suffix == ".zip" and not _is_zip(partial.path)) or (suffix == ".h5" and not start.startswith(_HDF5_SIGNATURE)):
        size = partial.size
        partial.discard()
        raise DatasetError(
            f"a whole {suffix.removeprefix('.')} file at {address}",
            got=f"{size:,} bytes that are none and begin with {start!r}",
            fix=f"Open the address in a browser to see what it gives, then try again. {offline_ways}",
        )


def _check_hash(partial: Partial, md5: str, address: str, offline_ways: str) -> None:
    """Refuse, and throw away, what has another hash: a proxy's rewriting, or a file that was exchanged."""
    if not md5:
        return
    with partial.path.open("rb") as stream:
        found = hashlib.file_digest(stream, _md5).hexdigest()
    if found != md5:
        partial.discard()
        raise DatasetError(
            f"the file with MD5 {md5} at {address}",
            got=f"one with {found}, which was thrown away",
            fix=f"Try again; if it comes again, somebody between here and there alters it. {offline_ways}",
        )


def _is_zip(path: Path) -> bool:
    """Tell whether an archive's list of entries is there; their checksums are looked at when it is unpacked."""
    try:
        with zipfile.ZipFile(path):
            return True
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        return False
