import subprocess
import sys

import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")


def test_both_ways_are_trained_and_compared() -> None:
    command = [sys.executable, "-m", "catdog.benchmarks.caching", "--data", "synthetic", "--image-size", "32"]
    finished = subprocess.run([*command, "--epochs", "1", "--seeds", "2"], capture_output=True, text=True, check=False)
    lines = finished.stdout.splitlines()
    # One epoch is no benchmark: whether the cache pays is not asked here, so either exit code will do.
    assert finished.returncode in (0, 1), finished.stderr
    assert [line.split()[0] for line in lines[1:]] == ["cached", "plain", "ratio", "accuracy"]
    assert "2 views, 2 seeds" in lines[0]
    said = [line for line in finished.stderr.splitlines() if line.startswith("seed")]
    # They take turns at being first.
    assert [line.split(",")[1].split(":")[0].strip() for line in said] == ["plain", "cached", "cached", "plain"]


def test_data_that_is_not_there() -> None:
    command = [sys.executable, "-m", "catdog.benchmarks.caching", "--data", "nowhere"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 8
    assert len(finished.stderr.splitlines()) == 1
