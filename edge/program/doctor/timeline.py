"""A simulated fault's moments and outcome, for readers and for programs."""

import json
from collections.abc import Sequence
from typing import Any

from .simulate import Moment, Outcome

_HEADER = f"{'fault':<9}{'noticed after':>14}{'back after':>12}{'answers while away':>20}{'answers before noticed':>24}"


def moment_line(moment: Moment) -> str:
    """Lay out one moment: the time, then a new state with its cause, or what was done or seen."""
    text = " ".join(moment.text.split())
    return f"{moment.at_s:6.1f} s  " + (f"{moment.state:<11}{text}" if moment.state else f"-- {text}")


def outcome_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Lay out what became of all faults as a table."""
    lines = [_HEADER]
    for outcome in outcomes:
        noticed, back = ("never" if time is None else f"{time:.1f} s" for time in (outcome.noticed_s, outcome.back_s))
        counts = f"{outcome.labels_away:>20}{outcome.labels_unnoticed:>24}"
        lines.append(f"{outcome.fault:<9}{noticed:>14}{back:>12}{counts}")
    return lines


def to_json(item: Moment | Outcome) -> str:
    """Serialise to one line: a moment has `at_s`, an outcome has not."""
    line: dict[str, Any]
    if isinstance(item, Outcome):
        line = item._asdict() | {"good": item.is_good}
    else:
        line = {"at_s": item.at_s, "fault": item.fault}
        line |= {"state": item.state, "cause": item.text} if item.state else {"event": item.text}
    return json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in line.items()})
