"""What the runner costs on top of the model: `python -m catdog.benchmarks.camera`.

Results per second of catdog-edge, beside a bare loop that only decodes (where there is something to decode), resizes and
invokes, with the same model and threads. Each in a process of its own, in turn, so that drift of the machine hits all.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge.command import CommandParser, run_command
from catdog.edge.errors import CatdogError, UsageError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import DemoFilm

_FRAMES = 60  # different ones
_BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n"
_WARM_UP = 20  # results


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog.benchmarks.camera", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m catdog.benchmarks.camera", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often each is timed (default: %(default)s)")
    parser.add_argument("--results", type=int, default=400, help="results a time (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads for one inference (default: %(default)s)")
    parser.add_argument("--model", type=Path, default=bundled_tflite(), help="TFLite file (default: the bundled one)")
    parser.add_argument("--role", choices=_ROLES, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if min(arguments.rounds, arguments.results, arguments.threads) < 1:
        raise UsageError("positive numbers", got="others", fix="Change them.")
    if arguments.role is not None:
        print(_ROLES[arguments.role](arguments))  # noqa: T201
        return 0
    with _camera() as url:
        times = _in_turn(arguments, url)
    for ours, bare, what in (("demo", "bare", "demo camera, frames in memory"), ("stream", "bare-decoding", "MJPEG over HTTP")):
        ratio = times[ours] / times[bare]
        low, middle, high = np.percentile(ratio, (25, 50, 75))
        print(  # noqa: T201
            f"{what}: {np.median(times[ours]):.0f} results/s, bare loop {np.median(times[bare]):.0f}, ratio {middle:.3f} "
            f"(middle half {low:.3f} to {high:.3f}, n = {len(ratio)} rounds of {arguments.results} results)"
        )
    return 0


def _in_turn(arguments: argparse.Namespace, url: str) -> dict[str, NDArray[np.float64]]:
    times: dict[str, list[float]] = {role: [] for role in _ROLES}
    for turn in range(arguments.rounds):
        for role in list(_ROLES)[:: 1 if turn % 2 else -1]:
            common = ["--results", str(arguments.results), "--threads", str(arguments.threads), "--model", str(arguments.model)]
            command = [sys.executable, "-m", "catdog.benchmarks.camera", "--role", role, "--url", url, *common]
            finished = subprocess.run(command, capture_output=True, text=True, check=False)
            if finished.returncode != 0:
                raise CatdogError(f"{role} to end with 0", got=finished.stderr, fix="See what it says.")
            times[role].append(float(finished.stdout))
        print(f"round {turn + 1} of {arguments.rounds}", file=sys.stderr)  # noqa: T201
    return {role: np.array(seconds) for role, seconds in times.items()}


def _frames() -> list[NDArray[np.uint8]]:
    film = DemoFilm()
    return [film.frame(number * film.frames_per_cycle // _FRAMES) for number in range(_FRAMES)]


def _encoded() -> list[bytes]:
    return [cv2.imencode(".jpg", frame)[1].tobytes() for frame in _frames()]


def _bare(arguments: argparse.Namespace) -> float:
    return _bare_loop(arguments, (lambda frame=frame: frame for frame in cycle(_frames())))


def _bare_decoding(arguments: argparse.Namespace) -> float:
    kept = [np.frombuffer(data, np.uint8) for data in _encoded()]
    return _bare_loop(arguments, (lambda data=data: cv2.imdecode(data, cv2.IMREAD_COLOR) for data in cycle(kept)))


def _bare_loop(arguments: argparse.Namespace, pictures: Iterator) -> float:  # type: ignore[type-arg] # of functions that give one
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(arguments.model), num_threads=arguments.threads)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    height, width = (int(side) for side in source["shape"][1:3])
    start = 0.0
    for number, picture in enumerate(islice(pictures, arguments.results + _WARM_UP)):
        if number == _WARM_UP:
            start = time.perf_counter()
        resized = cv2.resize(picture(), (width, height))
        interpreter.set_tensor(source["index"], cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[np.newaxis])
        interpreter.invoke()
        interpreter.get_tensor(target["index"])[0].argmax()
    return float(arguments.results / (time.perf_counter() - start))


class _Kept:
    """A film that was drawn beforehand: drawing is not what is measured."""

    fps = DemoFilm.fps

    def __init__(self) -> None:
        self._frames = _frames()

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Give a frame."""
        return self._frames[index % len(self._frames)]


def _demo(arguments: argparse.Namespace) -> float:
    """Send the frames through source, runner and reporter as catdog-edge does; the lines go nowhere."""
    import contextlib
    import os

    from catdog.edge import Classifier
    from catdog.edge.events import EventOptions
    from catdog.edge.reporter import Reporter
    from catdog.edge.results import Result
    from catdog.edge.runner import RunOptions, run
    from catdog.edge.sources import Change
    from catdog.edge.sources.demo import DemoSource

    marks: list[float] = []

    def marked(results: Iterator[Result | Change]) -> Iterator[Result | Change]:
        for result in results:
            marks.append(time.perf_counter())
            yield result

    options = RunOptions(max_frames=arguments.results + _WARM_UP, threads=arguments.threads)
    source = DemoSource(paced=False, film=_Kept())
    results = run([source], lambda threads: Classifier(arguments.model, threads=threads), options)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        Reporter(as_json=True, events=EventOptions()).report(marked(results))
    return float(arguments.results / (marks[-1] - marks[_WARM_UP - 1]))


def _stream(arguments: argparse.Namespace) -> float:
    """Time the lines of the command itself."""
    command = [str(Path(sys.executable).parent / "catdog-edge"), arguments.url, "--json"]
    command += ["--model", str(arguments.model), "--threads", str(arguments.threads)]
    process = subprocess.Popen([*command, "--max-frames", str(arguments.results + _WARM_UP)], stdout=subprocess.PIPE, text=True)
    marks = []
    for line in process.stdout or ():
        if "label" in json.loads(line):
            marks.append(time.perf_counter())
    if process.wait() != 0:
        raise CatdogError("catdog-edge to end with 0", got=str(process.returncode), fix="Run it by hand.")
    return float(arguments.results / (marks[-1] - marks[_WARM_UP - 1]))


_ROLES = {"bare": _bare, "demo": _demo, "bare-decoding": _bare_decoding, "stream": _stream}

_SERVER = """
import sys, time
from catdog.benchmarks.camera import serve
serve(float(sys.argv[1]))
"""


def serve(fps: float) -> None:
    """Serve the frames as an MJPEG camera until killed; print the address."""
    parts = [_BOUNDARY + data + b"\r\n" for data in _encoded()]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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
    print(f"http://127.0.0.1:{server.server_port}/stream", flush=True)  # noqa: T201
    server.serve_forever()


class _camera:  # noqa: N801 - a context manager, used like a function
    """A network camera in a process of its own, faster than any model here."""

    def __enter__(self) -> str:
        self._process = subprocess.Popen([sys.executable, "-c", _SERVER, "400"], stdout=subprocess.PIPE, text=True)
        if self._process.stdout is None:
            raise ValueError("Expected a pipe. Received: none")
        return self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


if __name__ == "__main__":
    sys.exit(main())
