"""The test kernel: User Mode Linux with cameras, an ordinary program that needs no virtual machine.

Commands in it run at the processor's own speed, on one core; system calls are some ten times slower. There are two:

- Debian's, from the package user-mode-linux, for which `vivid` alone is built, with what it stands on: about 50 files of C;
- one that is built as a whole, with `uvcvideo` and USB over IP as well, for which Debian's was not configured; it is
  taken, too, where Debian's does not start: on a processor with AMX.

Source: Linux kernel documentation: "User Mode Linux HOWTO", "The Virtual Video Test Driver (vivid)", "Building External
Modules".
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from absent import UML, UML_CONFIG, UML_MODULES, AbsentError, kernel_source
from say import say

HERE = Path(__file__).parent
CONFIG, MODULES = HERE / "kernel.config", HERE / "modules"
# What vivid is made of, and stands on.
FOLDERS = (
    "drivers/media/v4l2-core",
    "drivers/media/common/videobuf2",
    "drivers/media/common/v4l2-tpg",
    "drivers/media/test-drivers/vivid",
    "lib/fonts",
    "lib/math",
)
# A process's vector registers are kept in a place of fixed size, in which AMX's tiles find no room: 11,008 bytes with them, by
# Intel's manual, volume 1, chapter 13. On a processor that has them the kernel must be one with a larger place.
REGISTERS, BYTES, BYTES_WITH_TILES = Path("arch/x86/um/user-offsets.c"), "HOST_FP_SIZE, 2696", "HOST_FP_SIZE, 11008"


@dataclass(frozen=True)
class Kernel:
    """A kernel that can be started.

    Attributes:
        program: runs it.
        modules: the folder that has its ``lib/modules``.
        version: such as ``"6.1.176"``.
        has_usb: whether a USB webcam can be had in it.
    """

    program: Path
    modules: Path
    version: str
    has_usb: bool


def make_kernel(cache: Path, *, whole: bool) -> Kernel:
    """Make the kernel, where it is not there yet or what it is made of has changed.

    Args:
        cache: where to; needs 2 GB, or 4 for the whole.
        whole: build all of it, with USB; else the modules for Debian's.

    Raises:
        AbsentError: there is no source.
        RuntimeError: it could not be built.
    """
    source = kernel_source()
    if source is None:
        raise AbsentError("no source of the kernel")
    home = cache / ("kernel-whole" if whole else "kernel")
    home.mkdir(parents=True, exist_ok=True)
    modules, stamp = home / "modules", home / "built-from"
    parts = [path.read_bytes() for path in ([CONFIG] if whole else sorted(MODULES.iterdir()))]
    parts += [BYTES_WITH_TILES.encode()] if whole else []
    parts += [
        f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}".encode() for path in (source, *(() if whole else (UML,)))
    ]
    wanted = hashlib.sha256(b"\n".join(parts)).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        tree = _unpacked(source, home)
        shutil.rmtree(modules, ignore_errors=True)
        (_build_whole if whole else _build_modules)(tree, home, modules)
        stamp.write_text(wanted)
    (folder,) = (modules / "lib/modules").iterdir()
    return Kernel(home / "linux" if whole else UML, modules, folder.name, whole)


def debian_starts_here() -> bool:
    """Whether Debian's kernel can be started on this processor."""
    return "amx_tile" not in Path("/proc/cpuinfo").read_text()


def _unpacked(source: Path, home: Path) -> Path:
    tree = home / source.name.removesuffix(".tar.xz")
    if not (home / "unpacked").is_file():
        say(f"unpacking {source}")
        _run(["tar", "xf", str(source), "-C", str(home)], home)
        (home / "unpacked").touch()
    return tree


def _build_modules(tree: Path, home: Path, modules: Path) -> None:
    (theirs,) = UML_MODULES.iterdir()
    version = theirs.name
    say(f"building vivid for Debian's User Mode Linux {version}; a minute on two idle cores")
    (tree / ".config").write_bytes(subprocess.run(["zcat", str(UML_CONFIG)], capture_output=True, check=True).stdout)
    # The sources may be of a later repair of the same series: the modules say that they are for the kernel that there is.
    make = ["make", "-s", "-C", str(tree), "ARCH=um", f"-j{os.cpu_count() or 1}", "LOCALVERSION=", f"KERNELRELEASE={version}"]
    _run([*make, "olddefconfig"], home)
    _run([*make, "modules_prepare"], home)
    work = home / "vivid"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(MODULES, work)
    for folder in FOLDERS:
        for path in (tree / folder).glob("*.[ch]"):
            shutil.copy2(path, work)
    # Debian tells not what its kernel offers to modules: a name that it has not is found when the module is loaded.
    _run([*make, f"M={work}", "KBUILD_MODPOST_WARN=1", "modules"], home)
    extra = modules / "lib/modules" / version / "extra"
    extra.mkdir(parents=True)
    for path in work.glob("*.ko"):
        shutil.copy2(path, extra)
    for path in theirs.glob("modules.[bo]*"):  # what is built in, and in which order: depmod reads them. No case needs the rest
        shutil.copy2(path, extra.parent)
    _run(["depmod", "-b", str(modules), version], home)


def _build_whole(tree: Path, home: Path, modules: Path) -> None:
    say("building a whole kernel; five minutes on two idle cores")
    registers = tree / REGISTERS
    text = registers.read_text()
    if BYTES not in text and BYTES_WITH_TILES not in text:
        raise RuntimeError(f"{registers} does not say {BYTES!r}: this source is of another version than the one that was tried")
    registers.write_text(text.replace(BYTES, BYTES_WITH_TILES))
    shutil.copy(CONFIG, tree / ".config")
    make = ["make", "-s", "-C", str(tree), "ARCH=um", f"-j{os.cpu_count() or 1}"]
    _run([*make, "olddefconfig"], home)
    _run([*make, "linux", "modules"], home)
    _run([*make, f"INSTALL_MOD_PATH={modules}", "modules_install"], home)
    for link in modules.glob("lib/modules/*/[bs]*"):  # build, source: of no use elsewhere
        if link.is_symlink():
            link.unlink()
    shutil.copy2(tree / "linux", home / "linux")


def _run(command: list[str], home: Path) -> None:
    log = home / "build.log"
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        errors = re.findall(r".*error.*", log.read_text(errors="replace"), re.I)[-3:]
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}; see {log}: {'; '.join(errors)}")
