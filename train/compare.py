"""`catdog-train compare A B`: is one of two runs better on the pictures that both were measured on, or is it chance?

May import: this room's `paired` and `run`, and nothing heavy: it answers at once.
"""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from catdog.edge.common.command import CommandParser
from catdog.edge.contract.paired import mcnemar, paired_interval
from catdog.edge.errors import InputNotFoundError, UsageError

from .run import METRICS_FILE, PREDICTIONS_FILE

_EXAMPLES = """\
examples:
  catdog-train compare runs/before runs/after               the pictures that both have measured, one by one
  catdog-train compare runs/a runs/b --part test --json     one object, for a script

A picture, known by its name, counts where both runs held it back under the same label. Behind the difference stand its 95 %
interval (Agresti and Min 2005) and how likely one as large is by chance (McNemar's exact test).
exit codes: 0 compared, 2 wrong option, 3 no such run
"""
_Answers = dict[tuple[str, str], str]  # picture and truth: answer
_CHANCE = 0.05  # a difference that comes about by chance as often as this is none


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same pictures."""

    n: int  # pictures that both have answered
    right_a: int  # of these, that A has right
    right_b: int  # that B has right
    gained: int  # that only B has right
    lost: int  # that only A has right
    low: float  # lower end of the 95 % interval of B's accuracy less A's, -1 to 1
    high: float  # upper end
    p: float  # how likely so uneven a split is by chance
    only_a: int  # pictures that A alone has measured
    only_b: int  # pictures that B alone has measured

    @property
    def verdict(self) -> str:
        """What may be said."""
        if self.p >= _CHANCE or self.low <= 0 <= self.high:
            return "cannot tell them apart"
        return "B is better" if self.low > 0 else "A is better"


def compare_command(argv: Sequence[str]) -> int:
    """Run `catdog-train compare`; returns the exit code."""
    parser = CommandParser(prog="catdog-train compare", description="Compare two runs on the same pictures.", epilog=_EXAMPLES)
    parser.add_argument("a", metavar="A", type=Path, help="folder of a run")
    parser.add_argument("b", metavar="B", type=Path, help="folder of another")
    parser.add_argument("--part", choices=("validation", "test"), help="split to compare on (default: both)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args(argv)
    found = compare_runs(arguments.a, arguments.b, arguments.part)
    names = [_data_name(folder) for folder in (arguments.a, arguments.b)]
    if names[0] != names[1]:
        said = f"pictures of {names[0]} and {names[1]} are taken for the same where they are called the same"
        print(f"catdog-train: {said}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(asdict(found) | {"verdict": found.verdict}))
        return 0
    for name, run, right in (("A", arguments.a, found.right_a), ("B", arguments.b, found.right_b)):
        print(f"{name}  {right:,} of {found.n:,} right ({right / found.n:.2%})  {run}")
    print(f"only B right  {found.gained:,};  only A right  {found.lost:,}")
    difference = f"{(found.right_b - found.right_a) / found.n:+.2%} (95 % interval {found.low:+.2%} to {found.high:+.2%})"
    print(f"B - A         {difference}, p = {found.p:.2g}: {found.verdict}")
    if found.only_a or found.only_b:
        print(f"left out      {found.only_a:,} pictures that A alone has measured, {found.only_b:,} that B alone has")
    return 0


def compare_runs(a: Path, b: Path, part: str | None = None) -> Comparison:
    """Compare two runs by the answers that each has written.

    Args:
        a: folder of a run.
        b: folder of another.
        part: ``"validation"``, ``"test"``, or None for both.

    Raises:
        InputNotFoundError: a folder holds no finished run.
        UsageError: they have measured no picture in common.
    """
    ours, theirs = (_answers(folder, part) for folder in (a, b))
    both = ours.keys() & theirs.keys()
    if not both:
        raise UsageError(
            "two runs that were measured on the same pictures", got=f"{a} and {b}, with none in common", fix="Name another run."
        )
    right_a, right_b = ({key for key in both if answers[key] == key[1]} for answers in (ours, theirs))
    gained, lost = len(right_b - right_a), len(right_a - right_b)
    low, high = paired_interval(gained, lost, len(both))
    return Comparison(
        len(both), len(right_a), len(right_b), gained, lost, low, high, mcnemar(lost, gained), len(ours) - len(both),
        len(theirs) - len(both),
    )  # fmt: skip


def _data_name(folder: Path) -> str:
    try:
        return str(json.loads((folder / METRICS_FILE).read_text())["data"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return "a data set without a name"


def _answers(folder: Path, part: str | None) -> _Answers:
    path = folder / PREDICTIONS_FILE
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return {(row["picture"], row["truth"]): row["answer"] for row in rows if part in (None, row["part"])}
    except (OSError, KeyError, csv.Error, UnicodeDecodeError) as error:
        raise InputNotFoundError(
            f"a finished run, with its {PREDICTIONS_FILE}", got=f"{folder}, which has none", fix="Check the path."
        ) from error
