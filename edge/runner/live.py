"""`LiveClassifier`: a camera, stream or film in, what is seen out, for programs: supervised as in the command."""

import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from ..errors import UsageError
from ..inference.classifier import Classifier
from ..pictures.decode import silence_opencv
from ..sources import Idle, SourceOptions, open_sources
from ..sources.options import is_camera
from .events import EventOptions
from .loop import RunOptions, run
from .observation import Observation, observe


class LiveClassifier:
    """What `catdog-edge` does with a source, to be iterated over.

    >>> with LiveClassifier("demo") as live:
    ...     for seen in live:
    ...         for event in seen.events:
    ...             print(event)
    cats appeared

    Cameras and streams are read by a process of their own; one that hangs is killed, one that is gone is opened again, and
    meanwhile no frame is judged: `Change` says in which state it is and why.

    Args:
        source: camera number, ``/dev/video0``, ``"demo"``, ``"picamera2"``, an address, or a picture, folder or video.
        model: ``"default"``, ``"fast"``, ``"tiny"``, the path of a model file, or a classifier that is loaded already.
        options: how to judge; None for what the command does.
        events: how sure to be that somebody has appeared or left.
        source_options: how to open the source, if not as usual; `source` and what is named here must not both say where.

    Raises:
        UsageError: a value is out of range.
    """

    def __init__(
        self,
        source: str | int | Path | None = None,
        *,
        model: str | Path | Classifier = "default",
        options: RunOptions | None = None,
        events: EventOptions | None = None,
        source_options: SourceOptions | None = None,
    ) -> None:
        if (source is None) == (source_options is None):
            got = "neither" if source is None else "both"
            raise UsageError("source or source_options", got=got, fix="Example: LiveClassifier('demo').")
        self._source_options = source_options or _options_for(str(source))
        self._model = model
        # Also of folders, whose pictures the command keeps for as long as a sink wants them.
        self._options, self._events = replace(options or RunOptions(), keep_pictures=lambda: True), events
        self._open = ExitStack()
        self._steps: Generator[Observation | Idle] | None = None
        self._turn = threading.Lock()  # held while a step is worked on
        self._entered = self._closed = False

    def __enter__(self) -> "LiveClassifier":
        """Open the source.

        Raises:
            InputNotFoundError: there is no such file.
            SourceError: the camera or stream cannot be opened.
        """
        self._start()
        self._entered = True
        return self

    def __iter__(self) -> Iterator[Observation]:
        """Give what is seen, until the source ends or it is closed: every frame's result and every change of state.

        A camera's or film's picture is only good until the next step: copy it to keep it. Within `with`, a loop that was left
        may be gone on with by another.

        Raises:
            SourceError: a live source never opened.
            ModelError: the model cannot be used.
        """
        steps = self._start()
        try:
            while (step := self._next(steps)) is not None:
                if isinstance(step, Observation):
                    yield step
        except GeneratorExit:
            if not self._entered:
                self._release()
            raise
        except BaseException:
            self._release()
            raise
        self._release()

    def close(self) -> None:
        """Release the source; a loop over it ends. May be called from another thread: a step in work is waited for."""
        self._closed = True
        with self._turn:
            self._release()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Release the source."""
        self.close()

    def _next(self, steps: Iterator[Observation | Idle]) -> Observation | Idle | None:
        with self._turn:
            return None if self._closed else next(steps, None)

    def _start(self) -> Generator[Observation | Idle]:
        if self._closed:
            raise UsageError("an open LiveClassifier", got="one that was closed", fix="Make another.")
        if self._steps is None:
            silence_opencv()
            sources = self._open.enter_context(open_sources(self._source_options))
            self._steps = observe(run(sources, self._load, self._options), self._events)
        return self._steps

    def _load(self, threads: int) -> Classifier:
        return self._model if isinstance(self._model, Classifier) else Classifier(self._model, threads=threads)

    def _release(self) -> None:
        if self._steps is not None:
            self._steps.close()
            self._steps = None
        self._open.close()


def _options_for(source: str) -> SourceOptions:
    return SourceOptions(camera=source) if is_camera(source) else SourceOptions(inputs=(source,))
