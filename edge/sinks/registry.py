"""The sinks beside stdout: a row each, in the order in which they are opened.

One of another package is a row in the group `catdog.sinks` (docs/extend/add-a-sink.md), opened by `--sink NAME[:ARGUMENT]`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..common.installation import missing_extra
from ..common.plugins import Registry
from ..errors import ModelError, UsageError
from ..inference.classifier import Classifier
from .base import Sink
from .options import SinkOptions

Given = TypeVar("Given")


@dataclass(frozen=True)
class Opening:
    """What a sink may know when it is opened.

    Attributes:
        argument: what stands behind ``NAME:``; empty where nothing does, and for catdog's own sinks.
        options: all that was asked for.
        model: loads the model, for those who need its labels (`model().contract.labels`); takes its time.
        tell: says a line on stderr.
        opened: the sinks that are open already; grows.
    """

    argument: str
    options: SinkOptions
    model: Callable[[], Classifier]
    tell: Callable[[str], None]
    opened: Sequence[Sink]


@dataclass(frozen=True)
class SinkRow:
    """A kind of sink.

    Attributes:
        name: of the option without its dashes, or for `--sink`.
        open: opens it. May raise `UsageError` for an argument that is not valid, `OutputError` where it cannot write and
            `MissingExtraError`; imports what it needs itself.
        extra: of catdog that brings what it needs; empty where it comes with the base, or with another package.
        queued: behind a queue, in a thread of its own: `take` and `close` are called there, and what it is too slow for is
            dropped and counted while a camera goes on. Those that are not may not keep anybody waiting.
    """

    name: str
    open: Callable[[Opening], Sink]
    extra: str = ""
    queued: bool = True

    @property
    def field(self) -> str:
        """Which field of `SinkOptions` asks for it, of catdog's own."""
        return self.name.replace("-", "_")


def _csv(given: Opening) -> Sink:
    from .table import CsvSink

    return CsvSink(_wanted(given.options.csv), given.model().contract.labels)


def _record(given: Opening) -> Sink:
    from .record import RecordSink

    options = given.options
    return RecordSink(_wanted(options.record), most_mb=options.record_limit_mb, only_events=options.record_events)


def _save_uncertain(given: Opening) -> Sink:
    from .uncertain import UncertainSink

    options = given.options
    return UncertainSink(
        _wanted(options.save_uncertain),
        given.tell,
        below=options.uncertain_below,
        most=options.save_limit,
        most_mb=options.save_limit_mb,
        every_s=60 * options.save_every_min,
        looks_new=_novelty(given.model().model_path),
    )


def _novelty(model: Path) -> Callable[[NDArray[np.uint8]], bool] | None:
    """Tell what looks new to a model; None for one that remembers nothing of what it has learnt from."""
    from ..teach.novelty import Novelty

    try:
        return Novelty(model).is_new
    except ModelError:
        return None


def _on_event(given: Opening) -> Sink:
    from .command import CommandSink

    return CommandSink(_wanted(given.options.on_event))


def _mqtt(given: Opening) -> Sink:
    from .mqtt.broker import Broker
    from .mqtt.device import ToldDevice
    from .mqtt.sink import MqttSink

    broker = Broker.of(_wanted(given.options.mqtt), os.environ)  # before the model is loaded for its labels
    model, options = given.model(), given.options
    device = ToldDevice(broker.prefix, model, options.models, options.keys, given.tell)
    return MqttSink(broker, model.contract.labels, given.tell, device)


def _show(given: Opening) -> Sink:
    from .window import WindowSink

    return WindowSink()


def _serve(given: Opening) -> Sink:
    try:
        from .web.sink import WebSink
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "aiohttp", "web") from error

    options = given.options
    return WebSink(_wanted(options.serve), given.model(), given.opened, given.tell, options.save_uncertain, options.models)


SINKS = Registry(
    "catdog.sinks",
    "sink",
    SinkRow,
    (
        SinkRow("csv", _csv),
        SinkRow("record", _record),
        SinkRow("save-uncertain", _save_uncertain),
        SinkRow("on-event", _on_event),
        SinkRow("mqtt", _mqtt, extra="mqtt"),
        SinkRow("show", _show, queued=False),  # a window is its thread's own
        SinkRow("serve", _serve, extra="web", queued=False),  # `catdog.edge.sinks.web.sink` says why
    ),
)


def asked_for(options: SinkOptions) -> Iterator[tuple[SinkRow, str]]:
    """Give the rows that the options ask for, each with its argument; another package is imported for its own.

    Raises:
        UsageError: nobody has a sink of that name.
        PluginError: the package that has it cannot be loaded.
    """
    own = list(SINKS.own.values())
    last = [row for row in own if not row.queued]
    yield from ((row, "") for row in own if row.queued and _asks(options, row))
    for text in options.others:
        name, _, argument = text.partition(":")
        yield SINKS.find(name), argument
    yield from ((row, "") for row in last if _asks(options, row))  # the page shows how the others do


def check_others(others: Sequence[str]) -> None:
    """Make sure that somebody has the sinks that `--sink` names; nothing is opened or imported.

    Raises:
        UsageError: nobody has, or it is catdog's own, which has an option.
    """
    for text in others:
        name = text.partition(":")[0]
        if name in SINKS.own:
            raise UsageError("a --sink of another package", got=name, fix=f"That is catdog's own: --{name}.")
        if name not in SINKS:
            known = ", ".join(SINKS.others()) or "none is installed"
            raise UsageError(f"a --sink of another package ({known})", got=name, fix="Check the spelling, or install it.")


def _asks(options: SinkOptions, row: SinkRow) -> bool:
    return getattr(options, row.field) not in (None, False)


def _wanted(value: Given | None) -> Given:
    """Return an option that is there: a row is opened only where its option is given."""
    if value is None:
        raise ValueError("Expected an option that is given. Received: None")
    return value
