"""The results as a table of text: valid Markdown that is also aligned for a terminal."""

from collections.abc import Sequence

from .cases import FailedCase
from .results import BenchReport, CaseResult
from .stats import LatencySummary, Ratio

_HEADINGS = (
    "artifact", "runtime", "threads", "size MB", "load ms", "p50 ms", "p90 ms", "p99 ms", "IQR ms", "p50 of rounds ms",
    "preprocess ms", "invoke ms", "ratio (rounds)",
)  # fmt: skip
_TEXT_COLUMNS = 2  # those on the left, which hold words

LEGEND = (
    "p50, p90, p99 and IQR: end to end, from a picture in memory to a prediction. Preprocess and invoke: p50 of the "
    "parts. p50 of rounds: lowest to highest. Ratio: p50 relative to the first case that ran, median of the rounds "
    "(lowest to highest). Load: once, with the runtime already imported."
)


def results_table(report: BenchReport) -> str:
    """Lay out one row a case, as Markdown."""
    return markdown_table(_HEADINGS, [_cells(row) for row in report.rows])


def failures(report: BenchReport) -> list[str]:
    """Say of each case that was not run why, one line a reason; cases that share one are named together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in report.failed:
        reasons.setdefault((row.case.artifact, row.reason), []).append(str(row.case.threads))
    return [
        f"{artifact} (threads: {', '.join(dict.fromkeys(threads))}): {reason}"
        for (artifact, reason), threads in reasons.items()
    ]


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table, words to the left and numbers to the right."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    lines = [f"| {' | '.join(_pad(cell, widths[column], column) for column, cell in enumerate(row))} |" for row in cells]
    rule = "|".join(
        "-" * (width + 2) if column < _TEXT_COLUMNS else "-" * (width + 1) + ":" for column, width in enumerate(widths)
    )
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def megabytes(size_bytes: int) -> str:
    """Write a size in MB (10^6 bytes)."""
    return f"{size_bytes / 1e6:.2f}"


def span(low: float, high: float) -> str:
    """Write a range."""
    return f"{low:.2f}–{high:.2f}"  # noqa: RUF001 - the dash of a range


def ratio_text(ratio: Ratio) -> str:
    """Write a ratio with its range over the rounds."""
    return f"{ratio.median:.2f} ({span(ratio.low, ratio.high)})"


def rounds_text(summary: LatencySummary) -> str:
    """Write the range of the rounds' medians."""
    return span(summary.round_p50_low_ms, summary.round_p50_high_ms)


def _cells(row: CaseResult | FailedCase) -> list[str]:
    if isinstance(row, FailedCase):
        return [row.case.artifact, "not run", str(row.case.threads), *["–"] * (len(_HEADINGS) - 3)]  # noqa: RUF001
    whole = row.end_to_end
    times = (whole.p50_ms, whole.p90_ms, whole.p99_ms, whole.iqr_ms)
    return [
        row.case.artifact,
        row.runtime,
        str(row.case.threads),
        megabytes(row.file_bytes),
        f"{row.load_ms:.1f}",
        *(f"{time:.2f}" for time in times),
        rounds_text(whole),
        f"{row.preprocess.p50_ms:.2f}",
        f"{row.invoke.p50_ms:.2f}",
        ratio_text(row.ratio),
    ]


def _pad(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < _TEXT_COLUMNS else cell.rjust(width)
