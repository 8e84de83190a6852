"""What `make test-camera` needs of the machine, and what is said where it is not there."""

import os
import platform
import shutil
from pathlib import Path

PROGRAMS = {  # and the Debian package of each
    "debootstrap": "debootstrap",
    "linux.uml": "user-mode-linux",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "gcc": "gcc",
    "make": "make",
    "xz": "xz-utils",
    "depmod": "kmod",
    "mkfs.ext4": "e2fsprogs",
}
SOURCES = Path("/usr/src")
SOURCE_PACKAGE = "linux-source-6.1"  # of the series of Debian's User Mode Linux
UML = Path("/usr/bin/linux.uml")
UML_MODULES = Path("/usr/lib/uml/modules")
UML_CONFIG = Path("/usr/share/doc/user-mode-linux/config.gz")


class AbsentError(Exception):
    """Something that the target needs is not on this machine: nothing is wrong with catdog, and nothing was proven."""


def kernel_source() -> Path | None:
    """Return the packed source of the kernel: that of the version that was tried, else the newest; None without one."""
    found = sorted(SOURCES.glob("linux-source-*.tar.xz"), key=lambda path: [int(part) for part in path.name[13:-7].split(".")])
    tried = [path for path in found if path.name == f"{SOURCE_PACKAGE}.tar.xz"]
    return next(iter(tried or reversed(found)), None)


def check_machine() -> None:
    """Make sure that everything is there.

    Raises:
        AbsentError: what is not, all of it, and how to get it.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        machine = f"{platform.system()} on {platform.machine()}"
        raise AbsentError(f"User Mode Linux runs on Linux on x86_64 alone; this is {machine}")
    missing = [f"{program} ({package})" for program, package in PROGRAMS.items() if shutil.which(program) is None]
    packages = {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
    if kernel_source() is None:
        missing.append(f"{SOURCES}/linux-source-*.tar.xz ({SOURCE_PACKAGE})")
        packages.add(SOURCE_PACKAGE)
    said = []
    if missing:
        said.append(f"not there: {', '.join(missing)}; apt-get install {' '.join(sorted(packages))}")
    if os.geteuid() != 0:
        said.append("not root, which debootstrap and chroot need: sudo make test-camera")
    if said:
        raise AbsentError("; ".join(said))
