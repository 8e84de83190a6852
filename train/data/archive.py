"""Archives of pictures, unpacked with suspicion: zip and tar, plain or compressed, and archives within them.

May import what the edge has: `catdog-export verify` takes archives, too.
"""

import errno
import hashlib
import io
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, Self

from catdog.edge.errors import DatasetError, OutputError

from .cache import cache_folder

MAX_UNPACKED_BYTES = 20 * 1024**3
MAX_ENTRIES = 1_000_000
_DEEPEST = 3  # archives within archives
_CHUNK = 1 << 20
_BLOCK = 512  # bytes; a tar archive ends in at least one of zeros
_LARGEST_HEADER = 256 * 1024  # bytes of a long name or of properties in a tar archive, which tarfile reads whole
_HEADERS = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
)  # fmt: skip
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # with entries, empty, one of several parts
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

    Every entry must lie inside the target, links are not followed (a hard link is a copy of the entry that it names), and the
    sizes that are written are counted, not believed: a small archive that unpacks to terabytes is stopped at the cap.

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
    called = archive.stem[:40]  # with the rest a name that the file system takes
    target = cache_folder() / "unpacked" / f"{called}-{key}"
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{called}.", dir=target.parent))
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


class _Member(NamedTuple):
    """An entry of an archive.

    Attributes:
        name: as the archive has it.
        reader: its content; None for a folder or device.
        same_as: name of an earlier entry with the same content, of a hard link.
    """

    name: str
    reader: IO[bytes] | None
    same_as: str = ""


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
            for member in self._members(archive or self._archive):
                self._entries -= 1
                if self._entries < 0:
                    raise self._refuse(f"more than {MAX_ENTRIES:,} entries")
                self._take(member, target)
        for inner in sorted(path for path in target.rglob("*") if path.name.lower().endswith(_SUFFIXES) and path.is_file()):
            with self._refusing_damage([inner.name]):
                if self._kind(inner) is None:
                    continue  # a file like any other, whatever it is called
            if depth == _DEEPEST:
                raise self._refuse(f"archives within archives, {depth} deep")
            folder = _free_name(inner)
            folder.mkdir()
            self.into(folder, inner, depth + 1)
            inner.unlink()

    def _members(self, archive: Path) -> Iterator[_Member]:
        """Give each entry, one after another."""
        if (members := self._kind(archive)) is not None:
            return members(archive)
        start = _start(archive)
        raise _not_read(f"{archive}", f"a file that begins with {start!r}" if start else "an empty file")

    def _kind(self, archive: Path) -> Callable[[Path], Iterator[_Member]] | None:
        """Return what reads an archive, told by its content; None of a file that is none."""
        within = "" if archive == self._archive else f", in {archive.name}"
        start = _start(archive)
        for sign, what in _STRANGERS:
            if start.startswith(sign):
                raise _not_read(f"{archive.name} in {self._archive}" if within else f"{archive}", f"a {what} archive")
        if start.startswith(_ZIP):
            return _zip_members
        if start and _is_tar(archive):
            return _tar_members
        if zipfile.is_zipfile(archive):  # one that unpacks itself begins with a program
            return _zip_members
        if start.startswith(_COMPRESSED):
            raise self._refuse(f"damage, or with something else than a tar archive compressed in it{within}")
        return None

    def _take(self, member: _Member, target: Path) -> None:
        """Write an entry, if it is a file; a hard link as a copy of what it stands for."""
        path = self._safe_path(member.name)
        if path is None:
            return
        if member.same_as:
            known = target / member.same_as
            if not _leads_outside(member.same_as) and known != target / path and known.is_file():
                with known.open("rb") as reader:
                    self._write(reader, target / path)
                return
        if member.reader is not None:
            self._write(member.reader, target / path)

    def _write(self, reader: IO[bytes], destination: Path) -> None:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with destination.open("wb") as writer:
            while chunk := reader.read(_CHUNK):
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise self._refuse(f"more than {self._max_bytes:,} bytes when unpacked")
                writer.write(chunk)

    def _safe_path(self, name: str) -> PurePosixPath | None:
        if _leads_outside(name):
            raise self._refuse(f"the entry {name!r}, which leads outside of it")
        path = PurePosixPath(name.replace("\\", "/"))
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
            if error.errno == errno.ENAMETOOLONG:
                name = Path(error.filename).name
                raise self._refuse(f"a name too long for the file system of the cache{where}: {name[:60]}...") from error
            if error.errno is None:
                raise self._refuse(f"damage{where}: {error}") from error
            raise

    def _refuse(self, what: str) -> DatasetError:
        return DatasetError(
            "a whole archive of class folders", got=f"{self._archive} with {what}", fix="Download or pack it again."
        )


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name) is not None or "\0" in name


def _not_read(called: str, what: str) -> DatasetError:
    return DatasetError(
        "a folder, or a zip or tar archive (.zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz)",
        got=f"{called}, {what}",
        fix="Unpack it, and name the folder." if what.endswith("archive") else "Name another file.",
    )


def _start(archive: Path) -> bytes:
    with archive.open("rb") as stream:
        return stream.read(6)


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as source:
        for entry in source.infolist():
            if entry.is_dir():
                yield _Member(entry.filename, None)
                continue
            with source.open(entry) as reader:
                yield _Member(entry.filename, reader)


class _Entry(tarfile.TarInfo):
    """An entry of a tar archive whose name takes no memory to speak of: a few kB may unpack to gigabytes of it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header, before tarfile reads what the header says is the name."""
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _HEADERS and entry.size > _LARGEST_HEADER:
            raise ValueError(f"a name or properties of {entry.size:,} bytes")  # tarfile would pass over one of its own errors
        return entry


def _is_tar(archive: Path) -> bool:
    try:
        with tarfile.open(archive, tarinfo=_Entry):
            return True
    except tarfile.TarError:
        return False


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, tarinfo=_Entry) as source:
        for member in source:
            # A link is a file with its target's name in it, as in a zip archive: where pictures are looked for it is counted.
            link = io.BytesIO(member.linkname.encode("utf-8", "surrogateescape")) if member.issym() or member.islnk() else None
            reader = source.extractfile(member) if member.isreg() else link
            yield _Member(member.name, reader, member.linkname if member.islnk() else "")
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
        yield None if _start(archive).startswith(_COMPRESSED) else stream


def _free_name(archive: Path) -> Path:
    """Name the folder for an archive within another: `train` for `train.zip`, unless there is one already."""
    suffix = next(suffix for suffix in sorted(_SUFFIXES, key=len, reverse=True) if archive.name.lower().endswith(suffix))
    stem = archive.name[: -len(suffix)] or "archive"
    names = chain((stem, f"{stem} unpacked"), (f"{stem} unpacked {number}" for number in count(2)))
    return next(folder for name in names if not os.path.lexists(folder := archive.with_name(name)))
