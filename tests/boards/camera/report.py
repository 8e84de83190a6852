"""What came of the cases: JSON for programs, Markdown for readers."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MARKS = {"passed": "passed", "failed": "**FAILED**", "skipped": "skipped"}


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: its address, such as ``"check_2_opening.py::test_busy"``.
        title: what is to be, in a line.
        outcome: ``"passed"``, ``"failed"`` or ``"skipped"``.
        why: why not passed; empty otherwise.
        seconds: that it took.
        figures: what was measured, by names with units.
    """

    name: str
    title: str
    outcome: str
    why: str = ""
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass
class Report:
    """A run of the target.

    Attributes:
        machine: what it ran on, by names.
        cases: in their order.
    """

    machine: dict[str, Any] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)

    def read(self, path: Path) -> int:
        """Take the cases of a file that the guest has written, a line each; returns how many."""
        lines = path.read_text().splitlines() if path.is_file() else []
        self.cases += [Case(**json.loads(line)) for line in lines]
        return len(lines)

    def count(self, outcome: str) -> int:
        """How many came out so."""
        return sum(case.outcome == outcome for case in self.cases)

    def write(self, folder: Path) -> Path:
        """Write report.json and report.md; returns the latter."""
        folder.mkdir(parents=True, exist_ok=True)
        whole = {"machine": self.machine, "cases": [asdict(case) for case in self.cases]}
        (folder / "report.json").write_text(json.dumps(whole, indent=1) + "\n")
        path = folder / "report.md"
        path.write_text(self._markdown())
        return path

    def _markdown(self) -> str:
        counts = ", ".join(f"{self.count(outcome)} {outcome}" for outcome in MARKS)
        lines = ["# catdog-edge against the kernel's test cameras", "", f"{counts}. Not measured on a board.", ""]
        lines += [f"- {name}: {value}" for name, value in self.machine.items()]
        lines += ["", "| case | what is to be | outcome | s |", "| --- | --- | --- | ---: |"]
        lines += [
            f"| `{_cell(case.name)}` | {_cell(case.title)} | {MARKS[case.outcome]} | {case.seconds:.0f} |"
            for case in self.cases
        ]
        figures = [(case, name, value) for case in self.cases for name, value in case.figures.items() if name != "said"]
        if figures:
            lines += ["", "## Figures", "", "| case | figure | value |", "| --- | --- | --- |"]
            lines += [f"| `{_cell(case.name)}` | {_cell(name)} | {_cell(str(value))} |" for case, name, value in figures]
        for heading, outcome in (("Failed", "failed"), ("Skipped", "skipped")):
            told = [case for case in self.cases if case.outcome == outcome]
            lines += ["", f"## {heading}", ""] if told else []
            lines += [f"- `{case.name}`: {' '.join(case.why.split())[:600]}" for case in told]
        return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
