"""How many times the other's time something takes, and what may be said of it.

The unit is the round, not the run: runs of one round share what the machine did at that moment. Ratios are taken in
logarithms of the rounds' medians and carry distribution-free intervals, which one bad round cannot spoil:

- Within one session both sides met the same machine in each round: the Hodges-Lehmann estimate and the interval of Wilcoxon's
  signed-rank test, from the pairs.
- Between two sessions the rounds are strangers: the estimate and the interval of the rank-sum test, widened by what two
  sessions differ by for no reason at all (`SESSION_SPREAD`, or the drift seen inside them where that was more).

Source: M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods" (1999), sections 3.2-3.3 and 4.2-4.3.

How often the verdicts err is simulated in `tests/benchmarks/test_bench_ratios.py`.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .percentiles import Times

BAND = 0.05  # two times that differ by less are equivalent for every purpose here
CONFIDENCE = 0.99  # of the intervals: a report has many ratios, and a false alarm in a gate costs more than a second run
ROUNDS_NEEDED = 8  # for such an interval: of 7 rounds even all on one side happen by chance in 1.6 % of all cases
SESSION_SPREAD = 0.01  # standard deviation of a session's speed, at least
_Z = 2.5758293035489  # 99.5 % quantile of the standard normal distribution
_EXACT_PAIRS = 10_000  # of rounds, up to which the rank-sum distribution is counted out


class Verdict(StrEnum):
    """What may be said of a ratio."""

    FASTER = "faster"
    SLOWER = "slower"
    EQUIVALENT = "equivalent within 5 %"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Comparison:
    """How many times the baseline's time a case takes."""

    ratio: float  # the estimate; above 1 is slower
    low: float | None  # lower end of its 99 % interval; None where there are too few rounds for one
    high: float | None  # upper end
    rounds: int  # on which it rests; of two sessions those of the shorter one
    paired: bool  # whether both sides took turns in the same rounds

    @property
    def verdict(self) -> Verdict:
        """Equivalent if the interval lies in the band; else faster or slower if it excludes 1 and the estimate is outside."""
        if self.low is None or self.high is None:
            return Verdict.CANNOT_TELL
        below, above = 1 / (1 + BAND), 1 + BAND
        if below <= self.low and self.high <= above:
            return Verdict.EQUIVALENT
        if self.low > 1 and self.ratio > above:
            return Verdict.SLOWER
        if self.high < 1 and self.ratio < below:
            return Verdict.FASTER
        return Verdict.CANNOT_TELL


def compare_paired(times: Times, baseline: Times) -> Comparison:
    """Compare two cases of one session.

    Args:
        times: a figure of each round, float64 ``[rounds]``, above 0.
        baseline: the same of the baseline in the same rounds.
    """
    differences = np.log(times) - np.log(baseline)
    n = len(differences)
    first, second = np.triu_indices(n)
    walsh = np.sort((differences[first] + differences[second]) / 2)
    cut = _cut(_signed_rank_counts(n))
    return _comparison(walsh, cut, allowance=0.0, rounds=n, paired=True)


def compare_sessions(times: Times, baseline: Times) -> Comparison:
    """Compare the same figure of two sessions, whose rounds have nothing to do with each other; as `compare_paired`."""
    ours, theirs = np.log(times), np.log(baseline)
    shifts = np.sort((ours[:, np.newaxis] - theirs).ravel())
    cut = _rank_sum_cut(len(ours), len(theirs))
    allowance = _Z * math.hypot(_session_spread(ours), _session_spread(theirs))
    return _comparison(shifts, cut, allowance=allowance, rounds=min(len(ours), len(theirs)), paired=False)


def drift(logs: Times) -> float:
    """Return by how much the later half of the rounds differs from the earlier, in logarithms; 0 for fewer than 4 rounds."""
    half = len(logs) // 2
    return 0.0 if half < 2 else float(np.median(logs[-half:]) - np.median(logs[:half]))


def _session_spread(logs: Times) -> float:
    return max(SESSION_SPREAD, abs(drift(logs)))


def _comparison(ordered: Times, cut: int | None, *, allowance: float, rounds: int, paired: bool) -> Comparison:
    middle = float(np.median(ordered))
    if cut is None:
        return Comparison(math.exp(middle), None, None, rounds, paired)
    low = middle - math.hypot(middle - float(ordered[cut]), allowance)
    high = middle + math.hypot(float(ordered[len(ordered) - 1 - cut]) - middle, allowance)
    return Comparison(math.exp(middle), math.exp(low), math.exp(high), rounds, paired)


def _cut(counts: list[int]) -> int | None:
    """Return how many of the ordered values to leave out at each end; None if even the outermost enclose too seldom.

    Args:
        counts: how many of the equally likely outcomes give a test statistic of 0, 1, 2, ...
    """
    allowed, seen = (1 - CONFIDENCE) / 2 * sum(counts), 0
    for value, count in enumerate(counts):
        seen += count
        if seen > allowed:
            return value - 1 if value else None
    return None


@lru_cache(maxsize=64)
def _signed_rank_counts(n: int) -> list[int]:
    """Count the sign patterns of `n` differences by their sum of positive ranks."""
    counts = [1]
    for rank in range(1, n + 1):
        grown = counts + [0] * rank
        for value, count in enumerate(counts):
            grown[value + rank] += count
        counts = grown
    return counts


@lru_cache(maxsize=64)
def _rank_sum_cut(m: int, n: int) -> int | None:
    if m * n > _EXACT_PAIRS:
        spread = math.sqrt(m * n * (m + n + 1) / 12)
        return int(m * n / 2 - _Z * spread)
    return _cut(_rank_sum_counts(m, n))


def _rank_sum_counts(m: int, n: int) -> list[int]:
    """Count the orders of m and n values by how many pairs are inverted: the coefficients of a Gaussian binomial."""
    counts: NDArray[np.object_] = np.array([1] + [0] * (m * n), dtype=object)
    for i in range(1, m + 1):
        multiplied = counts.copy()
        multiplied[n + i :] -= counts[: len(counts) - n - i]
        for value in range(i, len(multiplied)):  # divided by 1 - q^i
            multiplied[value] += multiplied[value - i]
        counts = multiplied
    return [int(count) for count in counts]
