"""What the runner costs on top of the model.

Milliseconds a result of catdog-edge, beside a bare loop that only decodes (where there is something to decode), resizes and
invokes, with the same model and threads. Each in a process of its own, in turn, so that drift of the machine hits all.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.benchmarks.console import print_table, require_at_least
from catdog.benchmarks.measure.process import WorkerProcess
from catdog.edge.common.command import CommandParser
from catdog.edge.common.quiet import native_output_dropped
from catdog.edge.contract.artifact import read_model_file
from catdog.edge.contract.preprocess import METHODS
from catdog.edge.errors import CatdogError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import DemoFilm

from .turns import RATIO_HEADINGS, command, in_turn, ratio_row

_CLONE = Path(__file__).resolve().parents[2]
_FRAMES = 60  # different ones
_BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n"
_WARM_UP = 20  # results
_FPS = 400.0  # of the network camera: faster than any model here

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Load:
    """What each way has to do."""

    results: int  # how many
    threads: int  # for one inference
    model: Path  # TFLite file


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench camera", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="how often each is timed (default: %(default)s)")
    parser.add_argument("--results", type=int, default=400, metavar="N", help="results a time (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads for one inference (default: %(default)s)")
    parser.add_argument("--model", type=Path, default=bundled_tflite(), help="TFLite file (default: the bundled one)")
    arguments = parser.parse_args(argv)
    require_at_least(1, rounds=arguments.rounds, results=arguments.results, threads=arguments.threads)
    load = Load(arguments.results, arguments.threads, arguments.model)
    with _network_camera() as url:
        ways: dict[str, Callable[[], float]] = {
            "bare loop, frames in memory": partial(_in_fresh_process, bare, load),
            "catdog-edge, demo camera": partial(_in_fresh_process, demo, load),
            "bare loop, decoding": partial(_in_fresh_process, bare_decoding, load),
            "catdog-edge, MJPEG over HTTP": partial(_stream, load, url),
        }
        times = in_turn(ways, arguments.rounds)
    rows = []
    for plain, ours in zip(list(ways)[::2], list(ways)[1::2], strict=True):
        rows += [ratio_row(name, times[name], times[plain], ".2f ms") for name in (plain, ours)]
    print_table(RATIO_HEADINGS, rows, f"Wall time a result; {arguments.rounds} rounds of {load.results} results.")
    return 0


def _in_fresh_process(way: Callable[[Load], float], load: Load) -> float:
    with WorkerProcess(way.__name__) as member:
        return member.ask(way, load)


def bare(load: Load) -> float:
    """Resize and invoke pictures that are in memory; ms a result."""
    return _bare_loop(load, cycle(_frames()), lambda frame: frame)


def bare_decoding(load: Load) -> float:
    """Decode, resize and invoke; ms a result."""
    kept = [np.frombuffer(data, np.uint8) for data in _encoded()]
    return _bare_loop(load, cycle(kept), lambda data: np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def demo(load: Load) -> float:
    """Send the frames through source, runner and reporter as catdog-edge does; the lines go nowhere; ms a result."""
    from catdog.edge import Classifier
    from catdog.edge.program.reporter import Reporter
    from catdog.edge.regions.options import OFF, RegionOptions
    from catdog.edge.runner.events import EventOptions
    from catdog.edge.runner.loop import RunOptions, run
    from catdog.edge.runner.results import Result
    from catdog.edge.sinks.stdout import StdoutSink
    from catdog.edge.sources import Change, Idle
    from catdog.edge.sources.demo import DemoSource

    marks: list[float] = []

    def marked(results: Iterator[Result | Change | Idle]) -> Iterator[Result | Change | Idle]:
        for result in results:
            marks.append(time.perf_counter())
            yield result

    options = RunOptions(max_frames=load.results + _WARM_UP, threads=load.threads, regions=RegionOptions(OFF))
    source = DemoSource(paced=False, film=KeptFilm(_frames()))
    results = run([source], lambda threads: Classifier(load.model, threads=threads), options)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        stdout = StdoutSink(as_json=True)
        Reporter(stdout, (stdout,), EventOptions()).report(marked(results))
    return 1e3 * (marks[-1] - marks[_WARM_UP - 1]) / load.results


class KeptFilm:
    """A film that was drawn beforehand: drawing is not what is measured."""

    fps = DemoFilm.fps

    def __init__(self, frames: Sequence[Picture]) -> None:
        self._frames = frames

    def frame(self, index: int) -> Picture:
        """Give a frame."""
        return self._frames[index % len(self._frames)]


def serve(fps: float) -> None:
    """Serve the frames as an MJPEG camera until killed; print the address."""
    parts = [_BOUNDARY + data + b"\r\n" for data in _encoded()]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Send frames until the client leaves."""
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            begun = time.monotonic()
            for number, part in enumerate(cycle(parts)):
                time.sleep(max(0.0, begun + number / fps - time.monotonic()))
                try:
                    self.wfile.write(part)
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/stream", flush=True)  # noqa: T201 - for the parent
    server.serve_forever()


def _bare_loop(load: Load, frames: Iterator[Picture], decode: Callable[[Picture], Picture]) -> float:
    from ai_edge_litert.interpreter import Interpreter

    with native_output_dropped():
        interpreter = Interpreter(model_path=str(load.model), num_threads=load.threads)
        interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    height, width = (int(side) for side in source["shape"][1:3])
    contract = read_model_file(load.model).contract
    method = METHODS[contract.input.interpolation] if contract else cv2.INTER_LINEAR_EXACT
    start = 0.0
    for number, frame in enumerate(islice(frames, load.results + _WARM_UP)):
        if number == _WARM_UP:
            start = time.perf_counter()
        resized = cv2.resize(decode(frame), (width, height), interpolation=method)
        interpreter.set_tensor(source["index"], cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[np.newaxis])
        interpreter.invoke()
        interpreter.get_tensor(target["index"])[0].argmax()
    return 1e3 * (time.perf_counter() - start) / load.results


def _stream(load: Load, url: str) -> float:
    """Time the lines of the command itself."""
    # One inference a result, as the bare loop.
    arguments = [
        command("catdog-edge"),
        url,
        "--regions",
        "off",
        "--json",
        "--model",
        str(load.model),
        "--threads",
        str(load.threads),
    ]
    arguments += ["--max-frames", str(load.results + _WARM_UP)]
    marks = []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if "label" in json.loads(line):
                marks.append(time.perf_counter())
    if process.returncode != 0:
        raise CatdogError("catdog-edge to end with 0", got=str(process.returncode), fix="Run it by hand.")
    return 1e3 * (marks[-1] - marks[_WARM_UP - 1]) / (len(marks) - _WARM_UP)


@contextlib.contextmanager
def _network_camera() -> Iterator[str]:
    """Give the address of a network camera in a process of its own."""
    program = f"from {__name__} import serve; serve({_FPS})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=_CLONE) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.kill()


def _frames() -> list[Picture]:
    film = DemoFilm()
    return [film.frame(number * film.frames_per_cycle // _FRAMES) for number in range(_FRAMES)]


def _encoded() -> list[bytes]:
    return [cv2.imencode(".jpg", frame)[1].tobytes() for frame in _frames()]
