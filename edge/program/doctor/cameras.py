"""The cameras: which there are, in which formats they give pictures, and whether they give any."""

import json
import os
import subprocess
from pathlib import Path

from ...common.machine import read_board
from ...errors import SourceError
from ...sources.demo import DemoSource
from ...sources.devices import DEVICES, Locator, check_camera, video_devices
from ...sources.probe import probe_camera
from ...sources.v4l2 import BusyError, read_capability
from .findings import Finding, Value, Verdict, from_error

_NO_CAMERA = (
    "Plug in a USB camera. For a CSI one: sudo apt install python3-picamera2, --camera picamera2. For none: --camera demo."
)
# apt's picamera2 is for the system's Python alone. Source: the Picamera2 Library manual, `global_camera_info`; not tried.
_SYSTEM_PYTHON = "/usr/bin/python3"
_ASK_PICAMERA2 = "import json, picamera2; print(json.dumps([c['Model'] for c in picamera2.Picamera2.global_camera_info()]))"
_SHOWN_FORMATS = 4
_PATIENCE_S = 20.0  # libcamera takes its time on a small board
_ON_BOARD = "platform:"  # how the bus of a board's own devices begins


def check_cameras(asked: str | None, devices: Path = DEVICES) -> list[Finding]:
    """Look at one camera, or at all there are.

    Args:
        asked: as `--camera` has it; None for all.
        devices: where the system has those that are looked for.

    Raises:
        UsageError: it names no camera.
    """
    if asked == "demo":
        return [_demo()]
    if asked == "picamera2":
        return [csi(needed=True)]
    if asked is not None:
        return [_asked(check_camera(asked), devices)]
    is_raspberry_pi = (read_board() or "").startswith("Raspberry Pi")
    numbers = video_devices(devices)
    # The board's own devices are its codecs and the parts of its CSI cameras, twenty and more; OpenCV can open none of them.
    looked = [_video_device(number, devices, own=not is_raspberry_pi) for number in numbers]
    found = _together([finding for finding in looked if finding is not None])
    if is_raspberry_pi:
        found.append(csi(needed=False))
    if any(finding.verdict is not Verdict.UNKNOWN for finding in found):
        return found
    there = "no device that takes pictures" if numbers else "no video devices"
    return [Finding("camera", Verdict.WARNING, f"none: {devices} has {there}", _NO_CAMERA, {"cameras": 0}), *found]


def csi(*, needed: bool, python: str = _SYSTEM_PYTHON) -> Finding:
    """Ask the system's Python for CSI cameras.

    Args:
        needed: having none is a problem.
        python: which to ask.
    """
    bad = Verdict.PROBLEM if needed else Verdict.UNKNOWN
    # None of our paths: it has another numpy than ours.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    asking = [python, "-c", _ASK_PICAMERA2]
    try:
        said = subprocess.run(asking, capture_output=True, text=True, timeout=_PATIENCE_S, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("picamera2", bad, f"{python} does not answer ({type(error).__name__})", _NO_CAMERA)
    try:
        models = [str(model) for model in json.loads(said.stdout.strip().rpartition("\n")[2])]
    except ValueError:
        last = said.stderr.strip().rpartition("\n")[2] or "no answer"
        return Finding("picamera2", bad, f"{python}: {last[:120]}", "sudo apt install python3-picamera2")
    if not models:
        fix = "Check the ribbon cable, both ends; then: rpicam-hello --list-cameras"
        return Finding("picamera2", bad, "libcamera finds no CSI camera", fix)
    return Finding("picamera2", Verdict.OK, f"CSI: {', '.join(models)}; use --camera picamera2", values={"models": models})


def _asked(camera: str, devices: Path) -> Finding:
    name = f"camera {Path(camera).name}"
    try:
        number = Locator(camera, devices).locate()
    except SourceError as error:
        return from_error(name, error)
    fix = "Name another with --camera N; catdog-edge --list-cameras tells which there are."
    return _video_device(number, devices, own=True) or Finding(name, Verdict.PROBLEM, "a device that takes no pictures", fix)


def _video_device(number: int, devices: Path, *, own: bool) -> Finding | None:
    """Look at one; None for one that is no camera, such as a codec, or is the board's own where these are not wanted."""
    name = f"camera {number}"
    try:
        capability = read_capability(devices / f"video{number}")
    except SourceError as error:
        return from_error(name, error)
    if not capability.formats or (capability.bus.startswith(_ON_BOARD) and not own):
        return None
    camera = probe_camera(number, capability, devices)
    formats = [str(each) for each in capability.formats]
    shown = ", ".join(formats[:_SHOWN_FORMATS]) + (
        f" and {len(formats) - _SHOWN_FORMATS} more" if len(formats) > _SHOWN_FORMATS else ""
    )
    values: dict[str, Value] = {"device": camera.name, "bus": capability.bus, "formats": formats}
    trouble = camera.trouble
    if isinstance(trouble, BusyError):
        values["users"] = list(trouble.users)
        if any(user.startswith("catdog-edge ") for user in trouble.users):
            return Finding(name, Verdict.OK, f"{camera.name}: in use by {', '.join(trouble.users)}", values=values)
    if trouble is not None or camera.size is None:
        found, fix = ("no pictures", "Check cable and power.") if trouble is None else (trouble.got, trouble.fix)
        return Finding(name, Verdict.PROBLEM, f"{camera.name}: {found}", fix, values)
    width, height = camera.size
    values |= {"width": width, "height": height}
    return Finding(name, Verdict.OK, f"{camera.name}: gives {width}x{height}; {shown}", values=values)


def _together(findings: list[Finding]) -> list[Finding]:
    """Put devices with the same trouble into one finding: without the rights to one there are none to twenty."""
    same: dict[tuple[Verdict, str, str], list[Finding]] = {}
    for finding in findings:
        same.setdefault((finding.verdict, finding.found, finding.fix), []).append(finding)
    return [
        group[0] if len(group) == 1 else Finding("cameras", verdict, f"{len(group)} devices: {found}", fix)
        for (verdict, found, fix), group in same.items()
    ]


def _demo() -> Finding:
    picture = next(DemoSource().frames()).picture
    size = "nothing" if picture is None else f"{picture.shape[1]}x{picture.shape[0]}"
    return Finding("camera demo", Verdict.OK, f"a drawn room, {size}")
