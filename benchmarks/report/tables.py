"""The results as tables of text, for the page and as Markdown that is also aligned for a terminal."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from catdog.edge.backends.delegation import Delegation
from catdog.edge.contract.figures import Figure

from ..measure.case import FailedCase
from ..options import Scenario
from ..stats import Comparison, LatencySummary, Percentile
from ..validity.checks import Check
from .results import BenchReport, CaseResult, Missing, ScenarioResult

NOTHING = "–"  # noqa: RUF001 - the dash of an empty cell

LEGEND = (
    "p50, p90, p99: end to end, with 95 % bounds in brackets where there are enough runs: from a picture in memory to a "
    "prediction (single), from the frame's coming (camera), with decoding (offline). Ratio: relative to the first case, with "
    "its 99 % interval over the rounds. CPU: processor time a frame, all threads. Memory: of the case's own process at the "
    "end; in brackets at most. Load: reading and preparing the file, runtime already imported; first: and the first answer."
)

_TEXT_COLUMNS = 1  # those on the left, which hold words

Cells = Callable[[CaseResult, ScenarioResult], Sequence[str]]


class Table(NamedTuple):
    """A table of text; brackets hold what belongs to a figure: its bounds, or its peak."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    final: int | None = None  # the row to point out

    @property
    def markdown(self) -> str:
        """The same, laid out."""
        return markdown_table(self.headings, self.rows)


def scenario_table(report: BenchReport, scenario: str) -> Table:
    """Lay out one row a case; of the main scenario the fastest is pointed out."""
    headings, cells = _SCENARIOS[scenario]
    rows, final = [], None
    for place, row in enumerate(report.rows):
        name = [row.case.artifact + _backend(row.case.backend), str(row.case.threads)]
        if isinstance(row, FailedCase):
            rows.append([*name, "not run", *[NOTHING] * (len(headings) - 1)])
        else:
            rows.append([*name, *cells(row, row.scenarios[scenario])])
            final = place if row is report.fastest and row.main.scenario == scenario else final
    return Table(("artifact", "threads", *headings), rows, final)


def artifacts_table(report: BenchReport) -> Table:
    """Lay out one row a file: size, accuracy, agreement, where it runs."""
    rows = [
        [
            artifact.name + _backend(artifact.backend),
            megabytes(artifact.file_bytes),
            figure_text(artifact.accuracy),
            figure_text(artifact.claimed),
            figure_text(artifact.agreement),
            delegation_text(artifact.delegation),
        ]
        for artifact in report.artifacts
    ]
    headings = ("artifact", "size MB", "accuracy", "accuracy as exported", f"agrees with {report.reference}", "operators")
    return Table(headings, rows)


def checks_table(checks: Sequence[Check]) -> str:
    """Lay out what was checked."""
    return markdown_table(
        ("check", "result", "found"), [(check.name, passed_text(check), check.said) for check in checks], words=3
    )


def passed_text(check: Check) -> str:
    """Write a check's result in a word."""
    return {True: "passed", False: "failed", None: "not known"}[check.passed]


