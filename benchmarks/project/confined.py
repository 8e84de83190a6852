"""A program that may have so much memory and so many cores, as on a small board, and what it took of them.

The memory is limited by a control group of its own, version 2 or 1 (the kernel's documentation, admin-guide/cgroup-v2 and
cgroup-v1/memory), which takes root. It counts what the program's processes hold together, shared frames included, and what the
kernel keeps of files that they read, which it gives back before it ends anybody. Swap is not limited; use a machine without.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from catdog.edge.common.machine import read_number
from catdog.edge.errors import CatdogError, UsageError

# Each tree with the names of its limit and of the most that was used: version 2, version 1.
_TREES = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.peak"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
)
_KILLED = 137, -9  # what a program ends with that the kernel ended


class Took(NamedTuple):
    """What a program took.

    Attributes:
        first_s: seconds from its start to its first line on stdout; None if there was none.
        peak_mb: the most memory at a time, in 10^6 bytes.
        killed: whether the kernel ended it for want of memory.
        lines: that it printed on stdout.
    """

    first_s: float | None
    peak_mb: float
    killed: bool
    lines: list[str]


def run_confined(command: Sequence[str], memory_bytes: int, cores: int) -> Took:
    """Run a program.

    Args:
        command: with its arguments.
        memory_bytes: what it and its children may have.
        cores: how many cores of this process it may use.

    Raises:
        UsageError: this machine lets nobody make such a group, or it is no root who asks.
        CatdogError: the program fails, other than for want of memory.
    """
    mine = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:cores])
    with _group(memory_bytes) as (group, peak):
        entering = ["sh", "-c", 'echo $$ > "$0" && exec taskset --cpu-list "$@"', str(group / "cgroup.procs"), mine]
        begun, first = time.perf_counter(), None
        lines: list[str] = []
        with subprocess.Popen([*entering, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
            if program.stdout is None or program.stderr is None:
                raise ValueError("Expected pipes. Received: none")
            for line in program.stdout:
                first = first or time.perf_counter() - begun
                lines.append(line.decode())
            said = program.stderr.read().decode(errors="replace")
        killed = program.returncode in _KILLED
        if program.returncode != 0 and not killed:
            raise CatdogError(f"{' '.join(command)} to end with 0", got=said.strip(), fix="See what it says.")
        return Took(first, (read_number(peak) or 0.0) / 1e6, killed, lines)


@contextlib.contextmanager
def _group(memory_bytes: int) -> Iterator[tuple[Path, Path]]:
    """Make a control group with a limit; gives its folder, and the file that says the most that was used."""
    tried = []
    for tree, limit, peak in _TREES:
        group = tree / f"catdog-{os.getpid()}-{time.monotonic_ns()}"
        try:
            group.mkdir()
        except OSError as error:
            tried.append(f"{tree}: {error.strerror}")
            continue
        try:
            if (group / limit).exists():
                (group / limit).write_text(str(memory_bytes))
                yield group, group / peak
                return
            tried.append(f"{tree}: no {limit}")
        finally:
            _remove(group)
    raise UsageError(
        "to make a control group with a limit of memory", got="; ".join(tried), fix="Run it as root, outside a container."
    )


def _remove(group: Path) -> None:
    for _ in range(100):  # processes that were ended leave it a moment later
        try:
            group.rmdir()
            return
        except OSError:
            time.sleep(0.02)
