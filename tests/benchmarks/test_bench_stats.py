"""Figures against values worked out by hand."""

import numpy as np
import pytest

from catdog.benchmarks.stats import Ratio, ratio, round_medians, summarise

# Two rounds of five runs. Sorted: 1 2 3 4 5 6 7 8 9 20
TIMES = np.array([[1.0, 3.0, 5.0, 7.0, 9.0], [8.0, 6.0, 4.0, 2.0, 20.0]])


def test_summary_of_ten_runs() -> None:
    summary = summarise(TIMES)
    assert (summary.n, summary.min_ms, summary.max_ms, summary.mean_ms) == (10, 1.0, 20.0, 6.5)
    assert summary.p50_ms == 5.5
    assert summary.p90_ms == pytest.approx(9 + 0.1 * 11)  # position 0.9 * 9 = 8.1, between 9 and 20
    assert summary.p99_ms == pytest.approx(9 + 0.91 * 11)  # position 8.91
    assert summary.iqr_ms == pytest.approx(7.75 - 3.25)  # positions 6.75 and 2.25
    assert (summary.round_p50_low_ms, summary.round_p50_high_ms) == (5.0, 6.0)


def test_summary_of_a_single_run() -> None:
    summary = summarise(np.array([[2.5]]))
    assert summary.p50_ms == summary.p99_ms == summary.round_p50_low_ms == 2.5
    assert summary.iqr_ms == 0


def test_ratio_is_taken_round_by_round() -> None:
    # The machine ran at half its speed in the second round; pooled medians would hide that the ratio is 2 in each.
    baseline = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [1.0, 1.0, 1.0]])
    assert ratio(2 * baseline, baseline) == Ratio(median=2.0, low=2.0, high=2.0)
    times = np.array([[3.0, 3.0, 3.0], [2.0, 2.0, 2.0], [4.0, 4.0, 4.0]])
    assert ratio(times, baseline) == Ratio(median=3.0, low=1.0, high=4.0)


def test_round_medians_ignore_one_hiccup() -> None:
    assert round_medians(np.array([[1.0, 1.0, 99.0], [2.0, 2.0, 2.0]])).tolist() == [1.0, 2.0]
