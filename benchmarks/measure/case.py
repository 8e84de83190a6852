"""Cases: an artifact, a backend and a number of threads."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from catdog.edge.errors import CatdogError

from ..artifacts import display_names
from ..options import BenchOptions


@dataclass(frozen=True)
class Case:
    """One row of the benchmark, before anything is known about it."""

    artifact: str  # the file's name without its folder
    path: Path  # the file
    backend: str  # the backend asked for, one of `catdog.edge.backends.BACKENDS`
    threads: int  # number of threads for one inference

    @property
    def label(self) -> str:
        """Name the case in a chart or a sentence."""
        asked = "" if self.backend == "auto" else f" · {self.backend}"
        return f"{self.artifact}{asked} · {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass(frozen=True)
class FailedCase:
    """A case that cannot be run."""

    case: Case  # which one
    error: CatdogError  # why

    @property
    def reason(self) -> str:
        """Say why in one line that does not tell where on this machine the file lies."""
        path = " ".join(str(self.case.path).split())  # as `CatdogError` prints it
        return str(self.error).replace(path, self.case.artifact)


def make_cases(files: list[Path], options: BenchOptions) -> list[Case]:
    """Combine artifacts, backends and thread counts; artifacts vary slowest."""
    named = zip(display_names(files), files, strict=True)
    return [
        Case(artifact, path, backend, threads)
        for (artifact, path), backend, threads in product(named, options.backends, options.threads)
    ]
