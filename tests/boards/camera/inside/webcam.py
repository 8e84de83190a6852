"""A USB webcam made of nothing: USB over IP in this process, the kernel's own `vhci_hcd` and `uvcvideo` on the other side.

    modprobe -a vhci_hcd uvcvideo
    python webcam.py /run/webcam MJPG YUYV      # root; formats of webcam_descriptors
    echo unplug > /run/webcam

Words: plug, unplug; go; stop (send no more), freeze, dark, halve (half JPEGs), corrupt (JPEGs with random bytes within).
Source: Linux kernel documentation, "USB/IP protocol". Needs numpy and OpenCV.
"""

import collections
import contextlib
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from webcam_descriptors import PAYLOAD, Format, configuration, device, probe

_VHCI = Path("/sys/devices/platform/vhci_hcd.0")
_HIGH_SPEED = 3
_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4
_STALL, _RESET = -32, -104
_SIZES = {"MJPG": ((640, 480), (1280, 720), (320, 240)), "YUYV": ((640, 480), (320, 240))}
_LANGUAGE = b"\x04\x03\x09\x04"
_NAMES = {1: "catdog test", 2: "USB webcam of nothing"}
_STRINGS = {0: _LANGUAGE} | {i: bytes((2 + 2 * len(text), 3)) + text.encode("utf-16le") for i, text in _NAMES.items()}
_SHARE = 0.6  # of the time between two frames a frame's transfer takes


