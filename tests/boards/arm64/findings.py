"""What was found, one line for each thing: a figure, its budget, and whether it holds."""

from dataclasses import asdict, dataclass, field
from typing import Any

from catdog.edge.errors import CatdogError

HOLDS, FAILS, SKIPPED, TOLD = "holds", "FAILS", "skipped", "-"


class AbsentError(CatdogError):
    """Something that a proof needs is not on this machine: nothing is proven by that, and nothing refuted."""

    exit_code = 77  # as test drivers (Automake's, Meson's) count what was skipped


class BudgetError(CatdogError):
    """Something differs, or takes more than it may."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    step: str
    where: str  # system and processor
    what: str
    said: str  # the figure, with unit and n
    budget: str  # empty for none
    verdict: str  # of those above
    data: dict[str, Any] = field(default_factory=dict)  # the same for programs

    def as_json(self) -> dict[str, Any]:
        """Return what the report's JSON has."""
        return asdict(self)


def judged(holds: bool) -> str:
    """Return the verdict of something that has a budget."""
    return HOLDS if holds else FAILS


def skipped(step: str, where: str, why: str) -> Finding:
    """Return the line of something that was not done."""
    return Finding(step, where, "all of it", why, "", SKIPPED)


def require_all_held(findings: list[Finding]) -> None:
    """Raise what the program is to end with, if anything.

    Raises:
        BudgetError: something does not hold.
        AbsentError: something was skipped.
    """
    failed = [finding for finding in findings if finding.verdict == FAILS]
    if failed:
        named = "; ".join(f"{finding.where}, {finding.what}: {finding.said}" for finding in failed)
        raise BudgetError("all budgets to hold", got=named, fix="The report has the figures.")
    left_out = [finding for finding in findings if finding.verdict == SKIPPED]
    if left_out:
        named = "; ".join(f"{finding.step}, {finding.where}: {finding.said}" for finding in left_out)
        raise AbsentError("everything to be proven", got=f"skipped: {named}", fix="What was done holds.")
