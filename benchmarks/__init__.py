"""Benchmarks: how fast, how right and at what cost the exported files run here. Needs the extra `bench`.

    >>> from catdog.benchmarks import BenchOptions, run_benchmark, write_reports
    >>> report = run_benchmark(BenchOptions(threads=(1,)))
    >>> write_reports(report, Path("reports/bench"))

One way through the room: options -> artifacts -> cases -> `measure` (a process a case, in rounds) -> `stats` and `validity` ->
recommendation -> `report` -> files, which `compare` reads again. `benches` are the other measurements, a sub-command each.
"""

from .options import BenchOptions
from .report.results import BenchReport
from .report.write import write_reports
from .run import run_benchmark

__all__ = ["BenchOptions", "BenchReport", "run_benchmark", "write_reports"]
