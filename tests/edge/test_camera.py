"""Cameras without a camera: a capture that gives what it is told to, devices in a folder, answers as the kernel gives them."""

import errno
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from cameras import encoded

from catdog.edge.errors import SourceError
from catdog.edge.program.doctor.cameras import check_cameras
from catdog.edge.program.doctor.findings import Verdict
from catdog.edge.sources import camera, devices, probe, v4l2
from catdog.edge.sources.camera import CameraSource
from catdog.edge.sources.devices import Identity, Locator
from catdog.edge.sources.frame import Packet
from catdog.edge.sources.v4l2 import BusyError, Capability, InputSignal, PixelFormat

# A capture


class Capture:
    """`cv2.VideoCapture` on a USB camera: gives its JPEGs as they are when it is told not to convert them."""

    def __init__(self, frames: list[bytes], *, lag_s: float = 0.0, gives: tuple[float, float, float] = (640, 480, 30)) -> None:
        self.frames, self.lag_s = list(frames), lag_s
        self.properties = dict(zip((cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS), gives, strict=True))
        self.current = b""
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def set(self, what: int, value: float) -> bool:
        if what not in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS):
            self.properties[what] = value
        return True

    def get(self, what: int) -> float:
        if what == cv2.CAP_PROP_POS_MSEC:
            return 1e3 * (time.monotonic() - self.lag_s)
        return self.properties.get(what, 0.0)

    def grab(self) -> bool:
        if not self.frames:
            return False
        self.current = self.frames.pop(0)
        return True

    def retrieve(self) -> tuple[bool, np.ndarray]:
        data = np.frombuffer(self.current, np.uint8)
        if self.properties.get(cv2.CAP_PROP_CONVERT_RGB) == 0:
            return True, data[None]
        return True, np.full((48, 64, 3), 77, np.uint8)  # as OpenCV does: a picture, whatever came

    def release(self) -> None:
        self.released = True


class Signal:
    """An input whose signal comes and goes as listed; the last one stays."""

    def __init__(self, lost: list[bool]) -> None:
        self.lost = lost

    def again(self) -> None: ...

    def is_lost(self) -> bool:
        return self.lost.pop(0) if len(self.lost) > 1 else self.lost[0]

    def close(self) -> None: ...


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CameraSource]:
    def open_camera(capture: Capture, lost: tuple[bool, ...] = (False,), **wishes: object) -> CameraSource:
        monkeypatch.setattr(camera.cv2, "VideoCapture", lambda *_: capture)
        monkeypatch.setattr(camera, "check_free", lambda _: None)
        monkeypatch.setattr(camera, "InputSignal", lambda _: Signal(list(lost)))
        return CameraSource(0, **wishes)  # type: ignore[arg-type]

    return open_camera


def packets(source: CameraSource) -> Iterator[Packet]:
    """What it gives until it is gone."""
    given = source.packets()
    while True:
        try:
            yield next(given)
        except SourceError:
            return


