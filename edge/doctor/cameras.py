"""The cameras: which there are, in which formats they give pictures, and whether they give any."""

import json
import os
import subprocess
from pathlib import Path

from ..errors import CatdogError, SourceError
from ..sources.camera import check_camera, check_device
from ..sources.demo import DemoSource
from ..sources.formats import read_formats
from ..sources.probe import probe_camera, video_devices
from .findings import Finding, Value, Verdict, from_error
from .system import read_board

_NO_CAMERA = (
    "Plug in a USB camera. For a CSI one: sudo apt install python3-picamera2, --camera picamera2. For none: --camera demo."
)
# apt's picamera2 is for the system's Python alone. Source: the Picamera2 Library manual, `global_camera_info`; not tried.
_SYSTEM_PYTHON = "/usr/bin/python3"
_ASK_PICAMERA2 = "import json, picamera2; print(json.dumps([c['Model'] for c in picamera2.Picamera2.global_camera_info()]))"
_PATIENCE_S = 20.0  # libcamera takes its time on a small board


def check_cameras(asked: str | None, devices: Path = Path("/dev")) -> list[Finding]:
    """Look at one camera, or at all there are.

    Args:
        asked: as `--camera` has it; None for all.
        devices: where the system has them.

    Raises:
        UsageError: it names no camera.
    """
    if asked == "demo":
        return [_demo()]
    if asked == "picamera2":
        return [csi(needed=True)]
    if asked is not None:
        return [_asked(check_camera(asked), devices)]
    found = [finding for number in video_devices(devices) if (finding := _video_device(number, devices)) is not None]
    if (read_board() or "").startswith("Raspberry Pi"):
        found.append(csi(needed=False))
    if any(finding.verdict is not Verdict.UNKNOWN for finding in found):
        return found
    there = "no device that takes pictures" if video_devices(devices) else "no video devices"
    return [Finding("camera", Verdict.WARNING, f"none: {devices} has {there}", _NO_CAMERA, {"cameras": 0}), *found]


def csi(*, needed: bool, python: str = _SYSTEM_PYTHON) -> Finding:
    """Ask the system's Python for CSI cameras."""
    bad = Verdict.PROBLEM if needed else Verdict.UNKNOWN
    try:
        # None of our paths: it has another numpy than ours.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        said = subprocess.run(
            [python, "-c", _ASK_PICAMERA2], capture_output=True, text=True, timeout=_PATIENCE_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("picamera2", bad, f"{python} does not answer ({type(error).__name__})", _NO_CAMERA)
    if said.returncode != 0:
        last = (said.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Finding("picamera2", bad, f"{python}: {last[:120]}", "sudo apt install python3-picamera2")
    models = [str(model) for model in json.loads(said.stdout.splitlines()[-1])]
    if not models:
        fix = "Check the ribbon cable, both ends; then: rpicam-hello --list-cameras"
        return Finding("picamera2", bad, "libcamera finds no CSI camera", fix)
    return Finding("picamera2", Verdict.OK, f"CSI: {', '.join(models)}; use --camera picamera2", values={"models": models})


def _asked(number: int, devices: Path) -> Finding:
    try:
        check_device(number)
    except SourceError as error:
        return from_error(f"camera {number}", error)
    name = f"camera {number}"
    return _video_device(number, devices) or Finding(
        name, Verdict.PROBLEM, "a device that takes no pictures", "Name another with --camera N; --list-cameras tells which."
    )


def _video_device(number: int, devices: Path) -> Finding | None:
    """Look at one; None for one that is no camera, such as a codec."""
    name = f"camera {number}"
    try:
        formats = read_formats(devices / f"video{number}")
    except SourceError as error:
        return from_error(name, error)
    if formats is None:
        return None
    camera = probe_camera(number)
    told = ", ".join(str(each) for each in formats) or "formats unknown"
    values: dict[str, Value] = {"device": camera.name, "formats": [str(each) for each in formats]}
    if camera.size is None:
        fix = "Close other programs that use it; check cable and power."
        return Finding(name, Verdict.PROBLEM, f"{camera.name}: {camera.trouble}", fix, values)
    width, height = camera.size
    values |= {"width": width, "height": height}
    return Finding(name, Verdict.OK, f"{camera.name}: gives {width}x{height}; {told}", values=values)


def _demo() -> Finding:
    try:
        picture = next(DemoSource().frames()).picture
    except CatdogError as error:
        return from_error("camera demo", error)
    size = "nothing" if picture is None else f"{picture.shape[1]}x{picture.shape[0]}"
    return Finding("camera demo", Verdict.OK, f"a drawn room, {size}")
