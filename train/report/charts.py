"""The charts of how a run went, as drawings that `catdog.train.pages.drawing` renders.

Each is drawn narrow, because the page shows them on telephones, too. Accuracies are shares, 0-1, drawn as percent.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from catdog.edge.contract.figures import Figure

from ..history import FINE_TUNE, Epoch
from ..pages.drawing import GRID, INK, MAIN, MAIN_SOFT, MUTED, SECOND, WIDTH, bare, canvas, in_percent
from ..record import StageRecord
from ..writeups.figures import Published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

_BAND_ALPHA = 0.45


def stages_chart(records: Sequence[StageRecord], references: Mapping[str, Published], baseline: float) -> "Drawing":
    """Draw the accuracy of each stage with its interval, over the published band that it is held against, if there is one.

    Args:
        records: the stages, top to bottom.
        references: by stage, what it is held against; empty for nothing.
        baseline: what always giving the same answer gets, a share.
    """
    ends = [baseline, *(figure.low for record in records for figure in _measured(record).values())]
    low = _floor(min([*ends, *(reference.low for reference in references.values())]))
    drawing = canvas(WIDTH, 84 + 52 * len(records))
    axes = drawing.add_subplot()
    for place, record in enumerate(records):
        if record.stage in references:
            start, end = _ends(references[record.stage])
            axes.barh(place + 0.12, end - start, left=start, height=0.5, color=MAIN_SOFT, alpha=_BAND_ALPHA,
                      label="published" if not place else None)  # fmt: skip
        for (name, figure), offset, colour in zip(_measured(record).items(), (0.06, 0.28), (MAIN, SECOND), strict=False):
            spread = [[figure.value - figure.low], [figure.high - figure.value]]
            axes.errorbar(figure.value, place + offset, xerr=spread, fmt="o", color=colour, capsize=3, clip_on=False,
                          label=name if not place else None)  # fmt: skip
        frame = axes.get_yaxis_transform()
        axes.text(0, place - 0.3, record.stage, transform=frame, ha="left", va="center", weight="bold")
        figures = " · ".join(f"{name} {100 * figure.value:.1f} %" for name, figure in _measured(record).items())
        axes.text(1, place - 0.3, figures, transform=frame, ha="right", va="center", color=MUTED, size=9.5)
    axes.axvline(baseline, color=MUTED, linestyle="--", linewidth=1.1, label="baseline")
    axes.set(xlim=(low, 1.0), ylim=(len(records) - 0.5, -0.55), yticks=[], xlabel="accuracy")
    in_percent(axes.xaxis)
    bare(axes, "x")
    handles, names = axes.get_legend_handles_labels()
    drawing.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9, handletextpad=0.4, columnspacing=1.2)
    return drawing


def curves_chart(
    records: Sequence[StageRecord],
    bands: Mapping[str, Published | None],
    baseline: float,
    *,
    among: Sequence[StageRecord] | None = None,
    legend: bool = True,
) -> "Drawing":
    """Draw accuracy over loss, epoch by epoch, the stages side by side on the same axes.

    Args:
        records: the stages, left to right.
        bands: by stage, the published band to shade; None for none.
        baseline: what always giving the same answer gets, a share.
        among: the stages that the drawing shares its axes with, if it is to stand beside others; None for `records`.
        legend: explain the colours below.
    """
    among = among or records
    width = (270.0 if len(among) > 1 else 520.0) * len(records)
    drawing = canvas(width, 350 + 24 * legend)
    grid: NDArray[np.object_] = drawing.subplots(2, len(records), sharey="row", squeeze=False, height_ratios=(3, 2))
    classes = len(among[0].validation.confusion)
    for column, record in enumerate(records):
        upper, lower = grid[:, column]
        _draw_accuracy(upper, record, bands[record.stage], baseline)
        _draw_loss(lower, record.history, math.log(classes))
        upper.set_title(record.stage)
    accuracies = [baseline, *(a for record in among for epoch in record.history for a in (epoch.accuracy, epoch.val_accuracy))]
    accuracies += [record.validation.accuracy.low for record in among]
    accuracies += [band.low for record in among if (band := bands[record.stage])]
    grid[0, 0].set_ylim(_floor(min(_finite(accuracies))), 1.01)
    in_percent(grid[0, 0].yaxis)
    grid[0, 0].set_ylabel("accuracy")
    losses = [loss for record in among for epoch in record.history for loss in (epoch.loss, epoch.val_loss)]
    _scale_losses(grid[1, 0], [max(loss, 1e-4) for loss in _finite(losses)] + [math.log(classes)])
    if legend:
        handles, names = grid[0, 0].get_legend_handles_labels()
        drawing.legend(handles, names, loc="outside lower center", ncols=5, fontsize=9, columnspacing=1.4)
    return drawing


def _measured(record: StageRecord) -> dict[str, Figure]:
    test = {} if record.test is None else {"test": record.test.accuracy}
    return {"validation": record.validation.accuracy} | test


def _ends(band: Published) -> tuple[float, float]:
    """Return where a band is drawn from and to; one that is a single figure is widened so that it can be seen."""
    return (band.low, band.high) if band.high > band.low else (band.low - 0.003, band.high + 0.003)


def _draw_accuracy(axes: "Axes", record: StageRecord, band: Published | None, baseline: float) -> None:
    from matplotlib.ticker import MaxNLocator

    history = record.history
    if band is not None:
        axes.axhspan(*_ends(band), color=MAIN_SOFT, alpha=_BAND_ALPHA, linewidth=0, label="published")
    axes.axhline(baseline, color=MUTED, linestyle="--", linewidth=1.0, label="baseline")
    _draw_pair(axes, history, [epoch.accuracy for epoch in history], [epoch.val_accuracy for epoch in history])
    final = record.validation.accuracy
    spread = [[final.value - final.low], [final.high - final.value]]
    at = history[-1].number if history else 1
    axes.errorbar(
        at,
        final.value,
        yerr=spread,
        fmt="D",
        color=INK,
        markersize=4,
        capsize=3,
        zorder=4,
        clip_on=False,
        label="final, 95 % interval",
    )
    _mark_phases(axes, history, named=True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, at + 0.5)
    bare(axes, "y")


def _draw_loss(axes: "Axes", history: Sequence[Epoch], guessing: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axhline(guessing, color=MUTED, linestyle=":", linewidth=1.1)
    _draw_pair(axes, history, [epoch.loss for epoch in history], [epoch.val_loss for epoch in history])
    _mark_phases(axes, history, named=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set(xlabel="epoch", xlim=(0.5, (history[-1].number if history else 1) + 0.5))
    bare(axes, "y")


def _draw_pair(
    axes: "Axes", history: Sequence[Epoch], training: Sequence[float | None], validation: Sequence[float | None]
) -> None:
    for values, name, colour, width in ((training, "training", SECOND, 1.4), (validation, "validation", MAIN, 2.0)):
        measured = [(epoch.number, value) for epoch, value in zip(history, values, strict=True) if value is not None]
        # Drawn also where nothing was measured, so that the legend is the same for all.
        axes.plot(*zip(*measured, strict=True) if measured else ([], []), marker="o", markersize=2.6, color=colour,
                  linewidth=width, label=name)  # fmt: skip


def _mark_phases(axes: "Axes", history: Sequence[Epoch], *, named: bool) -> None:
    """Shade the epochs in which the whole network learns; if there are several phases, name them."""
    phases = [(phase, [epoch.number for epoch in epochs]) for phase, epochs in groupby(history, key=lambda e: e.phase)]
    for phase, numbers in phases:
        if phase == FINE_TUNE:
            axes.axvspan(numbers[0] - 0.5, numbers[-1] + 0.5, color=GRID, alpha=0.6, linewidth=0, zorder=0)
        if named and len(phases) > 1:
            # The last name ends with the axis: a few epochs of fine-tuning are narrower than the word.
            place, side = (numbers[-1] + 0.4, "right") if numbers[-1] == history[-1].number else (numbers[0] - 0.4, "left")
            axes.text(place, 0.02, phase, transform=axes.get_xaxis_transform(), size=8.5, color=MUTED, va="bottom", ha=side)


def _scale_losses(axes: "Axes", losses: Sequence[float]) -> None:
    """Give the axis a logarithmic scale: first epochs at ten and last ones at a hundredth are seen alike."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_yscale("log")
    axes.set_ylim(0.75 * min(losses), 1.3 * max(losses))
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("loss, nats")


def _floor(share: float) -> float:
    """Leave some room below a share and end at a round figure."""
    return max(0.0, math.floor((share - 0.06) * 20) / 20)


def _finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