def encode(name: str, picture: NDArray[np.uint8]) -> bytes:
    """Return a picture in a format, as the camera sends it."""
    if name == "MJPG":
        return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    if name == "YUYV":
        yuv = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV)
        packed = np.empty((*picture.shape[:2], 2), np.uint8)
        packed[..., 0], packed[:, 0::2, 1], packed[:, 1::2, 1] = yuv[..., 0], yuv[:, 0::2, 1], yuv[:, 0::2, 2]
        return packed.tobytes()
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if name == "Y16":
        return (grey.astype("<u2") << 8).tobytes()
    return grey.tobytes() + (
        b"\x80" * (grey.size // 2) if name == "NV12" else b""
    )  # a sensor's raw pixels of a grey scene are grey


def film(name: str, size: tuple[int, int]) -> tuple[list[bytes], bytes]:
    """Return some pictures of a room in which something moves, and one of the dark."""
    chance = np.random.default_rng(1)
    room = cv2.resize(chance.integers(0, 255, (12, 16, 3), np.uint8), size, interpolation=cv2.INTER_CUBIC)
    pictures = []
    for index in range(8):
        picture = cv2.add(room, chance.integers(0, 12, room.shape, np.uint8))
        cv2.rectangle(picture, (30 * index, 50), (30 * index + 60, 140), (255, 255, 255), -1)
        pictures.append(encode(name, np.asarray(picture, np.uint8)))
    return pictures, encode(name, np.zeros_like(room))


class Webcam:
    """The camera, which can be plugged in and misbehave.

    Args:
        formats: that it has.
    """

    def __init__(self, formats: tuple[Format, ...]) -> None:
        self.mode = "go"
        self._formats = formats
        self._films = {(form.name, size): film(form.name, size) for form in formats for size in form.sizes}
        self._news = threading.Condition()
        self._socket: socket.socket | None = None
        self._waiting: collections.deque[tuple[int, int]] = collections.deque()  # transfers of pictures: number, length
        self._probe = probe(formats, 1, 1, 0)

    def plug(self) -> None:
        """Plug it in."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket = ours
        self._waiting.clear()
        with theirs:
            (_VHCI / "attach").write_text(f"0 {theirs.fileno()} {0x10002} {_HIGH_SPEED}")
        for work in (self._serve, self._send):
            threading.Thread(target=work, args=(ours,), daemon=True).start()

    def unplug(self) -> None:
        """Pull it out."""
        ours, self._socket = self._socket, None
        if ours is not None:
            (_VHCI / "detach").write_text("0")
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                command, number, _, is_in, endpoint, first, second, *_, setup = struct.unpack(">5I5i8s", _exactly(line, 48))
                if command == _UNLINK:
                    self._unlink(line, number, first)
                    continue
                length = second
                data = _exactly(line, length) if not is_in and length else b""
                if endpoint == 0:
                    answer = self._control(setup, data)
                    self._reply(line, number, _STALL if answer is None else 0, answer or b"", None if is_in else length)
                else:
                    with self._news:
                        self._waiting.append((number, length))
                        self._news.notify_all()

    def _unlink(self, line: socket.socket, number: int, which: int) -> None:
        with self._news:
            mine = [one for one in self._waiting if one[0] == which]
            for one in mine:
                self._waiting.remove(one)
            line.sendall(struct.pack(">5Ii24s", _UNLINKED, number, 0, 0, 0, _RESET if mine else 0, b""))

    def _reply(self, line: socket.socket, number: int, status: int, data: bytes, length: int | None = None) -> None:
        with self._news:
            size = len(data) if length is None else length
            line.sendall(struct.pack(">5I5i8s", _SUBMITTED, number, 0, 0, 0, status, size, 0, 0, 0, b"") + data)

    def _control(self, setup: bytes, data: bytes) -> bytes | None:
        """Answer a request of the control endpoint; None refuses it."""
        kind, request, value, index, wanted = struct.unpack("<BBHHH", setup)
        if (kind, request) == (0x80, 6):  # a descriptor
            return self._descriptor(value, wanted)
        if kind & 0x60 == 0x20:  # of the class: probe and commit of the streaming interface, nothing else
            return self._setting(request, data, wanted) if index & 0xFF == 1 and value >> 8 in (1, 2) else None
        answers = {(0x80, 0): b"\0\0", (0x80, 8): b"\1", (0x81, 10): b"\0"}  # status, configuration, interface
        return answers.get((kind, request), b"")

    def _descriptor(self, value: int, wanted: int) -> bytes | None:
        kind, index = value >> 8, value & 0xFF
        found = {1: device(), 2: configuration(self._formats)}.get(kind) if kind != 3 else _STRINGS.get(index)
        return None if found is None else found[:wanted]

    def _setting(self, request: int, data: bytes, wanted: int) -> bytes | None:
        if request == 0x01:
            asked = data.ljust(34, b"\0")
            self._probe = probe(self._formats, asked[2], asked[3], *struct.unpack_from("<I", asked, 4))
            return b""
        return {0x85: struct.pack("<H", 34), 0x86: b"\x03"}.get(request) or (
            self._probe[:wanted] if request in (0x81, 0x82, 0x83, 0x87) else None
        )

    def _send(self, line: socket.socket) -> None:
        number, due, flip = 0, time.monotonic(), 0
        while self._socket is line:
            setting = self._probe  # looked up once: another may be asked for meanwhile
            form = self._formats[setting[2] - 1]
            size = form.sizes[setting[3] - 1]
            interval = struct.unpack_from("<I", setting, 4)[0] / 1e7
            now = time.monotonic()
            due = max(due + interval, now - interval)
            time.sleep(max(0.0, due - now))
            if self.mode == "stop" or not self._waiting:
                continue
            number, flip = number + 1, flip ^ 1
            with contextlib.suppress(OSError):
                self._transfer(line, self._picture(form.name, size, number), flip, _SHARE * interval)

    def _picture(self, name: str, size: tuple[int, int], number: int) -> bytes:
        pictures, dark = self._films[name, size]
        data = dark if self.mode == "dark" else pictures[0 if self.mode == "freeze" else number % len(pictures)]
        if self.mode == "halve":
            return data[: len(data) // 2]
        if self.mode == "corrupt":
            third = len(data) // 3
            return data[:third] + os.urandom(200) + data[third + 200 :]
        return data

    def _transfer(self, line: socket.socket, data: bytes, flip: int, spread_s: float) -> None:
        room = PAYLOAD - 2
        parts = [data[start : start + room] for start in range(0, len(data), room)]
        begun = time.monotonic()
        for index, part in enumerate(parts):
            time.sleep(max(0.0, begun + spread_s * index / len(parts) - time.monotonic()))
            with self._news:
                if not self._news.wait_for(lambda: self._waiting, 0.2):
                    return
                number, _ = self._waiting.popleft()
                flags = 0x80 | flip | (2 if index == len(parts) - 1 else 0)  # a header's end, frame's number, frame's end
                self._reply(line, number, 0, bytes((2, flags)) + part)  # before it can be taken back


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = line.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def main(path: Path, names: list[str]) -> None:
    """Run a camera with these formats until killed; words come through a pipe at a path."""
    webcam = Webcam(tuple(Format(name, _SIZES.get(name, ((640, 480),))) for name in names))
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    webcam.plug()
    while True:
        for word in path.read_text().split():
            if word in ("plug", "unplug"):
                getattr(webcam, word)()
            else:
                webcam.mode = word


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