def failures(report: BenchReport) -> list[str]:
    """Say of each case that was not run why, one line a reason; cases that share one are named together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in report.failed:
        reasons.setdefault((row.case.artifact, row.reason), []).append(str(row.case.threads))
    return [
        f"{artifact} (threads: {', '.join(dict.fromkeys(threads))}): {reason}"
        for (artifact, reason), threads in reasons.items()
    ]


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], words: int = _TEXT_COLUMNS) -> str:
    """Lay out a table, words to the left and numbers to the right.

    Args:
        headings: of the columns.
        rows: their cells.
        words: how many of the columns, from the left, hold words.
    """
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]

    def pad(cell: str, column: int) -> str:
        return cell.ljust(widths[column]) if column < words else cell.rjust(widths[column])

    lines = [f"| {' | '.join(pad(cell, column) for column, cell in enumerate(row))} |" for row in cells]
    rule = "|".join("-" * (width + 2) if column < words else "-" * (width + 1) + ":" for column, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def megabytes(size_bytes: int | Missing) -> str:
    """Write a size in MB (10^6 bytes)."""
    return NOTHING if isinstance(size_bytes, Missing) else f"{size_bytes / 1e6:.2f}"


def memory_text(result: ScenarioResult) -> str:
    """Write memory in MB, with the peak in brackets."""
    if isinstance(result.memory_bytes, Missing) or isinstance(result.memory_peak_bytes, Missing):
        return NOTHING
    return f"{result.memory_bytes / 1e6:.0f} ({result.memory_peak_bytes / 1e6:.0f})"


def energy_text(result: ScenarioResult) -> str:
    """Write energy in mJ."""
    return NOTHING if isinstance(result.energy_mj, Missing) else f"{result.energy_mj:.1f}"


def span(low: float | None, high: float | None) -> str:
    """Write a range; an end that is not known is left open."""
    return f"{'' if low is None else f'{low:.2f}'}–{'' if high is None else f'{high:.2f}'}"  # noqa: RUF001 - the dash of a range


def percentile_text(found: Percentile) -> str:
    """Write a percentile with its bounds."""
    return f"{found.value:.2f} ({span(found.low, found.high)})"


def ratio_text(comparison: Comparison | None) -> str:
    """Write a ratio with its interval."""
    if comparison is None:
        return "1"
    interval = "" if comparison.low is None else f" ({span(comparison.low, comparison.high)})"
    return f"{comparison.ratio:.2f}{interval}"


def rounds_text(summary: LatencySummary) -> str:
    """Write the range of the rounds' medians."""
    return span(summary.round_p50_low_ms, summary.round_p50_high_ms)


def figure_text(figure: Figure | Missing | None) -> str:
    """Write a share with its interval, in per cent."""
    if not isinstance(figure, Figure):
        return NOTHING
    return f"{figure.value:.1%} ({100 * figure.low:.1f}–{100 * figure.high:.1f}), n = {figure.n:,}"  # noqa: RUF001 - likewise


def delegation_text(delegation: Delegation) -> str:
    """Write who computes."""
    if delegation.taken is None:
        return delegation.name
    if delegation.taken == 0:
        return f"none of {delegation.operations} delegated"
    return f"{delegation.taken} of {delegation.operations} on {delegation.name}"


def _backend(backend: str) -> str:
    return "" if backend == "auto" else f" ({backend})"


def _latencies(result: ScenarioResult) -> list[str]:
    whole = result.end_to_end
    return [percentile_text(found) for found in (whole.p50_ms, whole.p90_ms, whole.p99_ms)]


def _single(row: CaseResult, result: ScenarioResult) -> list[str]:
    return [
        *_latencies(result),
        f"{result.invoke.p50_ms.value:.2f}",
        f"{result.per_second:.0f}",
        f"{result.cpu_ms:.2f}",
        memory_text(result),
        energy_text(result),
        f"{row.load_ms:.1f}",
        f"{row.first_result_ms:.1f}",
        ratio_text(result.versus),
        str(result.versus.verdict) if result.versus else "baseline",
    ]


def _camera(_: CaseResult, result: ScenarioResult) -> list[str]:
    missed = figure_text(result.missed)
    return [*_latencies(result), missed, f"{result.cpu_ms:.2f}", energy_text(result)]


def _offline(_: CaseResult, result: ScenarioResult) -> list[str]:
    return [
        f"{result.per_second:.0f}",
        f"{result.cpu_ms:.2f}",
        memory_text(result),
        energy_text(result),
        ratio_text(result.versus),
        str(result.versus.verdict) if result.versus else "baseline",
    ]


_TIMES = ("p50 ms", "p90 ms", "p99 ms")
_SCENARIOS: dict[str, tuple[tuple[str, ...], Cells]] = {
    Scenario.SINGLE: (
        (*_TIMES, "invoke p50 ms", "frames/s", "CPU ms", "memory MB", "energy mJ", "load ms", "first ms", "ratio", "verdict"),
        _single,
    ),
    Scenario.CAMERA: ((*_TIMES, "deadlines missed", "CPU ms", "energy mJ"), _camera),
    Scenario.OFFLINE: (("pictures/s", "CPU ms", "memory MB", "energy mJ", "time ratio", "verdict"), _offline),
}
