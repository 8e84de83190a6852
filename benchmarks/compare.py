"""`catdog-bench compare A.json B.json`: is B slower than A? A gate for changes; the exit code is 1 if something is slower.

Two reports are two sessions, whose machines may have been in different moods: their figures are compared with that allowance,
and not at all where a report says that its machine was disturbed. One report compares its own cases, which took turns in the
same rounds.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from catdog.edge.common.command import CommandParser
from catdog.edge.errors import InputNotFoundError, UnreadableInputError, UsageError

from .options import Scenario
from .report.document import SCHEMA_VERSION
from .report.tables import markdown_table, ratio_text
from .stats import Comparison, Verdict, compare_paired, compare_sessions

_EXAMPLES = """\
examples:
  catdog-bench compare before.json after.json               what has become slower or faster
  catdog-bench compare before.json after.json --strict      a gate that also refuses what it cannot tell
  catdog-bench compare reports/bench/bench.json             the cases of one report, against the first
  catdog-bench compare a.json b.json --metric cpu           processor time instead of latency

Times are medians of the rounds' medians; a report's p50 is that of all its runs, and may differ a little.
The ratio is B's time to A's, with a 99 % interval over the rounds. "equivalent" if the interval lies within 5 % of 1;
"slower" or "faster" if it excludes 1 and the ratio is more than 5 % off; else "cannot tell".

exit codes: 0 nothing is slower, 1 something is (--strict: or cannot be told, or is missing), 2 wrong option, 3 no such file,
4 not a report
"""

SLOWER_CODE = 1
# Metric: scenario, and which figure of its rounds.
METRICS = {
    "latency": (Scenario.SINGLE, "end_to_end_ms"),
    "invoke": (Scenario.SINGLE, "invoke_ms"),
    "cpu": (Scenario.SINGLE, "cpu_ms"),
    "camera": (Scenario.CAMERA, "end_to_end_ms"),
    "offline": (Scenario.OFFLINE, "frame_ms"),
}
# Checks of a report that say that its machine was disturbed; rounds of another session cannot make up for that.
_MACHINE = ("governor", "temperature", "throttling", "load by others", "stolen time", "drift", "steadiness")

Document = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One comparison."""

    name: str  # what is compared
    before_ms: float | None  # median of A's rounds; None if it is not there
    after_ms: float | None  # of B's
    comparison: Comparison | None  # None if there is nothing to compare
    verdict: Verdict  # what may be said


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench compare", description=(__doc__ or "").splitlines()[0], epilog=_EXAMPLES)
    parser.add_argument(
        "reports", nargs="+", type=Path, metavar="REPORT", help="bench.json of the earlier and of the later session"
    )
    parser.add_argument("--metric", choices=METRICS, default="latency", help="what to compare (default: %(default)s)")
    parser.add_argument("--strict", action="store_true", help="fail also where it cannot be told")
    parser.add_argument("--allow-invalid", action="store_true", help="judge reports of a disturbed machine as well")
    arguments = parser.parse_args(argv)
    if len(arguments.reports) > 2:
        raise UsageError("one or two reports", got=str(len(arguments.reports)), fix="Compare them two at a time.")
    documents = [read_report(path) for path in arguments.reports]
    if len(documents) == 1:
        lines, notes = within(documents[0], arguments.metric), [_judged(documents[0], "it")]
    else:
        lines = between(documents[0], documents[1], arguments.metric, allow_invalid=arguments.allow_invalid)
        notes = [*_differences(*documents), _judged(documents[0], "A"), _judged(documents[1], "B")]
    print(_table(lines))  # noqa: T201 - the command's result
    sys.stdout.flush()
    for note in filter(None, notes):
        print(f"catdog-bench compare: {note}", file=sys.stderr)  # noqa: T201
    return exit_code(lines, strict=arguments.strict)


def read_report(path: Path) -> Document:
    """Read a report's JSON.

    Raises:
        InputNotFoundError: there is no such file.
        UnreadableInputError: it is not a report of catdog-bench, or of another version.
    """
    if not path.is_file():
        raise InputNotFoundError("the bench.json of a report", got=f"{path}, which is no file", fix="Check the path.")
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise UnreadableInputError("the bench.json of a report", got=f"{path}: {error}", fix="Measure again.") from error
    version = document.get("catdog_bench") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise UnreadableInputError(
            f"a report of version {SCHEMA_VERSION}", got=f"{path} with version {version}", fix="Measure again with this catdog."
        )
    return dict(document)


