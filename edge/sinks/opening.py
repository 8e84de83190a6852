"""Opens the sinks that were asked for, each behind a queue of its own, and lets them finish at the end."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..classifier import Classifier
from ..errors import missing_extra
from .base import Sink
from .options import SinkOptions
from .queue import LAST_WISH_S, PATIENCE_S, QueuedSink


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
    """
    opened: list[Sink] = [QueuedSink(stdout, tell) if queued else stdout]
    last_wish_s = LAST_WISH_S
    try:
        for sink in _plain(options, model, tell):
            opened.append(QueuedSink(sink, tell, drops=queued))
        if options.show:
            from .window import WindowSink

            opened.append(WindowSink())  # a window is its thread's own
        if options.serve is not None:
            try:
                from ..web.sink import WebSink
            except ModuleNotFoundError as error:
                raise missing_extra(error.name or "aiohttp", "web") from error

            opened.append(WebSink(options.serve, model(), opened, tell))  # not behind a queue: it says why
        yield opened
        if not queued:
            last_wish_s = PATIENCE_S
    finally:
        deadline = time.monotonic() + last_wish_s
        for waiting in (sink for sink in opened if isinstance(sink, QueuedSink)):
            waiting.end(deadline)  # all of them, before one is waited for
        for sink in opened:
            sink.close()


def _plain(options: SinkOptions, model: Callable[[], Classifier], tell: Callable[[str], None]) -> Iterator[Sink]:
    """Open one after another; each module is imported where its sink is wanted."""
    if options.csv is not None:
        from .table import CsvSink

        yield CsvSink(options.csv, model().contract.labels)
    if options.record is not None:
        from .record import RecordSink

        yield RecordSink(options.record, most_mb=options.record_limit_mb, only_events=options.record_events)
    if options.save_uncertain is not None:
        from .uncertain import UncertainSink

        yield UncertainSink(options.save_uncertain, tell, below=options.uncertain_below, most=options.save_limit)
    if options.on_event is not None:
        from .command import CommandSink

        yield CommandSink(options.on_event)
    if options.mqtt is not None:
        from .mqtt.broker import Broker
        from .mqtt.sink import MqttSink

        broker = Broker.of(options.mqtt, os.environ)  # before the model is loaded for its labels
        yield MqttSink(broker, model().contract.labels, tell)
