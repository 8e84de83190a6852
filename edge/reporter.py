"""Tells what the runner finds: lines on stdout, trouble on stderr, everything to the sinks; and counts for the exit code."""

import contextlib
import sys
import time
from collections.abc import Iterable, Sequence

from .errors import PartialFailureError
from .events import Event, EventDetector, EventOptions
from .results import Result, state_to_json
from .sinks.base import Seen, Sink
from .sources import Change

_CLEAR_LINE = "\r\x1b[K"


class Reporter:
    """Takes results one by one.

    Args:
        as_json: print one JSON object a line.
        sinks: where everything goes besides.
        events: how sure to be of events; None for none, as for folders of pictures.
        in_place: let a camera's line change where it stands, as people at a terminal want it.
    """

    def __init__(
        self, *, as_json: bool, sinks: Sequence[Sink] = (), events: EventOptions | None = None, in_place: bool = False
    ) -> None:
        self._as_json, self._sinks, self._events = as_json, sinks, events
        self._detectors: dict[str, EventDetector] = {}
        self._in_place = in_place and not as_json
        self._pictures_wanted = any(sink.wants_pictures for sink in sinks)
        self._done = self._failed = 0
        self._code = 0  # of the first failure

    def report(self, results: Iterable[Result | Change]) -> int:
        """Tell of every result as it comes; return the exit code.

        Raises:
            PartialFailureError: some pictures could not be judged, others could.
        """
        try:
            for result in results:
                self._tell(result, self._happened(result))
        finally:
            if self._in_place and self._done:
                print(file=sys.stdout, flush=True)
        if not self._failed or self._failed == self._done:
            return self._code
        raise PartialFailureError(
            f"to classify all {self._done:,} pictures",
            got=f"{self._failed:,} that could not be read",
            fix="They are named above; the others are classified.",
        )

    def _happened(self, result: Result | Change) -> tuple[Event, ...]:
        if self._events is None or (isinstance(result, Result) and result.frame.scene_s is None and result.frame.state is None):
            return ()
        source = result.source if isinstance(result, Change) else result.frame.source
        detector = self._detectors.setdefault(source, EventDetector(self._events))
        return tuple(detector.see(result))

    def _tell(self, result: Result | Change, events: tuple[Event, ...]) -> None:
        if isinstance(result, Change):
            self._say_aside(f"{result.source} is {result.state}: {result.cause}")
            if self._as_json:
                print(state_to_json(result), flush=True)
        else:
            self._tell_result(result, events)
        if self._sinks:
            self._pass_on(result, events)

    def _tell_result(self, result: Result, events: tuple[Event, ...]) -> None:
        self._done += 1
        if self._as_json:
            print(result.to_json([str(event) for event in events]), flush=True)
        elif result.error is None:
            text = result.to_text()
            print(_CLEAR_LINE + text if self._in_place else text, end="" if self._in_place else "\n", flush=True)
        if result.error is not None and result.frame.state is None:  # of a live source the state has been told
            # Counted, not kept: an error holds on to what it happened with.
            self._failed += 1
            self._code = self._code or result.error.exit_code
            self._say_aside(str(result.error))
        if not self._as_json:
            for event in events:
                print(f"{_CLEAR_LINE if self._in_place else ''}{event.source}: {event}", flush=True)

    def _pass_on(self, result: Result | Change, events: tuple[Event, ...]) -> None:
        at = time.time()
        if isinstance(result, Change):
            with_picture = without = Seen(result, events, at)
        else:
            picture = result.frame.picture
            without = Seen(result._replace(frame=result.frame._replace(picture=None)), events, at)
            with_picture = without
            if self._pictures_wanted and picture is not None:
                # The source fills its memory again with the next frame; a sink may be behind.
                with_picture = Seen(result._replace(frame=result.frame._replace(picture=picture.copy())), events, at)
        for sink in self._sinks:
            if sink.only_events and not events:
                continue
            sink.take(with_picture if sink.wants_pictures else without)

    def _say_aside(self, text: str) -> None:
        log(f"{_CLEAR_LINE if self._in_place and sys.stderr is not None and sys.stderr.isatty() else ''}catdog-edge: {text}")


def log(line: str) -> None:
    """Write a line to stderr; where that is closed or full, go on."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)
