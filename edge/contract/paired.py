"""Two models on the same pictures: is one of them better, or is it chance?

May import: the standard library.
"""

import math

_Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


def mcnemar(lost: int, gained: int) -> float:
    """Return how likely so uneven a split is by chance, two-sided and exact.

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947); exact, by the binomial distribution.
    """
    n = lost + gained
    tail = sum(math.comb(n, k) for k in range(min(lost, gained) + 1)) / 2**n
    return float(min(1.0, 2 * tail))


def paired_interval(lost: int, gained: int, n: int) -> tuple[float, float]:
    """95 % interval of the difference of two shares that were counted on the same `n` pictures.

    Source: A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions", Statistics in
    Medicine 24 (2005): Wald's interval after half a picture more in each of the four cells. Holds its coverage where almost
    all pictures agree, as ours do.
    """
    total, only_first, only_second = n + 2, lost + 0.5, gained + 0.5
    value = (only_first - only_second) / total
    spread = _Z95 * math.sqrt(only_first + only_second - (only_first - only_second) ** 2 / total) / total
    return max(-1.0, value - spread), min(1.0, value + spread)
