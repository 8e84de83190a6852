"""Measured figures that carry their sample size and 95 % interval."""

import math
from dataclasses import dataclass

_Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


@dataclass(frozen=True)
class Figure:
    """A measured share, e.g. an accuracy.

    Attributes:
        name: what was measured, e.g. ``"accuracy"``.
        value: the share, 0-1.
        low: lower end of the 95 % interval, 0-1.
        high: upper end of the 95 % interval, 0-1.
        n: sample size, in pictures.
        data: what it was measured on, in words.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    data: str = ""

    def __post_init__(self) -> None:
        numbers = (self.value, self.low, self.high, self.n)
        if not all(isinstance(number, int | float) for number in numbers) or not isinstance(self.data, str):
            raise TypeError(f"Expected numbers and text. Received: {self.name!r}, {numbers}, {self.data!r}")

    @classmethod
    def share(cls, name: str, hits: int, n: int, data: str = "") -> "Figure":
        """Count `hits` of `n` and attach the interval of `wilson_interval`."""
        low, high = wilson_interval(hits, n)
        return cls(name=name, value=hits / n, low=low, high=high, n=n, data=data)

    def __str__(self) -> str:
        return f"{self.value:.2%} (95 % interval {self.low:.1%} to {self.high:.1%}, n = {self.n:,})"


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """95 % score interval of a binomial share.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). Unlike
    the normal approximation it stays inside 0-1 and holds its coverage near 100 %, where our accuracies are.

    Args:
        hits: number of successes, 0 to n.
        n: number of trials, at least 1.

    Raises:
        ValueError: the counts are out of range.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"Expected 0 <= hits <= n and n >= 1. Received: hits={hits}, n={n}")
    share = hits / n
    centre = share + _Z95**2 / (2 * n)
    spread = _Z95 * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2))
    scale = 1 + _Z95**2 / n
    # At the ends the exact bound is 0 or 1; rounding must not push it past the share itself.
    return min(share, max(0.0, (centre - spread) / scale)), max(share, min(1.0, (centre + spread) / scale))
