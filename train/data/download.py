"""Downloads: whole or not there, continued where they broke off, kept in the cache."""

import base64
import binascii
import hashlib
import http.client
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from functools import partial as bound
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from catdog.edge.common.progress import progress_bar
from catdog.edge.errors import DatasetError, OutputError
from catdog.edge.fetch.cache import turn
from catdog.edge.fetch.partial import Partial
from catdog.edge.fetch.transfer import RefusedError, Terms, TransferError, fetch

from ..interruption import step_ended
from .cache import cache_folder

_TIMEOUT_S = 30
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
        with turn(target.with_name(f"{name}.lock"), bound(_say_waiting, name)):
            if not target.is_file():
                told = _named_md5(fetch(bound(_ask, url), partial, Terms(watch=bound(_shown, name))) or Message())
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


def _ask(url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    try:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310
        reply: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
        return reply
    except urllib.error.HTTPError as error:
        error.close()  # it is the open connection, too
        raise RefusedError(error.code, error.reason, error.headers) from error
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(error, passing=True) from error
    except ValueError as error:
        raise TransferError(error, passing=False) from error


@contextmanager
def _shown(name: str, start: int, whole: int | None) -> Iterator[Callable[[int], None]]:
    with progress_bar(total=whole, initial=start, title=name, unit="B", unit_scale=True) as bar:

        def came(count: int) -> None:
            bar.update(count)
            step_ended()  # the backbone's weights are fetched in the middle of a training

        yield came


def _say_waiting(name: str) -> None:
    tqdm.write(f"another process is downloading {name}: waiting for it", file=sys.stderr)


def _named_md5(headers: Message) -> str:
    """Return the MD5 of the whole file that Google's storage names, where Keras' weights lie; empty without one."""
    for said in ",".join(headers.get_all("x-goog-hash", [])).split(","):
        kind, _, value = said.strip().partition("=")
        if kind == "md5":
            with suppress(binascii.Error):
                return base64.b64decode(value, validate=True).hex()
    return ""


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
