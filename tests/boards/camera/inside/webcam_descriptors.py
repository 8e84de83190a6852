"""What a USB webcam says of itself: device, configuration, formats, and the answer to a probe.

Source: USB Device Class Definition for Video Devices 1.1 (UVC), chapters 3.7, 3.9, 4.3.1.1, and its payloads.
"""

import struct
from dataclasses import dataclass

INTERVALS = (333333, 500000, 666666, 2000000)  # in 100 ns: 30, 20, 15, 5 frames a second
PAYLOAD = 16384  # bytes of a transfer, with its header of two
_GUID_END = b"\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
# Names of raw formats: the first four bytes of the format's GUID, and bits a pixel.
RAW = {"YUYV": (b"YUY2", 16), "GREY": (b"Y8  ", 8), "Y16": (b"Y16 ", 16), "BA81": (b"BA81", 8), "NV12": (b"NV12", 12)}


@dataclass(frozen=True)
class Format:
    """A format that the camera has.

    Attributes:
        name: ``"MJPG"`` or a key of `RAW`.
        sizes: width and height in pixels.
    """

    name: str
    sizes: tuple[tuple[int, int], ...]

    @property
    def bits(self) -> int:
        """Bits a pixel, at most."""
        return 16 if self.name == "MJPG" else RAW[self.name][1]


def _frame(kind: int, index: int, size: tuple[int, int], bits: int) -> bytes:
    width, height = size
    count, octets = len(INTERVALS), width * height * bits // 8
    head = struct.pack(
        "<BBBBBHHIII", 26 + 4 * count, 0x24, kind, index, 0, width, height, octets * 8 * 5, octets * 8 * 30, octets
    )
    return head + struct.pack(f"<IB{count}I", INTERVALS[0], count, *INTERVALS)


def _format(number: int, form: Format) -> bytes:
    count = len(form.sizes)
    if form.name == "MJPG":
        head, kind = struct.pack("<11B", 11, 0x24, 6, number, count, 1, 1, 0, 0, 0, 0), 7
    else:
        letters, bits = RAW[form.name]
        head, kind = struct.pack("<BBBBB16sBBBBBB", 27, 0x24, 4, number, count, letters + _GUID_END, bits, 1, 0, 0, 0, 0), 5
    return head + b"".join(_frame(kind, index, size, form.bits) for index, size in enumerate(form.sizes, 1))


def device() -> bytes:
    """Return the device descriptor: two configured interfaces that belong together."""
    return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0xEF, 2, 1, 64, 0x1D6B, 0x0102, 0x0100, 1, 2, 0, 1)


def configuration(formats: tuple[Format, ...]) -> bytes:
    """Return the configuration: a control interface with a sensor and an output, and a streaming one with a bulk endpoint."""
    sensor = struct.pack("<BBBBHBBHHHB3s", 18, 0x24, 2, 1, 0x0201, 0, 0, 0, 0, 0, 3, bytes(3))
    output = struct.pack("<BBBBHBBB", 9, 0x24, 3, 2, 0x0101, 0, 1, 0)
    control = struct.pack("<BBBHHIBB", 13, 0x24, 1, 0x0110, 13 + len(sensor) + len(output), 48000000, 1, 1) + sensor + output
    listed = b"".join(_format(number, form) for number, form in enumerate(formats, 1)) + bytes((6, 0x24, 0x0D, 1, 1, 4))
    count = len(formats)
    head = struct.pack("<BBBBHBBBBBBB", 13 + count, 0x24, 1, count, 13 + count + len(listed), 0x81, 0, 2, 0, 0, 0, 1)
    body = bytes((8, 11, 0, 2, 0x0E, 3, 0, 0)) + bytes((9, 4, 0, 0, 0, 0x0E, 1, 0, 0)) + control
    body += bytes((9, 4, 1, 0, 1, 0x0E, 2, 0, 0)) + head + bytes(count) + listed
    body += struct.pack("<BBBBHB", 7, 5, 0x81, 2, 512, 0)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 2, 1, 0, 0x80, 250) + body


def probe(formats: tuple[Format, ...], number: int, index: int, interval: int) -> bytes:
    """Return the setting that is nearest to what was asked for.

    Args:
        formats: that there are.
        number: of the format, from 1.
        index: of its size, from 1.
        interval: between two frames, in 100 ns.
    """
    number = number if 1 <= number <= len(formats) else 1
    form = formats[number - 1]
    index = index if 1 <= index <= len(form.sizes) else 1
    interval = min(INTERVALS, key=lambda one: abs(one - interval))
    width, height = form.sizes[index - 1]
    octets = width * height * form.bits // 8
    return struct.pack("<HBBI5HIIIBBBB", 1, number, index, interval, 0, 0, 0, 0, 0, octets, PAYLOAD, 48000000, 0, 1, 1, 1)
