"""A Debian for arm64 in a folder, whose programs this machine's kernel hands to qemu-user: built once, kept, and run in."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catdog.edge.errors import CatdogError

from .processors import PRESENT, Processor

_INCLUDED = "python3,python3-venv,python3-pip,ca-certificates"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
# What pip of this machine's user is told of registries holds in the root as well; the authorities it trusts are copied.
_PASSED_ON = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "http_proxy", "https_proxy", "no_proxy")
_DEVICES = {"null": (1, 3), "zero": (1, 5), "random": (1, 8), "urandom": (1, 9)}  # major and minor numbers
_TAIL = 15  # lines of a program that failed


class StepError(CatdogError):
    """A program of a step failed."""


@dataclass(frozen=True)
class Root:
    """A root that is built."""

    folder: Path
    suite: str

    def become(self, processor: Processor) -> None:
        """Let programs that look find this processor."""
        (self.folder / "proc/cpuinfo").write_text(processor.cpuinfo)

    def command(self, processor: Processor, *words: str, **environment: str) -> list[str]:
        """Return what runs a program in the root, with a clean environment.

        Args:
            processor: which qemu is to be.
            words: the program and its arguments, paths as seen in the root.
            environment: added to the usual.
        """
        usual = {
            "PATH": "/opt/catdog/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PIP_CERT": f"/{_CERTIFICATES}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "QEMU_CPU": processor.name,
        }
        usual |= {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | environment
        pairs = [f"{name}={value}" for name, value in usual.items()]
        return ["chroot", str(self.folder), "/usr/bin/env", "-i", *pairs, *words]

    def run(self, processor: Processor, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program as `command` says, whatever it ends with."""
        command = self.command(processor, *words, **environment)
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)

    def path(self, inside: str) -> Path:
        """Return where a path of the root lies on this machine."""
        return self.folder / inside.lstrip("/")

    @property
    def site_packages(self) -> str:
        """The folder of the installed packages, as seen in the root."""
        (found,) = self.path("/opt/catdog/lib").glob("python3*/site-packages")
        return f"/{found.relative_to(self.folder)}"


def say(line: str) -> None:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"test-arm64: {line}\n")
    sys.stderr.flush()


def missing() -> list[str]:
    """Return what this machine has not, and how to get it; empty where a root can be built and used."""
    lacks = []
    is_root = sys.platform == "linux" and os.geteuid() == 0
    if not is_root:
        lacks.append("root, which debootstrap and chroot need: sudo make test-arm64")
    if shutil.which("debootstrap") is None:
        lacks.append("debootstrap: apt install debootstrap")
    if shutil.which("dpkg-deb") is None:
        lacks.append("dpkg-deb, which unpacks Debian's packages: apt install dpkg")
    if is_root and not _emulates():
        lacks.append("qemu-user for programs of arm64: apt install qemu-user-static binfmt-support")
    return lacks


def _emulates() -> bool:
    """Whether the kernel hands programs of arm64 to qemu, in a chroot, too; set up here where it is installed only."""
    if not (_BINFMT / "register").exists() and shutil.which("mount"):
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], capture_output=True, check=False)
    entry = _BINFMT / "qemu-aarch64"
    if not entry.exists() and shutil.which("update-binfmts"):
        subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], capture_output=True, check=False)
    said = entry.read_text() if entry.exists() else ""
    return said.startswith("enabled") and any(line.startswith("flags:") and "F" in line for line in said.splitlines())


def open_root(cache: Path, suite: str, mirror: str) -> Root:
    """Return the root of a Debian, built if it is not kept yet: some minutes.

    Args:
        cache: folder of roots.
        suite: Debian's name for it.
        mirror: address of a mirror; empty for debootstrap's own.

    Raises:
        StepError: it cannot be built.
    """
    folder = cache / suite
    if not folder.is_dir():
        unfinished = cache / f"{suite}.unfinished"
        require_unmounted(unfinished)
        shutil.rmtree(unfinished, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        say(f"building {suite} for arm64 in {folder}: some minutes")
        where = [mirror] if mirror else []
        include = f"--include={_INCLUDED}"
        checked(["debootstrap", "--arch=arm64", "--foreign", "--variant=minbase", include, suite, str(unfinished), *where])
        _unpack(unfinished)
        unfinished.rename(folder)
    root = Root(folder, suite)
    _furnish(root)
    return root


def _unpack(folder: Path) -> None:
    """Unpack what debootstrap has fetched, and set up the little that Python needs of a system.

    debootstrap's second stage would configure each package by emulated scripts: 6 minutes on an idle machine, for users,
    services and a database of packages that nothing here looks at.
    """
    for package in sorted((folder / "var/cache/apt/archives").glob("*.deb")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as archive:
            # /bin and /lib are links into /usr, and stay that.
            unpacking = ["tar", "-x", "--keep-directory-symlink", "-C", str(folder)]
            finished = subprocess.run(unpacking, stdin=archive.stdout, capture_output=True, text=True, check=False)
        require_ended(f"unpacking {package.name}", finished)
        package.unlink()
    for name in ("passwd", "group"):
        shutil.copy(folder / f"usr/share/base-passwd/{name}.master", folder / "etc" / name)
    devices = folder / "dev"
    for name, (major, minor) in _DEVICES.items():
        if not (devices / name).exists():
            os.mknod(devices / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
        (devices / name).chmod(0o666)
    (devices / "shm").mkdir(exist_ok=True)
    (devices / "shm").chmod(0o1777)


def _furnish(root: Root) -> None:
    """Lay out what a board's kernel would say, and how to reach the network."""
    processors = root.path("/sys/devices/system/cpu")
    processors.mkdir(parents=True, exist_ok=True)
    if root.path("/proc").is_symlink():  # debootstrap has lent it this machine's
        root.path("/proc").unlink()
    root.path("/proc").mkdir(exist_ok=True)
    for name in ("possible", "present"):
        (processors / name).write_text(PRESENT)
    for name in ("etc/resolv.conf", "etc/hosts", _CERTIFICATES):
        if Path("/", name).is_file():
            root.path(name).unlink(missing_ok=True)
            shutil.copy(Path("/", name), root.path(name))


def require_unmounted(folder: Path) -> None:
    """Refuse a folder in which something is mounted: what is deleted there would be deleted elsewhere.

    Raises:
        StepError: something is.
    """
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if f"{folder}/" in line]
    if mounted:
        raise StepError("nothing mounted in a root", got=", ".join(mounted), fix=f"Run: umount {' '.join(mounted)}")


def checked(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program; return what it printed.

    Raises:
        StepError: it did not end with 0; with the end of what it said.
    """
    finished = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, check=False)
    require_ended(command[0], finished)
    return finished


def require_ended(name: str, finished: "subprocess.CompletedProcess[str]") -> None:
    """Refuse a program that did not end with 0.

    Raises:
        StepError: with the end of what it said.
    """
    if finished.returncode != 0:
        last = (finished.stdout + finished.stderr).strip().splitlines()[-_TAIL:]
        raise StepError(f"{name} to end with 0", got=f"{finished.returncode}: {' | '.join(last)}", fix="See what it says.")
