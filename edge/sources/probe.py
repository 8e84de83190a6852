"""`--list-cameras`: what the system has, and whether it gives pictures."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError
from .devices import DEVICES, lasting_path, video_devices
from .live.process import CaptureProcess
from .v4l2 import Capability, check_free, read_capability

_PATIENCE_S = 8.0


@dataclass(frozen=True)
class Camera:
    """A camera, or a device that may be one.

    Attributes:
        number: N of /dev/videoN.
        name: what its driver calls it.
        link: its path in /dev/v4l, which stays the same under every number; empty where it has none.
        size: width and height of its pictures in pixels; None where it gives none.
        trouble: why not; None where it does.
    """

    number: int
    name: str
    link: str
    size: tuple[int, int] | None
    trouble: SourceError | None = None


def list_cameras(devices: Path = DEVICES) -> list[Camera]:
    """Open every camera for a moment, each in a process of its own: some of them hang. What takes no pictures is left out."""
    found = []
    for number in video_devices(devices):
        try:
            capability = read_capability(devices / f"video{number}")
        except SourceError as error:
            found.append(Camera(number, "unknown", lasting_path(number, devices), None, error))
            continue
        if capability.formats:
            found.append(probe_camera(number, capability, devices))
    return found


def probe_camera(number: int, capability: Capability, devices: Path = DEVICES) -> Camera:
    """Open one for a moment; one that another program uses is left alone.

    Args:
        number: N of /dev/videoN.
        capability: what it says of itself.
        devices: where the system has its devices.
    """
    name, link = capability.card or "unknown", lasting_path(number, devices)
    try:
        check_free(devices / f"video{number}")
    except SourceError as error:
        return Camera(number, name, link, None, error)
    capture = CaptureProcess(f"camera {number}", {"kind": "camera", "number": number})
    try:
        frame = capture.newest(_PATIENCE_S)
    except SourceError as error:
        return Camera(number, name, link, None, error)
    finally:
        capture.stop()
    if frame is None or frame.picture is None:
        what = f"no picture within {_PATIENCE_S:g} s" if frame is None or frame.error is None else frame.error.got
        return Camera(number, name, link, None, SourceError("a picture", got=what, fix="Check cable, power and what it shows."))
    height, width = frame.picture.shape[:2]
    return Camera(number, name, link, (width, height))
