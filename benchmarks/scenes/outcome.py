"""What the runner says of a clip, and what of that is right."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catdog.edge import Classifier, Prediction
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.inference.smoothing import UNSURE
from catdog.edge.regions.options import RegionOptions
from catdog.edge.runner.events import APPEARED, EventDetector
from catdog.edge.runner.loop import RunOptions, run
from catdog.edge.runner.results import Result
from catdog.edge.sources.frame import Frame

from .clips import FPS, PET, Clip, frames

_NOBODY = (NEITHER, UNSURE)


@dataclass(frozen=True)
class Outcome:
    """What was said of one clip."""

    clip: Clip  # which
    told: str | None  # the answer that most of the last second's frames gave; None if none was given by more than half
    events: tuple[str, ...]  # pets that appeared, by the runner's own events
    first_s: float | None  # seconds from the clip's beginning to the first right answer; None for none
    inferences: float  # a frame, on average
    cpu_ms: float  # processor time a frame, of all threads, in milliseconds, without making the frame

    @property
    def is_right(self) -> bool:
        """Whether the pet was told, or nothing where none was."""
        return self.told == self.clip.label if self.clip.kind == PET else self.told in (*_NOBODY, None)

    @property
    def is_missed(self) -> bool:
        """Whether there was a pet and none was told."""
        return self.clip.kind == PET and self.told in (*_NOBODY, None)

    @property
    def is_false_alarm(self) -> bool:
        """Whether a pet was told that is not there."""
        wrong = [event for event in self.events if event != self.clip.label]
        return bool(wrong) or self.told not in (*_NOBODY, None, self.clip.label)


class _Counted(Classifier):
    """Counts how often it is asked."""

    asked = 0

    def classify(self, picture: str | NDArray[np.uint8]) -> Prediction:  # type: ignore[override] # narrower, and enough here
        self.asked += 1
        return super().classify(picture)


class _ClipSource:
    """Shows a clip, every frame of it."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._pictures = pictures

    def frames(self) -> Iterator[Frame]:
        for number, picture in enumerate(self._pictures):
            yield Frame("clip", number, time.monotonic(), 0.0, 0.0, picture, scene_s=number / FPS)

    def close(self) -> None:
        """Nothing is held open."""


def watch(clips: Sequence[Clip], model: str, threads: int, regions: str) -> list[Outcome]:
    """Show clips to the runner."""
    classifier = _Counted(model, threads=threads)
    return [_watch_one(clip, classifier, RunOptions(threads=threads, regions=RegionOptions(regions))) for clip in clips]


def _watch_one(clip: Clip, classifier: _Counted, options: RunOptions) -> Outcome:
    pictures, detector = list(frames(clip)), EventDetector()
    classifier.asked = 0
    begun = time.process_time()
    results = [given for given in run([_ClipSource(pictures)], lambda _: classifier, options) if isinstance(given, Result)]
    cpu_ms = 1e3 * (time.process_time() - begun) / len(pictures)
    events = [event.label for result in results for event in detector.see(result) if event.kind == APPEARED]
    said = [None if result.prediction is None else result.prediction.label for result in results]
    last = said[-round(FPS) :]
    most = max(set(last), key=last.count)
    right = [number for number, label in enumerate(said) if label == clip.label]
    return Outcome(
        clip,
        most if 2 * last.count(most) > len(last) else None,
        tuple(events),
        right[0] / FPS if right and clip.kind == PET else None,
        classifier.asked / len(pictures),
        cpu_ms,
    )


def last_frame(clip: Clip, model: str, regions: str) -> Result:
    """Return the result of a clip's last frame, with its picture."""
    pictures = list(frames(clip))
    options = RunOptions(threads=1, regions=RegionOptions(regions))
    results = [
        given
        for given in run([_ClipSource(pictures)], lambda _: Classifier(model, threads=1), options)
        if isinstance(given, Result)
    ]
    return results[-1]._replace(frame=results[-1].frame._replace(picture=pictures[-1]))
