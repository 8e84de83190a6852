"""Archives of pictures, unpacked with suspicion: zip and tar, plain or compressed, and archives within them.

May import what the edge has: `catdog-export verify` takes archives, too.
"""

import hashlib
import lzma
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from catdog.edge.errors import DatasetError, OutputError

from .cache import cache_folder

MAX_UNPACKED_BYTES = 20 * 1024**3
MAX_ENTRIES = 1_000_000
_DEEPEST = 3  # archives within archives
_CHUNK = 1 << 20
_BLOCK = 512  # bytes; a tar archive ends in at least one of zeros
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"]\0\0")  # by gzip, bzip2, xz, LZMA
_STRANGERS = ((b"Rar!\x1a\x07", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x28\xb5\x2f\xfd", "Zstandard"))
# What damage shows as; gzip's and bz2's own errors are an OSError without a number.
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
    UnicodeDecodeError, ValueError,
)  # fmt: skip


def unpack(archive: Path, *, max_bytes: int = MAX_UNPACKED_BYTES) -> Path:
    """Unpack an archive into the cache, once; later calls return the same folder. Archives within it become folders, too.

    Every entry must lie inside the target, links are not followed, and the sizes that are written are counted, not
    believed: a small archive that unpacks to terabytes is stopped at the cap.

    Args:
        archive: path of a zip file or of a tar file, plain or compressed by gzip, bzip2 or xz.
        max_bytes: cap on the unpacked size, archives within it included.

    Returns:
        The folder with the archive's content.

    Raises:
        DatasetError: it is no such archive, is damaged, leads outside, or is too large.
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
            _Unpacking(archive, max_bytes).into(temporary)
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


class _Unpacking:
    """One archive and those within it, with what may still be written.

    Args:
        archive: that was named; in errors those within it are called by it.
        max_bytes: that may be written in all.
    """

    def __init__(self, archive: Path, max_bytes: int) -> None:
        self._archive, self._max_bytes = archive, max_bytes
        self._bytes, self._entries = max_bytes, MAX_ENTRIES

    def into(self, target: Path, archive: Path | None = None, depth: int = 0) -> None:
        """Unpack the archive, or one within it, and then what archives it holds."""
        within = [] if archive is None else [archive.name]
        with self._refusing_damage(within):
            for name, reader in self._members(archive or self._archive):
                self._entries -= 1
                if self._entries < 0:
                    raise self._refuse(f"more than {MAX_ENTRIES:,} entries")
                path = self._safe_path(name)
                if path is not None and reader is not None:
                    self._write(reader, target / path)
        for inner in sorted(path for path in target.rglob("*") if path.name.lower().endswith(_SUFFIXES) and path.is_file()):
            if depth == _DEEPEST:
                raise self._refuse(f"archives within archives, {depth} deep")
            folder = _free_name(inner)
            folder.mkdir()
            self.into(folder, inner, depth + 1)
            inner.unlink()

    def _members(self, archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
        """Give each entry's name and content, one after another; None for what is no file: a folder, link or device."""
        within = "" if archive == self._archive else f", in {archive.name}"
        called = f"{archive.name} in {self._archive}" if within else f"{archive}"
        with archive.open("rb") as stream:
            start = stream.read(6)
        for sign, what in _STRANGERS:
            if start.startswith(sign):
                raise _not_read(called, f"a {what} archive")
        if start.startswith(b"PK"):
            yield from _zip_members(archive)
        elif archive.stat().st_size and tarfile.is_tarfile(archive):
            yield from _tar_members(archive)
        elif zipfile.is_zipfile(archive):  # one that unpacks itself begins with a program
            yield from _zip_members(archive)
        elif start.startswith(_COMPRESSED):
            raise self._refuse(f"damage, or with something else than a tar archive compressed in it{within}")
        else:
            raise _not_read(called, f"a file that begins with {start!r}" if start else "an empty file")

    def _write(self, reader: IO[bytes], destination: Path) -> None:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with destination.open("wb") as writer:
            while chunk := reader.read(_CHUNK):
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise self._refuse(f"more than {self._max_bytes:,} bytes when unpacked")
                writer.write(chunk)

    def _safe_path(self, name: str) -> PurePosixPath | None:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name) or "\0" in name:
            raise self._refuse(f"the entry {name!r}, which leads outside of it")
        # macOS adds a shadow file to every picture.
        return None if "__MACOSX" in path.parts else path

    @contextmanager
    def _refusing_damage(self, within: list[str]) -> Iterator[None]:
        where = "".join(f" in {name}" for name in within)
        try:
            yield
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise self._refuse(f"the name {error.filename} for a file and a folder{where}") from error
        except _DAMAGE as error:
            raise self._refuse(f"damage{where}: {error}") from error
        except OSError as error:
            if error.errno is None:
                raise self._refuse(f"damage{where}: {error}") from error
            raise

    def _refuse(self, what: str) -> DatasetError:
        return DatasetError(
            "a whole archive of class folders", got=f"{self._archive} with {what}", fix="Download or pack it again."
        )


def _not_read(called: str, what: str) -> DatasetError:
    return DatasetError(
        "a folder, or a zip or tar archive (.zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz)",
        got=f"{called}, {what}",
        fix="Unpack it, and name the folder." if what.endswith("archive") else "Name another file.",
    )


def _zip_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as source:
        for entry in source.infolist():
            if entry.is_dir():
                yield entry.filename, None
                continue
            with source.open(entry) as reader:
                yield entry.filename, reader


def _tar_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    with tarfile.open(archive) as source:
        for member in source:
            reader = source.extractfile(member) if member.isreg() else None
            yield member.name, reader
    # Half a tar archive looks like a shorter one: tarfile takes any end for the end.
    with _plain(archive) as stream:
        if stream is not None:
            stream.seek(-min(_BLOCK, archive.stat().st_size), 2)
            if stream.read().strip(b"\0"):
                raise tarfile.ReadError("it has no end")


@contextmanager
def _plain(archive: Path) -> Iterator[IO[bytes] | None]:
    """Open a tar archive that is not compressed; None for one that is: its decompressor knows where it ends."""
    with archive.open("rb") as stream:
        start = stream.read(6)
        yield None if start.startswith(_COMPRESSED) else stream


def _free_name(archive: Path) -> Path:
    """Name the folder for an archive within another: `train` for `train.zip`, unless there is one already."""
    suffix = next(suffix for suffix in sorted(_SUFFIXES, key=len, reverse=True) if archive.name.lower().endswith(suffix))
    stem = archive.name[: -len(suffix)] or "archive"
    folder = archive.with_name(stem)
    return archive.with_name(f"{stem} unpacked") if folder.exists() else folder
