"""A folder of photographs, beside bare loops of `cv2.imread`, resize, invoke.

Whole processes in turn: catdog-edge on all cores, the bare loop with one thread, and with two. Without a folder, pictures are
drawn.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2

from catdog.benchmarks.console import print_table, require_at_least
from catdog.edge.common.command import CommandParser
from catdog.edge.errors import InputNotFoundError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import LABELS, draw_picture

from .turns import RATIO_HEADINGS, bare_litert, command, in_turn, ratio_row, timed

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
        folder = arguments.folder or drawn_folder(Path(place), arguments.drawn)
        pictures = sorted(map(str, folder.rglob("*.jpg")))
        if not pictures:
            raise InputNotFoundError("a folder with *.jpg", got=str(folder), fix="Name another one, or none.")
        commands: dict[str, Sequence[str]] = {
            _OURS: [command("catdog-edge"), str(folder), "--json"],
            "bare, 1 thread": bare_litert(bundled_tflite(), 1, pictures),
            "bare, 2 threads": bare_litert(bundled_tflite(), 2, pictures),
        }
        times = in_turn({name: partial(timed, parts) for name, parts in commands.items()}, arguments.rounds)
    rows = [ratio_row(name, seconds, times[_OURS], ".2f s") for name, seconds in times.items()]
    print_table(RATIO_HEADINGS, rows, f"{len(pictures):,} pictures, {arguments.rounds} rounds; whole processes.")
    return 0


def drawn_folder(folder: Path, count: int) -> Path:
    """Make a folder of so many drawn pictures, JPEG of 500 x 375, of which a hundred differ; return it."""
    folder.mkdir(exist_ok=True)
    kinds = [
        cv2.imencode(".jpg", draw_picture(label, seed, width=500, height=375))[1]
        for label in LABELS
        for seed in range(min(50, count))
    ]
    for number in range(count):
        (folder / f"{number:04}.jpg").write_bytes(kinds[number % len(kinds)].tobytes())
    return folder
