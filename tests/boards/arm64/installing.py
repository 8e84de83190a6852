"""The wheel into the root, by the lines of docs/pi.md, and how much it takes."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .findings import TOLD, Finding, judged
from .options import MOST_INSTALLED_MB
from .processors import Processor
from .root import Root, StepError, checked, require_ended, say

CLONE = Path(__file__).parents[3]
VENV = "/opt/catdog"  # as docs/pi.md has it
_US = re.compile(r"(?:\.|catdog-edge|\S+\.whl)(\[[\w,]*\])?")
_LARGEST = 6  # packages that are named


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this clone's files that git knows, as they are now.

    Args:
        folder: for the wheel.
    """
    tracked = checked(["git", "-C", str(CLONE), "ls-files", "-co", "--exclude-standard"]).stdout.splitlines()
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "catdog"
        for name in tracked:
            if (CLONE / name).is_file():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CLONE / name, source / name)
        checked([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
                 "--wheel-dir", str(folder), str(source)])  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def documented(wheel: str) -> Iterator[list[str]]:
    """Give the commands of docs/pi.md that make the environment and install into it, with the wheel for the clone.

    Args:
        wheel: its path in the root.

    Raises:
        StepError: they are not there.
    """
    found = 0
    for line in (CLONE / "docs/pi.md").read_text(encoding="utf-8").splitlines():
        words = (
            shlex.split(line, comments=True) if line.startswith("sudo ") and ("venv" in line or "pip install" in line) else []
        )
        if len(words) < 3 or words[1] == "apt":  # the root has what apt brings, but for CSI cameras
            continue
        found += 1
        yield [f"{wheel}{match[1] or ''}" if (match := _US.fullmatch(word)) else word for word in words[1:]]
    if found != 2:
        raise StepError("two lines of docs/pi.md, venv and pip install", got=f"{found}", fix="Look at installing.py.")


def install(root: Root, processor: Processor, wheel: Path) -> list[Finding]:
    """Install anew, as docs/pi.md says; return what was found of time and size."""
    shutil.rmtree(root.path(VENV), ignore_errors=True)
    there = root.path("/root") / wheel.name
    shutil.copy(wheel, there)
    start, said = time.monotonic(), []
    for words in documented(f"/root/{wheel.name}"):
        say(f"{root.suite}: {' '.join(words)}")
        require_ended(words[0], root.run(processor, *words))
        said.append(" ".join(words).replace("/root/", ""))
    took = time.monotonic() - start
    where = f"{root.suite}, any"
    total, packages = _size(root.path(VENV)), root.path(root.site_packages)
    sizes = sorted(((_size(path), path.name) for path in packages.iterdir()), reverse=True)
    largest = ", ".join(f"{name} {size:.0f}" for size, name in sizes[:_LARGEST])
    listed = root.run(processor, f"{VENV}/bin/pip", "list", "--format=freeze")
    require_ended("pip list", listed)
    require_ended("pip check", root.run(processor, f"{VENV}/bin/pip", "check"))
    data = {"MB": total, "largest": [[name, size] for size, name in sizes[:_LARGEST]], "packages": listed.stdout.split()}
    return [
        Finding("install", where, "the lines of docs/pi.md", f"both end with 0, in {took:.0f} s; pip check: none broken",
                "", TOLD, {"commands": said, "s": took}),
        Finding("install", where, "installed", f"{total:.0f} MB ({largest})", f"{MOST_INSTALLED_MB:.0f} MB",
                judged(total <= MOST_INSTALLED_MB), data),
    ]  # fmt: skip


def _size(path: Path) -> float:
    """Return what a file or folder takes on the disk, in 10^6 bytes."""
    finished = subprocess.run(["du", "-s", "--block-size=1", str(path)], capture_output=True, text=True, check=True)
    return int(finished.stdout.split()[0]) / 1e6
