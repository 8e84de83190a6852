"""Benchmarks: how fast the exported files run here. Needs the extra `bench`.

    >>> from catdog.benchmarks import BenchOptions, run_benchmark, write_reports
    >>> report = run_benchmark(BenchOptions(threads=(1,)))
    >>> write_reports(report, Path("reports/bench"))

One way through the room: options -> artifacts -> cases -> timing -> stats -> report -> files.
"""

from .options import BenchOptions
from .reports import write_reports
from .results import BenchReport
from .run import run_benchmark

__all__ = ["BenchOptions", "BenchReport", "run_benchmark", "write_reports"]
