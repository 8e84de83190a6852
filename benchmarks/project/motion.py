"""What --motion-gate saves while nothing moves, and that no event comes late for it.

Processor time a frame of the demo camera's empty room, with and without the gate, each in a process of its own, in turn; the
frames are drawn beforehand. Then the whole film both ways: which events come, and at which frame.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from catdog.benchmarks.console import print_table, require_at_least, say
from catdog.benchmarks.measure.process import WorkerProcess
from catdog.edge.common.command import CommandParser
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import UsageError
from catdog.edge.regions.options import OFF, RegionOptions
from catdog.edge.runner.events import Event, EventDetector
from catdog.edge.runner.loop import RunOptions, run
from catdog.edge.runner.results import Result
from catdog.edge.sources import Change, Idle
from catdog.edge.sources.demo import DemoSource, Film
from catdog.edge.synthetic import DemoFilm

from .camera import KeptFilm
from .turns import RATIO_HEADINGS, in_turn, ratio_row

REQUIRED_RATIO = 5.0  # times less processor time
MOST_FRAMES_LATE = 2
_WARM_UP = 30  # frames: the gate opens for half a second after it was started


@dataclass(frozen=True)
class Pair:
    """One event, with and without the gate."""

    plain: Event  # without
    gated: Event | None  # with; None if it did not come

    @property
    def late(self) -> int | None:
        """By how many frames it came later with the gate; None if it did not come."""
        return None if self.gated is None else self.gated.frame - self.plain.frame


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code: 1 if the gate saves too little, or an event comes late."""
    parser = CommandParser(prog="catdog-bench motion", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="how often each is timed (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=600, metavar="N", help="frames a time (default: %(default)s)")
    parser.add_argument("--cycles", type=int, default=2, metavar="N", help="of the film, for the events (default: %(default)s)")
    parser.add_argument("--model", default="fast", help="bundled model or file, with the answer neither (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads for one inference (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(1, rounds=arguments.rounds, frames=arguments.frames, cycles=arguments.cycles, threads=arguments.threads)
    ways = {
        name: partial(_asked, arguments, gate=gate) for name, gate in (("every frame judged", False), ("--motion-gate", True))
    }
    times = in_turn(ways, arguments.rounds)
    plain, gated = times.values()
    rows = [ratio_row(name, ms, plain, ".3f ms") for name, ms in times.items()]
    print_table(
        RATIO_HEADINGS,
        rows,
        f"Processor time a frame of an empty room at {DemoFilm.fps:g} frames/s; {arguments.rounds} rounds of "
        f"{arguments.frames} frames.\n",
    )
    pairs = paired(
        events(arguments.model, arguments.threads, gate=False, cycles=arguments.cycles),
        events(arguments.model, arguments.threads, gate=True, cycles=arguments.cycles),
    )
    print_table(
        ("event", "frame", "with the gate", "frames later"),
        [[str(pair.plain), str(pair.plain.frame), *_gated(pair)] for pair in pairs],
        f"Events of {arguments.cycles * DemoFilm().frames_per_cycle} frames of the film, by the frame that settled them.",
    )
    saved = float((plain / gated).mean())
    late = [pair for pair in pairs if pair.late is None or pair.late > MOST_FRAMES_LATE]
    if saved < REQUIRED_RATIO:
        say(f"the gate saves {saved:.1f} times; {REQUIRED_RATIO:g} are asked for")
    for pair in late:
        how = "not at all" if pair.late is None else f"{pair.late} frames late"
        say(f"{pair.plain} at frame {pair.plain.frame} came {how}")
    return 1 if late or saved < REQUIRED_RATIO else 0


def _asked(arguments: argparse.Namespace, *, gate: bool) -> float:
    with WorkerProcess("motion") as member:
        return member.ask(empty_room, arguments.model, arguments.threads, gate, arguments.frames)


def empty_room(model: str, threads: int, gate: bool, count: int) -> float:
    """Run frames of the empty room; return the processor time of a frame, in ms, all threads."""
    film = DemoFilm()
    room = [film.frame(index) for index in takewhile(lambda index: film.truth(index) == NEITHER, range(film.frames_per_cycle))]
    begun = 0.0
    for number, _ in enumerate(_results(model, threads, KeptFilm(room), gate=gate, count=count + _WARM_UP), start=1):
        if number == _WARM_UP:
            begun = time.process_time()
    return 1e3 * (time.process_time() - begun) / count


def events(model: str, threads: int, *, gate: bool, cycles: int) -> list[Event]:
    """Return what happens in the film."""
    film, detector = DemoFilm(), EventDetector()
    results = _results(model, threads, film, gate=gate, count=cycles * film.frames_per_cycle)
    return [event for result in results if not isinstance(result, Idle) for event in detector.see(result)]


def paired(plain: Sequence[Event], gated: Sequence[Event]) -> list[Pair]:
    """Find each event's counterpart: of its kind and label the n-th belongs to the n-th.

    Raises:
        UsageError: nothing happened without the gate, so that nothing can be late.
    """
    if not plain:
        raise UsageError("a model that sees the film's cat and dog", got="one that sees no event", fix="Take another --model.")
    left: dict[tuple[str, str], list[Event]] = {}
    for event in gated:
        left.setdefault((event.kind, event.label), []).append(event)
    pairs = []
    for event in plain:
        same = left.get((event.kind, event.label), [])
        pairs.append(Pair(event, same.pop(0) if same else None))
    return pairs


def _results(model: str, threads: int, film: Film, *, gate: bool, count: int) -> Iterator[Result | Change | Idle]:
    from catdog.edge import Classifier

    options = RunOptions(max_frames=count, threads=threads, motion_gate=gate, regions=RegionOptions(OFF))
    return run([DemoSource(paced=False, film=film)], lambda number: Classifier(model, threads=number), options)


def _gated(pair: Pair) -> list[str]:
    return ["not at all", ""] if pair.gated is None else [str(pair.gated.frame), f"{pair.late:+d}"]
