"""Faster, slower, equivalent, cannot tell: how often the verdicts err, by simulation.

A session is simulated as a level of its own (two sessions of one artifact differ), a drift inside, and rounds with heavy tails
(Student's t with 3 degrees of freedom, whose standard deviation is 1.7 times its scale).
"""

import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from catdog.benchmarks.stats import Comparison, Verdict, compare_paired, compare_sessions
from catdog.benchmarks.stats.percentiles import Times
from catdog.benchmarks.stats.ratios import ROUNDS_NEEDED, _rank_sum_counts, _signed_rank_counts, drift

ROUNDS, TRIALS = 20, 500
WRONG = (Verdict.FASTER, Verdict.SLOWER)


def session(rng: np.random.Generator, ms: float, *, noise: float = 0.01, level: float = 0.01, walk: float = 0.0) -> Times:
    logs = math.log(ms) + rng.normal(0, level) + np.cumsum(rng.normal(0, walk, ROUNDS)) + noise * rng.standard_t(3, ROUNDS)
    times: Times = np.exp(logs)
    return times


def verdicts(slower: float, **kind: float) -> Counter[Verdict]:
    rng = np.random.default_rng(7)
    return Counter(
        compare_sessions(session(rng, 2.0 * slower, **kind), session(rng, 2.0, **kind)).verdict for _ in range(TRIALS)
    )


def paired(slower: float, noise: float, common: float = 0.1) -> Counter[Verdict]:
    """Both sides meet the same machine in each round, however restless that is, and each has its own noise."""
    rng = np.random.default_rng(8)
    found: Counter[Verdict] = Counter()
    for _ in range(TRIALS):
        machine = np.cumsum(rng.normal(0, common, ROUNDS))
        ours, theirs = (np.exp(machine + noise * rng.standard_t(3, ROUNDS)) for _ in range(2))
        found[compare_paired(slower * ours, theirs).verdict] += 1
    return found


def test_the_same_artifact_twice_is_neither_faster_nor_slower() -> None:
    for noise in (0.005, 0.01, 0.02, 0.03):
        found = verdicts(1.0, noise=noise)
        assert sum(found[verdict] for verdict in WRONG) <= 0.01 * TRIALS, (noise, found)
        found = paired(1.0, noise)
        assert sum(found[verdict] for verdict in WRONG) <= 0.01 * TRIALS, (noise, found)


def test_sessions_that_drift_seldom_give_a_wrong_verdict() -> None:
    for kind in ({"walk": 0.005}, {"level": 0.015}, {"walk": 0.005, "noise": 0.02}):
        found = verdicts(1.0, **kind)
        assert sum(found[verdict] for verdict in WRONG) <= 0.03 * TRIALS, (kind, found)


def test_an_artifact_slowed_by_a_tenth_is_found_slower() -> None:
    found = verdicts(1.1)
    assert found[Verdict.SLOWER] >= 0.95 * TRIALS
    assert found[Verdict.FASTER] == 0
    found = paired(1.1, 0.01)
    assert found[Verdict.SLOWER] >= 0.99 * TRIALS
    assert paired(1 / 1.1, 0.01)[Verdict.FASTER] >= 0.99 * TRIALS


def test_a_restless_machine_makes_no_difference_between_paired_rounds() -> None:
    calm, restless = paired(1.1, 0.02, common=0.0), paired(1.1, 0.02, common=0.3)
    assert calm[Verdict.SLOWER] == pytest.approx(restless[Verdict.SLOWER], abs=0.03 * TRIALS)


def test_equals_are_called_equivalent_where_that_can_be_known() -> None:
    assert paired(1.0, 0.01)[Verdict.EQUIVALENT] >= 0.95 * TRIALS
    assert paired(1.03, 0.005)[Verdict.EQUIVALENT] >= 0.95 * TRIALS  # 3 % are within the band
    assert verdicts(1.0, noise=0.005)[Verdict.EQUIVALENT] > 0.4 * TRIALS
    assert paired(1.0, 0.2)[Verdict.CANNOT_TELL] >= 0.9 * TRIALS


@pytest.mark.parametrize("truth", [1.0, 1.3])
def test_intervals_hold_as_often_as_they_say(truth: float) -> None:
    rng = np.random.default_rng(9)
    trials = 2000
    held = sum(
        found.low is not None and found.high is not None and found.low <= truth <= found.high
        for found in (
            compare_paired(truth * np.exp(0.03 * rng.standard_t(3, ROUNDS)), np.exp(0.03 * rng.standard_t(3, ROUNDS)))
            for _ in range(trials)
        )
    )
    assert 0.99 - 0.0067 <= held / trials <= 0.999  # three standard errors of the simulation


def test_too_few_rounds_tell_nothing() -> None:
    times = 10.0 + np.arange(ROUNDS_NEEDED - 1)
    found = compare_paired(3 * times, times)
    assert found.low is None
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.ratio == pytest.approx(3)
    times = 10.0 + np.arange(ROUNDS_NEEDED)
    assert compare_paired(3 * times, times).verdict is Verdict.SLOWER


def test_one_bad_round_changes_little() -> None:
    baseline = np.full(ROUNDS, 2.0) + 0.01 * np.arange(ROUNDS)
    times = 1.5 * baseline
    times[3] *= 50
    found = compare_paired(times, baseline)
    assert found.ratio == pytest.approx(1.5, rel=0.01)
    assert found.verdict is Verdict.SLOWER


def test_ratio_is_taken_round_by_round() -> None:
    # The machine ran at half its speed in every other round; pooled medians would hide that the ratio is 2 in each.
    baseline = np.tile([1.0, 2.0], ROUNDS // 2)
    found = compare_paired(2 * baseline, baseline)
    assert found.ratio == pytest.approx(2.0)
    assert found.low == pytest.approx(2.0)


def test_drift_seen_inside_a_session_widens_the_interval() -> None:
    steady = np.full(ROUNDS, 2.0) * np.exp(0.001 * np.random.default_rng(0).standard_normal(ROUNDS))
    drifting = steady * np.linspace(1.0, 1.3, ROUNDS)
    assert abs(drift(np.log(steady))) < 0.005
    assert drift(np.log(drifting)) == pytest.approx(0.13, abs=0.03)
    calm, uncertain = compare_sessions(steady, steady), compare_sessions(drifting, steady)
    assert calm.verdict is Verdict.EQUIVALENT
    assert uncertain.verdict is Verdict.CANNOT_TELL


def test_verdicts_at_the_edges() -> None:
    def verdict(ratio: float, low: float, high: float) -> Verdict:
        return Comparison(ratio, low, high, ROUNDS, paired=True).verdict

    assert verdict(1.04, 1.035, 1.045) is Verdict.EQUIVALENT  # known to differ, by nothing that matters
    assert verdict(1.06, 1.01, 1.11) is Verdict.SLOWER
    assert verdict(1.04, 1.01, 1.08) is Verdict.CANNOT_TELL
    assert verdict(1.06, 0.99, 1.11) is Verdict.CANNOT_TELL
    assert verdict(0.9, 0.85, 0.95) is Verdict.FASTER


def test_the_exact_distributions_are_those_of_counting() -> None:
    n = 6
    sums = Counter(sum(chosen) for size in range(n + 1) for chosen in combinations(range(1, n + 1), size))
    assert _signed_rank_counts(n) == [sums[value] for value in range(n * (n + 1) // 2 + 1)]
    m = 4
    ranks = Counter(sum(chosen) - m * (m + 1) // 2 for chosen in combinations(range(1, m + n + 1), m))
    assert _rank_sum_counts(m, n) == [ranks[value] for value in range(m * n + 1)]
