"""Benchmarks: how fast, how right and at what cost the exported files run here. Needs the extra `bench`.

    >>> from catdog.benchmarks import BenchOptions, run_benchmark, write_reports
    >>> report = run_benchmark(BenchOptions(threads=(1,)))
    >>> write_reports(report, Path("reports/bench"))

One way through the room: options -> artifacts -> cases -> `measure` (a process a case, in rounds) -> `stats` and `validity` ->
recommendation -> `report` -> files, which `compare` reads again. `benches` are the other measurements, a sub-command each.
"""

TYPE_CHECKING = False  # without `typing`: see `catdog.edge`

if TYPE_CHECKING:
    from .options import BenchOptions
    from .report.results import BenchReport
    from .report.write import write_reports
    from .run import run_benchmark

__all__ = ["BenchOptions", "BenchReport", "run_benchmark", "write_reports"]

_HOMES = {
    "BenchOptions": ".options",
    "BenchReport": ".report.results",
    "run_benchmark": ".run",
    "write_reports": ".report.write",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: the cases' processes need, and should weigh, no more than the edge."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)
