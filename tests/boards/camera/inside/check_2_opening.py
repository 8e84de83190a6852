"""Which cameras there are, and how one is opened: by number, by path, of several, of what is none, busy, forbidden."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import vivid
from vivid import PATIENCE, sh, until
from watching import EDGE, Done, Watch, edge

FEW = ("--json", "--model", "tiny", "--max-frames", "5")


def opens(done: Done) -> None:
    """Five answers, and nothing on stderr."""
    assert done.code == 0, done.err
    assert len(done.labels) == 5
    assert "expected" not in done.err


def test_listed(camera: None) -> None:
    """--list-cameras names the camera, its size and its lasting path"""
    done = edge("--list-cameras")
    assert done.code == 0
    assert done.out.startswith("--camera 0  vivid  640 x 480  or --camera /dev/v4l/by-path/")


def test_nothing_listed() -> None:
    """--list-cameras without a camera says so, and what else there is"""
    done = edge("--list-cameras")
    assert (done.code, done.out) == (0, "")
    assert "no cameras" in done.err


@pytest.mark.parametrize("name", ["0", "/dev/video0", "by-path"])
def test_opened_by(name: str, camera: None) -> None:
    """Opened by number, by /dev/videoN, by /dev/v4l/by-path"""
    if name == "by-path":
        name = str(next(Path("/dev/v4l/by-path").iterdir()))
    opens(edge("--camera", name, *FEW))


def test_absent() -> None:
    """A camera that is not there ends the program with code 5, and what to do"""
    done = edge("--camera", "0", *FEW)
    assert done.code == 5
    assert "no such device (present: none)" in done.err
    assert "Plug it in" in done.err
    assert done.seconds < 10 * PATIENCE


@pytest.fixture
def two() -> Iterator[None]:
    """A node that takes no pictures first, then two cameras of one kind."""
    vivid.load(kinds=(vivid.OUTPUT, vivid.CAPTURE, vivid.CAPTURE), numbers=(0, 1, 2))
    yield
    vivid.unload()


def test_first_node_is_no_camera(two: None) -> None:
    """A first node that takes no pictures is not listed, and refused with the list to look at"""
    listed = edge("--list-cameras").out.splitlines()
    assert [line.split()[1] for line in listed] == ["1", "2"]
    done = edge("--camera", "0", *FEW)
    assert done.code == 5
    assert "takes no pictures" in done.err
    assert "--list-cameras" in done.err


def test_two_cameras(two: None) -> None:
    """Two cameras at once, each by its own program; a lasting path is told with the camera that it leads to"""
    listed = edge("--list-cameras").out.splitlines()
    # All nodes are on one "bus" of vivid's, so udev has one path, and gives it to one of them; to none of these, perhaps.
    paths = [(line.split()[1], line.rpartition("--camera ")[2]) for line in listed if "/dev/v4l/" in line]
    assert len(listed) == 2
    with Watch("--camera", "1", "--model", "tiny") as first, Watch("--camera", "2", "--model", "tiny") as second:
        for watch, name in ((first, "camera 1"), (second, "camera 2")):
            assert watch.label(30).said["source"] == name
    for number, path in paths:
        assert str(Path(path).resolve()) == f"/dev/video{number}"
        opens(edge("--camera", path, *FEW))


def test_busy(camera: None) -> None:
    """Busy: by which program, in the error, the list and the doctor; the one that has it goes on"""
    with Watch("--camera", "0", "--model", "tiny") as first:
        first.label(30)
        done = edge("--camera", "0", *FEW)
        assert done.code == 5
        assert "busy: catdog-edge (process " in done.err
        assert "busy" in edge("--list-cameras").out
        assert "in use by catdog-edge" in edge("doctor", "--camera", "0").out
        since = first.heard[-1].at
        first.wait_for(lambda each: each.is_label and each.at > since, 10)
        assert not [each for each in first.heard if each.said.get("state") == "OFFLINE"]


def test_busy_then_free(camera: None) -> None:
    """Busy with another program, then free: --wait opens it"""
    other = subprocess.Popen(["v4l2-ctl", "-d0", "--stream-mmap=3"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: "busy" in edge("--camera", "0", *FEW).err, 30)
        with Watch("--camera", "0", "--wait", "--model", "tiny") as watch:
            watch.state("OFFLINE", 20)
            assert "v4l2-ctl (process" in watch.states()[0]
            other.kill()
            watch.label(15)
    finally:
        other.kill()
        other.wait()


def test_no_permission(camera: None) -> None:
    """No permission: the error says what to type; so do the list and the doctor; the group video may"""
    for arguments in (("--camera", "0", *FEW), ("--list-cameras",), ("doctor", "--camera", "0")):
        done = edge(*arguments, user="visitor")
        assert "sudo usermod -aG video" in done.out + done.err
    assert edge("--camera", "0", *FEW, user="visitor").code == 5
    opens(edge("--camera", "0", *FEW, user="pi"))


def test_late(camera: None) -> None:
    """A capture process that takes 60 s to start is waited for"""
    with Watch("--camera", "0", "--wait", "--model", "tiny") as watch:
        process = watch.capture_process()
        sh(f"kill -STOP {process}")
        assert not [each for each in watch.heard if each.is_label], "too quick to be stopped"
        try:
            with pytest.raises(AssertionError, match="not heard"):
                watch.label(60 / PATIENCE)
            assert watch.capture_process() == process
        finally:
            sh(f"kill -CONT {process}")
        watch.label(20)


def test_comes_after_a_minute() -> None:
    """A camera that is plugged in after 60 s is found with --wait"""
    with Watch("--camera", "0", "--wait", "--model", "tiny") as watch:
        with pytest.raises(AssertionError, match="not heard"):
            watch.label(60 / PATIENCE)
        vivid.load()
        watch.label(15)
    vivid.unload()


def test_help() -> None:
    """The command itself starts as any user"""
    assert subprocess.run(["runuser", "-u", "visitor", "--", EDGE, "--version"], check=False).returncode == 0
