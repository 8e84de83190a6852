"""From samples to figures with their spread: percentiles with bounds, ratios with intervals and what may be said of them."""

from .percentiles import LatencySummary, Percentile, percentile, summarise
from .ratios import Comparison, Verdict, compare_paired, compare_sessions

__all__ = [
    "Comparison",
    "LatencySummary",
    "Percentile",
    "Verdict",
    "compare_paired",
    "compare_sessions",
    "percentile",
    "summarise",
]
