"""What a V4L2 device says of itself: what it is, its formats and sizes, whether it is free, whether it has a signal.

A few ioctls, made here: v4l2-ctl is not everywhere. Source of numbers and structures: Linux's videodev2.h; Linux kernel
documentation, "Video for Linux API": VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES, VIDIOC_REQBUFS, VIDIOC_G_INPUT,
VIDIOC_ENUMINPUT. Not tried on a board.
"""

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError

_WRITE, _READ = 1, 2
_CAPTURE, _CAPTURE_PLANES = 1, 9  # kinds of buffers
_CAPABILITIES = {0x1: _CAPTURE, 0x1000: _CAPTURE_PLANES}
_TAKES_PICTURES_TOO = 0x2 | 0x2000 | 0x4000 | 0x8000  # output, of planes too, and memory to memory: a codec or a scaler
_MAPPED = 1  # kind of memory
# What is wrong with an input that shows nothing: power, signal, horizontal and vertical lock, synchronisation, carrier.
_NO_SIGNAL = 0x1 | 0x2 | 0x100 | 0x400 | 0x10000 | 0x40000
_HAS_DEVICE_CAPABILITIES = 0x80000000
_DISCRETE = 1  # a kind of size; others are ranges
_MANY = 64  # of anything that is counted: a driver that never ends its list is broken


def _number(direction: int, number: int, layout: struct.Struct) -> int:
    """Put an ioctl's number together as `asm-generic/ioctl.h` does."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_CAPABILITY = struct.Struct("=16s32s32s3I3I")
_FORMAT = struct.Struct("=3I32s4s4I")
_SIZE = struct.Struct("=I4sI6I2I")
_BUFFERS = struct.Struct("=5I")
_INDEX = struct.Struct("=I")
_INPUT = struct.Struct("=I32s3IQ5I4x")  # padded to a multiple of its 64-bit field
_QUERY = _number(_READ, 0, _CAPABILITY)
_ENUMERATE_FORMATS = _number(_READ | _WRITE, 2, _FORMAT)
_ENUMERATE_SIZES = _number(_READ | _WRITE, 74, _SIZE)
_REQUEST_BUFFERS = _number(_READ | _WRITE, 8, _BUFFERS)
_GET_INPUT = _number(_READ, 38, _INDEX)
_ENUMERATE_INPUTS = _number(_READ | _WRITE, 26, _INPUT)


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
        card: what it calls itself, e.g. ``"HD Webcam C525"``.
        bus: where it is, e.g. ``"usb-0000:01:00.0-1.2"`` or ``"platform:bcm2835-isp"``.
        formats: what it can give; empty for a device that is no camera, such as a codec or a camera's metadata.
    """

    card: str
    bus: str
    formats: tuple[PixelFormat, ...]


def read_capability(device: Path, *, with_formats: bool = True) -> Capability:
    """Ask a device.

    Args:
        device: its path.
        with_formats: ask for its formats as well; else they are empty.

    Raises:
        SourceError: it may not be opened, or is no video device.
    """
    with _opened(device) as descriptor:
        card, bus, kind = _identity(descriptor)
        return Capability(card, bus, tuple(_formats(descriptor, kind)) if with_formats and kind is not None else ())


def check_free(device: Path) -> None:
    """Make sure that nobody else uses a camera.

    Raises:
        SourceError: it may not be opened, takes no pictures, or another program has it.
    """
    with _opened(device) as descriptor:
        kind = _identity(descriptor)[2]
        if kind is None:
            raise SourceError(
                f"a camera at {device}",
                got="a device that takes no pictures, such as a codec or a camera's metadata",
                fix="catdog-edge --list-cameras names those that do.",
            )
        try:
            # Buffers can be had by one program at a time; asking for none gives them back.
            fcntl.ioctl(descriptor, _REQUEST_BUFFERS, _BUFFERS.pack(1, kind, _MAPPED, 0, 0))
            fcntl.ioctl(descriptor, _REQUEST_BUFFERS, _BUFFERS.pack(0, kind, _MAPPED, 0, 0))
        except OSError as error:
            if error.errno != errno.EBUSY:
                return  # some know no such buffers; whoever opens them will see
            users = users_of(device)
            raise BusyError(
                f"{device} to be free",
                got=f"busy: {', '.join(users) or 'another program'} uses it",
                fix="End that program." if users else "End it; run as root, catdog-edge doctor names it.",
                users=users,
            ) from error


class BusyError(SourceError):
    """Another program uses a camera.

    Attributes:
        users: which, as far as this user may know: name and process id.
    """

    def __init__(self, expected: str, *, got: str, fix: str, users: Sequence[str]) -> None:
        super().__init__(expected, got=got, fix=fix)
        self.users = tuple(users)


def users_of(device: Path) -> list[str]:
    """Name the programs that have a device open, such as ``"catdog-edge (process 812)"``; others' are for root to see."""
    found = []
    real = str(device.resolve())
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if any(str(link.readlink()) == real for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().split(b"\0")
                ours = any(part.startswith(b"catdog.edge") or part.endswith(b"csi_worker.py") for part in command)
                name = "catdog-edge" if ours else (process / "comm").read_text().strip()
                found.append(f"{name} (process {process.name})")
    return sorted(found)


class InputSignal:
    """Whether the input of a grabber or receiver has a signal; without one it may deliver noise.

    Args:
        device: the camera's.
    """

    def __init__(self, device: Path) -> None:
        self._descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._asked: bytes | None = None
        self.again()

    def again(self) -> None:
        """Ask which input is chosen: another program may choose another. Of a USB camera this may cost a transfer."""
        try:
            (index,) = _INDEX.unpack(fcntl.ioctl(self._descriptor, _GET_INPUT, _INDEX.pack(0)))
            self._asked = _INPUT.pack(index, b"", *(0,) * 9)
        except OSError:
            self._asked = None  # it knows no inputs

    def is_lost(self) -> bool:
        """Whether the chosen input says that it has no power, signal or lock; costs some microseconds."""
        if self._asked is None:
            return False
        try:
            status = _INPUT.unpack(fcntl.ioctl(self._descriptor, _ENUMERATE_INPUTS, self._asked))[6]
        except OSError:
            return False  # it is gone, as the next frame will tell
        return bool(status & _NO_SIGNAL)

    def close(self) -> None:
        """Release the device."""
        os.close(self._descriptor)


@contextlib.contextmanager
def _opened(device: Path) -> Iterator[int]:
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise SourceError(
                f"{device} to be readable and writable for you",
                got="no permission",
                fix="Run: sudo usermod -aG video $USER, and log in again.",
            ) from error
        gone = error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)
        what = "no such device" if gone else error.strerror or str(error)
        raise SourceError(f"a video device at {device}", got=what, fix="Plug it in again.") from error
    try:
        yield descriptor
    except OSError as error:
        raise SourceError(
            "a device that answers as cameras do", got=error.strerror or str(error), fix="Name another with --camera N."
        ) from error
    finally:
        os.close(descriptor)


def _identity(descriptor: int) -> tuple[str, str, int | None]:
    """Return a device's card, bus and kind of buffers; None for the latter where it is no camera."""
    answer = fcntl.ioctl(descriptor, _QUERY, bytes(_CAPABILITY.size))
    _, card, bus, _, of_all, of_this, *_ = _CAPABILITY.unpack(answer)
    capabilities = of_this if of_all & _HAS_DEVICE_CAPABILITIES else of_all
    kind = next((kind for bit, kind in _CAPABILITIES.items() if capabilities & bit), None)
    return _text(card), _text(bus), None if capabilities & _TAKES_PICTURES_TOO else kind


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace").strip()


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
