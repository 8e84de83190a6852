"""SHA256SUMS as `sha256sum --check` reads it, and the same check for those who have no such program."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from catdog.edge.common.files import write_text
from catdog.edge.errors import InputNotFoundError, UnreadableInputError

SUMS = "SHA256SUMS"


def write_sums(folder: Path, files: Iterable[Path]) -> Path:
    """Write the checksums of files in a folder, sorted by name; return the file.

    Args:
        folder: which they are in.
        files: there.
    """
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(files)]
    path = folder / SUMS
    write_text(path, "".join(lines))
    return path


def check_sums(folder: Path) -> list[str]:
    """Check a folder's files; return their names.

    Raises:
        InputNotFoundError: a file is missing.
        UnreadableInputError: a file is another than was listed.
    """
    names = []
    for line in (folder / SUMS).read_text().splitlines():
        digest, _, name = line.partition("  ")
        if not (folder / name).is_file():
            raise InputNotFoundError(f"{name}, which {SUMS} lists", got="no such file", fix="Download it, too.")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise UnreadableInputError(f"{name} as {SUMS} lists it", got="another SHA-256", fix="Download it again.")
        names.append(name)
    return names
