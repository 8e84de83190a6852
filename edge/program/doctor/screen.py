"""Findings and simulated faults for readers and for programs."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from .findings import Finding, Verdict, worst

_SIGNS = {Verdict.OK: "✓", Verdict.WARNING: "!", Verdict.PROBLEM: "✗", Verdict.UNKNOWN: "?"}
_PLAIN_SIGNS = {Verdict.OK: "+", Verdict.WARNING: "!", Verdict.PROBLEM: "x", Verdict.UNKNOWN: "?"}
# ANSI colours: green, yellow, red, grey.
_COLOURS = {Verdict.OK: "32", Verdict.WARNING: "33", Verdict.PROBLEM: "31", Verdict.UNKNOWN: "90"}
_NAME, _VERDICT = 11, 7  # characters


class Terminal(NamedTuple):
    """What the reader's terminal can show.

    Attributes:
        columns: characters in a line.
        colour: whether it shows colours, and the reader wants them.
        unicode: whether it shows more than ASCII.
    """

    columns: int = 80
    colour: bool = False
    unicode: bool = True


def finding_lines(finding: Finding, terminal: Terminal) -> list[str]:
    """Lay out one finding: its verdict as a sign and a word, its name, what was found; below that the fix."""
    sign = (_SIGNS if terminal.unicode else _PLAIN_SIGNS)[finding.verdict]
    verdict = f"{sign} {finding.verdict:<{_VERDICT}}"
    if terminal.colour:
        verdict = f"\x1b[{_COLOURS[finding.verdict]}m{verdict}\x1b[0m"
    margin = 2 + _VERDICT + 2 + _NAME + 1
    width = max(20, terminal.columns - margin)
    first, *others = textwrap.wrap(_public(finding.found), width, break_on_hyphens=False) or [""]
    lines = [f"{verdict}  {finding.name:<{_NAME}} {first}", *(" " * margin + line for line in others)]
    if finding.fix:
        lines += [" " * margin + line for line in textwrap.wrap(f"Fix: {_public(finding.fix)}", width, break_on_hyphens=False)]
    return lines


def summary_line(findings: Sequence[Finding]) -> str:
    """Say it in one line."""
    counts = []
    for verdict in (Verdict.PROBLEM, Verdict.WARNING):
        count = sum(finding.verdict is verdict for finding in findings)
        counts.append(f"{count or 'no'} {verdict}{'' if count == 1 else 's'}")
    return ", ".join(counts)


def findings_json(findings: Sequence[Finding]) -> str:
    """Serialise all findings: one object with the worst verdict and the findings in their order."""
    told = [asdict(finding) | {"found": _public(finding.found), "fix": _public(finding.fix)} for finding in findings]
    return json.dumps({"verdict": worst(findings), "findings": told}, indent=2, ensure_ascii=False, allow_nan=False)


def _public(text: str) -> str:
    """Leave out where the reader's home is: what the doctor says is made to be passed on."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
