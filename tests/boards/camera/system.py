"""The test system: Debian with systemd, udev, mosquitto and v4l-utils, on a disk that is not written to.

catdog itself is not on it: each run installs it anew, as docs/pi.md says, from source and packages in the shared folder.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from say import say

ROOT = Path(__file__).resolve().parents[3]  # of the clone
SUITE = "bookworm"  # the older one that docs/pi.md names; its Python is 3.11
PYTHON = "3.11"
PACKAGES = (
    "systemd,systemd-sysv,udev,dbus,python3,python3-venv,v4l-utils,procps,curl,kmod,psmisc,util-linux,sudo,usbutils,iproute2,"
    "mosquitto,mosquitto-clients"
)
# What the source is built with, and the cases are run with; the rest is catdog's own.
MORE_WHEELS = ("setuptools>=77", "pytest>=8.3")
CASES = "/opt/cases"  # in the guest
SIZE = "4G"  # of the disk; a sparse file
RUNNER = Path(__file__).with_name("runner.sh")
UNIT = """\
[Unit]
Description=Runs what the host puts into the shared folder
ConditionKernelCommandLine=SHARE
[Service]
ExecStart=/usr/local/sbin/runner
KillMode=process
[Install]
WantedBy=multi-user.target
"""


def wheels(cache: Path) -> Path:
    """Return a folder with every package that catdog and the cases need, for the guest's Python.

    Args:
        cache: where it is kept.
    """
    folder, stamp = cache / "wheels", cache / "wheels/complete"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        say("fetching packages")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--python-version={PYTHON}"]
        run([*fetch, f"--dest={folder}", f"--constraint={ROOT / 'constraints.txt'}", f"{ROOT}[web,mqtt]", *MORE_WHEELS])
        stamp.write_text(wanted)
    return folder


def disk(cache: Path, packages: Path) -> Path:
    """Make the disk, where it is not there yet; the kernel's modules are copied to it by each run.

    Args:
        cache: where it is kept; needs 2 GB.
        packages: the folder of `wheels`.
    """
    root, image, stamp = cache / "root", cache / "disk.img", cache / "disk.made-of"
    wanted = hashlib.sha256("\n".join((SUITE, PACKAGES, UNIT, RUNNER.read_text())).encode()).hexdigest()
    if image.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return image
    if not (root / ".complete").is_file() or (root / ".complete").read_text() != PACKAGES:
        say("installing Debian in a folder")
        shutil.rmtree(root, ignore_errors=True)
        run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root), *_mirror()])
        (root / ".complete").write_text(PACKAGES)
    _prepare(root)
    _install_pytest(root, packages)
    say("making the disk")
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(int(SIZE.removesuffix("G")) << 30)
    run(["mkfs.ext4", "-q", "-F", "-d", str(root), str(image)])
    stamp.write_text(wanted)
    return image


def copy_source(to: Path) -> None:
    """Copy what the clone has, committed or not, but nothing that Git ignores.

    Args:
        to: a folder that is made anew.
    """
    shutil.rmtree(to, ignore_errors=True)
    asked = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "-C",
        str(ROOT),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(asked, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = ROOT / name
        if source.is_file() and not name.startswith("tests/"):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)


def lay_out_release(source: Path, to: Path) -> None:
    """Put what a release has for a Pi into a folder: the wheel, and beside it the installer and the versions.

    Args:
        source: of `copy_source`; the wheel is built in it.
        to: a folder that is made anew.
    """
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run([*build, f"--wheel-dir={to}", str(source)])
    for made in (source / "build", *source.glob("*.egg-info")):
        shutil.rmtree(made, ignore_errors=True)
    for name in ("benchmarks/project/distribution/install.sh", "constraints.txt"):
        shutil.copy2(source / name, to)


def run(command: list[str]) -> None:
    """Run a command whose output is of interest only where it fails.

    Raises:
        RuntimeError: it did, and what it said last.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")


def _mirror() -> list[str]:
    """Return where this machine itself gets Debian from; nothing where it does not say."""
    named = os.environ.get("CATDOG_CAMERA_MIRROR")
    if named:
        return [named]
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    for line in subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines():
        where, _, suite = line.partition(" ")
        if suite == SUITE and where.startswith("http"):
            return [where]
    return []


def _prepare(root: Path) -> None:
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    for name, text in {
        "etc/hostname": "catdogvm\n",
        "etc/hosts": "127.0.0.1 localhost catdogvm\n",
        "etc/fstab": "/dev/ubda / ext4 rw,noatime 0 1\n",
        "etc/systemd/system/runner.service": UNIT,
        "usr/local/sbin/runner": RUNNER.read_text(),
    }.items():
        (root / name).write_text(text)
    (root / "usr/local/sbin/runner").chmod(0o755)
    (root / "var/log/journal").mkdir(exist_ok=True)
    for user in ("pi", "visitor"):  # the former may use cameras, the latter not
        if f"\n{user}:" not in (root / "etc/passwd").read_text():
            run(["chroot", str(root), "useradd", "-m", "-s", "/bin/bash", user])
    run(["chroot", str(root), "usermod", "-aG", "video", "pi"])
    run(["chroot", str(root), "systemctl", "enable", "runner"])
    run(["chroot", str(root), "systemctl", "disable", "mosquitto"])  # the case that needs it starts it


def _install_pytest(root: Path, packages: Path) -> None:
    """Make the environment that the cases are run in; catdog's own stays as its users have it."""
    if (root / CASES.lstrip("/") / "bin/pytest").exists():
        return
    folder = root / "wheels"
    shutil.copytree(packages, folder, dirs_exist_ok=True)
    run(["chroot", str(root), "/usr/bin/python3", "-m", "venv", CASES])
    pip = [
        f"{CASES}/bin/python",
        "-m",
        "pip",
        "--isolated",
        "install",
        "--quiet",
        "--no-index",
        "--find-links=/wheels",
        "pytest",
    ]
    run(["chroot", str(root), *pip])
    shutil.rmtree(folder)
