"""Sizes, rates, pixel formats, inputs: what a camera gives is taken as it is; what differs from what was asked for is said."""

import json
import subprocess
from collections.abc import Callable

import pytest
import vivid
from vivid import sh
from watching import PYTHON, Watch, edge

FEW = ("--json", "--model", "tiny", "--max-frames", "20")
# What OpenCV 5 takes of what vivid gives. Asked for first, in place of motion JPEG, which vivid has not.
FORMATS = ("YUYV", "UYVY", "NV12", "NV21", "YU12", "YV12", "RGB3", "BGR3", "GREY", "Y16 ", "BA81", "GBRG")
GREY = ("GREY", "Y16 ")
# Colour bars: white, yellow, cyan, green, magenta, red, blue, black; a patch of each in a frame that CameraSource gives.
_BARS = """
import json, sys, cv2
from catdog.edge.sources import camera
camera._MJPG = cv2.VideoWriter.fourcc(*sys.argv[1])
source = camera.CameraSource(0, 640, 360)
source._is_jpeg = False  # as it takes whatever was asked for first
source._capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
packets = source.packets()
for _ in range(3):
    frame = next(packets).frame()
    picture = frame.picture
    assert picture is not None, frame.error
given = int(source._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
bars = [picture[170:190, 80 * i + 30 : 80 * i + 50].reshape(-1, 3).mean(axis=0).round().tolist() for i in range(8)]
print(json.dumps({"given": given, "shape": picture.shape, "bars": bars}))
"""
FULL = 191  # of vivid's usual bars, which have three quarters of all light
EXPECTED = tuple(
    tuple(FULL * level for level in bar)
    for bar in ((1, 1, 1), (0, 1, 1), (1, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 0, 0))
)


def size_of(number: int = 0) -> str:
    """Return the size that the driver is set to, such as ``"640/360"``."""
    return next(line.split(":")[1].strip() for line in sh(f"v4l2-ctl -d{number} -V").splitlines() if "Width/Height" in line)


@pytest.mark.parametrize("size", ["320x180", "640x360", "1280x720", "1920x1080"])
def test_size(size: str, camera: None) -> None:
    """Resolutions that it has"""
    done = edge("--camera", "0", "--resolution", size, *FEW)
    assert done.code == 0, done.err
    assert size_of() == size.replace("x", "/")
    assert "instead of" not in done.out


@pytest.mark.parametrize(("size", "given"), [("333x222", "320x180"), ("5000x4000", "3840x2160"), ("16x16", "320x180")])
def test_size_that_it_has_not(size: str, given: str, camera: None) -> None:
    """Resolutions that it has not: the nearest, and it is said"""
    done = edge("--camera", "0", "--resolution", size, *FEW)
    assert done.code == 0, done.err
    assert f"{given} instead of {size}" in done.out


@pytest.mark.parametrize("rate", [5, 10, 15, 25, 30])
def test_rate(rate: int, camera: None, figure: Callable[[str, object], None]) -> None:
    """Rates that it has at this size are kept"""
    with Watch("--camera", "0", "--resolution", "320x180", "--fps", str(rate), "--model", "tiny") as watch:
        begun = watch.label(30).at + 1.0  # the driver has given a few at once by then
        first = watch.label(30, since=begun)
        watch.wait_for(lambda each: each.is_label and each.said["frame"] >= first.said["frame"] + 3 * rate, 30)
        labels = [each for each in watch.heard if each.is_label and each.at >= begun]
    captured = (labels[-1].said["frame"] - labels[0].said["frame"]) / (labels[-1].at - labels[0].at)
    figure("captured frames/s", round(captured, 2))
    assert captured == pytest.approx(rate, rel=0.15)
    assert not [said for said in watch.states() if "instead of" in said]


@pytest.mark.parametrize("rate", ["7.3", "500"])
def test_rate_that_it_has_not(rate: str, camera: None) -> None:
    """Rates that it has not: another, and it is said"""
    done = edge("--camera", "0", "--fps", rate, *FEW)
    assert done.code == 0, done.err
    assert f"fps instead of {rate}" in done.out


@pytest.mark.parametrize("name", FORMATS)
def test_format(name: str, camera: None, figure: Callable[[str, object], None]) -> None:
    """Pixel formats: the colours of the bars are those that were sent"""
    done = subprocess.run([PYTHON, "-c", _BARS, name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.strip().rpartition("\n")[2])
    figure("said", done.stdout.strip()[-400:])
    assert said["shape"] == [360, 640, 3]
    if said["given"] != name:
        pytest.skip(f"OpenCV takes {said['given']} where {name} is there as well")
    if name in GREY:
        levels = [sum(bar) / 3 for bar in said["bars"]]
        assert levels == sorted(levels, reverse=True)
        return
    for bar, expected in zip(said["bars"], EXPECTED, strict=True):
        assert bar == pytest.approx(expected, abs=12), said["bars"]


@pytest.mark.parametrize("which", [vivid.TV, vivid.SVIDEO, vivid.HDMI], ids=["TV", "S-Video", "HDMI"])
def test_input(which: int, camera: None) -> None:
    """Inputs: television and S-Video, which are interlaced, and HDMI"""
    vivid.choose_input(which)
    done = edge("--camera", "0", *FEW)
    assert done.code == 0, done.err
    assert len(done.labels) == 20
    said = sh("v4l2-ctl -d0 -V")
    if which != vivid.HDMI:
        assert "Field             : None" not in said, said


@pytest.mark.parametrize(("which", "control"), [(vivid.TV, "standard_signal_mode"), (vivid.HDMI, "dv_timings_signal_mode")])
def test_no_signal(which: int, control: str, camera: None) -> None:
    """An input that loses its signal gets no label until it is back"""
    vivid.choose_input(which)
    with Watch("--camera", "0", "--model", "tiny") as watch:
        watch.label(30)
        vivid.set_to(**{control: 1})
        lost = watch.wait_for(lambda each: each.said.get("state") in ("STALE", "OFFLINE"), 10).at
        vivid.set_to(**{control: 0})
        back = watch.state("ONLINE", 20, since=lost).at
        assert not watch.labels_between(lost, back - 0.001)
        watch.label(10, since=back)
