"""The command `catdog-bench scenes`."""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from catdog.edge.command import CommandParser, run_command
from catdog.edge.files import check_folder
from catdog.edge.regions.options import AUTO, OFF

from ..benches.turns import require_at_least, say
from ..extras import require_extras
from ..measure.crew import Member
from .clips import EMPTY, LAMP, PET, SHAKEN, SHARES, THING, Clip, Photographs, find_photographs, make_clips
from .outcome import Outcome, last_frame, watch
from .report import Row, table, write_report

_EXAMPLES = """\
examples:
  catdog-bench scenes --pets pets/validation --scenes rooms     pets/validation/<label>/*.jpg, and pictures without pets
  catdog-bench scenes                                           with drawn ones: says little about photographs
  catdog-bench scenes --clips 20 --model fast                   a first impression

Pictures that the model has learnt from flatter it: name others.
"""
_WAYS = (OFF, AUTO)
_SAMPLES = 4
_AT_ONCE = 10  # clips of one way, before it is the other's turn


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-bench scenes", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(
        prog="catdog-bench scenes",
        description="Is a pet seen where it is, small, by day and by night, and is nothing else taken for one?",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--pets",
        type=Path,
        metavar="WHERE",
        help="folder or archive of photographs by label (default: drawn ones)",
    )
    parser.add_argument("--scenes", type=Path, metavar="WHERE", help="the same, without pets (default: drawn ones)")
    parser.add_argument(
        "--clips", type=int, default=200, metavar="N", help="of each row (default: %(default)s; half of it of faults)"
    )
    parser.add_argument("--model", default="default", help="bundled model or file (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads for one inference (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides what the clips show (default: %(default)s)")
    parser.add_argument(
        "--output", type=Path, default=Path("scenes"), metavar="DIR", help="for the report (default: %(default)s)"
    )
    arguments: argparse.Namespace = parser.parse_args(argv)
    require_at_least(1, clips=arguments.clips, threads=arguments.threads)
    require_at_least(0, seed=arguments.seed)
    require_extras()  # before minutes are spent
    check_folder(arguments.output)
    from catdog.edge.progress import progress_bar

    photographs = find_photographs(arguments.pets, arguments.scenes)
    wanted = _wanted(photographs, arguments.clips, arguments.seed)
    rows: list[Row] = []
    with ExitStack() as stack:
        members = {way: stack.enter_context(Member(f"scenes with --regions {way}")) for way in _WAYS}
        # In turn, so that a machine that slows down slows both down.
        bar = stack.enter_context(progress_bar(total=len(_WAYS) * sum(map(len, wanted.values())), unit=" clips"))
        for name, clips in wanted.items():
            bar.set_description(name, refresh=False)
            seen: dict[str, list[Outcome]] = {way: [] for way in _WAYS}
            for begin in range(0, len(clips), _AT_ONCE):
                for way, member in members.items():
                    some = clips[begin : begin + _AT_ONCE]
                    seen[way] += member.ask(watch, some, arguments.model, arguments.threads, way)
                    bar.update(len(some))
            rows += [Row(name, way, tuple(outcomes)) for way, outcomes in seen.items()]
    note = _note(photographs, arguments)
    small = [clips[0] for name, clips in wanted.items() if name.startswith(PET)][-_SAMPLES:]
    samples = [last_frame(clip, arguments.model, AUTO) for clip in small]
    write_report(arguments.output, rows, note, samples)
    print(f"{table(rows)}\n\n{note}")
    say(f"report in {arguments.output}")
    return 0


def _wanted(photographs: Photographs, count: int, seed: int) -> dict[str, list[Clip]]:
    """Return the clips of each row, by its name."""
    found: dict[str, list[Clip]] = {}
    for night in (False, True):
        for share in SHARES:
            name = f"{PET}, {share:.0%} of the frame, by {'night' if night else 'day'}"
            found[name] = make_clips(PET, count, photographs, share=share, night=night, seed=seed)
    found["a moving thing that is no pet"] = make_clips(THING, count, photographs, seed=seed)
    faults = max(1, count // 2)
    found["an empty scene"] = make_clips(EMPTY, faults, photographs, seed=seed)
    found["a lamp is switched on and off"] = make_clips(LAMP, faults, photographs, seed=seed)
    found["the camera is bumped"] = make_clips(SHAKEN, faults, photographs, seed=seed)
    return found


def _note(photographs: Photographs, arguments: argparse.Namespace) -> str:
    drawn = " Drawn pictures: the figures say little about photographs." if photographs.are_drawn else ""
    return (
        f"Model {arguments.model}, clips of 6 s at 640 x 480 and 10 frames/s. Right: most of the last second's answers. "
        f"False alarms: an event, or most of the last second, tells a pet that is not there. Intervals: 95 %.{drawn}"
    )
