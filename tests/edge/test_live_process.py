"""The capture process with real HTTP streams: frames cross, hangs are cut, nothing is left behind."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from cameras import HEAD, Camera, camera_on, encoded

import catdog.edge.sources
from catdog.edge.errors import SourceError, UsageError
from catdog.edge.sources import SourceOptions, open_sources
from catdog.edge.sources.frame import Change, Frame, State
from catdog.edge.sources.live.process import CaptureProcess
from catdog.edge.sources.live.ring import Ring
from catdog.edge.sources.live.source import LiveSource
from catdog.edge.sources.live.supervisor import Limits


def specification(camera: Camera) -> dict[str, object]:
    return {"kind": "stream", "url": camera.url, "timeout_s": 1.0}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for what other threads are about to do."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_ring_gives_the_newest_whole_frame_and_never_a_torn_one() -> None:
    writer = Ring()
    reader = Ring(os.dup(writer.descriptor))
    first = writer.write(np.full((4, 5, 3), 1, np.uint8))
    seen = reader.read(*first, (4, 5, 3))
    assert seen is not None
    for value in range(2, 12):
        newest = writer.write(np.full((4, 5, 3), value, np.uint8))
    assert (seen == 1).all()  # the slot that is being read is left alone
    assert reader.read(first[0], first[1] + 1, (4, 5, 3)) is None
    again = reader.read(*newest, (4, 5, 3))
    assert again is not None
    assert (again == 11).all()
    writer.close()
    reader.close()


def test_frames_cross_as_they_are() -> None:
    with camera_on(Camera()) as camera:
        capture = CaptureProcess("camera", specification(camera))
        frame = capture.newest(20.0)
        assert frame is not None
        assert frame.picture is not None
        expected = [cv2.imdecode(np.frombuffer(encoded(seed), np.uint8), cv2.IMREAD_COLOR) for seed in range(5)]
        assert any(np.array_equal(frame.picture, picture) for picture in expected)
        assert 0 <= time.monotonic() - frame.captured_at < 20
        capture.stop()
        capture.stop()
    with pytest.raises(SourceError):
        refused = CaptureProcess("camera", specification(camera))
        try:
            refused.newest(20.0)
        finally:
            refused.stop()


def test_every_frame_can_be_had_where_none_may_be_left_out() -> None:
    with camera_on(Camera()) as camera:
        capture = CaptureProcess("camera", specification(camera), every=True)
        numbers = []
        for _ in range(12):
            frame = capture.newest(20.0)
            assert frame is not None
            numbers.append(frame.number)
            time.sleep(0.05)  # slower than the camera
        capture.stop()
    assert numbers == list(range(12))


def test_password_of_an_address_is_not_among_the_arguments() -> None:
    with camera_on(Camera()) as camera:
        url = camera.url.replace("//", "//keeper:secret@")
        capture = CaptureProcess("camera", {"kind": "stream", "url": url, "timeout_s": 1.0})
        assert capture.newest(20.0) is not None
        assert b"secret" not in Path(f"/proc/{capture.process_id}/cmdline").read_bytes()
        capture.stop()


def test_hang_is_cut_and_what_comes_back_is_seen_again() -> None:
    before = descriptors()
    limits = Limits(stale_s=0.3, offline_s=0.8, retry_s=0.05, longest_retry_s=0.2)
    with camera_on(Camera()) as camera:
        source = LiveSource("camera", specification(camera), wait=False, limits=limits)
        updates = source.frames()
        for _ in range(3):
            frames = [update for update in islice(updates, 8) if isinstance(update, Frame)]
            assert frames
            # The process hangs as in a driver that never returns: it is there, and does nothing.
            hung = source.process_id
            assert hung is not None
            os.kill(hung, signal.SIGSTOP)
            changes = [update for update in until(updates, State.ONLINE) if isinstance(update, Change)]
            assert [change.state for change in changes] == [State.STALE, State.OFFLINE, State.RECOVERING, State.ONLINE]
            with pytest.raises(ProcessLookupError):
                os.kill(hung, 0)
        source.close()
    del frames, updates  # they hold the last picture, and that its memory
    assert eventually(lambda: descriptors() <= before)  # servers of earlier tests may have closed theirs since


def until(updates: Iterator[Frame | Change], state: State) -> Iterator[Frame | Change]:
    """Give updates up to the next change to a state; frames that were on their way before a silence may come first."""
    left = False
    for update in updates:
        yield update
        if isinstance(update, Change):
            if left and update.state is state:
                return
            left = True


def test_stream_that_closes_sends_garbage_or_half_a_picture() -> None:
    limits = Limits(stale_s=0.5, offline_s=1.5, retry_s=0.05, longest_retry_s=0.2)
    good = Camera().sends
    with camera_on(Camera()) as camera:
        source = LiveSource("camera", specification(camera), wait=False, limits=limits)
        updates = source.frames()
        list(islice(updates, 5))
        half = encoded(7)[: len(encoded(7)) // 2]
        for bad in ([b"\xff\xd8garbage" * 100], [HEAD + half], [b""]):
            camera.sends = bad
            trouble = next(u for u in updates if isinstance(u, Change))
            assert trouble.state in (State.STALE, State.OFFLINE)
            camera.sends = good
            assert any(isinstance(u, Change) and u.state is State.ONLINE for u in updates)
            assert all(u.picture is not None for u in islice(updates, 3) if isinstance(u, Frame))
        source.close()


def test_command_tells_states_and_judges_nothing_while_the_camera_is_gone() -> None:
    with camera_on(Camera()) as camera:
        program = [str(Path(sys.executable).parent / "catdog-edge"), camera.url, "--json"]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = (json.loads(line) for line in process.stdout)
        assert next(said)["state"] == "ONLINE"
        first = next(said)
        assert "label" in first
        captured = datetime.fromisoformat(first["captured_at"])
        assert abs((datetime.now(UTC) - captured).total_seconds()) < 60
        camera.sends = []
        away = next(line for line in said if line.get("state") == "STALE")
        assert "no frame" in away["cause"]
        gone = list(takewhile_not(said, "RECOVERING"))
        assert not any("label" in line for line in gone)
        assert any(line["state"] == "OFFLINE" for line in gone)
        camera.sends = Camera().sends
        assert next(line for line in said if line.get("state") == "ONLINE")
        assert "label" in next(said)
        process.terminate()
        process.communicate(timeout=5)
        assert process.returncode == 143


def test_reader_who_stops_reading_holds_up_no_camera(tmp_path: Path) -> None:
    table = tmp_path / "all.csv"
    with camera_on(Camera()) as camera:
        program = [str(Path(sys.executable).parent / "catdog-edge"), camera.url, "--json", "--csv", str(table)]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, 4096)  # a dozen lines fill it
        deadline = time.monotonic() + 60
        # More frames than the pipe and the queue behind it can hold, and nobody reads.
        while not table.exists() or len(table.read_text().splitlines()) < 200:
            assert time.monotonic() < deadline, "inference waits for whoever reads stdout"
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate(timeout=5)
        assert process.returncode == 143
    assert re.search(r"stdout: [1-9]\d* dropped", said)


def test_camera_ends_when_nobody_reads_any_more() -> None:
    with camera_on(Camera()) as camera:
        program = [str(Path(sys.executable).parent / "catdog-edge"), camera.url, "--json"]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        process.stderr.close()


def takewhile_not(said: Iterator[dict[str, str]], state: str) -> Iterator[dict[str, str]]:
    for line in said:
        yield line
        if line.get("state") == state:
            return


PICAMERA2 = """
import numpy, time
class Picamera2:
    def create_video_configuration(self, lores, display):
        return lores["size"]
    def configure(self, size):
        self.size = size
    def start(self):
        pass
    def capture_array(self, name):
        assert name == "lores"
        time.sleep(0.02)
        width, height = self.size
        planes = numpy.full((height * 3 // 2, width + 32), 128, numpy.uint8)  # rows are padded
        planes[:height, :width] = numpy.random.randint(100, 255, (height, width))
        planes[:height, width:] = 0
        return planes
"""


def csi(folder: Path) -> CaptureProcess:
    """The script for CSI cameras, with a stand-in for the library that only a board has."""
    worker = Path(catdog.edge.sources.__file__).parent / "live" / "csi_worker.py"
    command = ["env", f"PYTHONPATH={folder}", sys.executable, str(worker)]
    return CaptureProcess("picamera2", {"width": 64, "height": 48}, command=command)


def test_csi_cameras_frames_cross_as_bgr(tmp_path: Path) -> None:
    (tmp_path / "picamera2.py").write_text(PICAMERA2)
    capture = csi(tmp_path)
    frame = capture.newest(20.0)
    capture.stop()
    assert frame is not None
    assert frame.picture is not None
    assert frame.picture.shape == (48, 64, 3)
    assert frame.picture.min() > 60
    assert np.ptp(frame.picture.astype(int), axis=2).max() <= 2  # grey: colour planes of 128 say so


def test_csi_camera_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    capture = csi(tmp_path)
    with pytest.raises(SourceError, match="apt install python3-picamera2"):
        capture.newest(20.0)
    capture.stop()


def test_second_stream_that_nobody_would_ever_look_at_is_refused() -> None:
    with camera_on(Camera()) as camera:
        twice = open_sources(SourceOptions(inputs=(camera.url, camera.url)))
        with pytest.raises(UsageError, match="one camera or stream"), twice:
            pass


def test_stream_by_its_address(tmp_path: Path) -> None:
    with camera_on(Camera()) as camera, open_sources(SourceOptions(inputs=(camera.url,))) as (source,):
        found = list(islice(source.frames(), 6))
        assert sum(isinstance(update, Frame) for update in found) == 5
