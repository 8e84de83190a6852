"""`peers.json` for programs (its layout: docs/documents.md), `peers.md` for a pull request, `peers.html` for people."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from catdog.benchmarks.report.tables import markdown_table
from catdog.edge.common.files import write_text
from catdog.edge.contract.figures import Figure
from catdog.train.pages.render import render

from .results import MEASURES, Comparison, Measure, Spread, accuracy, agreement, figure, ratio, sentences, values
from .rounds import STARTS, Measured

SCHEMA_VERSION = 1
_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_NOT_ITS_OWN = "the environment that ran the benchmark"
_DASH = "–"  # noqa: RUF001 - for what was not measured
_LEAST, _MOST = 0.25, 64.0  # ends of the charts' axis; beyond is drawn at the edge


class Dot(NamedTuple):
    """A ratio in a chart: places from left to right in percent, and what it says."""

    name: str
    left: float
    middle: float
    right: float
    text: str
    ahead: bool


def write_reports(comparison: Comparison, folder: Path) -> list[Path]:
    """Write all three files, each whole or not at all.

    Returns:
        The paths written.

    Raises:
        OutputError: a file cannot be written.
        MissingExtraError: jinja2 is not installed.
    """
    texts = {"peers.json": to_json(comparison), "peers.md": to_markdown(comparison), "peers.html": to_html(comparison)}
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def to_json(comparison: Comparison) -> str:
    """Write the document."""
    options = comparison.options
    document = {
        "catdog_peers": SCHEMA_VERSION,
        "measured_at": comparison.measured_at,
        "command": options.command,
        "options": {
            "rounds": options.rounds,
            "pictures": len(comparison.photographs.paths),
            "cores": options.cores,
            "starts": STARTS,
            "seed": options.seed,
        },
        "photographs": comparison.photographs.data,
        "environment": asdict(comparison.environment),
        "summary": sentences(comparison),
        "sides": [_side(row, comparison) for row in comparison.measured],
        "not_run": [asdict(failed) for failed in comparison.failed],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_markdown(comparison: Comparison) -> str:
    """Write the text for a pull request."""
    headline, *notes = sentences(comparison)
    parts = [
        "### catdog-edge and its peers",
        headline,
        "\n".join(f"- {note}" for note in notes),
        "Medians:",
        figures_table(comparison),
        "How many times better catdog-edge is, median (middle half of the rounds); **below 1 the peer is ahead**:",
        ratios_table(comparison),
        "\n".join(["Not run:", "", *(f"- {line}" for line in not_run(comparison))]) if comparison.failed else "",
        "\n".join(f"- {line}" for line in (*method(comparison), f"Made with `{comparison.options.command}`.")),
        "<details><summary>Measured on</summary>",
        markdown_table(("what", "value"), machine_rows(comparison)),
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_html(comparison: Comparison) -> str:
    """Write one self-contained page: styles and charts inside, no script, no request.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    headline, *notes = sentences(comparison)
    return render(
        _TEMPLATE,
        extra="bench",
        headline=headline,
        notes=notes,
        not_run=not_run(comparison),
        method=method(comparison),
        command=comparison.options.command,
        machine=machine_rows(comparison),
        measured_at=comparison.measured_at,
        title=comparison.environment.title,
        headings=_headings(),
        rows=[figure_cells(row, comparison) for row in comparison.measured],
        charts=[(measure, dots) for measure in MEASURES if (dots := _dots(measure, comparison))],
        even=_place(1.0),
        ticks=[(_place(tick), f"{tick:g}") for tick in (0.25, 1.0, 4.0, 16.0, 64.0)],
        packages=[
            (_name(row), ", ".join(f"{n} {v}" for n, v in row.side.venv.packages.items()) or _NOT_ITS_OWN)
            for row in comparison.measured
        ],
    )


def figures_table(comparison: Comparison) -> str:
    """Lay out a row a side, ours first, as Markdown."""
    return markdown_table(_headings(), [figure_cells(row, comparison) for row in comparison.measured])


def ratios_table(comparison: Comparison) -> str:
    """Lay out a row a peer, as Markdown."""
    rows = [
        [row.side.title, row.side.model, *(_ratio_text(ratio(row, comparison.ours, measure)) for measure in MEASURES)]
        for row in comparison.peers
    ]
    return markdown_table(["peer", "model", *(measure.heading for measure in MEASURES)], rows)


def figure_cells(row: Measured, comparison: Comparison) -> list[str]:
    """Write a side's figures."""
    right = accuracy(row, comparison.photographs)
    return [
        row.side.title,
        row.side.model,
        row.side.threads,
        *(_figure_text(figure(row, measure), measure) for measure in MEASURES),
        f"{agreement(row, comparison.ours).value:.1%}",
        _DASH if right is None else f"{right.value:.1%}",
    ]


