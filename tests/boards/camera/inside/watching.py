"""`catdog-edge` as it runs: what it said and when, what it uses, how it ends."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from vivid import PATIENCE

EDGE = "/opt/catdog/bin/catdog-edge"
PYTHON = "/opt/catdog/bin/python"
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Heard(NamedTuple):
    """A line of `--json`.

    Attributes:
        at: when it came, seconds on the monotonic clock.
        said: what it holds.
    """

    at: float
    said: dict[str, Any]

    @property
    def is_label(self) -> bool:
        """Whether it is an answer, and no change of state and no frame with an error."""
        return self.said.get("label") is not None


class Done(NamedTuple):
    """A command that has ended.

    Attributes:
        code: its exit code.
        heard: its lines, where these are JSON; at is then 0.
        out: all of stdout.
        err: all of stderr.
        seconds: that it took.
    """

    code: int
    heard: list[Heard]
    out: str
    err: str
    seconds: float

    @property
    def labels(self) -> list[dict[str, Any]]:
        """The answers."""
        return [each.said for each in self.heard if each.is_label]


def edge(*arguments: str, user: str = "root", within_s: float = 90.0) -> Done:
    """Run `catdog-edge` to its end.

    Args:
        arguments: of the command line.
        user: who runs it.
        within_s: when it is interrupted, as by Ctrl-C, where it has not ended.
    """
    begun = time.monotonic()
    command = [EDGE, *arguments] if user == "root" else ["runuser", "-u", user, "--", EDGE, *arguments]
    done = subprocess.run(
        ["timeout", "-s", "INT", "-k", "15", str(PATIENCE * within_s), *command], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    heard = [Heard(0.0, json.loads(line)) for line in lines]
    return Done(done.returncode, heard, done.stdout, done.stderr, time.monotonic() - begun)


class Watch:
    """A `catdog-edge --json` that runs, from entering to leaving.

    Args:
        arguments: of the command line.
        environment: what is added to it.
    """

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.begun = time.monotonic()
        self.heard: list[Heard] = []
        self.err = ""
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [EDGE, *arguments, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
        )
        self._threads = [threading.Thread(target=read) for read in (self._read_out, self._read_err)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Watch":
        """Nothing more: it runs already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it, gently at first."""
        self.stop()

    @property
    def process_id(self) -> int:
        """Of the program itself."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_for(self, wanted: Callable[[Heard], bool], within_s: float, since: float = 0.0) -> Heard:
        """Wait for a line; returns the first that came after `since`, a time on the monotonic clock.

        Raises:
            AssertionError: none came in time.
        """
        deadline = time.monotonic() + PATIENCE * within_s
        with self._news:
            while True:
                found = next((each for each in self.heard if each.at >= since and wanted(each)), None)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or not self.is_running:
                    ended = "" if self.is_running else f"; it ended with {self._process.returncode}"
                    raise AssertionError(f"not heard within {within_s:g} s{ended}; {self.states()}; stderr: {self.err[-600:]}")
                self._news.wait(min(left, 0.5))

    def state(self, name: str, within_s: float, since: float = 0.0) -> Heard:
        """Wait for a change to a state."""
        return self.wait_for(lambda each: each.said.get("state") == name and "label" not in each.said, within_s, since)

    def label(self, within_s: float, since: float = 0.0) -> Heard:
        """Wait for an answer."""
        return self.wait_for(lambda each: each.is_label, within_s, since)

    def labels_between(self, start: float, end: float) -> list[Heard]:
        """Return the answers that came in a time."""
        return [each for each in list(self.heard) if each.is_label and start <= each.at <= end]

    def states(self) -> list[str]:
        """Return what was said of the camera, and when since the start."""
        changes = [each for each in list(self.heard) if "cause" in each.said]
        return [f"{each.at - self.begun:.1f} s {each.said['state']}: {each.said['cause']}" for each in changes]

    def family(self) -> list[int]:
        """Return the program's processes: itself and those that it has started."""
        found = [self._process.pid]
        for parent in found:
            try:
                children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            except OSError:
                continue
            found += [int(child) for child in children]
        return found

    def capture_process(self, within_s: float = 10.0) -> int:
        """Return the capture process; waits for it."""
        deadline = time.monotonic() + PATIENCE * within_s
        while time.monotonic() < deadline:
            for process in self.family()[1:]:
                if b"sources.live.worker" in command_line(process):
                    return process
            time.sleep(0.01)
        raise AssertionError("no capture process")

    def stop(self) -> tuple[int, float]:
        """Interrupt it; returns the exit code and the seconds that it took."""
        begun = time.monotonic()
        if self.is_running:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(12 * PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for thread in self._threads:
            thread.join(5)
        return self._process.returncode, time.monotonic() - begun

    def _read_out(self) -> None:
        for line in self._process.stdout or ():
            heard = Heard(time.monotonic(), json.loads(line))
            with self._news:
                self.heard.append(heard)
                self._news.notify_all()

    def _read_err(self) -> None:
        for line in self._process.stderr or ():
            self.err += line


def command_line(process: int) -> bytes:
    """Return a process's command; empty where it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def memory_mb(processes: list[int]) -> float:
    """Return the memory of processes in 10^6 bytes, each page once: what they share counts in parts (Pss of smaps_rollup)."""
    total = 0
    for process in processes:
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024 / 1e6


def resident_mb(process: int) -> float:
    """Return the resident memory of one process in 10^6 bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE / 1e6


def descriptors(processes: list[int]) -> int:
    """Return how many files, sockets and pipes processes have open."""
    total = 0
    for process in processes:
        try:
            total += len(list(Path(f"/proc/{process}/fd").iterdir()))
        except OSError:
            continue
    return total


def slope(values: list[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line through points."""
    mean_x = sum(x for x, _ in values) / len(values)
    mean_y = sum(y for _, y in values) / len(values)
    spread = sum((x - mean_x) ** 2 for x, _ in values)
    return sum((x - mean_x) * (y - mean_y) for x, y in values) / spread
