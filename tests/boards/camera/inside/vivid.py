"""The kernel's own test camera: loaded as wanted, and made to misbehave.

Source: Linux kernel documentation, "The Virtual Video Test Driver (vivid)".
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# How many times longer everything is waited for, on a machine that is busy; what a case demands stays as it is.
PATIENCE = float(os.environ.get("CATDOG_CAMERA_PATIENCE", "1"))
_DRIVER = Path("/sys/bus/platform/drivers/vivid")
CAPTURE, OUTPUT = 0x1, 0x100  # kinds of nodes
WEBCAM, TV, SVIDEO, HDMI = 0, 1, 2, 3  # inputs, in vivid's order; TV and S-Video are interlaced


def sh(command: str, *, within_s: float = 60.0) -> str:
    """Run a command of the shell; returns what it said, to whichever of the two."""
    # Both in one, in the order in which they came; without the folder that these cases are imported from.
    done = subprocess.run(
        ["bash", "-c", f"unset PYTHONPATH; {command}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE * within_s,
        check=False,
    )
    return done.stdout


def until(what: Callable[[], object], within_s: float) -> float:
    """Wait until something holds; returns the seconds that it took.

    Raises:
        AssertionError: it did not in time.
    """
    begun = time.monotonic()
    while not what():
        passed = time.monotonic() - begun
        assert passed < PATIENCE * within_s, f"not within {PATIENCE * within_s:g} s"
        time.sleep(0.02)
    return time.monotonic() - begun


def load(*, kinds: tuple[int, ...] = (CAPTURE,), numbers: tuple[int, ...] = ()) -> None:
    """Load the driver anew.

    Args:
        kinds: of nodes, one for each device; `CAPTURE` is a camera.
        numbers: N of each /dev/videoN; empty for the first that are free.
    """
    unload()
    words = [f"n_devs={len(kinds)}", "node_types=" + ",".join(hex(kind) for kind in kinds)]
    for name, kind in (("vid_cap_nr", CAPTURE), ("vid_out_nr", OUTPUT)):
        if numbers:
            words.append(f"{name}=" + ",".join(str(n if k == kind else -1) for n, k in zip(numbers, kinds, strict=True)))
    said = sh(f"modprobe vivid {' '.join(words)} && udevadm settle")
    expected = [Path(f"/dev/video{number}") for number in numbers or range(len(kinds))]
    assert all(path.exists() for path in expected), f"modprobe vivid: {said}"


def unload() -> None:
    """Take the driver away; what still has a device open has to be gone within some seconds."""
    if Path("/sys/module/vivid").exists():
        until(lambda: not sh("rmmod vivid"), 10.0)
        sh("udevadm settle")


def node() -> str:
    """Return the first node that there is: one that comes back while its old one is still open has the next number."""
    return str(min(Path("/dev").glob("video[0-9]*")))


def set_to(**controls: int) -> None:
    """Set controls of the camera.

    Args:
        controls: by their names, such as ``disconnect=1``.
    """
    said = sh(f"v4l2-ctl -d {node()} " + " ".join(f"-c {name}={value}" for name, value in controls.items()))
    assert not said.strip(), said


def choose_input(which: int, number: int = 0) -> None:
    """Choose an input of a device."""
    sh(f"v4l2-ctl -d{number} -i {which}")


def gone(device: int = 0) -> None:
    """Take a device out of the driver's hands, as unplugging does."""
    (_DRIVER / "unbind").write_text(f"vivid.{device}")


def back(device: int = 0) -> None:
    """Give it back."""
    (_DRIVER / "bind").write_text(f"vivid.{device}")
