"""Memory over many frames: the slope and its interval."""

import numpy as np
import pytest

pytest.importorskip("psutil", reason="the extra bench is not installed")

from benchmarks.project.soak import slope_with_interval

X = np.arange(0, 200_000, 500, dtype=float)


def test_leak_is_found_and_its_interval_holds() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        noise = np.convolve(rng.normal(0, 50_000, len(X) + 4), np.ones(5) / 5, "valid")  # neighbours are alike
        _, low, high = slope_with_interval(X, 80e6 + 3.0 * X + noise)
        covered += low <= 3.0 <= high
    assert 0.88 <= covered / 200 <= 1.0


def test_steady_memory_has_no_slope() -> None:
    slope, low, high = slope_with_interval(X, np.full(len(X), 8e7))
    assert slope == pytest.approx(0, abs=1e-6)
    assert low == pytest.approx(high, abs=1e-6)
