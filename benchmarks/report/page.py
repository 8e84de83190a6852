"""`bench.html`: one self-contained page, its styles, charts and the few lines that sort its tables inside."""

from pathlib import Path

from catdog.train.pages.drawing import drawing_settings, to_svg
from catdog.train.pages.render import render

from ..options import Scenario
from ..validity.environment import Environment
from . import tables
from .plots import MAX_DOTS, camera_chart, distribution_chart, drift_chart, latency_chart, pareto_chart, pareto_key, parts_chart
from .results import BenchReport, sentences

_TEMPLATE = Path(__file__).with_name("report.html.jinja")


def to_html(report: BenchReport) -> str:
    """Write one self-contained page that asks for nothing from outside.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    headline, *notes = sentences(report)
    return render(
        _TEMPLATE,
        tables.rounds_text,
        tables.passed_text,
        extra="bench",
        report=report,
        headline=headline,
        notes=notes,
        failures=tables.failures(report),
        artifacts=tables.artifacts_table(report),
        scenarios={name: tables.scenario_table(report, name) for name in report.options.scenarios},
        environment=environment_rows(report),
        pareto_key=pareto_key(report),
        span=tables.span,
        max_dots=MAX_DOTS,
        charts=_charts(report),
    )


def environment_rows(report: BenchReport) -> list[tuple[str, str]]:
    """Describe the machine, the software and the way of measuring, for a table of two columns."""
    environment, effort, conditions = report.environment, report.options.effort, report.conditions
    return [
        ("machine", environment.board or environment.cpu),
        ("architecture", environment.machine),
        ("processor", environment.cpu),
        ("cores", f"{environment.usable_cores} usable of {environment.cores}"),
        ("memory", f"{environment.memory_bytes / 1e9:.1f} GB"),
        ("clock governor", environment.governor or "not told by the system"),
        ("other processes", "not told by the system" if conditions.others is None else f"{conditions.others:.2f} cores"),
        ("load average", _load(environment)),
        ("system", f"{environment.os}, {environment.kernel}"),
        ("Python", environment.python),
        *((name, installed or "not installed") for name, installed in environment.packages.items()),
        ("OpenCV threads", f"{environment.opencv_threads} (preprocessing, in every case)"),
        ("picture", str(report.picture)),
        (
            "effort",
            f"{effort.rounds} rounds, order shuffled; of each case and scenario at least {effort.runs:,} runs and "
            f"{effort.seconds:g} s, at most {effort.longest_s:g} s, after {effort.warmup} runs to warm up; each case in a "
            "process of its own",
        ),
        ("measured", f"{report.measured_at}, for {conditions.seconds:.0f} s"),
    ]


def _load(environment: Environment) -> str:
    if environment.load_before is None or environment.load_after is None:
        return "not told by the system"
    return f"{environment.load_before:.2f} before, {environment.load_after:.2f} after (this benchmark included)"


def _charts(report: BenchReport) -> dict[str, str]:
    rows = report.measured
    with drawing_settings("bench"):
        charts = {
            "latency": latency_chart(rows),
            "parts": parts_chart(rows),
            "distribution": distribution_chart(rows),
            "drift": drift_chart(rows),
        }
        if report.with_accuracy:
            charts["pareto"] = pareto_chart(report)
        if all(Scenario.CAMERA in row.scenarios for row in rows):
            charts["camera"] = camera_chart(rows, report.options.fps)
        return {name: to_svg(chart, name) for name, chart in charts.items()}
