"""Opens the sinks that were asked for, each behind a queue of its own, and lets them finish at the end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..inference.classifier import Classifier
from .base import Sink
from .options import SinkOptions
from .queue import LAST_WISH_S, PATIENCE_S, QueuedSink
from .registry import SINKS, Opening, asked_for


@contextmanager
def open_sinks(
    options: SinkOptions, stdout: Sink, model: Callable[[], Classifier], tell: Callable[[str], None], *, queued: bool
) -> Iterator[Sequence[Sink]]:
    """Open what was asked for.

    Args:
        options: what was asked for besides stdout.
        stdout: prints.
        model: loads the model, for those who need to know its labels.
        tell: says what is wrong to whoever looks at stderr.
        queued: put stdout behind a queue, too, and drop what is not read or written in time; else who is slow is waited for.

    Raises:
        CatdogError: a sink cannot be opened.
        PluginError: the package that has one cannot be loaded, or fails.
    """
    opened: list[Sink] = [QueuedSink(stdout, tell, waiting=options.queue) if queued else stdout]
    last_wish_s = LAST_WISH_S
    try:
        for row, argument in asked_for(options):
            with SINKS.blaming(row.name):
                sink = row.open(Opening(argument, options, model, tell, opened))
            opened.append(QueuedSink(sink, tell, waiting=options.queue, drops=queued) if row.queued else sink)
        yield opened
        if not queued:
            last_wish_s = PATIENCE_S
    finally:
        deadline = time.monotonic() + last_wish_s
        for waiting in (sink for sink in opened if isinstance(sink, QueuedSink)):
            waiting.end(deadline)  # all of them, before one is waited for
        for sink in opened:
            sink.close()
