"""A folder of photographs, beside bare loops of `cv2.imread`, resize, invoke.

Whole processes in turn: catdog-edge on all cores, the bare loop with one thread, and with two. Without a folder, pictures are
drawn.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2

from catdog.benchmarks.console import print_table, require_at_least
from catdog.edge.command import CommandParser
from catdog.edge.errors import InputNotFoundError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import LABELS, draw_picture

from .turns import RATIO_HEADINGS, command, in_turn, ratio_row, run_quietly

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
    resized = cv2.resize(cv2.imread(str(path)), (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    interpreter.set_tensor(source["index"], cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[None])
    interpreter.invoke()
    print(path, interpreter.get_tensor(target["index"])[0].argmax())
"""
_OURS = "catdog-edge"


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench folder", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="photographs, *.jpg (default: drawn pictures)")
    parser.add_argument("--drawn", type=int, default=1000, metavar="N", help="drawn pictures (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="how often each is timed (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(1, rounds=arguments.rounds, drawn=arguments.drawn)
    with tempfile.TemporaryDirectory() as place:
        folder = arguments.folder or _drawn(Path(place), arguments.drawn)
        count = len(list(folder.rglob("*.jpg")))
        if count == 0:
            raise InputNotFoundError("a folder with *.jpg", got=str(folder), fix="Name another one, or none.")
        bare = [sys.executable, "-c", _BARE, str(bundled_tflite()), str(folder)]
        commands = {
            _OURS: [command("catdog-edge"), str(folder), "--json"],
            "bare, 1 thread": [*bare, "1"],
            "bare, 2 threads": [*bare, "2"],
        }
        times = in_turn({name: partial(_timed, parts) for name, parts in commands.items()}, arguments.rounds)
    rows = [ratio_row(name, seconds, times[_OURS], ".2f s") for name, seconds in times.items()]
    print_table(RATIO_HEADINGS, rows, f"{count:,} pictures, {arguments.rounds} rounds; whole processes.")
    return 0


def _timed(arguments: Sequence[str]) -> float:
    start = time.perf_counter()
    run_quietly(arguments)
    return time.perf_counter() - start


def _drawn(folder: Path, count: int) -> Path:
    kinds = [
        cv2.imencode(".jpg", draw_picture(label, seed, width=500, height=375))[1]
        for label in LABELS
        for seed in range(min(50, count))
    ]
    for number in range(count):
        (folder / f"{number:04}.jpg").write_bytes(kinds[number % len(kinds)].tobytes())
    return folder
