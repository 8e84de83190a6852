"""What the sub-commands of `catdog-bench` share: how they print, and the numbers that they take."""

import sys
from collections.abc import Sequence

from catdog.edge.errors import UsageError

from .report.tables import markdown_table


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> None:
    """Print a table and a line below it."""
    print(f"{markdown_table(headings, rows)}\n\n{note}")  # noqa: T201 - the command's result
    sys.stdout.flush()


def say(line: str) -> None:
    """Tell on stderr how far it is."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def require_at_least(least: int, **numbers: int) -> None:
    """Check the numbers of a command line.

    Raises:
        UsageError: one of them is smaller.
    """
    for name, number in numbers.items():
        if number < least:
            raise UsageError(f"--{name} of at least {least:,}", got=f"{number:,}", fix=f"Example: --{name} {least}")
