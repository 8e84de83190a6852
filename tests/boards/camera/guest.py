"""The guest: started, given commands through a folder that it shares with the host, started again, ended."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from kernel import Kernel
from say import say

_BOOT_S = 240.0  # 14 on an idle machine
_END_S = 30.0
_LOOK_S = 0.1
MEMORY_MB = 2048  # a file that grows as the guest uses it


class Said(NamedTuple):
    """What a command in the guest gave.

    Attributes:
        code: its exit code; None where it did not end in time.
        output: its stdout and stderr.
    """

    code: int | None
    output: str


class Guest:
    """A guest that runs, from entering to leaving.

    Args:
        kernel: what to run.
        disk: what it starts from; not written to.
        home: a folder for all that it writes; `share` in it is /mnt/share inside.
        keep: go on with what an earlier one has written.
    """

    def __init__(self, kernel: Kernel, disk: Path, home: Path, *, keep: bool = False) -> None:
        self._kernel, self._disk, self._home = kernel, disk, home
        self.share = home / "share"
        self._jobs = self.share / "jobs"
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        if not keep:
            (home / "changes.cow").unlink(missing_ok=True)

    def __enter__(self) -> "Guest":
        """Start it, and wait until it takes commands."""
        shutil.rmtree(self._jobs, ignore_errors=True)
        self._jobs.mkdir(parents=True)
        scratch = self._home / "tmp"
        scratch.mkdir(exist_ok=True)
        command = [
            str(self._kernel.program),
            f"mem={MEMORY_MB}M",
            f"ubd0={self._home / 'changes.cow'},{self._disk}",
            *("root=/dev/ubda", "rw", "con=null", "con0=null,fd:1", "ssl=null", "umid=catdog"),
            f"uml_dir={scratch}/",
            f"SHARE={self.share}",
        ]
        console = (self._home / "console.log").open("wb")
        with console:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env=os.environ | {"TMPDIR": str(scratch)},
            )
        try:
            self._wait_until_up("")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._end()

    def run(self, command: str, within_s: float) -> Said:
        """Run a command of the shell as root.

        Args:
            command: it.
            within_s: how long to wait for its end.
        """
        name = self._jobs / f"{next(self._numbers)}-{time.monotonic_ns()}"
        part = name.with_suffix(".part")
        part.write_text(f"{command}\n")
        part.rename(name.with_suffix(".sh"))
        code, deadline = name.with_suffix(".rc"), time.monotonic() + within_s
        while not code.exists() and time.monotonic() < deadline and self._is_running():
            time.sleep(_LOOK_S)
        output = name.with_suffix(".out")
        said = output.read_text(errors="replace") if output.exists() else ""
        return Said(int(code.read_text()) if code.exists() else None, said)

    def reboot(self) -> float:
        """Have it start again by its own command; returns the seconds until it takes commands."""
        before = (self._jobs / "up").read_text()
        begun = time.monotonic()
        self.run("systemctl reboot", 1.0)
        self._wait_until_up(before)
        return time.monotonic() - begun

    def _wait_until_up(self, before: str) -> None:
        up, deadline = self._jobs / "up", time.monotonic() + _BOOT_S
        while not up.exists() or up.read_text() in ("", before):
            if time.monotonic() > deadline or not self._is_running():
                raise RuntimeError(f"the guest did not start; see {self._home / 'console.log'}")
            time.sleep(_LOOK_S)

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end(self) -> None:
        if self._process is None:
            return
        if (self._jobs / "up").exists() and self._is_running():
            self.run("systemctl poweroff", 1.0)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
        with contextlib.suppress(ProcessLookupError):  # all of its session: each process of the guest is one of the host
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        say("the guest has ended")
