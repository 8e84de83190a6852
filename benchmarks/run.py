"""The benchmark from options to report."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from catdog.edge.decode import read_picture
from catdog.edge.errors import missing_extra

from .artifacts import find_artifacts
from .cases import FailedCase, LoadedCase, load_cases, make_cases
from .environment import load_average, record_environment
from .options import BenchOptions
from .results import BenchReport, CaseResult, PictureInfo
from .stats import ratio, summarise
from .timing import Samples, measure

_WIDTH, _HEIGHT = 640, 480  # what most cameras give when nobody asks for more


def run_benchmark(options: BenchOptions, *, picture: NDArray[np.uint8] | None = None) -> BenchReport:
    """Load every case, time those that can be run, and summarise.

    Args:
        options: what to measure.
        picture: BGR uint8 ``[height, width, 3]`` to classify instead of what the options say.

    Raises:
        InputNotFoundError: an artifact or the picture does not exist.
        UnreadableInputError: the picture cannot be decoded.
        CatdogError: nothing at all could be run; the first case's error.
        MissingExtraError: a package of the extra `bench` is not installed.
    """
    load_before = load_average()
    files = find_artifacts(options.artifacts)
    frame, info = _picture(options, picture)
    rows = load_cases(make_cases(files, options))
    loaded = [row for row in rows if isinstance(row, LoadedCase)]
    if not loaded:
        raise next(row.error for row in rows if isinstance(row, FailedCase))
    with _progress(len(loaded) * options.effort.rounds) as advance:
        samples = measure([row.classifier for row in loaded], frame, options.effort, seed=options.seed, on_turn=advance)
    return BenchReport(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        options=options,
        picture=info,
        environment=record_environment(load_before),
        rows=_results(rows, samples),
    )


def _picture(options: BenchOptions, given: NDArray[np.uint8] | None) -> tuple[NDArray[np.uint8], PictureInfo]:
    if given is not None:
        frame, name = given, "a picture in memory"
    elif options.picture is not None:
        frame, name = read_picture(options.picture), options.picture.name
    else:
        from catdog.edge.synthetic import draw_picture

        frame, name = draw_picture("cats", 0, width=_WIDTH, height=_HEIGHT), "a drawn cat"
    return frame, PictureInfo(name, width=frame.shape[1], height=frame.shape[0])


def _results(rows: Sequence[LoadedCase | FailedCase], samples: Sequence[Samples]) -> tuple[CaseResult | FailedCase, ...]:
    """Put the samples, which only the loaded rows have, back among all rows."""
    left = iter(samples)
    baseline = samples[0].end_to_end_ms
    return tuple(row if isinstance(row, FailedCase) else _result(row, next(left), baseline) for row in rows)


def _result(row: LoadedCase, samples: Samples, baseline_ms: NDArray[np.float64]) -> CaseResult:
    spec = row.classifier.contract.input
    return CaseResult(
        case=row.case,
        runtime=row.classifier.backend_name,
        input=f"{spec.width}x{spec.height} {spec.dtype}",
        file_bytes=row.file_bytes,
        sha256=row.sha256,
        load_ms=row.load_ms,
        preprocess=summarise(samples.preprocess_ms),
        invoke=summarise(samples.invoke_ms),
        end_to_end=summarise(samples.end_to_end_ms),
        ratio=ratio(samples.end_to_end_ms, baseline_ms),
        samples=samples,
    )


@contextmanager
def _progress(turns: int) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, on a terminal only; yields the function that moves it on."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError as error:
        raise missing_extra("tqdm", "bench") from error
    with tqdm(total=turns, desc="measuring", unit="turn", leave=False, disable=None) as bar:
        yield lambda: bar.update() and None
