"""What to look at, validated once."""

import re
from dataclasses import dataclass, fields
from typing import Any

from ..errors import UsageError
from .net.address import without_secrets

BUFFERS = ("auto", "latest", "all")
_CAMERAS = re.compile(r"\d+|/dev/.*|picamera2|demo")
TRANSPORTS = ("auto", "tcp", "udp")
_USUAL_EVERY_S = 1.0


@dataclass(frozen=True)
class SourceOptions:
    """Which frames to look at.

    Attributes:
        inputs: picture files, folders, glob patterns, video files, addresses of the schemes in `catdog.edge.sources.registry`.
        camera: camera number, ``/dev/videoN``, ``/dev/v4l/by-id/NAME``, ``"picamera2"`` or ``"demo"``; None for no camera.
        buffer: ``"latest"`` gives the newest frame and skips those that nobody had time for, ``"all"`` every frame;
            ``"auto"`` is the former for cameras and streams, the latter for files.
        width: of a camera's pictures, in pixels; None for what it gives.
        height: likewise.
        fps: a camera's frames a second; None for what it gives.
        timeout_s: seconds to wait for a stream's first answer.
        watch: judge new pictures of the named folder as they come, for ever.
        wait: keep trying where a camera or stream does not open.
        every_s: seconds between two questions for an address that gives one picture; 0 asks once. None is a second where it is
            all there is to look at, else once: what follows would never be looked at.
        rtsp_transport: ``"tcp"``, ``"udp"``, or ``"auto"`` for TCP where the camera offers it.
        tls_ca: a file of certificates (PEM) that are trusted for addresses with TLS; empty for those of the system.
        tls_fingerprint: SHA-256 of the one certificate that is trusted; empty for none.

    Raises:
        UsageError: nothing to look at, or a value out of range.
    """

    inputs: tuple[str, ...] = ()
    camera: str | None = None
    buffer: str = "auto"
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    timeout_s: float = 1.2
    watch: bool = False
    wait: bool = False
    every_s: float | None = None
    rtsp_transport: str = "auto"
    tls_ca: str = ""
    tls_fingerprint: str = ""

    def __post_init__(self) -> None:
        if not self.inputs and self.camera is None:
            raise UsageError(
                "something to look at",
                got="neither a file nor a camera",
                fix="Try: catdog-edge picture.jpg, or catdog-edge --camera 0, or catdog-edge --camera demo",
            )
        if self.inputs and self.camera is not None:
            raise UsageError("files or a camera", got="both", fix="Run the command once for each.")
        if (self.width is None) != (self.height is None) or not all(
            side is None or 16 <= side <= 8192 for side in (self.width, self.height)
        ):
            raise UsageError("--resolution of 16x16 to 8192x8192", got=f"{self.width}x{self.height}", fix="Example: 640x480")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise UsageError("--fps of more than 0 and at most 1,000", got=str(self.fps), fix="Example: --fps 15")
        if self.watch and len(self.inputs) != 1:
            raise UsageError("one folder to --watch", got=str(len(self.inputs)), fix="Run the command once for each.")
        if self.buffer not in BUFFERS:
            raise UsageError(f"--buffer to be one of {', '.join(BUFFERS)}", got=self.buffer, fix="Check the spelling.")
        if not 0 < self.timeout_s <= 600:
            raise UsageError("--timeout of more than 0 and at most 600 s", got=f"{self.timeout_s}", fix="Example: --timeout 5")
        if self.every_s is not None and not (self.every_s == 0 or 0.05 <= self.every_s <= 86400):
            raise UsageError("--every of 0.05 to 86400 s, or 0 for once", got=f"{self.every_s}", fix="Example: --every 2")
        if self.rtsp_transport not in TRANSPORTS:
            what = f"--rtsp-transport to be one of {', '.join(TRANSPORTS)}"
            raise UsageError(what, got=self.rtsp_transport, fix="Check the spelling.")

    def __repr__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["inputs"] = tuple(without_secrets(text) for text in self.inputs)  # passwords are in addresses
        values["camera"] = None if self.camera is None else without_secrets(self.camera)
        return f"SourceOptions({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    @property
    def picture_every_s(self) -> float:
        """Seconds between two questions for an address that gives one picture; 0 for a single one."""
        if self.every_s is not None:
            return self.every_s
        return _USUAL_EVERY_S if len(self.inputs) == 1 else 0.0

    def network(self) -> dict[str, Any]:
        """Return what `StreamSource` is told of how to reach an address."""
        names = ("timeout_s", "rtsp_transport", "tls_ca", "tls_fingerprint")
        return {name: getattr(self, name) for name in names}


def is_camera(text: str) -> bool:
    """Whether a name is a camera's, as `SourceOptions.camera` has it, and no file's or address'."""
    return _CAMERAS.fullmatch(text) is not None
