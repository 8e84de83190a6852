"""What is named as pictures: a folder, an archive or an address; here it becomes a folder, and gets a name to call it by.

May import what the edge has; the download, which needs more, is loaded where there is an address.
"""

from pathlib import Path
from urllib.parse import urlsplit

from catdog.edge.errors import DatasetError

from .archive import unpack

OFFLINE_WAYS = "Without a network, name a folder or archive with --data PATH, or use drawn pictures: --data synthetic."


def folder_of(where: str) -> Path:
    """Return the folder itself, or the one that an archive, here or at an address, was unpacked to.

    Raises:
        DatasetError: nothing is there, or it cannot be downloaded or unpacked.
        OutputError: the cache cannot be written.
    """
    fetched = is_address(where)
    if fetched:
        from .download import download  # needs more than the edge has

        path = download(where, offline_ways=OFFLINE_WAYS)
    else:
        path = Path(where)
    if path.is_dir():
        return path
    if path.is_file():
        try:
            return unpack(path)
        except DatasetError:
            if fetched:
                path.unlink()  # a login page in place of the archive, say: the next try shall fetch anew
            raise
    raise absent(where)


def place_name(where: str) -> str:
    """Name a data set by its file or folder; of an address only the path, since the rest may hold secrets."""
    name = Path((urlsplit(where).path if "://" in where else where).rstrip("/")).stem
    return name.removesuffix(".tar")


def is_address(where: str) -> bool:
    """Tell whether pictures are to be fetched."""
    return where.startswith(("http://", "https://"))


def absent(where: str) -> DatasetError:
    """Return the error for a path where nothing is."""
    return DatasetError(
        "a folder, archive or address of pictures",
        got=f"{where}, which does not exist",
        fix="Check the path; 'synthetic' draws pictures.",
    )
