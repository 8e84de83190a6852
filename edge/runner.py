"""source -> frame -> preprocess -> backend -> prediction -> result, one frame after another."""

import time
from collections.abc import Iterable, Iterator

from .classifier import Classifier
from .errors import CatdogError
from .results import Result
from .sources import Frame, Source


def run(sources: Iterable[Source], classifier: Classifier, *, max_frames: int | None = None) -> Iterator[Result]:
    """Classify the frames of each source in turn.

    Args:
        sources: opened sources.
        classifier: the model.
        max_frames: stop after that many frames; None for no limit.

    Yields:
        One result per frame, in order. A frame that cannot be judged gives a result with its error.

    Raises:
        SourceError: a live source was lost.
    """
    count = 0
    for source in sources:
        for frame in source.frames():
            yield judge(frame, classifier)
            count += 1
            if count == max_frames:
                return


def judge(frame: Frame, classifier: Classifier) -> Result:
    """Classify one frame."""
    error, prediction = frame.error, None
    if frame.picture is not None:
        try:
            prediction = classifier.classify(frame.picture)
        except CatdogError as trouble:
            error = trouble
    return Result(frame, 1e3 * (time.monotonic() - frame.captured_at), prediction, error)
