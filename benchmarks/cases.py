"""Cases: an artifact, a backend and a number of threads, loaded into a runtime or refused with the reason."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from catdog.edge.classifier import Classifier
from catdog.edge.errors import CatdogError, UnreadableInputError
from catdog.edge.quiet import native_output_dropped

from .artifacts import display_names
from .options import BenchOptions


@dataclass(frozen=True)
class Case:
    """One row of the benchmark, before anything is known about it.

    Attributes:
        artifact: the file's name without its folder.
        path: the file.
        backend: the backend asked for, one of `catdog.edge.backends.BACKENDS`.
        threads: number of threads for one inference.
    """

    artifact: str
    path: Path
    backend: str
    threads: int

    @property
    def label(self) -> str:
        """Name the case in a chart or a sentence."""
        asked = "" if self.backend == "auto" else f" · {self.backend}"
        return f"{self.artifact}{asked} · {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass(frozen=True)
class LoadedCase:
    """A case that is ready to run.

    Attributes:
        case: which one.
        classifier: the model in its runtime.
        load_ms: time to read the file, check its hash and prepare it in the runtime, once the runtime is imported.
        file_bytes: size of the file.
        sha256: hex digest of the whole file.
    """

    case: Case
    classifier: Classifier
    load_ms: float
    file_bytes: int
    sha256: str


@dataclass(frozen=True)
class FailedCase:
    """A case that cannot be run.

    Attributes:
        case: which one.
        error: why.
    """

    case: Case
    error: CatdogError

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


def load_cases(cases: Iterable[Case]) -> list[LoadedCase | FailedCase]:
    """Load every case once, in order; what cannot be loaded keeps its place and its reason."""
    imported: set[str] = set()
    return [_load(case, imported) for case in cases]


def _load(case: Case, imported: set[str]) -> LoadedCase | FailedCase:
    kind = case.path.suffix.lower()
    try:
        if kind not in imported:
            # The first load of a kind imports its runtime: hundreds of milliseconds that are no fault of the model, and
            # a greeting on file descriptor 2 that nobody asked for.
            with native_output_dropped():
                _classifier(case)
            imported.add(kind)
        start = time.perf_counter()
        classifier = _classifier(case)
        load_ms = 1e3 * (time.perf_counter() - start)
        data = case.path.read_bytes()
    except CatdogError as error:
        return FailedCase(case, error)
    except OSError as error:
        unreadable = UnreadableInputError(
            "a model file", got=f"{case.path}: {error.strerror}", fix="Name a file that may be read."
        )
        return FailedCase(case, unreadable)
    return LoadedCase(case, classifier, load_ms, len(data), hashlib.sha256(data).hexdigest())


def _classifier(case: Case) -> Classifier:
    return Classifier(case.path, backend=case.backend, threads=case.threads)
