"""Percentiles with confidence bounds that assume no distribution.

The bounds are order statistics. Of n independent samples, the number that lie below the true p-th quantile is binomial (n,
p), so the l-th and the u-th smallest enclose it with a probability that the binomial distribution gives. Source: G. J. Hahn and
W. Q. Meeker, "Statistical Intervals" (1991), section 5.2; also H. A. David and H. N. Nagaraja, "Order Statistics" (2003),
section 7.1. The percentiles themselves interpolate linearly between samples (`numpy.percentile`'s default, definition 7 of
Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996).

Runs that follow each other are not quite independent: where the machine drifts, the bounds are too narrow. The reports check
the drift for that reason.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Percentile:
    """A percentile of samples, in their unit."""

    value: float  # of the samples
    low: float | None  # lower bound of the true one with 95 % confidence; None where there are too few samples for one
    high: float | None  # upper bound; None where there are too few samples for one, whatever the largest sample was


@dataclass(frozen=True)
class LatencySummary:
    """What `n` timed runs say, in milliseconds."""

    n: int  # number of runs
    min_ms: float  # the fastest run
    mean_ms: float  # arithmetic mean
    p50_ms: Percentile  # median
    p90_ms: Percentile  # 90th percentile
    p99_ms: Percentile  # 99th percentile; close to the maximum when `n` is below 100
    max_ms: float  # the slowest run
    iqr_ms: float  # interquartile range, 75th minus 25th percentile: spread from run to run
    round_p50_low_ms: float  # lowest of the rounds' medians
    round_p50_high_ms: float  # highest of the rounds' medians; apart from the lowest by what the machine drifted


def percentile(samples: Times, share: float, confidence: float = CONFIDENCE) -> Percentile:
    """Estimate a quantile, with two-sided bounds.

    Args:
        samples: float64 ``[n]``, at least one; their order does not matter.
        share: which quantile, 0-1, ends excluded.
        confidence: that the bounds enclose it, 0-1.
    """
    ordered = np.sort(samples)
    low, high = bound_ranks(len(ordered), share, confidence)
    return Percentile(
        value=float(np.quantile(ordered, share)),
        low=None if low is None else float(ordered[low - 1]),
        high=None if high is None else float(ordered[high - 1]),
    )


@lru_cache(maxsize=256)
def bound_ranks(n: int, share: float, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """Return which of `n` ordered samples, counted from 1, bound a quantile; each side errs in at most half of the rest."""
    below = np.cumsum(_binomial(n, share))  # below[k]: at most k samples lie below the quantile
    half = (1 - confidence) / 2
    # The l-th smallest is above the quantile when fewer than l samples lie below it.
    low = int(np.searchsorted(below, half, side="right"))
    # The u-th smallest is below the quantile when at least u samples lie below it.
    high = int(np.searchsorted(below, 1 - half, side="left")) + 1
    return (low if low >= 1 else None), (high if high <= n else None)


@lru_cache(maxsize=16)
def samples_needed(share: float, confidence: float = CONFIDENCE) -> int:
    """Return the smallest number of samples from which on a quantile of at least a half has an upper bound."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(share))


def summarise(rounds: Sequence[Times]) -> LatencySummary:
    """Summarise the samples of one case, a float64 array ``[runs]`` for each round, in ms; at least one sample in each."""
    times = np.concatenate(rounds)
    p25, p75 = (float(value) for value in np.percentile(times, (25, 75)))
    medians = round_medians(rounds)
    return LatencySummary(
        n=times.size,
        min_ms=float(times.min()),
        mean_ms=float(times.mean()),
        p50_ms=percentile(times, 0.5),
        p90_ms=percentile(times, 0.9),
        p99_ms=percentile(times, 0.99),
        max_ms=float(times.max()),
        iqr_ms=p75 - p25,
        round_p50_low_ms=float(medians.min()),
        round_p50_high_ms=float(medians.max()),
    )


def round_medians(rounds: Sequence[Times]) -> Times:
    """Return the median of each round, float64 ``[rounds]``."""
    return np.array([np.median(times) for times in rounds])


def _binomial(n: int, share: float) -> Times:
    """Return the probabilities of 0 to n hits, float64 ``[n + 1]``; through logarithms, because n may be a million."""
    k = np.arange(n + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    log_choices = log_factorials[n] - log_factorials[k] - log_factorials[n - k]
    probabilities: Times = np.exp(log_choices + k * math.log(share) + (n - k) * math.log1p(-share))
    return probabilities
