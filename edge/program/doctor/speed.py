"""A short test of the speed: the drawn test picture again and again, with each number of threads that may be worth it."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...common.cores import usable_cores
from ...contract.golden import golden_picture
from ...errors import CatdogError
from ...inference.classifier import Classifier
from .findings import Finding, Value, Verdict, from_error

_WARM_UP = 3  # calls: the first one allocates
_WIDTH, _HEIGHT = 640, 480  # what most cameras give
_SLOW_MS = 200.0  # an answer; a pet walks past in the time of a few


def thread_counts() -> tuple[int, ...]:
    """Return those that are tried unless one is asked for."""
    return tuple(count for count in (1, 2, 4) if count <= usable_cores())


def check_speed(model: str, threads: Sequence[int], seconds: float) -> Finding:
    """Measure.

    Args:
        model: name or path, as `Classifier` takes it.
        threads: numbers of threads to try.
        seconds: for all of them.
    """
    told: list[str] = []
    values: dict[str, Value] = {"seconds": seconds}
    medians = []
    picture = golden_picture(_WIDTH, _HEIGHT)
    for count in threads:
        try:
            classifier = Classifier(model, threads=count)
            times = _times(classifier, picture, seconds / len(threads))
        except CatdogError as error:
            return from_error("speed", error)
        low, median, high = (float(time) for time in np.percentile(times, (25, 50, 75)))
        medians.append(median)
        name = f"{count} thread{'s' if count > 1 else ''}"
        told.append(f"{name} {median:.1f} ms ({low:.1f} to {high:.1f}), {1e3 / median:,.0f}/s")
        times_ms = {"p25": low, "p50": median, "p75": high}
        values |= {f"threads_{count}_{part}_ms": round(value, 3) for part, value in times_ms.items()}
        values |= {f"threads_{count}_per_s": round(1e3 / median, 1), f"threads_{count}_n": len(times)}
    found = f"a {_WIDTH} x {_HEIGHT} picture, median (middle half): {'; '.join(told)}"
    if min(medians) > _SLOW_MS:
        smaller = "" if model == "fast" else "Use --model fast; "
        fix = f"{smaller}see delegate, governor and temperature; a slow board takes a camera's newest frame each time."
        return Finding("speed", Verdict.WARNING, found, fix, values)
    return Finding("speed", Verdict.OK, found, values=values)


def _times(classifier: Classifier, picture: NDArray[np.uint8], seconds: float) -> list[float]:
    """Return how long each answer took, scaling included, in milliseconds."""
    for _ in range(_WARM_UP):
        classifier.classify(picture)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        took = classifier.classify(picture).latency_ms
        times.append(took.preprocess + took.invoke)
    return times
