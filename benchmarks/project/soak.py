"""Does memory grow over a long run? The demo camera's frames, and resident memory.

The slope is fitted after a warm-up; its interval is by moving blocks of the residuals, since neighbouring samples are alike.
Source of the interval: H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of
Statistics 17 (1989).
"""

import json
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import psutil
from numpy.typing import NDArray

from catdog.benchmarks.console import print_table, require_at_least
from catdog.edge.common.command import CommandParser
from catdog.edge.errors import CatdogError

from .turns import command

_EVERY = 500  # frames between samples
_WARM_UP = 0.2  # share of the run that is not counted: caches fill, sprites are drawn
_BLOCK, _RESAMPLES = 8, 2000
_MIB = 1 << 20


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=200_000, help="how many (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=1.0, help="MiB that 100,000 frames may take (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(50 * _EVERY, frames=arguments.frames)
    frames, memory = _watch(arguments.frames)
    kept = frames >= _WARM_UP * arguments.frames
    slope, low, high = slope_with_interval(frames[kept], memory[kept])
    per = 100_000 / _MIB
    row = [
        f"{arguments.frames:,}",
        str(len(memory)),
        f"{memory[kept][0] / _MIB:.1f}",
        f"{memory[-1] / _MIB:.1f}",
        f"{slope * per:+.3f} ({low * per:+.3f} to {high * per:+.3f})",
    ]
    headings = ("frames", "samples", "MiB after warm-up", "MiB at the end", "MiB a 100,000 frames (95 % interval)")
    print_table(headings, [row], f"Resident memory of catdog-edge on the demo camera; at most {arguments.limit:g} is allowed.")
    if high * per > arguments.limit:
        raise CatdogError(
            f"at most {arguments.limit:g} MiB per 100,000 frames", got=f"{high * per:.3f}", fix="Look for a leak."
        )
    return 0


def slope_with_interval(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """Fit a line; return its slope with a 95 % interval.

    Args:
        x: float64 ``[n]``, evenly spaced.
        y: float64 ``[n]``; neighbours may be alike.
    """
    slope, intercept = np.polyfit(x, y, 1)
    residuals = y - (slope * x + intercept)
    rng = np.random.default_rng(0)
    blocks = -(-len(x) // _BLOCK)
    starts = rng.integers(0, len(x) - _BLOCK + 1, (_RESAMPLES, blocks))
    chosen = (starts[:, :, np.newaxis] + np.arange(_BLOCK)).reshape(_RESAMPLES, -1)[:, : len(x)]
    centred = x - x.mean()
    wobble = residuals[chosen] @ centred / (centred @ centred)
    low, high = np.percentile(wobble, (2.5, 97.5))
    return float(slope), float(slope - high), float(slope - low)


def _watch(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run the demo camera; return frames and resident bytes of its samples."""
    arguments = [command("catdog-edge"), "--camera", "demo", "--buffer", "all", "--json", "--max-frames", str(count)]
    frames, memory = [], []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        looked_at = psutil.Process(process.pid)
        for line in process.stdout or ():
            number = json.loads(line)["frame"]
            if number % _EVERY == 0:
                frames.append(float(number))
                memory.append(float(looked_at.memory_info().rss))
                if sys.stderr.isatty():
                    so_far = f"{number:,} of {count:,} frames, {memory[-1] / _MIB:.1f} MiB"
                    print(f"\r{so_far}", end="", file=sys.stderr)  # noqa: T201
    if process.returncode != 0:
        raise CatdogError("catdog-edge to end with 0", got=str(process.returncode), fix="Run it by hand.")
    return np.array(frames), np.array(memory)
