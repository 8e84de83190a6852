"""A USB webcam behind the kernel's own driver `uvcvideo`: motion JPEG, other formats, damage, pulled out and plugged in."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from vivid import sh, until
from watching import PYTHON, Watch, edge

PIPE = Path("/run/webcam")
TINY = ("--camera", "0", "--model", "tiny")


def tell(word: str) -> None:
    """Have the camera do something."""
    PIPE.write_text(f"{word}\n")


@contextmanager
def plugged_in(*formats: str) -> Iterator[None]:
    """A webcam with some formats, /dev/video0."""
    said = sh("modprobe -a vhci_hcd uvcvideo")
    if said:
        pytest.skip("this kernel has no USB; make test-camera WEBCAM=1 builds one that has")
    program = Path(__file__).with_name("webcam.py")
    process = subprocess.Popen([PYTHON, str(program), str(PIPE), *formats], stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: Path("/dev/video0").exists() or process.poll() is not None, 40)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        sh("udevadm settle")
        yield
    finally:
        sh("echo 0 > /sys/devices/platform/vhci_hcd.0/detach")
        process.kill()
        process.communicate()
        PIPE.unlink(missing_ok=True)
        until(lambda: not Path("/dev/video0").exists(), 20)


@pytest.fixture
def webcam() -> Iterator[None]:
    """A usual one."""
    with plugged_in("MJPG", "YUYV"):
        yield


def test_listed_and_judged(webcam: None, figure: Callable[[str, object], None]) -> None:
    """Listed with its lasting path; motion JPEG is chosen before raw pictures"""
    said = edge("--list-cameras").out
    assert "640 x 480" in said
    assert "/dev/v4l/by-id/usb-" in said
    with Watch(*TINY) as watch:
        watch.label(30)
        assert "'MJPG'" in sh("v4l2-ctl -d0 -V")
        begun = watch.heard[-1]
        last = watch.wait_for(lambda each: each.is_label and each.at > begun.at + 4, 10)
        figure("captured frames/s of 30", round((last.said["frame"] - begun.said["frame"]) / (last.at - begun.at), 1))


@pytest.mark.parametrize("size", ["1280x720", "320x240"])
def test_size(size: str, webcam: None) -> None:
    """Sizes of motion JPEG"""
    done = edge(*TINY, "--resolution", size, "--json", "--max-frames", "10")
    assert (done.code, len(done.labels)) == (0, 10), done.err
    assert "instead of" not in done.out


@pytest.mark.parametrize("name", ["YUYV", "NV12", "GREY", "Y16", "BA81"])
def test_format(name: str) -> None:
    """A webcam with one raw format alone"""
    with plugged_in(name):
        done = edge(*TINY, "--json", "--max-frames", "10")
    assert (done.code, len(done.labels)) == (0, 10), done.err


def test_pulled_out_and_plugged_in(webcam: None) -> None:
    """Pulled out: OFFLINE within 2 s; plugged in: back, under whichever number"""
    with Watch(*TINY) as watch:
        watch.label(40)
        for pause in (2.0, 0.2):
            begun = time.monotonic()
            tell("unplug")
            lost = watch.state("OFFLINE", 10, since=begun).at
            assert lost - begun < 2.0
            time.sleep(pause)
            tell("plug")
            back = watch.state("ONLINE", 20, since=lost).at
            assert not watch.labels_between(lost, back - 0.001)
            watch.label(10, since=back)


@pytest.mark.parametrize(("word", "state"), [("stop", "OFFLINE"), ("freeze", "STALE"), ("dark", "STALE"), ("halve", "STALE")])
def test_misbehaves(word: str, state: str, webcam: None) -> None:
    """Sends no more, the same picture, the dark, half JPEGs: no label until it is well again"""
    with Watch(*TINY) as watch:
        watch.label(40)
        begun = time.monotonic()
        tell(word)
        bad = watch.state(state, 15, since=begun).at
        time.sleep(2.0)
        tell("go")
        back = watch.state("ONLINE", 30, since=bad).at
        assert not watch.labels_between(bad, back - 0.001)
        watch.label(10, since=back)


def test_corrupt(webcam: None) -> None:
    """Random bytes within JPEGs: damaged frames have an error and no label"""
    with Watch(*TINY) as watch:
        watch.label(40)
        begun = time.monotonic()
        tell("corrupt")
        watch.wait_for(lambda each: "error" in each.said, 10, since=begun)
        tell("go")
        watch.label(20, since=time.monotonic() + 1.0)
