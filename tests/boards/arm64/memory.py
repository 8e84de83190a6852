"""Memory of a camera, the page with a viewer, and MQTT together, over many frames.

The camera is one of the network, served by this machine: the demo camera keeps what it draws, which is half as much again. A
program that qemu-user runs lives in the process of qemu, which has memory of its own: translated code above all. What the
program has mapped lies apart from that, in addresses where qemu lays nothing of its own; of these the resident part is counted,
files that are mapped included, as a board would count them. The same command on this machine stands beside it.
"""

import contextlib
import http.client
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.project.soak import slope_with_interval
from catdog.edge.synthetic import DemoFilm
from tests.cameras import HEAD, Camera, camera_on

from .findings import Finding, judged, skipped
from .options import MOST_GROWTH_MB, MOST_MEMORY_MB
from .processors import Processor
from .root import Root, StepError, say

# Of qemu 7.2 for 64-bit programs on a 64-bit host: a program, its heap and what it maps are below; what qemu itself has, the
# host's kernel lays above 0x550000000000.
_PROGRAMS_END = 0x100000000000
_RANGE, _RESIDENT = re.compile(r"([0-9a-f]+)-[0-9a-f]+ [-rwxps]{4} "), re.compile(r"Rss:\s+(\d+) kB")
_WARM_UP = 0.3  # share of the frames that is not counted for the slope: caches fill, animals are drawn
_PATIENCE_S = 60.0
_FILM_FRAMES, _FILM_STEP = 900, 3  # of the demo camera's film: a minute and a half


@dataclass(frozen=True)
class Watched:
    """What was seen of one run."""

    frames: list[float]
    megabytes: list[float]  # of the program, with each frame
    viewed: int  # bytes that the page's viewer got
    took_s: float

    @property
    def peak(self) -> float:
        """The most, 10^6 bytes."""
        return max(self.megabytes)


def watched(root: Root, processor: Processor, count: int, scratch: Path) -> list[Finding]:
    """Watch both machines; return the lines.

    Args:
        root: with catdog.
        processor: of the board.
        count: frames.
        scratch: for the broker.
    """
    where = f"{root.suite}, {processor.name}"
    broker = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    lines = [] if broker else [skipped("memory", where, "MQTT: no mosquitto: apt install mosquitto")]
    say(f"{where}: memory of camera, page and MQTT over {count} frames")
    root.become(processor)
    with _broker(broker, scratch) as address, camera_on(_yard()) as camera:
        rest = ["--mqtt", f"{address}/catdog/board"] if address else []
        board = _watch(root.command(processor, "catdog-edge", *_arguments(camera, count), *rest), count, emulated=True)
        ours = str(Path(sys.executable).parent / "catdog-edge")
        here = _watch([ours, *_arguments(camera, count), *rest], count, emulated=False)
    what = "camera, page with a viewer, MQTT" if address else "camera, page with a viewer"
    return [*lines, *_told(board, here, where, what)]


def _yard() -> Camera:
    """Return a camera of 640 x 480 in front of which animals come and go."""
    film, camera = DemoFilm(), Camera()
    jpegs = (cv2.imencode(".jpg", film.frame(index))[1].tobytes() for index in range(0, _FILM_FRAMES, _FILM_STEP))
    camera.sends = [HEAD + jpeg + b"\r\n" for jpeg in jpegs]
    return camera


def _arguments(camera: Camera, count: int) -> list[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return [camera.url, "--json", "--serve", f"127.0.0.1:{port}", "--max-frames", str(count)]


def _watch(command: Sequence[str], count: int, *, emulated: bool) -> Watched:
    """Run catdog-edge and look at its memory with each result."""
    address = f"http://{command[command.index('--serve') + 1]}/stream.mjpg"
    frames: list[float] = []
    megabytes: list[float] = []
    viewed = [0]
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        threading.Thread(target=_view, args=(address, viewed, process), daemon=True).start()
        complaints: list[str] = []
        threading.Thread(target=lambda: complaints.extend(process.stderr or ()), daemon=True).start()
        for line in process.stdout or ():
            if '"frame"' in line:
                with contextlib.suppress(OSError):  # it has ended meanwhile, or has nothing any more
                    if seen := _resident(process.pid, emulated=emulated):
                        megabytes.append(seen / 1e6)
                        frames.append(float(len(frames)))
    if process.returncode != 0 or len(frames) < count // 2:
        got = f"{process.returncode}, {len(frames)} results: {' | '.join(complaints[-5:])}"
        raise StepError("catdog-edge to end with 0", got=got, fix="Run it by hand.")
    return Watched(frames, megabytes, viewed[0], time.monotonic() - start)


def _resident(process: int, *, emulated: bool) -> int:
    """Return the resident bytes of a program, without what emulates it."""
    total, counts = 0, False
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        if match := _RANGE.match(line):
            counts = not emulated or int(match[1], 16) < _PROGRAMS_END
        elif counts and (match := _RESIDENT.match(line)):
            total += int(match[1]) << 10
    return total


def _view(address: str, viewed: list[int], process: "subprocess.Popen[str]") -> None:
    """Look at the page's pictures until they end; count the bytes."""
    while process.poll() is None:  # emulated, the page takes minutes to be up
        try:
            with urllib.request.urlopen(address, timeout=_PATIENCE_S) as stream:  # noqa: S310 - the program's own page
                while part := stream.read(4096):
                    viewed[0] += len(part)
        except (OSError, http.client.HTTPException):  # not up yet, or cut off at the end
            time.sleep(0.5)


@contextlib.contextmanager
def _broker(program: str | None, scratch: Path) -> Iterator[str]:
    """Run a broker; give its address, empty where there is none."""
    if program is None:
        yield ""
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = scratch / "mosquitto.conf"
    settings.write_text(f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen([program, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"mqtt://127.0.0.1:{port}"
        finally:
            process.terminate()


def _told(board: Watched, here: Watched, where: str, what: str) -> list[Finding]:
    n = len(board.frames)
    kept = slice(int(_WARM_UP * n), None)
    slope, low, high = slope_with_interval(np.array(board.frames[kept]), np.array(board.megabytes[kept]))
    per = 1000.0
    peak = f"{board.peak:.0f} MB at most over {n} frames of 640 x 480 in {board.took_s:.0f} s (x86-64: {here.peak:.0f} MB)"
    grows = (
        f"{slope * per:+.2f} MB per 1,000 frames (95 % interval {low * per:+.2f} to {high * per:+.2f}, n = {n - kept.start})"
    )
    data = {"board_MB": board.megabytes, "here_MB": here.megabytes, "viewed_bytes": board.viewed}
    return [
        Finding("memory", where, what, peak, f"{MOST_MEMORY_MB:.0f} MB", judged(board.peak <= MOST_MEMORY_MB), data),
        Finding("memory", where, "its growth", grows, f"{MOST_GROWTH_MB:g} MB", judged(low * per <= MOST_GROWTH_MB)),
        Finding("memory", where, "the viewer got", f"{board.viewed / 1e6:.1f} MB of pictures", "any", judged(board.viewed > 0)),
    ]
