"""`catdog-train compare A B`: is one of several runs better on the pictures that all were measured on, or is it chance?

May import: this room's `side_by_side`, and nothing heavy but for a page: it answers at once.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catdog.edge.common.command import CommandParser
from catdog.edge.common.files import check_folder

from .side_by_side import LETTERS, UNNAMED, Answered, RunFigures, SideBySide, side_by_side

_EXAMPLES = """\
examples:
  catdog-train compare runs/before runs/after               the pictures that both have measured, one by one
  catdog-train compare runs/a runs/b runs/c                 several; the first is what the others are held against
  catdog-train compare runs/a runs/b --output compare.html  a page, with the pictures that they do not agree on
  catdog-train compare runs/a runs/b --part test --json     one object, for a script

A picture, known by its name, counts where all runs held it back under the same label. Behind a difference stand its 95 %
interval (Agresti and Min 2005) and how likely one as large is by chance (McNemar's exact test; of several runs adjusted for
their number, Holm 1979).
exit codes: 0 compared, 2 wrong option or nothing in common, 3 no such run, 7 a page without the extra train, 10 cannot write
"""


def compare_command(argv: Sequence[str]) -> int:
    """Run `catdog-train compare`; returns the exit code."""
    parser = CommandParser(prog="catdog-train compare", description="Compare runs on the same pictures.", epilog=_EXAMPLES)
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="folders of two to ten runs")
    parser.add_argument("--part", choices=("validation", "test"), help="split to compare on (default: both)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write a page with the pictures that they do not agree on")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args(argv)
    if arguments.output is not None:
        check_folder(arguments.output.parent)
    found = side_by_side(arguments.runs, arguments.part)
    names = list(dict.fromkeys(run.data for run in found.runs))
    if len(names) > 1 or names == [UNNAMED]:
        said = f"pictures of {' and '.join(names)} are taken for the same where they are called the same"
        print(f"catdog-train: {said}", file=sys.stderr)
    if arguments.output is not None:
        from .report.compare import write_page

        for line in write_page(arguments.output, found):
            print(f"catdog-train: {line}", file=sys.stderr)
    print(json.dumps(_document(found), ensure_ascii=False) if arguments.json else "\n".join(_lines(found)))
    if arguments.output is not None and not arguments.json:
        print(f"page          {arguments.output}")
    return 0


def _lines(found: SideBySide) -> Iterator[str]:
    yield f"pictures      {found.n:,} that all runs held back"
    for letter, run in zip(LETTERS, found.runs, strict=False):
        yield f"{letter}             {run.accuracy.value:.2%} right, {', '.join(_cost(run))}  {run.run}"
    for each in found.differences:
        letter = LETTERS[each.run]
        yield f"{letter} - A         {each}"
        yield f"              only {letter} right {each.gained:,}, only A right {each.lost:,}"
    for name, values in found.options.items():
        said = ", ".join(f"{letter} {'-' if value is None else value}" for letter, value in zip(LETTERS, values, strict=False))
        yield f"differs       {name.replace('_', ' ')}: {said}"
    for letter, run in zip(LETTERS, found.runs, strict=False):
        if run.left_out:
            yield f"left out      {run.left_out:,} pictures that {letter} has measured and not all others"


def _cost(run: RunFigures) -> Iterator[str]:
    yield f"95 % interval {100 * run.accuracy.low:.1f} to {100 * run.accuracy.high:.1f} %"
    if run.calibration_error is not None:
        yield f"calibration error {100 * run.calibration_error:.1f} points"
    if run.seconds is not None:
        yield f"{run.seconds:,.0f} s"
    if run.parameters is not None:
        yield f"{run.parameters:,} weights"
    if run.bytes is not None:
        yield f"{run.bytes / 1e6:.2f} MB"


def _document(found: SideBySide) -> dict[str, Any]:
    return {
        "n": found.n,
        "runs": [asdict(run) | {"letter": letter} for letter, run in zip(LETTERS, found.runs, strict=False)],
        "differences": [each.to_dict() for each in found.differences],
        "options": {name: list(values) for name, values in found.options.items()},
        "differing": [_row(row) for row in found.differing],
    }


def _row(row: Sequence[Answered]) -> dict[str, Any]:
    return {
        "name": row[0].name,
        "truth": row[0].truth,
        "answers": [each.answer for each in row],
        "scores": [None if math.isnan(each.score) else each.score for each in row],
    }
