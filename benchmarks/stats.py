"""From samples to figures with their spread.

Percentiles interpolate linearly between samples (`numpy.percentile`'s default, definition 7 of Hyndman and Fan, "Sample
quantiles in statistical packages", The American Statistician 50, 1996).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


@dataclass(frozen=True)
class LatencySummary:
    """What `n` timed runs say, in milliseconds.

    Attributes:
        n: number of runs.
        min_ms: the fastest run.
        mean_ms: arithmetic mean.
        p50_ms: median.
        p90_ms: 90th percentile.
        p99_ms: 99th percentile; close to the maximum when `n` is below 100.
        max_ms: the slowest run.
        iqr_ms: interquartile range, 75th minus 25th percentile: spread from run to run.
        round_p50_low_ms: lowest of the rounds' medians.
        round_p50_high_ms: highest of the rounds' medians; apart from the lowest by what the machine drifted.
    """

    n: int
    min_ms: float
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    iqr_ms: float
    round_p50_low_ms: float
    round_p50_high_ms: float


@dataclass(frozen=True)
class Ratio:
    """How many times the baseline's time a case takes; computed in each round, where both met the same machine.

    Attributes:
        median: median of the rounds' ratios; above 1 is slower than the baseline.
        low: lowest of the rounds.
        high: highest of the rounds.
    """

    median: float
    low: float
    high: float


def round_medians(times_ms: Times) -> Times:
    """Return the median of each round, float64 ``[rounds]``, of ``[rounds, runs]``."""
    medians: Times = np.median(times_ms, axis=1)
    return medians


def summarise(times_ms: Times) -> LatencySummary:
    """Summarise the samples of one case, float64 ``[rounds, runs]``, at least one."""
    p25, p50, p75, p90, p99 = (float(value) for value in np.percentile(times_ms, (25, 50, 75, 90, 99)))
    medians = round_medians(times_ms)
    return LatencySummary(
        n=times_ms.size,
        min_ms=float(times_ms.min()),
        mean_ms=float(times_ms.mean()),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        max_ms=float(times_ms.max()),
        iqr_ms=p75 - p25,
        round_p50_low_ms=float(medians.min()),
        round_p50_high_ms=float(medians.max()),
    )


def ratio(times_ms: Times, baseline_ms: Times) -> Ratio:
    """Compare the medians of two cases round by round.

    Args:
        times_ms: samples of the case, ``[rounds, runs]``.
        baseline_ms: samples of the baseline from the same rounds, ``[rounds, runs]``.
    """
    ratios = round_medians(times_ms) / round_medians(baseline_ms)
    return Ratio(median=float(np.median(ratios)), low=float(ratios.min()), high=float(ratios.max()))
