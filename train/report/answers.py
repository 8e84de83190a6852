"""The charts of a run's pictures and of the answers to them, as drawings that `catdog.train.pages.drawing` renders."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from catdog.edge.contract.figures import wilson_interval

from ..evaluate import Evaluation
from ..pages.drawing import INK, MAIN, MAIN_SOFT, MUTED, PAPER, WIDTH, bare, canvas, in_percent
from ..pages.words import shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

_MOST_NAMED, _SMALLEST_NAME = 34, 8.5  # labels along a side of a matrix, and points of their names
_LABEL = 18  # characters of a label that an axis has room for
_MOST_BARS = 12  # labels a part that the counts are drawn for; the table beside them has all

Sheet = Sequence[tuple[str, Sequence[tuple[str, "NDArray[np.uint8]"]]]]  # rows of titled pictures, each row with a title


def label_counts_chart(counts: Mapping[str, Mapping[str, int]]) -> "Drawing":
    """Draw how the labels share the pictures of each part, with a line at what always answering the commonest would get.

    Args:
        counts: by part, then by label; parts without pictures are passed over. Of many labels the commonest are drawn.
    """
    parts = {part: of_part for part, of_part in counts.items() if sum(of_part.values())}
    first = next(iter(parts.values()))
    shown = sorted(sorted(first, key=lambda label: -first[label])[:_MOST_BARS], key=list(first).index)
    drawing = canvas(WIDTH, len(parts) * (36 + 23 * len(shown)) + 24)
    grid: NDArray[np.object_] = drawing.subplots(len(parts), 1, sharex=True, squeeze=False)
    highest = max(max(of_part.values()) / sum(of_part.values()) for of_part in parts.values())
    for axes, (part, of_part) in zip(grid[:, 0], parts.items(), strict=True):
        total = sum(of_part.values())
        shares = [of_part[label] / total for label in shown]
        axes.barh(range(len(shown)), shares, height=0.66, color=MAIN_SOFT)
        for place, (label, share) in enumerate(zip(shown, shares, strict=True)):
            axes.text(share - 0.01 * highest, place, f"{of_part[label]:,}", ha="right" if share > 0.2 * highest else "left",
                      va="center", size=9.5)  # fmt: skip
        baseline = max(of_part.values()) / total
        axes.axvline(baseline, color=MUTED, linestyle="--", linewidth=1.2)
        axes.set_title(f"{part}: {total:,}")
        axes.set_title(f"baseline {100 * baseline:.1f} %", loc="right", color=MUTED, weight="normal", size=9.5)
        axes.set_yticks(range(len(shown)), [shorten(label, _LABEL) for label in shown], color=INK)
        axes.set(xlim=(0, min(1.0, 1.08 * highest)), ylim=(len(shown) - 0.5, -0.5))
        in_percent(axes.xaxis)
        bare(axes, "x")
    grid[-1, 0].set_xlabel("share of the split's pictures")
    return drawing


def reliability_chart(evaluation: Evaluation, classes: int) -> "Drawing":
    """Draw the share of right answers against the score that they had, and how many had it.

    Args:
        evaluation: whose bins to draw.
        classes: number of answers there are; the highest of so many scores cannot lie below ``1 / classes``.
    """
    low = max((each.low for each in evaluation.bins if each.low <= 1 / classes + 1e-9), default=0.0)
    bins = [each for each in evaluation.bins if each.n]
    low = min([low, *(each.low for each in bins)])
    drawing = canvas(WIDTH, 350)
    upper, lower = drawing.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    edges, widths = [each.low for each in bins], [each.high - each.low for each in bins]
    upper.bar(edges, [each.accuracy for each in bins], widths, align="edge", color=MAIN_SOFT, edgecolor=PAPER, alpha=0.7)
    upper.plot([low, 1], [low, 1], color=MUTED, linestyle="--", linewidth=1.2)
    for each in bins:
        least, most = wilson_interval(round(each.accuracy * each.n), each.n)
        upper.plot([each.score] * 2, [least, most], color=MAIN, linewidth=1.4)
    upper.plot([each.score for each in bins], [each.accuracy for each in bins], "o", color=MAIN, markersize=5)
    upper.set(ylabel="share that is right", ylim=(0, 1.02))
    lower.bar(edges, [each.n for each in bins], widths, align="edge", color=MAIN_SOFT, edgecolor=PAPER)
    for each in bins:
        lower.text((each.low + each.high) / 2, each.n, f"{each.n:,}", ha="center", va="bottom", size=8)
    lower.set(xlabel="score of the answer", ylabel="pictures", xlim=(low, 1.01), ylim=(0, 1.35 * max(each.n for each in bins)))
    lower.locator_params(axis="y", nbins=3, integer=True)
    bare(upper, "both")
    bare(lower, "y")
    return drawing


def confusion_chart(evaluations: Mapping[str, Evaluation], labels: Sequence[str]) -> "Drawing":
    """Draw the confusion matrices of the parts side by side: rows are the truth, columns the answers.

    Args:
        evaluations: by part.
        labels: class names in the order of the matrices.
    """
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("shades", [PAPER, MAIN])
    cell = min(70.0, max(5.0, 420 / len(labels)))
    names = [shorten(label, _LABEL) for label in labels]
    drawing = canvas(len(evaluations) * (cell * len(labels) + 130), cell * len(labels) + 110)
    grid: NDArray[np.object_] = drawing.subplots(1, len(evaluations), squeeze=False)
    for axes, (part, evaluation) in zip(grid[0], evaluations.items(), strict=True):
        counts = np.array(evaluation.confusion)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap=shades, vmin=0, vmax=1)
        size = min(11.0, 0.7 * cell)
        named = range(0, len(labels), -(-len(labels) // _MOST_NAMED))  # of many labels every so many, to be read
        some = [names[place] for place in named]
        size = max(size, _SMALLEST_NAME)
        axes.set_xticks(named, some, rotation=35, ha="right", rotation_mode="anchor", size=size, color=INK)
        axes.set_yticks(named, some, size=size, color=INK)
        accuracy = evaluation.accuracy
        axes.set(xlabel="answer", ylabel="truth", title=f"{part}: {100 * accuracy.value:.2f} % of {accuracy.n:,}")
        for row, column in np.ndindex(*counts.shape) if cell >= 26 else ():
            colour = PAPER if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=colour, size=size)
    return drawing


def sheet(rows: Sheet) -> "Drawing":
    """Lay out titled pictures in rows.

    Args:
        rows: at least one, with at least one picture: uint8 ``[height, width, 3]``, RGB.
    """
    columns, side = max(len(pictures) for _, pictures in rows), 124.0
    titled = any(title for title, _ in rows)
    drawing = canvas(columns * side + 18 * titled, len(rows) * (side + 16))
    grid: NDArray[np.object_] = drawing.subplots(len(rows), columns, squeeze=False)
    for cells, (title, pictures) in zip(grid, rows, strict=True):
        for axes in cells:
            axes.axis("off")
        if title:
            cells[0].text(-0.04, 0.5, shorten(title, _LABEL), transform=cells[0].transAxes, rotation=90, ha="right",
                          va="center", weight="bold")  # fmt: skip
        for axes, (caption, pixels) in zip(cells, pictures, strict=False):
            axes.imshow(pixels)
            axes.set_title(shorten(caption, 2 * _LABEL), size=8, weight="normal", loc="center")
    return drawing
