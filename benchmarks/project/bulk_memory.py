"""Does memory grow with the number of pictures? `catdog-edge --ray` on very many, and memory of its processes.

    python -m benchmarks.project.bulk_memory --pictures 200000

A hundred small drawn pictures under many names, so that it takes minutes; on a cluster of the command's own. The slope is
fitted after a warm-up, as by `catdog-bench soak`. Counted is what a process has for itself (USS): results lie in memory that
it shares with Ray's store, which has a size of its own. Needs the extra `ray`.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil

from catdog.benchmarks.console import print_table, require_at_least, say
from catdog.edge.bulk.cluster import require_ray
from catdog.edge.bulk.output import Output
from catdog.edge.bulk.run import shards
from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.errors import CatdogError
from catdog.edge.synthetic import LABELS, draw_picture

from .ray_nodes import environment
from .soak import slope_with_interval
from .turns import command

_DIFFERENT, _A_FOLDER = 100, 1000  # pictures
_WARM_UP = 0.25  # share of the pictures that is not counted: workers start, buffers reach their size
_EVERY_S = 0.5
_WORKER = "Judge"  # in the name that Ray gives a worker's process
_MB = 1e6


class Sample(NamedTuple):
    """What was seen at one time, memory in bytes."""

    pictures: int  # done so far
    command: int
    worker: int  # the largest


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 1 if memory has grown."""
    return run_command("benchmarks.project.bulk_memory", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m benchmarks.project.bulk_memory", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=200_000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--model", default="tiny", help="bundled model or file (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=5.0, metavar="MB", help="that 100,000 may take (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(10_000, pictures=arguments.pictures)
    require_ray()
    with tempfile.TemporaryDirectory() as place:
        pictures = many_names(Path(place) / "pictures", arguments.pictures)
        samples = list(_watched(pictures, Path(place), arguments))
    return _report([each for each in samples if each.pictures >= _WARM_UP * arguments.pictures], arguments)


def many_names(folder: Path, count: int) -> Path:
    """Make a folder of so many names of a hundred drawn pictures, JPEG of 160 x 120; return it."""
    kinds = []
    for number in range(_DIFFERENT):
        place = folder / f"{number // _A_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        kinds.append(place / f"{number:07}.jpg")
        cv2.imwrite(str(kinds[-1]), draw_picture(LABELS[number % len(LABELS)], number, width=160, height=120))
    for number in range(_DIFFERENT, count):
        place = folder / f"{number // _A_FOLDER:04}"
        place.mkdir(exist_ok=True)
        os.link(kinds[number % _DIFFERENT], place / f"{number:07}.jpg")
    return folder


def _watched(pictures: Path, place: Path, arguments: argparse.Namespace) -> Iterator[Sample]:
    output, sizes = Output(place / "results.parquet"), [len(each.names) for each in shards([""] * arguments.pictures)]
    words = [command("catdog-edge"), str(pictures), "--model", arguments.model, "--ray", "--output", str(output.folder)]
    given, begun = os.environ | environment(place / "path"), time.monotonic()
    process = psutil.Popen(words, env=given)
    while process.poll() is None:
        workers = [_memory(each) for each in process.children(recursive=True) if _WORKER in _name(each)]
        sample = Sample(sum(sizes[shard] for shard in output.done()), _memory(process), max(workers, default=0))
        if sample.command and sample.worker:  # else it has just ended
            yield sample
        time.sleep(_EVERY_S)
    if process.returncode != 0:
        raise CatdogError("catdog-edge --ray to end with 0", got=str(process.returncode), fix="See what it says.")
    say(f"{arguments.pictures:,} pictures in {time.monotonic() - begun:.0f} s")


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:  # it has just ended
        return 0


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _report(samples: Sequence[Sample], arguments: argparse.Namespace) -> int:
    if len(samples) < 20:
        raise CatdogError("at least 20 samples", got=str(len(samples)), fix="Take more --pictures.")
    done = np.array([each.pictures for each in samples], np.float64)
    rows, grown, per = [], False, 100_000 / _MB
    for what in ("command", "worker"):
        memory = np.array([getattr(each, what) for each in samples], np.float64)
        slope, low, high = slope_with_interval(done, memory)
        grown |= low * per > arguments.limit
        ends = f"{memory[:5].mean() / _MB:.1f}", f"{memory[-5:].mean() / _MB:.1f}"
        rows.append([what, *ends, f"{slope * per:+.2f} ({low * per:+.2f} to {high * per:+.2f})"])
    headings = ("process", "MB after warm-up", "MB at the end", "MB a 100,000 pictures (95 % interval)")
    note = f"{arguments.pictures:,} pictures with {arguments.model}; not shared; {len(samples)} samples after {_WARM_UP:.0%}."
    print_table(headings, rows, note)
    return int(grown)


if __name__ == "__main__":
    raise SystemExit(main())
