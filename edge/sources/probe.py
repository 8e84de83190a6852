"""`--list-cameras`: what the system has, and whether it gives pictures."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError
from .live.process import CaptureProcess

_SYSTEM = Path("/sys/class/video4linux")
_PATIENCE_S = 8.0


@dataclass(frozen=True)
class Camera:
    """A video device.

    Attributes:
        number: N of /dev/videoN.
        name: what its driver calls it.
        size: width and height of its pictures in pixels; None where it gives none.
        trouble: why not; empty where it does.
    """

    number: int
    name: str
    size: tuple[int, int] | None
    trouble: str = ""


def list_cameras(devices: Path = Path("/dev")) -> list[Camera]:
    """Open every video device for a moment, each in a process of its own: some of them hang."""
    return [probe_camera(number) for number in video_devices(devices)]


def video_devices(devices: Path = Path("/dev")) -> list[int]:
    """Return each N of /dev/videoN that there is."""
    return sorted(int(path.name[5:]) for path in devices.glob("video[0-9]*") if path.name[5:].isdigit())


def probe_camera(number: int) -> Camera:
    """Open one for a moment."""
    described = _SYSTEM / f"video{number}" / "name"
    name = described.read_text().strip() if described.is_file() else "unknown"
    capture = CaptureProcess(f"camera {number}", {"kind": "camera", "number": number})
    try:
        frame = capture.newest(_PATIENCE_S)
    except SourceError as error:
        return Camera(number, name, None, str(error))
    finally:
        capture.stop()
    if frame is None or frame.picture is None:
        return Camera(number, name, None, f"no picture within {_PATIENCE_S:g} s")
    height, width = frame.picture.shape[:2]
    return Camera(number, name, (width, height))
