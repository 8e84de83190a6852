"""A program with the memory and cores of a small board: real control groups, where this machine lets us make them."""

import sys

import pytest

from benchmarks.project.confined import Took, run_confined
from catdog.edge.errors import CatdogError, UsageError

_MIB = 2**20


def confined(code: str, memory_mib: int = 64) -> Took:
    try:
        return run_confined([sys.executable, "-S", "-c", code], memory_mib * _MIB, 1)
    except UsageError as error:
        pytest.skip(f"no control groups with a limit here: {error.got}")


def test_what_a_program_takes_is_told() -> None:
    took = confined(
        "import os; print(len(os.sched_getaffinity(0)), flush=True); held = bytearray(30_000_000); print(len(held))"
    )
    assert took.lines == ["1\n", "30000000\n"]
    assert took.first_s is not None
    assert 30 < took.peak_mb <= 64 * _MIB / 1e6
    assert not took.killed


def test_who_takes_more_than_there_is_is_ended() -> None:
    took = confined("held = bytearray(200_000_000); print(len(held))")
    assert (took.killed, took.lines, took.first_s) == (True, [], None)


def test_a_program_that_fails_by_itself_is_an_error() -> None:
    confined("pass")
    with pytest.raises(CatdogError, match="a reason"):
        confined("raise SystemExit('a reason')")
