"""What a V4L2 device offers: whether it captures at all, and in which formats and sizes.

Three ioctls, made here: v4l2-ctl is not everywhere. Source of numbers and structures: Linux's videodev2.h; Linux kernel
documentation, "Video for Linux API": VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES. Not tried on a board.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError

_WRITE, _READ = 1, 2
_CAPTURE, _CAPTURE_PLANES = 1, 9  # kinds of buffers
_CAPABILITIES = {0x1: _CAPTURE, 0x1000: _CAPTURE_PLANES}
_HAS_DEVICE_CAPABILITIES = 0x80000000
_DISCRETE = 1  # a kind of size; others are ranges
_MANY = 64  # of anything that is counted: a driver that never ends its list is broken


def _number(direction: int, number: int, layout: struct.Struct) -> int:
    """Put an ioctl's number together as `asm-generic/ioctl.h` does."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_CAPABILITY = struct.Struct("=16s32s32s3I3I")
_FORMAT = struct.Struct("=3I32s4s4I")
_SIZE = struct.Struct("=I4sI6I2I")
_QUERY = _number(_READ, 0, _CAPABILITY)
_ENUMERATE_FORMATS = _number(_READ | _WRITE, 2, _FORMAT)
_ENUMERATE_SIZES = _number(_READ | _WRITE, 74, _SIZE)


@dataclass(frozen=True)
class PixelFormat:
    """A format of a camera's pictures.

    Attributes:
        name: four letters, e.g. ``"MJPG"`` or ``"YUYV"``.
        sizes: width and height in pixels; of a range the largest alone; empty where the driver does not say.
    """

    name: str
    sizes: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        """Name it with its largest size."""
        if not self.sizes:
            return self.name
        width, height = max(self.sizes, key=lambda size: size[0] * size[1])
        return f"{self.name} up to {width}x{height}"


@dataclass(frozen=True)
class Capability:
    """What a device says of itself.

    Attributes:
        bus: where it is, e.g. ``"usb-0000:01:00.0-1.2"`` or ``"platform:bcm2835-isp"``.
        formats: what it can give; empty for a device that does not capture, such as a codec.
    """

    bus: str
    formats: tuple[PixelFormat, ...]


def read_capability(device: Path) -> Capability:
    """Ask a device.

    Raises:
        SourceError: it may not be opened, or is no video device.
    """
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        group = error.errno in (errno.EACCES, errno.EPERM)
        fix = "Run: sudo usermod -aG video $USER, and log in again." if group else "Plug it in again."
        raise SourceError("a video device that may be opened", got=error.strerror or str(error), fix=fix) from error
    try:
        bus, kind = _bus_and_kind(descriptor)
        return Capability(bus, () if kind is None else tuple(_formats(descriptor, kind)))
    except OSError as error:
        raise SourceError(
            "a device that answers as cameras do", got=error.strerror or str(error), fix="Name another with --camera N."
        ) from error
    finally:
        os.close(descriptor)


def _bus_and_kind(descriptor: int) -> tuple[str, int | None]:
    answer = fcntl.ioctl(descriptor, _QUERY, bytes(_CAPABILITY.size))
    _, _, bus, _, of_all, of_this, *_ = _CAPABILITY.unpack(answer)
    capabilities = of_this if of_all & _HAS_DEVICE_CAPABILITIES else of_all
    kind = next((kind for bit, kind in _CAPABILITIES.items() if capabilities & bit), None)
    return bus.rstrip(b"\0").decode("ascii", "replace"), kind


def _formats(descriptor: int, kind: int) -> Iterator[PixelFormat]:
    for index in range(_MANY):
        asked = _FORMAT.pack(index, kind, 0, b"", b"", 0, 0, 0, 0)
        answer = _answer(descriptor, _ENUMERATE_FORMATS, asked)
        if answer is None:
            return
        letters = _FORMAT.unpack(answer)[4]
        yield PixelFormat(letters.decode("ascii", "replace").strip(), tuple(_sizes(descriptor, letters)))


def _sizes(descriptor: int, letters: bytes) -> Iterator[tuple[int, int]]:
    for index in range(_MANY):
        answer = _answer(descriptor, _ENUMERATE_SIZES, _SIZE.pack(index, letters, *(0,) * 9))
        if answer is None:
            return
        _, _, kind, *numbers = _SIZE.unpack(answer)
        if kind != _DISCRETE:  # smallest width, largest width, step, and the same of the height
            yield numbers[1], numbers[4]
            return
        yield numbers[0], numbers[1]


def _answer(descriptor: int, request: int, asked: bytes) -> bytes | None:
    """Ask for one entry of a list; None behind its end."""
    try:
        return fcntl.ioctl(descriptor, request, asked)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY):  # the latter of drivers that have no such list
            return None
        raise
