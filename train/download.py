"""Downloads: whole or not there, with a progress bar, kept in the cache."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from tqdm import tqdm

from catdog.edge.errors import DatasetError
from catdog.edge.files import replacing

_CHUNK = 1 << 18
_TIMEOUT_S = 30


def cache_folder() -> Path:
    """Return the folder for downloads and unpacked archives, by the platform's convention."""
    return Path(platformdirs.user_cache_dir("catdog"))


def download(url: str, *, offline_ways: str) -> Path:
    """Fetch a file into the cache; one that is there already is not fetched again.

    Args:
        url: `http(s)://` address.
        offline_ways: a sentence that names what to do without a network.

    Returns:
        The path of the file.

    Raises:
        DatasetError: the address cannot be reached or the transfer broke off.
        OutputError: the cache cannot be written.
    """
    name = Path(urlsplit(url).path).name or "download"
    target = cache_folder() / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    if target.is_file():
        return target
    try:
        reply = urllib.request.urlopen(url, timeout=_TIMEOUT_S)  # noqa: S310
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the open connection, too
        raise _failed(url, error, offline_ways) from error
    with reply, replacing(target) as temporary, temporary.open("wb") as stream:
        length = int(reply.headers.get("Content-Length") or 0)
        # disable=None: no bar where stderr is not a terminal.
        with tqdm(total=length or None, desc=name, unit="B", unit_scale=True, disable=None) as bar:
            while chunk := _read(reply, url, offline_ways):
                stream.write(chunk)
                bar.update(len(chunk))
        if length and stream.tell() != length:
            raise _failed(url, f"{stream.tell():,} of {length:,} bytes", offline_ways)
    return target


def _read(reply: http.client.HTTPResponse, url: str, offline_ways: str) -> bytes:
    # Told apart here from a full disk, which is an OSError as well.
    try:
        return reply.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _failed(url, error, offline_ways) from error


def _failed(url: str, reason: object, offline_ways: str) -> DatasetError:
    return DatasetError(f"to download {url}", got=str(getattr(reason, "reason", None) or reason), fix=offline_ways)
