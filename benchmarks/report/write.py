"""The four files of a benchmark: JSON and CSV for programs, Markdown for a pull request, HTML for people."""

from pathlib import Path

from catdog.edge.common.files import write_text

from ..options import Scenario
from .document import to_csv, to_json
from .page import environment_rows, to_html
from .results import BenchReport, sentences
from .tables import LEGEND, artifacts_table, checks_table, failures, markdown_table, scenario_table


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


def verdict_line(report: BenchReport) -> str:
    """Say whether the figures can be trusted, and what speaks against them."""
    if report.valid:
        return "VALID"
    return "INVALID: " + "; ".join(f"{check.name} ({check.said})" for check in report.causes)


def to_markdown(report: BenchReport) -> str:
    """Write the text for a pull request."""
    choice = report.recommendation
    parts = [
        "### catdog-bench",
        f"**{verdict_line(report)}**",
        " ".join(sentences(report)),
        f"{report.recommends}: `{choice.command}`. {' '.join(choice.why)}" if choice.command else " ".join(choice.why),
        artifacts_table(report).markdown,
        *(
            f"{_TITLES[scenario].format(fps=report.options.fps)}\n\n{scenario_table(report, scenario).markdown}"
            for scenario in report.options.scenarios
        ),
        LEGEND,
        _list("Not run:", failures(report)),
        _list("Not filled:", report.missing),
        "<details><summary>Checked, and measured on</summary>",
        checks_table(report.checks),
        markdown_table(("what", "value"), environment_rows(report), words=2),
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_terminal(report: BenchReport) -> str:
    """Write what the command prints: the verdict, the recommendation and the tables."""
    choice = report.recommendation
    parts = [
        verdict_line(report),
        "\n".join(sentences(report)),
        "\n".join([f"{report.recommends}: {choice.command}" if choice.command else "Nothing to recommend.", *choice.why]),
        artifacts_table(report).markdown,
        *(f"{scenario}:\n{scenario_table(report, scenario).markdown}" for scenario in report.options.scenarios),
        LEGEND,
        _list("Not filled:", report.missing),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _list(title: str, lines: list[str]) -> str:
    return "\n".join([title, "", *(f"- {line}" for line in lines)]) if lines else ""


_TITLES: dict[str, str] = {
    Scenario.SINGLE: "**single**: one frame after another",
    Scenario.CAMERA: "**camera**: a frame every {fps:g}th of a second",
    Scenario.OFFLINE: "**offline**: a folder on all cores, decoding included",
}
