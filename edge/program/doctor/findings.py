"""What a check has found, and what that means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ...errors import CatdogError

Value = str | int | float | bool | list[str] | None


class Verdict(StrEnum):
    """What a finding means.

    OK: as it should be. WARNING: works, but worse than it could. PROBLEM: does not work. UNKNOWN: the system does not say.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        name: of what was looked at, one word or two.
        verdict: what it means.
        found: what is there, in words.
        fix: what to do about it; empty where nothing need be done.
        values: the same for programs; numbers have their unit in the name.
    """

    name: str
    verdict: Verdict
    found: str
    fix: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


def from_error(name: str, error: CatdogError, verdict: Verdict = Verdict.PROBLEM) -> Finding:
    """Make a finding of an error: it says what was expected, what came and what to do, too."""
    return Finding(name, verdict, " ".join(f"expected {error.expected}; got {error.got}".split()), error.fix)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict; what is unknown is no reason to worry."""
    verdicts = {finding.verdict for finding in findings}
    return next((verdict for verdict in (Verdict.PROBLEM, Verdict.WARNING) if verdict in verdicts), Verdict.OK)
