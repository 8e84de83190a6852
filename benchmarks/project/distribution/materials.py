"""What a base install brings, as a CycloneDX document: each distribution with version and licence.

The list is read from an environment that the wheel has made, by CycloneDX' own tool for Python.
"""

import sys
from pathlib import Path

from .packages import call


def list_materials(wheel: Path, constraints: Path, source: Path, folder: Path, epoch: int) -> str:
    """Return the list as JSON.

    Args:
        wheel: to install.
        constraints: exact versions of what comes with it.
        source: catdog's checkout, which describes the main component.
        folder: an empty one, for the environment.
        epoch: the time of the document, in seconds since 1970.

    Raises:
        CatdogError: the wheel does not install, or the tool fails.
    """
    environment = folder / "base"
    # Without pip: it is no part of what is installed.
    call([sys.executable, "-m", "venv", "--without-pip", str(environment)], folder)
    python = environment / "bin" / "python"
    options = ["--quiet", "--disable-pip-version-check", "--constraint", str(constraints)]
    call([sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)], folder)
    for note in environment.rglob("direct_url.json"):  # has the path of the wheel on this machine
        note.unlink()
    what = ["--pyproject", str(source / "pyproject.toml"), "--mc-type", "application", "--output-reproducible"]
    # As a module of the environment that has it: what is on PATH may be another's.
    tool = [sys.executable, "-m", "cyclonedx_py", "environment", str(python), *what]
    return call(tool, folder, {"SOURCE_DATE_EPOCH": str(epoch)})
