"""Which variations of a test run every time, and which with the slow ones."""

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(rows: Iterable[Any], *quick: Any) -> list[Any]:
    """Return rows for `pytest.mark.parametrize`: all but the quick ones are slow, being variations of these.

    Args:
        rows: values, or tuples of values.
        quick: those of them that run every time.
    """
    rows = list(rows)
    assert all(row in rows for row in quick), quick
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=() if row in quick else pytest.mark.slow)
        for row in rows
    ]
