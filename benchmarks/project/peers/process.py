"""One process, from its start to its end: wall time, peak memory, what it said."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catdog.edge.errors import CatdogError

from .registry import SCRIPTS

_LAUNCHER = SCRIPTS / "launch.py"
_PATIENCE_S = 900.0


@dataclass(frozen=True)
class Usage:
    """What a process took."""

    wall_s: float  # seconds from its start to its end
    peak_bytes: int  # most resident memory that it had
    stdout: str  # what it printed


def clean_environment() -> dict[str, str]:
    """Return the environment variables without Python's: no search path or setting of ours reaches the others."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def first_cores(count: int) -> tuple[int, ...]:
    """Return the numbers of the first cores that this process may use."""
    known = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return tuple(known)[:count]


def last_line(text: str) -> str:
    """Return what a program said last: of a traceback, the error."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "nothing on stderr")


def run(command: Sequence[str], cores: Sequence[int], stdin: str = "") -> Usage:
    """Run a command on some cores, with nothing of our Python's settings.

    Raises:
        CatdogError: it did not end with 0; `got` is its last line on stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "note.json"
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(note), ",".join(map(str, cores))]
        process = subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(stdin, timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise _failed(command, f"no end within {_PATIENCE_S:.0f} s") from error
        finally:
            if process.poll() is None:  # too slow, or Ctrl-C: the command is the launcher's child, in its group
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        if process.returncode != 0:
            raise _failed(command, last_line(stderr))
        told = json.loads(note.read_text())
    if told["code"] < 0:
        raise _failed(command, f"{signal.Signals(-told['code']).name} after: {last_line(stderr)}")
    if told["code"] != 0:
        raise _failed(command, last_line(stderr))
    return Usage(told["wall_s"], told["peak_bytes"], stdout)


def _failed(command: Sequence[str], reason: str) -> CatdogError:
    return CatdogError(f"{Path(command[0]).name} to end with 0", got=reason, fix="Run it by hand to see all it says.")