def not_run(comparison: Comparison) -> list[str]:
    """Say of each peer that could not be measured why."""
    return [f"{failed.name}: {failed.reason}" for failed in comparison.failed]


def method(comparison: Comparison) -> list[str]:
    """Say what the columns mean and how they were measured."""
    options, ours = comparison.options, comparison.ours
    right = accuracy(ours, comparison.photographs)
    interval = "" if right is None else f" catdog-edge's accuracy: {right}."
    cores, rounds = _count(options.cores, "core"), _count(options.rounds, "round")
    return [
        f"{comparison.photographs.data}, the same JPEG files for all.{interval}",
        "One model in several kinds of file: int8 TFLite is the one that catdog-edge comes with; the float32 files have the "
        "weights that it was quantized from. Where a float32 peer is behind, the format has its part in it.",
        f"{rounds}, in each of which all have a turn, in shuffled order, every process held to {cores}; ratios "
        "are taken round by round. A round before them is not counted.",
        f"Cold start: a whole process that classifies one picture, files in memory; median of {STARTS} a round.",
        "Latency: p50 from before the file is read to the label, inside the process, pictures one after another.",
        "Throughput: the whole folder, the start of the process included. catdog-edge judges a picture on every core, Keras "
        "predicts batches of 32, the other scripts go one by one with as many threads. Peak memory: resident, of that run.",
        "Installed: the environment's site-packages without pip and setuptools.",
    ]


def machine_rows(comparison: Comparison) -> list[tuple[str, str]]:
    """Describe the machine, for a table of two columns."""
    machine = comparison.environment
    before, after = (_DASH if load is None else f"{load:.2f}" for load in (machine.load_before, machine.load_after))
    return [
        ("machine", machine.board or f"{machine.cpu}; not measured on a board"),
        ("architecture", machine.machine),
        ("cores", f"{machine.usable_cores} usable of {machine.cores}"),
        ("memory", f"{machine.memory_bytes / 1e9:.1f} GB"),
        ("load average", f"{before} before, {after} after (this benchmark included)"),
        ("system", f"{machine.os}, {machine.kernel}"),
        ("Python", machine.python),
        ("measured at", comparison.measured_at),
    ]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _headings() -> list[str]:
    return ["", "model", "threads", *(f"{each.heading} {each.unit}" for each in MEASURES), "same label", "accuracy"]


def _name(row: Measured) -> str:
    return f"{row.side.title}, {row.side.model}"


def _figure_text(found: Spread | None, measure: Measure) -> str:
    if found is None:
        return _DASH
    value = found.median * measure.scale
    return f"{value:,.{0 if value >= 100 else 1}f}"


def _ratio_text(found: Spread | None) -> str:
    if found is None:
        return _DASH
    middle = f"**{found.median:.2f}**" if found.median < 1 else f"{found.median:.2f}"
    return middle if found.n == 1 else f"{middle} ({found.low:.2f} to {found.high:.2f})"


def _dots(measure: Measure, comparison: Comparison) -> list[Dot]:
    dots = []
    for row in comparison.peers:
        found = ratio(row, comparison.ours, measure)
        if found is not None:
            left, middle, right = map(_place, (found.low, found.median, found.high))
            dots.append(Dot(_name(row), left, middle, right, _ratio_text(found).replace("*", ""), found.median < 1))
    return dots


def _place(value: float) -> float:
    """Find a ratio's place on the logarithmic axis, in percent from its left end."""
    shown = max(_LEAST, min(_MOST, value))
    return round(100 * math.log(shown / _LEAST) / math.log(_MOST / _LEAST), 2)


def _side(row: Measured, comparison: Comparison) -> dict[str, Any]:
    right = accuracy(row, comparison.photographs)
    figures, ratios = {}, {}
    for measure in MEASURES:
        summary, against = figure(row, measure), ratio(row, comparison.ours, measure)
        figures[measure.name] = None if summary is None else _rounded(asdict(summary)) | {"rounds": _kept(row, measure)}
        ratios[measure.name] = None if against is None else _rounded(asdict(against))
    return {
        "name": row.side.name,
        "title": row.side.title,
        "model": row.side.model,
        "threads": row.side.threads,
        "packages": row.side.venv.packages,
        "figures": figures,
        "ratios": ratios,
        "agreement": _share(agreement(row, comparison.ours)),
        "accuracy": None if right is None else _share(right),
    }


def _kept(row: Measured, measure: Measure) -> list[float]:
    return [round(value, 4) for value in values(row, measure)]


def _rounded(fields: dict[str, float]) -> dict[str, float]:
    return {name: value if isinstance(value, int) else round(value, 4) for name, value in fields.items()}


def _share(found: Figure) -> dict[str, float]:
    return _rounded({"value": found.value, "low": found.low, "high": found.high, "n": found.n})
