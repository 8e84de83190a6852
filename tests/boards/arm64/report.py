"""The report: a table in Markdown for people, the same with all figures as JSON for programs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catdog.benchmarks.report.tables import markdown_table

from .findings import Finding

_HEADINGS = ("step", "where", "what", "found", "budget", "verdict")


def write(findings: Sequence[Finding], about: dict[str, Any], folder: Path) -> Path:
    """Write both files; return the path of the table.

    Args:
        findings: so far.
        about: command, versions, times.
        folder: for arm64.md and arm64.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = {"about": about, "findings": [finding.as_json() for finding in findings]}
    _replace(folder / "arm64.json", json.dumps(document, indent=1) + "\n")
    rows = [[each.step, each.where, each.what, each.said, each.budget or "-", each.verdict] for each in findings]
    told = "\n".join(f"- {name}: {value}" for name, value in about.items())
    text = f"# catdog on emulated arm64\n\nNot measured on a board.\n\n{told}\n\n{markdown_table(_HEADINGS, rows)}\n"
    _replace(folder / "arm64.md", text)
    return folder / "arm64.md"


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
