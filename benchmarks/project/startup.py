"""How long `catdog-edge picture.jpg` takes beside the least that could do it.

Whole processes, from the start of Python to its end, in turn (ours, bare, bare, ours, ...), so that drift of the machine hits
both. The ratio is taken pair by pair.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2

from catdog.benchmarks.console import print_table, require_at_least
from catdog.edge.common.command import CommandParser
from catdog.edge.errors import CatdogError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import draw_picture

from .turns import RATIO_HEADINGS, bare_litert, command, in_turn, ratio_row, run_quietly, timed

_WARM_UP = 2


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench startup", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--picture", type=Path, help="picture file (default: a drawn cat)")
    parser.add_argument("--runs", type=int, default=30, metavar="N", help="pairs of runs (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(1, runs=arguments.runs)
    with tempfile.TemporaryDirectory() as folder:
        picture = arguments.picture or Path(folder) / "cat.jpg"
        if arguments.picture is None:
            cv2.imwrite(str(picture), draw_picture("cats", 0, width=500, height=375))
        ours = [command("catdog-edge"), str(picture)]
        bare = bare_litert(bundled_tflite(), 1, [str(picture)])
        for _ in range(_WARM_UP):
            _require_same_label(run_quietly(ours), run_quietly(bare))
        times = in_turn({"bare script": lambda: 1e3 * timed(bare), "catdog-edge": lambda: 1e3 * timed(ours)}, arguments.runs)
    rows = [ratio_row(name, ms, times["bare script"], ".0f ms") for name, ms in times.items()]
    print_table(RATIO_HEADINGS, rows, f"{arguments.runs} pairs of whole processes; the same label from both.")
    return 0


def _require_same_label(ours: str, bare: str) -> None:
    label, *_ = bare.split("\t")
    if f": {label} " not in ours:
        raise CatdogError("the same label from both", got=f"{ours} and {bare}", fix="Please report this.")