def test_short_and_damaged_jpegs_of_a_camera_are_errors(opened: Callable[..., CameraSource]) -> None:
    whole = encoded(1)
    middle = whole[: len(whole) // 2] + whole[len(whole) // 2 + 400 :]
    sent = [whole, whole[: len(whole) // 2], whole[: len(whole) // 3] + b"\xff\xd9", middle, b"", bytes(500), whole]
    frames = [packet.frame() for packet in packets(opened(Capture(sent)))]
    assert [frame.error is None for frame in frames] == [True, False, False, False, False, False, True]
    assert np.array_equal(frames[0].picture, cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR))  # type: ignore[arg-type]


def test_time_of_a_frame_is_the_drivers(opened: Callable[..., CameraSource]) -> None:
    (packet,) = packets(opened(Capture([encoded(1)], lag_s=0.3)))
    assert time.monotonic() - packet.captured_at >= 0.3
    (packet,) = packets(opened(Capture([encoded(1)], lag_s=1e6)))  # of another clock
    assert time.monotonic() - packet.captured_at < 0.3


def test_camera_has_two_buffers(opened: Callable[..., CameraSource]) -> None:
    capture = Capture([])
    opened(capture)
    assert capture.properties[cv2.CAP_PROP_BUFFERSIZE] == 2


def test_what_is_given_instead_is_said(opened: Callable[..., CameraSource]) -> None:
    capture = Capture([], gives=(320, 180, 25))
    assert opened(capture).settings == ""
    assert opened(capture, width=320, height=180, fps=25.0).settings == ""
    said = opened(capture, width=333, height=222, fps=30.0).settings
    assert said == "320x180 instead of 333x222, 25 fps instead of 30"


def test_input_without_signal_is_not_judged(opened: Callable[..., CameraSource]) -> None:
    source = opened(Capture([encoded(seed) for seed in range(4)]), lost=(False, True, True, False))
    frames = [packet.frame() for packet in packets(source)]
    assert [frame.error.got if frame.error else None for frame in frames] == [None, "no signal", "no signal", None]


def test_camera_that_is_gone_says_why(opened: Callable[..., CameraSource], monkeypatch: pytest.MonkeyPatch) -> None:
    capture = Capture([encoded(1)])
    given = opened(capture).packets()
    next(given)

    def gone(device: Path) -> None:
        assert capture.released  # or it would be busy with this
        raise SourceError(f"a video device at {device}", got="no such device", fix="Plug it in again.")

    monkeypatch.setattr(camera, "check_free", gone)
    with pytest.raises(SourceError, match="no such device"):
        next(given)


# Which camera


class System:
    """Cameras at numbers, in a folder that stands for /dev."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cameras, self.now, self.forbidden = folder, dict[int, Identity](), 0.0, False
        (folder / "v4l" / "by-id").mkdir(parents=True)

    def plug(self, number: int, name: str, bus: str = "usb-1", *, link: bool = True) -> None:
        (self.folder / f"video{number}").touch()
        if link:
            (self.folder / "v4l" / "by-id" / name).symlink_to(f"../../video{number}")
        self.cameras[number] = Identity(name if link else "", name, bus)

    def unplug(self, number: int) -> None:
        (self.folder / f"video{number}").unlink()
        link = self.folder / "v4l" / "by-id" / self.cameras.pop(number).card
        link.unlink(missing_ok=True)

    def identify(self, number: int, folder: Path) -> Identity:
        assert folder == self.folder
        if self.forbidden:
            raise SourceError("to open it", got="no permission", fix="Join the group.")
        if number not in self.cameras:
            raise SourceError("a camera", got="no such device", fix="Plug it in.")
        return self.cameras[number]

    def locator(self, asked: str) -> Locator:
        return Locator(asked, self.folder, self.identify, lambda: self.now)


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


@pytest.mark.parametrize("link", [True, False])
def test_camera_is_found_under_another_number(system: System, link: bool) -> None:
    system.plug(0, "porch", link=link)
    locator = system.locator("0")
    assert locator.locate() == 0
    system.unplug(0)
    with pytest.raises(SourceError, match="no such device"):
        locator.locate()
    system.plug(2, "porch", link=link)
    assert locator.locate() == 2


def test_camera_with_a_serial_number_is_found_in_another_socket(system: System) -> None:
    system.plug(0, "porch", bus="usb-1")
    locator = system.locator("0")
    locator.locate()
    system.unplug(0)
    system.plug(3, "porch", bus="usb-4")
    assert locator.locate() == 3


def test_cameras_that_come_back_in_another_order_are_not_mixed_up(system: System) -> None:
    system.plug(0, "porch")
    system.plug(1, "kitchen", bus="usb-2")
    locator = system.locator("0")
    locator.locate()
    for number in (0, 1):
        system.unplug(number)
    system.plug(0, "kitchen", bus="usb-2")
    with pytest.raises(SourceError, match="another camera in its place"):
        locator.locate()
    system.plug(1, "porch")
    assert locator.locate() == 1


def test_camera_that_is_back_and_forbidden_is_not_called_another(system: System) -> None:
    system.plug(0, "porch")
    locator = system.locator("0")
    locator.locate()
    system.forbidden = True
    with pytest.raises(SourceError, match="no permission"):
        locator.locate()


def test_camera_that_was_replaced_is_taken_after_a_while(system: System) -> None:
    system.plug(0, "old")
    locator = system.locator("0")
    locator.locate()
    system.unplug(0)
    system.plug(0, "new")
    with pytest.raises(SourceError):
        locator.locate()
    system.now += 11.0
    assert locator.locate() == 0
    assert locator.locate() == 0


def test_lasting_name_leads_to_whichever_number(system: System) -> None:
    system.plug(4, "porch")
    locator = system.locator("/dev/v4l/by-id/porch")
    assert locator.locate() == 4
    system.unplug(4)
    with pytest.raises(SourceError, match=r"by-id/porch.*no such device"):
        locator.locate()
    system.plug(7, "porch")
    assert locator.locate() == 7
    assert devices.link_of(7, system.folder) == "porch"


def test_second_of_two_cameras_that_say_the_same_has_its_socket_for_a_name(system: System) -> None:
    system.plug(0, "same")
    system.plug(1, "same", link=False)
    sockets = system.folder / "v4l" / "by-path"
    sockets.mkdir()
    for number in (0, 1):
        (sockets / f"usb-0:{number}:1.0").symlink_to(f"../../video{number}")
    first, second = (devices.lasting_path(number, system.folder) for number in (0, 1))
    assert (first, second) == ("/dev/v4l/by-id/same", "/dev/v4l/by-path/usb-0:1:1.0")
    assert [system.locator(devices.check_camera(path)).locate() for path in (first, second)] == [0, 1]
    assert devices.lasting_path(2, system.folder) == ""


# A kernel


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Makes a device that answers V4L2's questions: its capabilities, whether it is busy, the status of its input."""

    def make(capabilities: int = 0x1, *, busy: bool = False, status: int = 0) -> Path:
        device = tmp_path / "video0"
        device.touch()

        def ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
            if request == v4l2._QUERY:
                of_all = 0x80000000 | 0x1 | 0x2
                return struct.pack("=16s32s32s3I3I", b"uvcvideo", b"HD Webcam", b"usb-1.2", 6, of_all, capabilities, 0, 0, 0)
            if request == v4l2._REQUEST_BUFFERS:
                if busy:
                    raise OSError(errno.EBUSY, "Device or resource busy")
                return argument
            if request == v4l2._GET_INPUT:
                return struct.pack("=I", 0)
            if request == v4l2._ENUMERATE_INPUTS:
                return struct.pack("=I32s3IQ5I4x", 0, b"HDMI", 2, 0, 0, 0, status, 0, 0, 0, 0)
            raise OSError(errno.EINVAL, "Invalid argument")

        monkeypatch.setattr(v4l2.fcntl, "ioctl", ioctl)
        return device

    return make


def test_free_camera(kernel: Callable[..., Path]) -> None:
    device = kernel()
    v4l2.check_free(device)
    assert v4l2.read_capability(device) == Capability("HD Webcam", "usb-1.2", ())


@pytest.mark.parametrize(
    "capabilities", [0x800000, 0x2, 0x8000, 0x1 | 0x2, 0x1 | 0x8000], ids=["metadata", "output", "codec", "both", "both kinds"]
)
def test_device_that_is_no_camera(kernel: Callable[..., Path], capabilities: int) -> None:
    with pytest.raises(SourceError, match="takes no pictures"):
        v4l2.check_free(kernel(capabilities))


def test_busy_camera_names_who_uses_it(kernel: Callable[..., Path]) -> None:
    device = kernel(busy=True)
    command = "import sys; held = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    user = subprocess.Popen([sys.executable, "-c", command, device], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert user.stdout is not None
        user.stdout.readline()
        with pytest.raises(BusyError, match=rf"busy: .*\(process {user.pid}\) uses it"):
            v4l2.check_free(device)
    finally:
        user.communicate()
    with pytest.raises(BusyError, match="busy: another program uses it"):
        v4l2.check_free(device)


def test_camera_that_is_forbidden_and_one_that_is_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such device"):
        v4l2.check_free(tmp_path / "video0")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(v4l2.os, "open", refuse)
    with pytest.raises(SourceError, match=r"no permission.*usermod"):
        v4l2.check_free(tmp_path / "video0")


@pytest.mark.parametrize(
    ("status", "lost"), [(0, False), (0x30, False), (0x2, True), (0x1, True), (0x100, True), (0x10000, True)]
)
def test_status_of_an_input(kernel: Callable[..., Path], status: int, lost: bool) -> None:
    signal = InputSignal(kernel(status=status))
    assert signal.is_lost() is lost
    signal.close()


def test_camera_that_catdog_uses_itself_is_no_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    users = ["catdog-edge (process 812)"]

    def busy(device: Path) -> None:
        raise BusyError(f"{device} to be free", got=f"busy: {users[0]} uses it", fix="End that program.", users=users)

    capability = Capability("HD Webcam", "usb-1.2", (PixelFormat("MJPG", ((640, 480),)),))
    monkeypatch.setattr(probe, "check_free", busy)
    for module in (probe, sys.modules[check_cameras.__module__]):
        monkeypatch.setattr(module, "read_capability", lambda _: capability)
    (finding,) = check_cameras(None, tmp_path)
    assert (finding.verdict, "process 812" in finding.found) == (Verdict.OK, True)
    users[0] = "cheese (process 9)"
    (finding,) = check_cameras(None, tmp_path)
    assert (finding.verdict, finding.fix) == (Verdict.PROBLEM, "End that program.")
    (listed,) = probe.list_cameras(tmp_path)
    assert isinstance(listed.trouble, BusyError)
