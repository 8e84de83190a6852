"""Percentiles and their bounds: worked examples, and how often the bounds hold."""

import math

import numpy as np
import pytest

from catdog.benchmarks.stats import percentile, summarise
from catdog.benchmarks.stats.percentiles import bound_ranks, round_medians, samples_needed

TIMES = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 20], dtype=float)


def test_summary_of_known_samples() -> None:
    summary = summarise([TIMES[:6], TIMES[6:]])
    assert (summary.n, summary.min_ms, summary.max_ms) == (10, 1.0, 20.0)
    assert summary.mean_ms == pytest.approx(6.5)
    assert summary.p50_ms.value == 5.5
    assert summary.p90_ms.value == pytest.approx(9 + 0.1 * 11)  # position 0.9 * 9 = 8.1, between 9 and 20
    assert summary.p99_ms.value == pytest.approx(9 + 0.91 * 11)  # position 8.91
    assert summary.iqr_ms == pytest.approx(7.75 - 3.25)  # positions 6.75 and 2.25
    assert (summary.round_p50_low_ms, summary.round_p50_high_ms) == (3.5, 8.5)


def test_summary_of_a_single_run_claims_no_bounds() -> None:
    summary = summarise([np.array([2.5])])
    assert summary.p50_ms.value == summary.p99_ms.value == summary.round_p50_low_ms == 2.5
    assert summary.p50_ms.low is summary.p50_ms.high is None


def test_round_medians_ignore_one_hiccup() -> None:
    assert round_medians([np.array([1.0, 1.0, 99.0]), np.array([2.0, 2.0])]).tolist() == [1.0, 2.0]


def test_ranks_are_those_of_the_tables() -> None:
    # Conover, "Practical Nonparametric Statistics", and any table of the sign test: the median of 10 lies between the 2nd and
    # the 9th of 10 with 97.9 %, and the 3rd and the 8th would hold in 89.1 % only.
    assert bound_ranks(10, 0.5) == (2, 9)
    assert bound_ranks(100, 0.5) == (40, 61)


def test_a_percentile_without_enough_samples_has_an_open_end() -> None:
    needed = samples_needed(0.99)
    assert needed == 368  # 0.99 ** 368 < 0.025
    assert 0.99**needed <= 0.025 < 0.99 ** (needed - 1)
    assert bound_ranks(needed, 0.99)[1] == needed
    assert bound_ranks(needed - 1, 0.99)[1] is None
    found = percentile(np.arange(100.0), 0.99)
    assert found.low is not None
    assert found.high is None


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    ("name", "quantile"),
    [
        ("exponential", lambda p: -math.log(1 - p)),
        ("lognormal", lambda p: math.exp(0.5 * {0.5: 0.0, 0.9: 1.2815515655446, 0.99: 2.3263478740408}[p])),
        ("uniform", lambda p: p),
    ],
)
def test_bounds_hold_as_often_as_they_say(name: str, quantile: object, share: float) -> None:
    rng = np.random.default_rng(1)
    draw = {
        "exponential": lambda: rng.exponential(size=500),
        "lognormal": lambda: rng.lognormal(sigma=0.5, size=500),
        "uniform": lambda: rng.random(500),
    }[name]
    truth = quantile(share)  # type: ignore[operator]
    trials = 1000
    held = above = below = 0
    for _ in range(trials):
        found = percentile(draw(), share)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
        below += truth < found.low
        above += truth > found.high
    # At least 95 %, and at most 2.5 % on each side; three standard errors of the simulation are 2.1 and 1.5 points.
    assert held / trials >= 0.95 - 0.021
    assert held / trials <= 0.999  # bounds that always hold would say nothing
    assert max(below, above) / trials <= 0.025 + 0.015