def between(before: Document, after: Document, metric: str, *, allow_invalid: bool = False) -> list[Line]:
    """Compare the cases that two sessions have in common, by name, or the only artifact of each.

    Raises:
        UsageError: there is no such case.
    """
    disturbed = not allow_invalid and bool(_disturbances(before) or _disturbances(after))
    ours, theirs = dict(_cases(after, metric, before)), dict(_cases(before, metric, after))
    lines = []
    for name in dict.fromkeys([*theirs, *ours]):
        if name not in ours or name not in theirs:
            lines.append(Line(name, _middle(theirs.get(name)), _middle(ours.get(name)), None, Verdict.CANNOT_TELL))
            continue
        comparison = compare_sessions(np.array(ours[name]), np.array(theirs[name]))
        verdict = Verdict.CANNOT_TELL if disturbed else comparison.verdict
        lines.append(Line(name, _middle(theirs[name]), _middle(ours[name]), comparison, verdict))
    if all(line.comparison is None for line in lines):
        raise UsageError(
            f"two reports with a case in common that has {METRICS[metric][0]} figures",
            got=", ".join(line.name for line in lines) or "none",
            fix="Measure the same artifacts with the same --threads and --scenario.",
        )
    return lines


def within(document: Document, metric: str) -> list[Line]:
    """Compare the cases of one session with its first, round by round.

    Raises:
        UsageError: it has fewer than two.
    """
    cases = list(_cases(document, metric, None))
    if len(cases) < 2:
        raise UsageError("a report with two cases, or two reports", got=f"{len(cases)} cases", fix="Name another report.")
    (_, first), *others = cases
    lines = []
    for name, rounds in others:
        comparison = compare_paired(np.array(rounds), np.array(first))
        lines.append(Line(name, _middle(first), _middle(rounds), comparison, comparison.verdict))
    return lines


def exit_code(lines: Sequence[Line], *, strict: bool) -> int:
    """Return 1 if something is slower, or with `strict` is not known not to be; else 0."""
    refused = (Verdict.SLOWER, Verdict.CANNOT_TELL) if strict else (Verdict.SLOWER,)
    return SLOWER_CODE if any(line.verdict in refused for line in lines) else 0


def _cases(document: Document, metric: str, other: Document | None) -> Iterator[tuple[str, list[float]]]:
    """Give the name and the rounds of each case that has the metric.

    Where both reports are about one artifact each, it is the same one in two versions, whatever the files are called.
    """
    scenario, figure = METRICS[metric]
    names = {case["artifact"] for case in document["cases"]}
    versions = other is not None and len(names) == 1 and len({case["artifact"] for case in other["cases"]}) == 1
    for case in document["cases"]:
        if case["error"] is None and scenario in case["scenarios"]:
            artifact = "the artifact" if versions else case["artifact"]
            backend = "" if case["backend"] == "auto" else f" · {case['backend']}"
            name = f"{artifact}{backend} · {case['threads']} thread{'s' if case['threads'] > 1 else ''}"
            yield name, case["scenarios"][scenario]["rounds"][figure]


def _disturbances(document: Document) -> list[str]:
    return [check["name"] for check in document["checks"] if check["name"] in _MACHINE and check["passed"] is False]


def _judged(document: Document, which: str) -> str:
    found = _disturbances(document)
    return f"the machine of {which} was disturbed: {', '.join(found)}" if found else ""


def _differences(before: Document, after: Document) -> list[str]:
    """Say what else than the artifacts differs: it may be the cause."""
    ours, theirs = after["environment"], before["environment"]
    keys = [key for key in ("board", "cpu", "usable_cores", "governor", "os", "kernel", "python") if ours[key] != theirs[key]]
    said = [f"the reports differ in {key}: {theirs[key]} and {ours[key]}" for key in keys]
    for name in ours["packages"]:
        if ours["packages"][name] != theirs["packages"].get(name):
            said.append(f"the reports differ in {name}: {theirs['packages'].get(name)} and {ours['packages'][name]}")
    return said


def _table(lines: Sequence[Line]) -> str:
    def ms(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"  # noqa: RUF001 - the dash of an empty cell

    rows = [
        [
            line.name,
            ms(line.before_ms),
            ms(line.after_ms),
            "–" if line.comparison is None else ratio_text(line.comparison),  # noqa: RUF001 - likewise
            str(line.verdict),
        ]
        for line in lines
    ]
    return markdown_table(("case", "A, median round ms", "B, median round ms", "ratio (99 % interval)", "verdict"), rows)


def _middle(values: list[float] | None) -> float | None:
    return None if values is None else float(np.median(values))
