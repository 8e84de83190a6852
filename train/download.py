"""Downloads: whole or not there, with a progress bar, kept in the cache."""

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
    target = cache_folder() / "downloads" / name
    if target.is_file():
        return target
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply, replacing(target) as temporary:  # noqa: S310
            length = int(reply.headers.get("Content-Length") or 0)
            received = _copy(reply, temporary, length, name)
            if length and received != length:
                raise http.client.IncompleteRead(b"", length - received)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DatasetError(f"to download {url}", got=str(reason), fix=offline_ways) from error
    return target


def _copy(reply: http.client.HTTPResponse, target: Path, length: int, name: str) -> int:
    received = 0
    # disable=None: no bar where stderr is not a terminal.
    with (
        target.open("wb") as stream,
        tqdm(total=length or None, desc=name, unit="B", unit_scale=True, disable=None) as bar,
    ):
        while chunk := reply.read(_CHUNK):
            stream.write(chunk)
            received += len(chunk)
            bar.update(len(chunk))
    return received
