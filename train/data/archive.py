"""Zip archives of pictures, unpacked with suspicion."""

import hashlib
import lzma
import re
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from catdog.edge.errors import DatasetError, OutputError

from .download import cache_folder

MAX_UNPACKED_BYTES = 20 * 1024**3
MAX_ENTRIES = 1_000_000


def unpack(archive: Path, *, max_bytes: int = MAX_UNPACKED_BYTES) -> Path:
    """Unpack a zip archive into the cache, once; later calls return the same folder.

    Every entry must lie inside the target, links are not followed, and the sizes that are written are counted, not
    believed: a small archive that unpacks to terabytes is stopped at the cap.

    Args:
        archive: path of the zip file.
        max_bytes: cap on the unpacked size.

    Returns:
        The folder with the archive's content.

    Raises:
        DatasetError: it is no zip archive, is damaged, leads outside, or is too large.
        OutputError: the cache cannot be written.
    """
    status = archive.stat()
    # Path, size and time name the unpacked copy: a changed archive is unpacked anew.
    key = hashlib.sha256(f"{archive.resolve()}|{status.st_size}|{status.st_mtime_ns}".encode()).hexdigest()[:16]
    target = cache_folder() / "unpacked" / f"{archive.stem}-{key}"
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{archive.stem}.", dir=target.parent))
        try:
            _unpack_into(archive, temporary, max_bytes)
            if not target.is_dir():  # another process may have been faster
                temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"to unpack {archive} into {target.parent}",
            got=error.strerror or str(error),
            fix="Free some space, or set XDG_CACHE_HOME to a folder with room.",
        ) from error
    return target


def _unpack_into(archive: Path, target: Path, max_bytes: int) -> None:
    budget = max_bytes
    try:
        with zipfile.ZipFile(archive) as source:
            entries = source.infolist()
            if len(entries) > MAX_ENTRIES:
                raise _refuse(archive, f"{len(entries):,} entries")
            for entry in entries:
                path = _safe_path(archive, entry.filename)
                if entry.is_dir() or path is None:
                    continue
                destination = target / path
                destination.parent.mkdir(parents=True, exist_ok=True)
                with source.open(entry) as reader, destination.open("wb") as writer:
                    while chunk := reader.read(1 << 20):
                        budget -= len(chunk)
                        if budget < 0:
                            raise _refuse(archive, f"more than {max_bytes:,} bytes when unpacked")
                        writer.write(chunk)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise _refuse(archive, f"the name {error.filename} for a file and a folder") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refuse(archive, f"damage: {error}") from error


def _safe_path(archive: Path, name: str) -> PurePosixPath | None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name) or "\0" in name:
        raise _refuse(archive, f"the entry {name!r}, which leads outside of it")
    # macOS adds a shadow file to every picture.
    return None if "__MACOSX" in path.parts else path


def _refuse(archive: Path, what: str) -> DatasetError:
    return DatasetError("a whole zip archive of class folders", got=f"{archive} with {what}", fix="Download or pack it again.")
