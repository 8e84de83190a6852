"""The charts of the HTML report, drawn narrow, names above bars instead of beside them: for telephones too.

They are made and rendered in `catdog.train.pages.drawing.drawing_settings`. What they show is in the tables as well, so screen
readers are told to pass them over.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from catdog.train.pages.drawing import GRID, INK, MAIN, MAIN_SOFT, MUTED, PAPER, SECOND, WIDTH, bare, canvas

from ..options import Scenario
from ..recommend import pareto_front
from .results import BenchReport, CaseResult
from .tables import span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_DOTS = 400  # a case; more make a heavier file, not a clearer picture

_ROW, _FOOT, _HEAD = 48.0, 46.0, 4.0  # points; a case takes one row
_MARGIN = 14.0  # points left and right of the axes
_NAME = -0.2  # where in its row a case's name stands and
_BAR = 0.14  # where the bar below it has its middle; a row reaches from -0.5 to 0.5
_THICK = 0.3
_LARGEST_POINT = 160.0  # area of the largest file's point, in square points
_MAX_LABEL = 40  # characters beside which three figures still have room
_BEYOND = " ›"  # noqa: RUF001 - an arrow: there is more beyond the edge


def latency_chart(rows: Sequence[CaseResult]) -> "Figure":
    """Draw the end-to-end median of each case as a bar, with whiskers to p90 (thick) and p99 (thin)."""
    limit = _limit(rows)
    best = min(row.main.end_to_end.p50_ms.value for row in rows)
    figure, axes = _canvas(len(rows), "ms, end to end", 0.0, limit)
    for place, row in enumerate(rows):
        whole, middle = row.main.end_to_end, place + _BAR
        p50, p90, p99 = whole.p50_ms.value, whole.p90_ms.value, whole.p99_ms.value
        axes.barh(middle, p50, height=_THICK, color=MAIN if p50 == best else MAIN_SOFT)
        _whisker(axes, middle, p50, min(p90, limit), width=3.4)
        _whisker(axes, middle, p50, min(p99, limit), width=1.1)
        if p99 <= limit:
            axes.plot([p99] * 2, [middle - 0.09, middle + 0.09], color=INK, linewidth=1.1)
        _heading(axes, place, row, f"{p50:.2f} · {p90:.2f} · {p99:.2f}" + (_BEYOND if p99 > limit else ""))
    return figure


def parts_chart(rows: Sequence[CaseResult]) -> "Figure":
    """Draw the medians of preprocess and invoke of each case, one after the other; otherwise as `latency_chart`."""
    limit = 1.02 * max(sum(_parts(row)) for row in rows)
    figure, axes = _canvas(len(rows), "ms, p50 of each part", 0.0, limit)
    for place, row in enumerate(rows):
        first, second = _parts(row)
        axes.barh(place + _BAR, first, height=_THICK, color=SECOND)
        axes.barh(place + _BAR, second, left=first, height=_THICK, color=MAIN)
        axes.plot([first, first], [place + _BAR - 0.16, place + _BAR + 0.16], color=PAPER, linewidth=1.5)
        _heading(axes, place, row, f"{first:.2f} + {second:.2f}")
    return figure


def distribution_chart(rows: Sequence[CaseResult]) -> "Figure":
    """Draw the runs of each case as dots, with a box around the middle half and a line at the median.

    Otherwise as `latency_chart`.
    """
    limit = _limit(rows)
    low = max(0.0, min(row.main.end_to_end.min_ms for row in rows) - 0.04 * limit)
    figure, axes = _canvas(len(rows), "ms, end to end", low, limit)
    for place, row in enumerate(rows):
        times, middle = np.concatenate(row.main.samples), place + _BAR
        p25, p50, p75 = np.percentile(times, (25, 50, 75))
        _dots(axes, times[times <= limit], middle)
        axes.barh(middle, p75 - p25, left=p25, height=_THICK, color="none", edgecolor=INK, linewidth=1.1, zorder=3)
        axes.plot([p50, p50], [middle - 0.15, middle + 0.15], color=INK, linewidth=2.4, solid_capstyle="butt")
        beyond = int((times > limit).sum())
        _heading(axes, place, row, f"{beyond} beyond{_BEYOND}" if beyond else "")
    return figure


def drift_chart(rows: Sequence[CaseResult]) -> "Figure":
    """Draw the median of each round against the case's own median, all at one scale; otherwise as `latency_chart`."""
    from matplotlib.ticker import MaxNLocator

    rounds = len(rows[0].main.rounds.end_to_end_ms)
    swings = [row.main.rounds.end_to_end_ms / row.main.end_to_end.p50_ms.value - 1 for row in rows]
    largest = max(0.05, *(float(np.abs(swing).max()) for swing in swings))  # 5 %, so that noise is not blown up
    figure, axes = _canvas(len(rows), f"round; the height of a row is ±{largest:.0%}", 0.6, rounds + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    for place, (row, swing) in enumerate(zip(rows, swings, strict=True)):
        middle = place + _BAR + 0.02
        axes.axhline(middle, color=GRID, linewidth=0.8, zorder=1)
        heights = middle - 0.2 * swing / largest  # the axis points down
        axes.plot(np.arange(1, rounds + 1), heights, color=MAIN, linewidth=1.6, marker="o", markersize=3.6)
        whole = row.main.end_to_end
        _heading(axes, place, row, f"{span(whole.round_p50_low_ms, whole.round_p50_high_ms)} ms")
    return figure


def camera_chart(rows: Sequence[CaseResult], fps: float) -> "Figure":
    """Draw the camera scenario's p50 and p99 against the deadline, the coming of the next frame; as `latency_chart`."""
    deadline = 1e3 / fps
    results = [row.scenarios[Scenario.CAMERA] for row in rows]
    limit = 1.04 * max(deadline, min(2 * deadline, max(result.end_to_end.p99_ms.value for result in results)))
    figure, axes = _canvas(len(rows), "ms from the frame's coming; the line is the next frame's", 0.0, limit)
    for place, (row, result) in enumerate(zip(rows, results, strict=True)):
        p50, p99 = result.end_to_end.p50_ms.value, result.end_to_end.p99_ms.value
        axes.barh(place + _BAR, min(p99, limit), height=_THICK, color=MAIN_SOFT)
        axes.barh(place + _BAR, min(p50, limit), height=_THICK, color=MAIN)
        axes.plot([deadline] * 2, [place - 0.06, place + 0.34], color=SECOND, linewidth=2.4)
        missed = result.missed.value if result.missed else 0.0
        _heading(axes, place, row, f"{p50:.2f} · {p99:.2f} · {missed:.1%} missed" + (_BEYOND if p99 > limit else ""))
    return figure


def pareto_chart(report: BenchReport) -> "Figure":
    """Draw accuracy over latency, each case's file size as the area of its point; the line joins those that no other beats."""
    shown = report.with_accuracy
    points = [(row.main.end_to_end.p50_ms.value, accuracy.value) for row, _, accuracy in shown]
    largest = max(artifact.file_bytes for _, artifact, _ in shown)
    front = pareto_front(points)
    figure = canvas(WIDTH, 280, arranged=False)
    axes = figure.add_axes((0.13, 0.16, 0.83, 0.8))
    axes.set(xlabel="ms, end to end p50", ylabel="accuracy, %")
    bare(axes, "both")
    axes.plot([points[i][0] for i in front], [100 * points[i][1] for i in front], color=GRID, linewidth=2, zorder=1)
    for index, ((x, y), (_, artifact, share)) in enumerate(zip(points, shown, strict=True)):
        colour = MAIN if index in front else MAIN_SOFT
        axes.plot([x, x], [100 * share.low, 100 * share.high], color=colour, linewidth=1.2, zorder=2)
        axes.scatter([x], [100 * y], s=_LARGEST_POINT * artifact.file_bytes / largest, color=colour, zorder=3)
        # Beside the point, by turns above and below: cases of one file are often close together.
        aside = (9, 9) if index % 2 == 0 else (9, -9)
        axes.annotate(str(index + 1), (x, 100 * y), aside, textcoords="offset points", ha="center", va="center", zorder=4)
    axes.margins(x=0.14, y=0.12)
    axes.set_xlim(left=0)
    return figure


def pareto_key(report: BenchReport) -> list[str]:
    """Name the points of `pareto_chart`, in the order of their numbers."""
    return [row.case.label for row, _, _ in report.with_accuracy]


def _parts(row: CaseResult) -> tuple[float, float]:
    return row.main.preprocess.p50_ms.value, row.main.invoke.p50_ms.value


def _limit(rows: Sequence[CaseResult]) -> float:
    """End the axis at the highest p99, but not where one hiccup would squeeze everything else to the left edge."""
    return 1.04 * min(
        max(row.main.end_to_end.p99_ms.value for row in rows), 2 * max(row.main.end_to_end.p50_ms.value for row in rows)
    )


def _canvas(rows: int, unit: str, low: float, high: float) -> "tuple[Figure, Axes]":
    """Make axes with `rows` rows, the first on top, and a grid in `unit` from `low` to `high`."""
    height = _HEAD + _ROW * rows + _FOOT
    figure = canvas(WIDTH, height, arranged=False)
    axes = figure.add_axes((_MARGIN / WIDTH, _FOOT / height, 1 - 2 * _MARGIN / WIDTH, _ROW * rows / height))
    axes.set(xlim=(low, high), ylim=(rows - 0.5, -0.5), yticks=[], xlabel=unit)
    axes.locator_params(axis="x", nbins=7)
    axes.tick_params(axis="x", pad=6)
    bare(axes, "x")
    return figure, axes


def _heading(axes: "Axes", place: int, row: CaseResult, right: str) -> None:
    """Write a case's name above its bar, and figures at the right edge."""
    label = row.case.label
    if len(label) > _MAX_LABEL:  # the end tells the variant and the threads, the beginning the model
        label = f"{label[: _MAX_LABEL // 2 - 6]}…{label[-_MAX_LABEL // 2 - 5 :]}"
    frame = axes.get_yaxis_transform()
    axes.text(0, place + _NAME, label, transform=frame, ha="left", va="center", zorder=5)
    axes.text(1, place + _NAME, right, transform=frame, ha="right", va="center", color=MUTED, zorder=5)


def _whisker(axes: "Axes", middle: float, start: float, end: float, *, width: float) -> None:
    axes.plot([start, end], [middle, middle], color=INK, linewidth=width, solid_capstyle="butt")


def _dots(axes: "Axes", times: NDArray[np.float64], middle: float) -> None:
    """Strew one dot a run along a row: lines of no length with round ends, one path, which keeps the file small."""
    shown = times[:: max(1, -(-times.size // MAX_DOTS))]
    x, y = np.full(3 * shown.size, np.nan), np.full(3 * shown.size, np.nan)  # the third of each three breaks the line
    x[0::3] = x[1::3] = shown
    y[0::3] = y[1::3] = middle + np.random.default_rng(0).uniform(-0.13, 0.13, shown.size)
    axes.plot(x, y, color=MAIN, linewidth=2.8, solid_capstyle="round", alpha=0.6)
