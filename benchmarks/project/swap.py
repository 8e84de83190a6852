"""Swaps of a running program's model: no frame without an answer, and what a thousand leave behind.

The demo camera is judged by one model after another: each is chosen in a folder of models, loaded beside the one in use,
compared for so many seconds, and swapped between two frames. Memory and open files are read after a tenth of the swaps, when
all that is made once has been made, and at the end.
"""

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catdog.benchmarks.console import require_at_least, say
from catdog.edge.common.command import CommandParser
from catdog.edge.inference.classifier import Classifier
from catdog.edge.models import BUNDLED, bundled_tflite
from catdog.edge.regions.options import OFF, RegionOptions
from catdog.edge.runner.comparison import SwapOptions
from catdog.edge.runner.loop import RunOptions, run
from catdog.edge.runner.results import Result
from catdog.edge.runner.swapping import Swapping
from catdog.edge.runner.trial import judging_of
from catdog.edge.sources import Change
from catdog.edge.sources.demo import DemoSource
from catdog.edge.store import ModelStore

MOST_GROWTH_MB = 20.0  # of memory, between the first tenth and the end: far less than one model takes a thousand times
_LOOK_S = 0.01


@dataclass
class Count:
    """What was seen."""

    swaps: int = 0
    frames: int = 0
    unanswered: int = 0
    skipped: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 1 if a frame had no answer, or memory or open files have grown."""
    parser = CommandParser(prog="python -m benchmarks.project.swap", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--swaps", type=int, default=1000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument(
        "--compare-s", type=float, default=0.0, metavar="S", help="seconds compared each (default: %(default)s)"
    )
    arguments = parser.parse_args(argv)
    require_at_least(10, swaps=arguments.swaps)
    with tempfile.TemporaryDirectory() as folder:
        return _swap(Path(folder), arguments)


def _swap(folder: Path, arguments: argparse.Namespace) -> int:
    store = ModelStore(folder)
    ids = [store.put(bundled_tflite(name).read_bytes(), said=f"bundled {name}").id for name in BUNDLED]
    store.use(ids[0])
    options = SwapOptions(compare_s=arguments.compare_s, min_agreement=0.0, look_s=_LOOK_S)
    swapping = Swapping(ModelStore(folder), bundled_tflite(), _load, options, say)
    count, early, gaps, last = Count(), (0.0, 0), [], time.monotonic()
    before = -1
    for step in run(
        [DemoSource(paced=False)], swapping.load, RunOptions(threads=1, regions=RegionOptions(OFF)), judging_of(swapping)
    ):
        if isinstance(step, Result):
            count.frames += 1
            count.unanswered += step.prediction is None
            count.skipped += step.frame.number != before + 1
            before = step.frame.number
            if count.frames > 1:  # the first waits for the film
                gaps.append(time.monotonic() - last)
            last = time.monotonic()
        elif isinstance(step, Change) and step.model is not None:
            count.swaps += step.model.kind == "swapped"
            if count.swaps == arguments.swaps // 10:
                early = _memory_mb(), _descriptors()
            if count.swaps == arguments.swaps:
                break
            store.use(ids[(count.swaps + 1) % len(ids)])
            last = time.monotonic()
    swapping.close()
    return _report(count, early, gaps, arguments)


def _report(count: Count, early: tuple[float, int], gaps: list[float], arguments: argparse.Namespace) -> int:
    growth, descriptors = _memory_mb() - early[0], _descriptors() - early[1]
    middle, longest = 1e3 * statistics.median(gaps), 1e3 * max(gaps)
    lines = (
        f"swaps: {count.swaps:,}, each compared for {arguments.compare_s:g} s",
        f"frames: {count.frames:,}; without an answer: {count.unanswered:,}; left out: {count.skipped:,}",
        f"between two answers: {middle:.1f} ms (median, n = {len(gaps):,}), at most {longest:.1f} ms",
        f"memory: {early[0]:.1f} MB after a tenth of the swaps, {growth:+.1f} MB at the end",
        f"open files: {early[1]} after a tenth of the swaps, {descriptors:+d} at the end",
    )
    print("\n".join(lines))  # noqa: T201 - this is a command
    return int(bool(count.unanswered or count.skipped or growth > MOST_GROWTH_MB or descriptors > 0))


def _load(path: Path, threads: int) -> Classifier:
    return Classifier(path, threads=threads)


def _memory_mb() -> float:
    """Resident memory of this process, 10^6 bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    raise SystemExit(main())
