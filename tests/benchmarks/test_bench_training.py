"""The feature cache beside plain training."""

import pytest
from commands import run

pytest.importorskip("tensorflow", reason="the extra train is not installed")


@pytest.mark.slow
def test_both_ways_are_trained_and_compared() -> None:
    finished = run("catdog-bench", "training", "--data", "synthetic", "--image-size", "32", "--epochs", "1", "--seeds", "2")
    # One epoch is no benchmark: whether the cache pays is not asked here, so either exit code will do.
    assert finished.returncode in (0, 1), finished.stderr
    rows = [line.split("|")[1].strip() for line in finished.stdout.splitlines() if line.startswith("| ")]
    assert rows == ["training", "cached", "plain", "cached against plain"]
    assert "2 views, 2 seeds" in finished.stdout.splitlines()[-1]
    said = [line for line in finished.stderr.splitlines() if line.startswith("seed")]
    # They take turns at being first.
    assert [line.split(",")[1].split(":")[0].strip() for line in said] == ["plain", "cached", "cached", "plain"]


def test_data_that_is_not_there() -> None:
    finished = run("catdog-bench", "training", "--data", "nowhere")
    assert finished.returncode == 8
    assert len(finished.stderr.splitlines()) == 1
