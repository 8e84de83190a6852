"""Which cameras the system has, by which names they are asked for, and where one is that has come back.

A camera that was unplugged may come back under another number. What it said of itself when it was first found (its link in
/dev/v4l/by-id, its card and bus) tells it from others.
"""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..errors import SourceError, UsageError
from .net.address import without_secrets
from .v4l2 import check_free, read_capability

_HIGHEST = 63  # Linux gives out /dev/video0 to /dev/video63
_LINKS = ("by-id", "by-path")  # folders in /dev/v4l, by udev
_REPLACED_S = 10.0  # after which another camera under the number that was asked for is taken instead
DEVICES = Path("/dev")


class Identity(NamedTuple):
    """What tells a camera from others.

    Attributes:
        link: its name in /dev/v4l/by-id, which has model and serial number; empty where it has none.
        card: what it calls itself; empty where it does not say.
        bus: where it is plugged in.
    """

    link: str
    card: str
    bus: str

    def is_of(self, other: "Identity") -> bool:
        """Whether it is the same camera: by its link wherever it is plugged in, else by card and bus."""
        if self.link and other.link:
            return self.link == other.link
        return (self.card, self.bus) == (other.card, other.bus)


def check_camera(text: str) -> str:
    """Validate how a camera is asked for before OpenCV sees it: a negative number would crash the process.

    Args:
        text: ``"0"``, ``"/dev/video0"``, ``"/dev/v4l/by-id/..."`` or ``"/dev/v4l/by-path/..."``.

    Returns:
        A number as text, or the path of a link.

    Raises:
        UsageError: it is none of these.
    """
    match = re.fullmatch(r"(?:/dev/video)?([0-9]{1,2})", text)
    if match and int(match[1]) <= _HIGHEST:
        return str(int(match[1]))
    if re.fullmatch(rf"/dev/v4l/(?:{'|'.join(_LINKS)})/[^/]+", text):
        return text
    raise UsageError(
        f"a camera number of 0 to {_HIGHEST}, /dev/videoN, /dev/v4l/by-id/NAME, /dev/v4l/by-path/NAME, picamera2, or demo",
        got=without_secrets(text),
        fix="Try --camera 0 or --camera demo; --list-cameras says which there are.",
    )


def video_devices(devices: Path = DEVICES) -> list[int]:
    """Return each N of /dev/videoN that there is, cameras and others."""
    return sorted(int(path.name[5:]) for path in devices.glob("video[0-9]*") if path.name[5:].isdigit())


def link_of(number: int, devices: Path = DEVICES, folder: str = "by-id") -> str:
    """Return the name of a device in /dev/v4l/by-id or by-path; empty where it has none."""
    real = (devices / f"video{number}").resolve()
    links = (devices / "v4l" / folder).glob("*")
    return next((link.name for link in sorted(links) if link.resolve() == real), "")


def lasting_path(number: int, devices: Path = DEVICES) -> str:
    """Return a path that stays a camera's under every number; empty where there is none.

    It is the one by its serial number, or else by the socket that it is plugged into: of two cameras that say the same of
    themselves, as cheap ones do, only one has the former.
    """
    named = ((folder, link_of(number, devices, folder)) for folder in _LINKS)
    return next((f"{DEVICES}/v4l/{folder}/{name}" for folder, name in named if name), "")


def identify(number: int, devices: Path = DEVICES) -> Identity:
    """Say which camera has a number.

    Raises:
        SourceError: none, or it may not be opened.
    """
    capability = read_capability(devices / f"video{number}", with_formats=False)
    return Identity(link_of(number, devices), capability.card, capability.bus)


class Locator:
    """Finds a camera each time it is to be opened, under whichever number it has by then.

    Args:
        camera: as `check_camera` returns it.
        devices: where the system has its devices.
        identify: says which camera has a number.
        now: seconds on a clock that never jumps.
    """

    def __init__(
        self,
        camera: str,
        devices: Path = DEVICES,
        identify: Callable[[int, Path], Identity] = identify,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera, self._devices, self._identify, self._now = camera, devices, identify, now
        self._known: Identity | None = None
        self._away_since: float | None = None

    def locate(self) -> int:
        """Return N of /dev/videoN; looks without starting anything, which costs next to nothing.

        Raises:
            SourceError: it is not there, or may not be opened.
        """
        if sys.platform != "linux":
            return int(self._camera)
        if not self._camera.isdigit():
            return self._linked()
        number = int(self._camera)
        if self._known is None:
            self._require(number)
            self._known = self._identify(number, self._devices)
            return number
        others = [other for other in video_devices(self._devices) if other != number]
        for candidate in (number, *others):
            if self._is_it(candidate):
                self._away_since = None
                return candidate
        self._away_since = self._now() if self._away_since is None else self._away_since
        self._require(number)
        found = self._identify(number, self._devices)  # where it may not be opened, that is the trouble
        if self._now() - self._away_since < _REPLACED_S:
            raise _absent(
                f"{self._known.card or 'the camera'} on {self._known.bus}", "another camera in its place", self._devices
            )
        self._known, self._away_since = found, None
        return number

    def locate_free(self) -> int:
        """Return N of /dev/videoN of a camera that nobody else uses.

        Raises:
            SourceError: it is not there, may not be opened, or another program has it.
        """
        number = self.locate()
        if sys.platform == "linux":
            check_free(self._devices / f"video{number}")
        return number

    def _linked(self) -> int:
        # The link's folder is the system's; in a test it is elsewhere.
        real = (self._devices / Path(self._camera).relative_to(DEVICES)).resolve()
        match = re.fullmatch(r"video([0-9]+)", real.name)
        if match is None or not real.exists():
            raise _absent(f"a camera at {self._camera}", "no such device", self._devices)
        return int(match[1])

    def _require(self, number: int) -> None:
        device = self._devices / f"video{number}"
        if not device.exists():
            raise _absent(f"a camera at {device}", "no such device", self._devices)

    def _is_it(self, number: int) -> bool:
        if self._known is None:
            return False
        try:
            return self._identify(number, self._devices).is_of(self._known)
        except SourceError:
            return False  # it is gone, or not for us


def _absent(expected: str, what: str, devices: Path) -> SourceError:
    present = ", ".join(f"video{number}" for number in video_devices(devices)) or "none"
    fix = "Plug it in, name another with --camera N, or try --camera demo."
    return SourceError(expected, got=f"{what} (present: {present})", fix=fix)
