"""The test kernel: User Mode Linux with `vivid` and `uvcvideo`, an ordinary program that needs no virtual machine.

Commands in it run at the processor's own speed, on one core; system calls are some ten times slower.
Source: Linux kernel documentation, "User Mode Linux HOWTO" and "The Virtual Video Test Driver (vivid)".
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from absent import AbsentError, kernel_source
from say import say

CONFIG = Path(__file__).with_name("kernel.config")


@dataclass(frozen=True)
class Kernel:
    """A kernel that was built.

    Attributes:
        program: runs it.
        modules: the folder that has its ``lib/modules``.
        version: such as ``"6.1.158"``.
    """

    program: Path
    modules: Path
    version: str


def build(cache: Path) -> Kernel:
    """Build the kernel, where source or configuration have changed.

    Args:
        cache: where to; needs 4 GB.

    Raises:
        AbsentError: there is no source.
    """
    source = kernel_source()
    if source is None:
        raise AbsentError("no source of the kernel")
    home = cache / "kernel"
    program, modules, stamp = home / "linux", home / "modules", home / "built-from"
    stat = source.stat()
    wanted = hashlib.sha256(CONFIG.read_bytes() + f"{source.name} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        tree = home / source.name.removesuffix(".tar.xz")
        _make(source, tree, home / "build.log")
        shutil.rmtree(modules, ignore_errors=True)
        _run(["make", "-s", "-C", str(tree), "ARCH=um", f"INSTALL_MOD_PATH={modules}", "modules_install"], home / "build.log")
        for link in modules.glob("lib/modules/*/[bs]*"):  # build, source: of no use elsewhere
            if link.is_symlink():
                link.unlink()
        shutil.copy2(tree / "linux", program)
        stamp.write_text(wanted)
    (folder,) = (modules / "lib/modules").iterdir()
    return Kernel(program, modules, folder.name)


def _make(source: Path, tree: Path, log: Path) -> None:
    if not (tree / "Makefile").is_file():
        tree.parent.mkdir(parents=True, exist_ok=True)
        say(f"unpacking {source}")
        _run(["tar", "xf", str(source), "-C", str(tree.parent)], log)
    say("building the kernel; six minutes on two idle cores")
    shutil.copy(CONFIG, tree / ".config")
    make = ["make", "-s", "-C", str(tree), "ARCH=um", f"-j{os.cpu_count() or 1}"]
    _run([*make, "olddefconfig"], log)
    _run([*make, "linux", "modules"], log)


def _run(command: list[str], log: Path) -> None:
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}; see {log}")
