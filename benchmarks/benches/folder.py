"""A folder of photographs, beside bare loops of `cv2.imread`, resize, invoke: `python -m catdog.benchmarks.folder DIR`.

Whole processes in turn: catdog-edge on all cores, the bare loop with one thread, and with two. Without a folder, pictures are
drawn.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge.command import CommandParser, run_command
from catdog.edge.errors import CatdogError, UsageError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import LABELS, draw_picture

_BARE = """
import sys
from pathlib import Path
import cv2
from ai_edge_litert.interpreter import Interpreter
model, folder, threads = sys.argv[1:]
interpreter = Interpreter(model_path=model, num_threads=int(threads))
interpreter.allocate_tensors()
source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
height, width = (int(side) for side in source["shape"][1:3])
for path in sorted(Path(folder).rglob("*.jpg")):
    resized = cv2.resize(cv2.imread(str(path)), (width, height))
    interpreter.set_tensor(source["index"], cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[None])
    interpreter.invoke()
    print(path, interpreter.get_tensor(target["index"])[0].argmax())
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog.benchmarks.folder", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m catdog.benchmarks.folder", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="photographs, *.jpg (default: 1,000 drawn pictures)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed (default: %(default)s)")
    arguments: argparse.Namespace = parser.parse_args(argv)
    if arguments.rounds < 1:
        raise UsageError("at least 1 round", got=str(arguments.rounds), fix="Give a positive number.")
    with tempfile.TemporaryDirectory() as place:
        folder = arguments.folder or _drawn(Path(place))
        count = len(list(folder.rglob("*.jpg")))
        times = _in_turn(folder, arguments.rounds)
    print(f"{count:,} pictures, {arguments.rounds} rounds")  # noqa: T201
    ours = times["catdog-edge"]
    for name, seconds in times.items():
        low, middle, high = np.percentile(seconds / ours, (25, 50, 75))
        print(  # noqa: T201
            f"{name:<20} {np.median(seconds):.2f} s; {middle:.2f} times catdog-edge's (middle half {low:.2f} to {high:.2f})"
        )
    return 0


def _in_turn(folder: Path, rounds: int) -> dict[str, NDArray[np.float64]]:
    bare = [sys.executable, "-c", _BARE, str(bundled_tflite()), str(folder)]
    commands = {
        "catdog-edge": [str(Path(sys.executable).parent / "catdog-edge"), str(folder), "--json"],
        "bare, 1 thread": [*bare, "1"],
        "bare, 2 threads": [*bare, "2"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds):
        for name in list(commands)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            finished = subprocess.run(commands[name], capture_output=True, text=True, check=False)
            times[name].append(time.perf_counter() - start)
            if finished.returncode != 0:
                raise CatdogError(f"{name} to end with 0", got=finished.stderr, fix="See what it says.")
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)  # noqa: T201
    return {name: np.array(seconds) for name, seconds in times.items()}


def _drawn(folder: Path) -> Path:
    kinds = [
        cv2.imencode(".jpg", draw_picture(label, seed, width=500, height=375))[1] for label in LABELS for seed in range(50)
    ]
    for number in range(1000):
        (folder / f"{number:04}.jpg").write_bytes(kinds[number % len(kinds)].tobytes())
    return folder


if __name__ == "__main__":
    sys.exit(main())
