"""How long `catdog-edge picture.jpg` takes beside the least that could do it: `python -m catdog.benchmarks.startup`.

Whole processes, from the start of Python to its end, in turn (ours, bare, ours, bare, ...), so that drift of the machine hits
both. The ratio is taken pair by pair.
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

from catdog.edge.artifact import read_model_file
from catdog.edge.command import CommandParser, run_command
from catdog.edge.errors import CatdogError, UsageError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import draw_picture

_BARE = Path(__file__).with_name("bare_litert.py")
_WARM_UP = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog.benchmarks.startup", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m catdog.benchmarks.startup", description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path, help="picture file (default: a drawn cat)")
    parser.add_argument("--runs", type=int, default=30, help="pairs of runs (default: %(default)s)")
    arguments: argparse.Namespace = parser.parse_args(argv)
    if arguments.runs < 1:
        raise UsageError("at least 1 run", got=str(arguments.runs), fix="Give a positive number.")
    with tempfile.TemporaryDirectory() as folder:
        picture = arguments.picture or Path(folder) / "cat.jpg"
        if arguments.picture is None:
            cv2.imwrite(str(picture), draw_picture("cats", 0, width=500, height=375))
        ours, bare = time_pairs(picture, arguments.runs)
    ratio = ours / bare
    for name, seconds in (("catdog-edge", ours), ("bare script", bare)):
        low, middle, high = 1e3 * np.percentile(seconds, (25, 50, 75))
        print(f"{name}  median {middle:.0f} ms (middle half {low:.0f} to {high:.0f} ms, n = {len(seconds)})")  # noqa: T201
    low, middle, high = np.percentile(ratio, (25, 50, 75))
    print(f"ratio        median {middle:.2f} (middle half {low:.2f} to {high:.2f}, n = {len(ratio)} pairs)")  # noqa: T201
    return 0


def time_pairs(picture: Path, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Time both programs in turn.

    Returns:
        Wall seconds of ours and of the bare script, float64 ``[runs]`` each.

    Raises:
        CatdogError: one of them failed, or they do not give the same label.
    """
    model = bundled_tflite()
    contract = read_model_file(model).contract
    labels = ",".join(contract.labels) if contract else ""
    ours = [str(Path(sys.executable).parent / "catdog-edge"), str(picture)]
    bare = [sys.executable, str(_BARE), str(model), str(picture), labels]
    times = []
    for run in range(_WARM_UP + runs):
        # Taking turns at being first, so that neither has the other's warm caches.
        if run % 2:
            (first, said), (second, answer) = _timed(ours), _timed(bare)
        else:
            (second, answer), (first, said) = _timed(bare), _timed(ours)
        if f": {answer.strip()} " not in said:
            raise CatdogError("the same label from both", got=f"{said} and {answer}", fix="Please report this.")
        if run >= _WARM_UP:
            times.append((first, second))
    seconds = np.array(times)
    return seconds[:, 0], seconds[:, 1]


def _timed(command: Sequence[str]) -> tuple[float, str]:
    start = time.perf_counter()
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if finished.returncode != 0:
        raise CatdogError(f"{command[0]} to end with 0", got=finished.stderr, fix="See what it says.")
    return seconds, finished.stdout


if __name__ == "__main__":
    sys.exit(main())
