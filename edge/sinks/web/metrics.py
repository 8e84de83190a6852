"""What is counted, for Prometheus: every result, not only those that somebody looked at."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ...runner.observation import Observation
from ...runner.results import Result
from ...sources import Change, InUse, State
from ..queue import QueuedSink
from .status import STAGES, Condition

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # of what `Metrics.to_text` returns
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class About(NamedTuple):
    """What the page says of the model; nothing of where its file lies.

    Attributes:
        name: as its contract says.
        labels: of its scores, in order.
        input: what it is fed, in words.
        backend: the runtime and its version.
        made_by: catdog's version that wrote it.
        id: the beginning of its file's SHA-256; empty where it is not one of several.
    """

    name: str
    labels: tuple[str, ...]
    input: str
    backend: str
    made_by: str
    id: str = ""


def about_model(model: InUse) -> About:
    """Return what the page says of the model that a program has come to run."""
    return About(model.name, model.labels, model.input, model.backend, model.made_by, model.id)


class Metrics:
    """Counts in the runner's thread; an increment takes about a microsecond.

    Args:
        about: the model.
        condition: says how things stand when somebody asks.
        sinks: those whose times and losses are told.
        clients: counts who is connected.
    """

    def __init__(
        self, about: About, condition: Callable[[], Condition], sinks: Iterable[object], clients: Callable[[], int]
    ) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._model = Info("catdog_model", "The model in use.", registry=registry)
        self._swaps = Counter("catdog_model_changes", "What became of models, with --models.", ["kind"], registry=registry)
        self._results = Counter("catdog_results", "Results with an answer, by its label.", ["label"], registry=registry)
        self._held = Counter("catdog_results_held", "Of these, answers that stood because nothing moved.", registry=registry)
        self._errors = Counter("catdog_errors", "Frames without an answer.", registry=registry)
        self._changes = Counter("catdog_state_changes", "Changes of the source's state.", ["state"], registry=registry)
        self._events = Counter("catdog_events", "Events, by kind and label.", ["kind", "label"], registry=registry)
        self._tell_model(about)
        stages = _histogram("catdog_stage_seconds", "Time of each stage.", registry, ["stage"])
        self._stages = [stages.labels(stage) for stage in STAGES]
        self._age = _histogram("catdog_age_seconds", "Time from capture to result.", registry)
        registry.register(_Now(condition, sinks, clients))

    def _tell_model(self, about: About) -> None:
        """Say which model is in use; its labels begin at 0, so that the first of each is seen as an increase."""
        fields = {"name": about.name, "labels": json.dumps(about.labels), "input": about.input, "backend": about.backend}
        self._model.info(fields | ({"id": about.id} if about.id else {}))
        for label in about.labels:
            self._results.labels(label)

    def count(self, observation: Observation) -> None:
        """Count one step of the runner."""
        result = observation.result
        for event in observation.events:
            self._events.labels(event.kind, event.label).inc()
        if isinstance(result, Change) and result.model is not None:
            self._swaps.labels(result.model.kind).inc()
            self._tell_model(about_model(result.model))
        elif isinstance(result, Change):
            self._changes.labels(result.state).inc()
        elif result.prediction is None:
            self._errors.inc()
        else:
            self._count_answer(result)

    def to_text(self) -> bytes:
        """Return the text exposition format, version 0.0.4."""
        return generate_latest(self._registry)

    def _count_answer(self, result: Result) -> None:
        answer = result.prediction
        if answer is None:
            return
        self._results.labels(answer.label).inc()
        self._age.observe(result.age_ms / 1e3)
        if result.held:
            self._held.inc()
            return  # nobody worked for it
        times = (result.frame.capture_ms, result.frame.decode_ms, answer.latency_ms.preprocess, answer.latency_ms.invoke)
        for histogram, milliseconds in zip(self._stages, times, strict=True):
            histogram.observe(milliseconds / 1e3)


class _Now(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, condition: Callable[[], Condition], sinks: Iterable[object], clients: Callable[[], int]) -> None:
        self._condition, self._sinks, self._clients = condition, sinks, clients

    def collect(self) -> Iterable[Metric]:
        """Give the metrics."""
        now = self._condition()
        yield GaugeMetricFamily("catdog_fps", "Results a second, over the last seconds.", value=now.fps)
        yield GaugeMetricFamily("catdog_clients", "Connections to the page.", value=self._clients())
        state = GaugeMetricFamily("catdog_state", "1 for the state that the source is in.", labels=["state"])
        for one in State:
            state.add_metric([one], float(now.state is one))
        yield state
        times = SummaryMetricFamily("catdog_sink_seconds", "Time that sinks took.", labels=["sink"])
        dropped = CounterMetricFamily("catdog_sink_dropped", "Steps that found a sink busy.", labels=["sink"])
        failed = CounterMetricFamily("catdog_sink_failed", "Steps that a sink failed on.", labels=["sink"])
        for sink in (sink for sink in self._sinks if isinstance(sink, QueuedSink)):
            name = [sink.name.partition(" ")[0].lstrip("-")]  # what follows is a path
            times.add_metric(name, sink.taken, sink.busy_s)
            dropped.add_metric(name, sink.dropped)
            failed.add_metric(name, sink.failed)
        yield from (times, dropped, failed)


def _histogram(name: str, text: str, registry: CollectorRegistry, labels: Sequence[str] = ()) -> Histogram:
    return Histogram(name, text, labels, buckets=_BUCKETS_S, registry=registry)
