"""`catdog-bench scale`: what it computes, and one small round of what it measures."""

import re
from dataclasses import replace
from importlib.util import find_spec

import pytest
from commands import run

from benchmarks.project.ray_nodes import environment
from benchmarks.project.scale import Assumptions, estimate

GIVEN = Assumptions(
    cores=10, price=0.1, picture_kb=125.0, machine_gbit=10.0, storage_gbit=50.0, request=0.0, efficiency=0.5, start_s=0.0
)


def test_what_is_slowest_decides() -> None:
    one = estimate(3_600_000, 1, 20.0, GIVEN)  # 100 pictures a second, of 1 Mbit each
    assert (one.hours, one.bound) == (pytest.approx(10.0), "cores")
    assert one.dollars == pytest.approx(10.0)  # ten cores for ten hours at a tenth
    many = estimate(3_600_000, 1000, 20.0, GIVEN)
    assert (many.hours, many.bound) == (pytest.approx(3.6e12 / 50e9 / 3600), "storage")
    narrow = estimate(3_600_000, 10, 20.0, replace(GIVEN, machine_gbit=0.05))
    assert (narrow.hours, narrow.bound) == (pytest.approx(2.0), "network")
    assert estimate(10, 1, 20.0, replace(GIVEN, start_s=3600.0)).hours == pytest.approx(1.0, rel=1e-3)


@pytest.mark.slow
def test_one_round(tmp_path_factory: pytest.TempPathFactory) -> None:
    if find_spec("ray") is None:  # not imported: its warnings would be errors here
        pytest.skip("the extra ray is not installed")
    folder = tmp_path_factory.mktemp("scale")
    options = ("scale", "--drawn", "40", "--rounds", "1", "--model", "tiny", "--nodes", "2", "2")
    finished = run("catdog-bench", *options, cwd=folder, **environment(folder / "path"))
    assert finished.returncode == 0, finished.stderr
    assert "40 pictures, 1 rounds; whole processes" in finished.stdout
    assert re.search(r"start included; efficiency of 2( on this machine's 1 cores)? \d+% \(", finished.stdout)
    assert "Computed, not measured" in finished.stdout
    assert "100,000,000" in finished.stdout
