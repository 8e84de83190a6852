"""The four files of a benchmark: JSON and CSV for programs, Markdown for a pull request, HTML for people."""

from pathlib import Path

from catdog.edge.files import write_text
from catdog.train.report.template import render

from .environment import Environment
from .plots import MAX_DOTS, distribution_chart, drift_chart, latency_chart, parts_chart
from .results import BenchReport, sentences
from .schema import to_csv, to_json
from .tables import LEGEND, failures, markdown_table, megabytes, ratio_text, results_table, rounds_text

_TEMPLATE = Path(__file__).with_name("report.html.jinja")


def write_reports(report: BenchReport, folder: Path) -> list[Path]:
    """Write all four files, each whole or not at all.

    Args:
        report: what was measured.
        folder: where to; made if absent, files of an earlier benchmark are replaced.

    Returns:
        The paths written.

    Raises:
        OutputError: a file cannot be written.
        MissingExtraError: a package of the extra `bench` is not installed.
    """
    texts = {
        "bench.json": to_json(report),
        "bench.csv": to_csv(report),
        "bench.md": to_markdown(report),
        "bench.html": to_html(report),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def to_markdown(report: BenchReport) -> str:
    """Write the text for a pull request."""
    parts = [
        "### catdog-bench",
        " ".join(sentences(report)),
        results_table(report),
        LEGEND,
        "\n".join(["Not run:", "", *(f"- {line}" for line in failures(report))]) if report.failed else "",
        "<details><summary>Measured on</summary>",
        markdown_table(("what", "value"), environment_rows(report)),
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_html(report: BenchReport) -> str:
    """Write one self-contained page: styles and charts inside, no script, no request.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    rows = report.measured
    headline, *notes = sentences(report)
    return render(
        _TEMPLATE,
        {"megabytes": megabytes, "ratio_text": ratio_text, "rounds_text": rounds_text},
        extra="bench",
        report=report,
        headline=headline,
        notes=notes,
        failures=failures(report),
        environment=environment_rows(report),
        max_dots=MAX_DOTS,
        charts={
            "latency": latency_chart(rows),
            "parts": parts_chart(rows),
            "distribution": distribution_chart(rows),
            "drift": drift_chart(rows),
        },
    )


def environment_rows(report: BenchReport) -> list[tuple[str, str]]:
    """Describe the machine, the software and the way of measuring, for a table of two columns."""
    environment, effort = report.environment, report.options.effort
    return [
        ("machine", environment.board or environment.cpu),
        ("architecture", environment.machine),
        ("processor", environment.cpu),
        ("cores", f"{environment.usable_cores} usable of {environment.cores}"),
        ("memory", f"{environment.memory_bytes / 1e9:.1f} GB"),
        ("clock governor", environment.governor or "not told by the system"),
        ("load average", _load(environment)),
        ("system", f"{environment.os}, {environment.kernel}"),
        ("Python", environment.python),
        *((name, installed or "not installed") for name, installed in environment.packages.items()),
        ("OpenCV threads", f"{environment.opencv_threads} (preprocessing, in every case)"),
        ("picture", str(report.picture)),
        ("runs", f"{effort.rounds} rounds of {effort.runs} a case, after {effort.warmup} to warm up; order shuffled"),
        ("measured at", report.measured_at),
    ]


def _load(environment: Environment) -> str:
    if environment.load_before is None or environment.load_after is None:
        return "not told by the system"
    return f"{environment.load_before:.2f} before, {environment.load_after:.2f} after (this benchmark included)"
