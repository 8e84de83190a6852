"""What `catdog-bench scenes` found, as a table, a plot and sample frames."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from catdog.edge.common.files import write_bytes, write_text
from catdog.edge.contract.figures import Figure
from catdog.edge.runner.results import Result
from catdog.edge.sinks.drawing import annotate

from ..report.tables import markdown_table
from .clips import PET
from .outcome import Outcome

HEADINGS = (
    "clips",
    "n",
    "regions",
    "right",
    "missed",
    "false alarms",
    "first right answer",
    "inferences a frame",
    "CPU a frame",
)


@dataclass(frozen=True)
class Row:
    """One kind of clip, one way of looking at them."""

    name: str  # of the kind
    regions: str  # as catdog-edge --regions
    outcomes: tuple[Outcome, ...]  # one for each clip

    @property
    def right(self) -> Figure:
        """Share of the clips of which the right thing was said."""
        return Figure.share("right", sum(outcome.is_right for outcome in self.outcomes), len(self.outcomes))

    @property
    def false_alarms(self) -> Figure:
        """Share of the clips in which a pet was told that is not there."""
        alarms = sum(outcome.is_false_alarm for outcome in self.outcomes)
        return Figure.share("false alarms", alarms, len(self.outcomes))

    @property
    def missed(self) -> Figure:
        """Share of the clips in which no pet was told though one was there."""
        return Figure.share("missed", sum(outcome.is_missed for outcome in self.outcomes), len(self.outcomes))

    @property
    def cells(self) -> list[str]:
        """The row of the table; times are medians, with the middle half."""
        firsts = [outcome.first_s for outcome in self.outcomes if outcome.first_s is not None]
        is_pet = self.outcomes[0].clip.kind == PET
        return [
            self.name,
            f"{len(self.outcomes)}",
            self.regions,
            _share(self.right),
            _share(self.missed) if is_pet else "",
            _share(self.false_alarms),
            _spread(firsts, " s") if firsts and is_pet else "",
            f"{np.mean([outcome.inferences for outcome in self.outcomes]):.2f}",
            _spread([outcome.cpu_ms for outcome in self.outcomes], " ms"),
        ]


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out as Markdown."""
    return markdown_table(HEADINGS, [row.cells for row in rows])


def write_report(folder: Path, rows: Sequence[Row], note: str, samples: Sequence[Result]) -> None:
    """Write ``scenes.md``, ``scenes.json``, ``scenes.png`` and ``sample-N.jpg``.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_text(folder / "scenes.md", f"{table(rows)}\n\n{note}\n")
    write_text(folder / "scenes.json", json.dumps({"note": note, "rows": [_as_dict(row) for row in rows]}, indent=2) + "\n")
    _plot(folder / "scenes.png", rows)
    for number, sample in enumerate(samples, start=1):
        write_bytes(folder / f"sample-{number}.jpg", cv2.imencode(".jpg", annotate(sample))[1].tobytes())


def _as_dict(row: Row) -> dict[str, Any]:
    right, alarms = row.right, row.false_alarms
    return {
        "clips": row.name,
        "regions": row.regions,
        "n": right.n,
        "right": {"share": right.value, "low": right.low, "high": right.high},
        "missed": {"share": row.missed.value, "low": row.missed.low, "high": row.missed.high},
        "false_alarms": {"share": alarms.value, "low": alarms.low, "high": alarms.high},
        "inferences_a_frame": float(np.mean([outcome.inferences for outcome in row.outcomes])),
        "cpu_ms_a_frame": float(np.median([outcome.cpu_ms for outcome in row.outcomes])),
        "first_right_s": [outcome.first_s for outcome in row.outcomes],
    }


def _plot(path: Path, rows: Sequence[Row]) -> None:
    from matplotlib.figure import Figure as Canvas

    names = list(dict.fromkeys(row.name for row in rows))
    ways = list(dict.fromkeys(row.regions for row in rows))
    canvas = Canvas((8, 0.5 * len(names) + 1.2), layout="constrained")
    axes = canvas.subplots()
    for number, way in enumerate(ways):
        mine = [row for row in rows if row.regions == way]
        places = [names.index(row.name) + 0.25 * (number - (len(ways) - 1) / 2) for row in mine]
        values = [100 * row.right.value for row in mine]
        whiskers = [
            [100 * (row.right.value - row.right.low) for row in mine],
            [100 * (row.right.high - row.right.value) for row in mine],
        ]
        axes.errorbar(values, places, xerr=whiskers, fmt="o", capsize=3, label=f"--regions {way}")
    axes.set(
        yticks=range(len(names)),
        yticklabels=names,
        xlim=(-2, 102),
        xlabel="clips of which the right thing was said, % (95 % interval)",
    )
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower left")
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=120)


def _share(figure: Figure) -> str:
    return f"{figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%})"


def _spread(values: Sequence[float], unit: str) -> str:
    low, middle, high = np.percentile(values, (25, 50, 75))
    return f"{middle:.1f}{unit} ({low:.1f} to {high:.1f})"
