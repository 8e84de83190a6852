"""Environments of their own: built once, kept, and weighed."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from catdog.edge.errors import CatdogError, InputNotFoundError

from .process import clean_environment, last_line
from .registry import Peer

_PATIENCE_S = 1800
_ROOMS = ("edge", "train", "export", "benchmarks")
# What every environment has, whoever made it.
_NOT_WEIGHED = ("pip", "pip-", "setuptools", "setuptools-", "_distutils_hack", "distutils-precedence.pth", "pkg_resources")


@dataclass(frozen=True)
class Venv:
    """Where a side runs."""

    python: Path  # the environment's Python
    # its site-packages; None for an environment that was not made for one side alone, and is not weighed
    site: Path | None = None

    @property
    def installed_bytes(self) -> int | None:
        """Size of everything installed, without pip and setuptools."""
        if self.site is None:
            return None
        kept = [entry for entry in self.site.iterdir() if not _comes_with_python(entry.name)]
        return sum(file.lstat().st_size for entry in kept for file in (entry, *entry.rglob("*")) if not file.is_dir())

    @property
    def packages(self) -> dict[str, str]:
        """Version of each package that is installed, without pip and setuptools."""
        if self.site is None:
            return {}
        found = {each.metadata["Name"]: each.version for each in distributions(path=[str(self.site)])}
        return {name: found[name] for name in sorted(found, key=str.lower) if name not in ("pip", "setuptools")}


def venv_of(peer: Peer, environments: Path) -> Venv:
    """Build a peer's environment, or find it as it was built before.

    Raises:
        CatdogError: it cannot be built; `got` has pip's last line.
    """
    return _environment(environments / f"peer-{peer.name}", _python(peer.python), peer.requirements)


def venv_of_catdog(source: Path, environments: Path) -> Venv:
    """Install catdog with its base dependencies only, as a wheel of the checkout as it is now.

    Raises:
        InputNotFoundError: that is no checkout of catdog.
        CatdogError: it cannot be installed.
    """
    if not (source / "pyproject.toml").is_file() or not all((source / room).is_dir() for room in _ROOMS):
        raise InputNotFoundError("catdog's checkout", got=str(source.absolute()), fix="Name it with --source.")
    venv = _environment(environments / "peer-catdog", sys.executable, ())
    with tempfile.TemporaryDirectory() as folder:
        # From a copy, so that neither old build folders get in nor new ones come into being.
        copy = Path(folder) / "catdog"
        for room in _ROOMS:
            shutil.copytree(source / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(source / file, copy / file)
        constraints = ["--constraint", str((source / "constraints.txt").absolute())]
        _pip(venv.python, str(copy), *constraints)
        _pip(venv.python, str(copy), "--no-deps", "--force-reinstall")  # the version's number stays when the code changes
    return venv


def _environment(folder: Path, python: str, requirements: Sequence[str]) -> Venv:
    folder = folder.absolute()
    venv = Venv(folder / "bin" / "python", _site(folder))
    done, wanted = folder / "made-with.txt", "\n".join((python, *requirements))
    if venv.site is not None and done.is_file() and done.read_text() == wanted:
        return venv
    _call([python, "-m", "venv", "--clear", str(folder)])
    if requirements:
        _pip(venv.python, *requirements)
    done.write_text(wanted)
    return Venv(venv.python, _site(folder))


def _site(folder: Path) -> Path | None:
    return next(folder.glob("lib/python*/site-packages"), None)


def _python(version: str | None) -> str:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version in (None, here):
        return sys.executable
    found = shutil.which(f"python{version}")
    # A version manager has names for Pythons that it does not have.
    if found is None or subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode != 0:
        raise CatdogError(f"Python {version}", got=f"no Python {version} here", fix="Install it.")
    return found


def _pip(python: Path, *what: str) -> None:
    _call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what])


def _call(command: Sequence[str]) -> None:
    try:
        made = subprocess.run(
            command, capture_output=True, text=True, env=clean_environment(), timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CatdogError("an environment", got=f"no end within {_PATIENCE_S} s", fix="Try again.") from error
    if made.returncode != 0:
        raise CatdogError("an environment", got=last_line(made.stderr), fix="Run pip by hand to see all it says.")


def _comes_with_python(name: str) -> bool:
    return any(name.startswith(each) if each.endswith("-") else name == each for each in _NOT_WEIGHED)
