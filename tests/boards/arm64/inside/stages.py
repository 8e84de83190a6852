"""What a frame costs, by stage: `stages.py MODEL FRAMES FILM`, run under the counting plugin (`count.c`), with one thread.

FILM is an array file of the demo camera's frames, uint8 ``[n, height, width, 3]``: to draw them takes an emulator minutes.

Each stage is done a few times before it is counted, so that what is made once is made. stderr gets a line `STAGE name frames`
before the marks of each.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge import Classifier
from catdog.edge.pictures.decode import decode_picture
from catdog.edge.program.reporter import Reporter
from catdog.edge.regions.options import OFF, RegionOptions
from catdog.edge.runner.events import EventOptions
from catdog.edge.runner.loop import RunOptions, run
from catdog.edge.runner.results import Result
from catdog.edge.sinks.opening import open_sinks
from catdog.edge.sinks.options import SinkOptions
from catdog.edge.sinks.stdout import StdoutSink
from catdog.edge.sources import Change, Idle
from catdog.edge.sources.blank import nothing_to_see
from catdog.edge.sources.demo import DemoSource
from catdog.edge.synthetic import DemoFilm

_WARM_UP = 3  # frames
_MARK = 7777770  # as in count.c


def mark(number: int) -> None:
    with contextlib.suppress(OSError):
        os.getpgid(_MARK + number)


def say(name: str, frames: int) -> None:
    sys.stderr.write(f"STAGE {name} {frames}\n")
    sys.stderr.flush()


def stage(name: str, frames: int, once: Callable[[], object]) -> None:
    for _ in range(_WARM_UP):
        once()
    say(name, frames)
    mark(1)
    for _ in range(frames):
        once()
    mark(2)


class Kept:
    """Frames of the demo camera that are drawn already: drawing is not the runner's work."""

    fps = DemoFilm.fps

    def __init__(self, path: str) -> None:
        self.kept = list(np.load(path))

    def frame(self, index: int) -> NDArray[np.uint8]:
        return self.kept[index % len(self.kept)]


def marked(results: Iterable[Result | Change | Idle], frames: int) -> Iterator[Result | Change | Idle]:
    """Pass results on, with a mark before and behind those that count."""
    for number, result in enumerate(results):
        if number == _WARM_UP:
            say("whole runner", frames)
            mark(1)
        if number == _WARM_UP + frames:
            mark(2)
        yield result


def whole(classifier: Classifier, film: Kept, frames: int) -> None:
    """Run what the command runs for a camera with `--json --regions off`, its results behind their queue, to nowhere."""
    options = RunOptions(max_frames=_WARM_UP + frames + 1, threads=1, regions=RegionOptions(mode=OFF))
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123 - a device
        stdout = StdoutSink(as_json=True)
        with open_sinks(SinkOptions(), stdout, lambda: classifier, print, queued=True) as sinks:
            results = run([DemoSource(paced=False, film=film)], lambda _: classifier, options)
            Reporter(stdout, sinks, EventOptions()).report(marked(results, frames))


def main(model: str, count: str, film_path: str) -> None:
    cv2.setNumThreads(1)
    frames, film = int(count), Kept(film_path)
    classifier = Classifier(model, threads=1)
    sys.stderr.write(f"DELEGATION {classifier.delegation}\n")
    backend, picture = classifier._backend, film.kept[0]
    interpreter, first, last = backend._interpreter, backend._input, backend._output
    pixels = classifier._preprocess(picture).copy()

    def bare() -> None:
        interpreter.set_tensor(first, pixels)
        interpreter.invoke()
        interpreter.get_tensor(last)

    stage("bare model", frames, bare)
    stage("preprocess", frames, lambda: classifier._preprocess(picture))
    stage("backend", frames, lambda: backend.scores(pixels))
    stage("classify", frames, lambda: classifier.classify(picture))
    whole(classifier, film, frames)
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    stage("decode 640 x 480 JPEG", frames, lambda: decode_picture(jpeg, "frame"))
    stage("is it blank", frames, lambda: nothing_to_see(picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
