"""Wheel and source distribution, from the files that git knows, the same bytes whenever and wherever they are built.

Both have the time of the last commit in them, or SOURCE_DATE_EPOCH where that is set (see reproducible-builds.org).
setuptools heeds it in wheels; a source distribution is packed anew here.
"""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from catdog.edge.common.files import write_bytes
from catdog.edge.errors import CatdogError, InputNotFoundError, MissingExtraError

_UMASK = 0o022  # of what is written: a wheel has its files' rights in it


def call(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program in a folder; return what it printed.

    Raises:
        CatdogError: it is not there or fails; `got` has the last line that it said.
    """
    try:
        finished = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | dict(environment or {}),
            capture_output=True,
            text=True,
            check=False,
            umask=_UMASK,
        )
    except FileNotFoundError as error:
        raise MissingExtraError(f"the program {command[0]}", got="none of that name", fix="Run: make install") from error
    if finished.returncode != 0:
        said = (finished.stderr.strip() or finished.stdout.strip() or "nothing").splitlines()[-1]
        raise CatdogError(f"{' '.join(command[:4])} to work", got=said, fix="Try that command alone.")
    return finished.stdout


def time_of(source: Path) -> int:
    """Return the time that goes into what is built, in seconds since 1970.

    Raises:
        CatdogError: git does not say.
    """
    return int(os.environ.get("SOURCE_DATE_EPOCH") or call(["git", "log", "-1", "--format=%ct"], source))


def copy_tracked(source: Path, target: Path) -> Path:
    """Copy the files that git knows as they are now, with the rights that git gives them; return the copy.

    Raises:
        InputNotFoundError: that is no checkout of catdog.
    """
    if not (source / "pyproject.toml").is_file():
        raise InputNotFoundError("catdog's checkout", got=str(source), fix="Run it in a clone.")
    for entry in call(["git", "ls-files", "--stage", "-z"], source).split("\0"):
        mode, _, name = entry.partition(" ")[0], *entry.partition("\t")[1:]
        if name and (source / name).is_file():  # one that was removed and not committed is in the list yet
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
            (target / name).chmod(0o755 if mode == "100755" else 0o644)
    return target


def build_packages(source: Path, output: Path, epoch: int, constraints: Path) -> tuple[Path, Path]:
    """Build both, the wheel from the unpacked source distribution; return the wheel and the source distribution.

    Args:
        source: a copy of the checkout.
        output: an empty folder for them.
        epoch: the time in them.
        constraints: exact versions, setuptools' among them.

    Raises:
        CatdogError: it cannot be built.
    """
    environment = {"SOURCE_DATE_EPOCH": str(epoch), "PIP_CONSTRAINT": str(constraints)}
    call([sys.executable, "-m", "build", "--quiet", "--outdir", str(output), str(source)], source, environment)
    (wheel,), (sdist,) = output.glob("*.whl"), output.glob("*.tar.gz")
    write_bytes(sdist, repacked(sdist.read_bytes(), epoch))
    return wheel, sdist


def repacked(content: bytes, epoch: int) -> bytes:
    """Return a .tar.gz with its entries sorted, of nobody, with one time and plain rights.

    Args:
        content: of the archive.
        epoch: the time, in seconds since 1970.
    """
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for entry in sorted(old.getmembers(), key=lambda entry: entry.name):
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime, entry.pax_headers = epoch, {}
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            new.addfile(entry, old.extractfile(entry) if entry.isfile() else None)
    return gzip.compress(packed.getvalue(), mtime=epoch)
