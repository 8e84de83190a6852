"""Environments of their own for packages that do not install beside ours; kept in the checkout, so that they are built once."""

import subprocess
import sys
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent.parent / ".venvs"


def python_with(name: str, *requirements: str) -> Path:
    """Return the Python of an environment that has the requirements; skips the test where it cannot be built."""
    folder = _FOLDER / name
    python, done = folder / "bin" / "python", folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if not (done.is_file() and done.read_text() == wanted):
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        ):
            made = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
            if made.returncode != 0:
                last = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
                pytest.skip(f"an environment with {', '.join(requirements)} cannot be built here: {last}")
        done.write_text(wanted)
    return python
