"""Tells what the runner finds: everything to the sinks, trouble to stderr; and counts for the exit code."""

import contextlib
import sys
import time
from collections.abc import Iterable, Sequence

from ..common.quiet import OUTPUT
from ..errors import PartialFailureError, on_one_line
from ..runner.events import EventOptions
from ..runner.observation import Observation, observe
from ..runner.results import Result
from ..sinks.base import Sink
from ..sinks.stdout import CLEAR_LINE, StdoutSink
from ..sources import Change, Frame, Idle
from .throttle import Lines


class Reporter:
    """Takes results one by one.

    Args:
        stdout: where results are printed; its own sink may be one of `sinks`, behind a queue.
        sinks: where everything goes.
        events: how sure to be of events.
        in_place: a camera's line changes where it stands; what is told on the same terminal has to clear it first.
    """

    def __init__(self, stdout: StdoutSink, sinks: Sequence[Sink], events: EventOptions, *, in_place: bool = False) -> None:
        self._stdout, self._sinks, self._events = stdout, sinks, events
        self._in_place = in_place
        self._lines = Lines()
        self._done = self._failed = 0
        self._code = 0  # of the first failure
        self._stretch: tuple[Frame, int] | None = None  # the last of a film's frames that failed in a row, and how many did

    def report(self, results: Iterable[Result | Change | Idle]) -> int:
        """Tell of every result as it comes; return the exit code.

        Raises:
            BrokenPipeError: nobody reads stdout any more.
            PartialFailureError: some pictures could not be judged, others could.
        """
        for step in observe(results, self._events):
            for line in self._lines.overdue(time.monotonic()):
                self._say_aside(line)
            if isinstance(step, Idle):
                continue
            self._pass_on(step)
            self._say_what_is_wrong(step.result)
            if self._stdout.gone:
                raise BrokenPipeError
        self._end_stretch()
        if not self._failed or self._failed == self._done:
            return self._code
        raise PartialFailureError(
            f"to classify all {self._done:,} pictures",
            got=f"{self._failed:,} that could not be read",
            fix="They are named above; the others are classified.",
        )

    def _say_what_is_wrong(self, result: Result | Change) -> None:
        if isinstance(result, Change) and result.model is not None:
            self._say_aside(on_one_line(f"{result.source}: {result.cause}"))
            return
        if isinstance(result, Change):
            if (line := self._lines.line(result)) is not None:
                self._say_aside(line)
            return
        self._done += 1
        if result.error is None or result.frame.state is not None:  # of a live source the state has been told
            self._end_stretch()
            return
        # Counted, not kept: an error holds on to what it happened with.
        self._failed += 1
        self._code = self._code or result.error.exit_code
        frame, last = result.frame, self._stretch
        if last is not None and frame.scene_s is not None and last[0].source == frame.source:
            self._stretch = frame._replace(error=None), last[1] + 1
            return
        self._end_stretch()
        self._say_aside(str(result.error))
        if frame.scene_s is not None:
            self._stretch = frame._replace(error=None), 1

    def _end_stretch(self) -> None:
        """Say how far damage reaches of which the first frame was told; a long one is not worth a line for each frame."""
        if self._stretch is not None and self._stretch[1] > 1:
            frame, count = self._stretch
            self._say_aside(f"{frame.source}: {count - 1:,} more of this, up to {frame.scene_s:.2f} s (frame {frame.number})")
        self._stretch = None

    def _pass_on(self, observation: Observation) -> None:
        result, events, _ = observation
        bare = result if isinstance(result, Change) else result._replace(frame=result.frame._replace(picture=None))
        with_picture, without = None, observation._replace(result=bare)
        for sink in self._sinks:
            if sink.only_events and not events:
                continue
            # Asked anew each time: whoever looks at a page comes and goes.
            if isinstance(result, Change) or result.frame.picture is None or not sink.wants_pictures:
                sink.take(without)
                continue
            if with_picture is None:
                # The source fills its memory again with the next frame; a sink may be behind.
                copied = result.frame._replace(picture=result.frame.picture.copy())
                with_picture = observation._replace(result=result._replace(frame=copied))
            sink.take(with_picture)

    def _say_aside(self, text: str) -> None:
        log(f"{CLEAR_LINE if self._in_place and sys.stderr is not None and sys.stderr.isatty() else ''}catdog-edge: {text}")


def log(line: str) -> None:
    """Write a line to stderr; where that is closed or full, go on."""
    if sys.stderr is not None:
        with OUTPUT, contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)
