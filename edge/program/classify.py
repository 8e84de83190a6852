"""The main job of `catdog-edge`: from the command line to sources, model and sinks, put together and let run."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..foreign.arguments import model_claims
from ..inference.classifier import Classifier
from ..pictures.decode import silence_opencv
from ..runner.events import EventOptions
from ..runner.loop import run
from ..sinks.options import SinkOptions
from ..sinks.stdout import StdoutSink
from ..sources import open_sources
from .arguments import parse, run_options, sink_options, source_options, swap_options
from .located import located
from .parser import build_parser
from .reporter import Reporter, log

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from ..foreign.claims import Claims
    from ..regions.options import RegionOptions
    from ..runner.comparison import SwapOptions
    from ..runner.judging import Judges
    from ..runner.results import Result
    from ..sinks.base import Sink
    from ..sources import Change, Idle


def classify(argv: Sequence[str]) -> int:
    """Do what the command line asks for; returns the exit code.

    Raises:
        CatdogError: something is wrong with what was asked for, or breaks.
    """
    arguments = parse(argv)
    if arguments.config is None:
        return _classify(arguments)
    from .config import blaming

    with blaming(arguments.config):
        return _classify(arguments)


def _classify(arguments: "Namespace") -> int:
    if arguments.list_cameras:
        return _list_cameras()
    if arguments.ray is not None or arguments.output is not None:
        from .bulk import check_bulk, classify_bulk

        check_bulk(arguments, build_parser())
        return classify_bulk(arguments, _log)
    how, wanted, swaps = run_options(arguments), sink_options(arguments), swap_options(arguments)
    if noted := getattr(arguments, "noted", ""):
        _log(noted)
    silence_opencv()
    in_place = sys.stdout.isatty() and arguments.camera is not None and not arguments.json
    stdout = StdoutSink(as_json=arguments.json, in_place=in_place)
    # Before a camera runs: the network takes its time.
    arguments.model = located(arguments.model, _log, arguments.models)
    # Sources first: a wrong path or an absent camera is told before a model is loaded.
    with open_sources(source_options(arguments), _log) as sources, _models(arguments, swaps) as (load, judging):
        # Whoever does not read fast enough stops a folder, where nothing may be lost, but not a camera.
        queued = any(getattr(source, "keeps_pace", False) for source in sources)
        with _open_sinks(wanted, stdout, partial(load, 1), queued=queued) as sinks:
            how = replace(how, keep_pictures=lambda: any(sink.wants_pictures for sink in sinks))
            with _announced(run(sources, load, how, judging)) as results:
                return Reporter(stdout, sinks, EventOptions(), in_place=in_place).report(results)


def _load(model: str, claims: "Claims | None", backend: str, threads: int) -> Classifier:
    return Classifier(model, claims=claims, backend=backend, threads=threads)


@contextmanager
def _models(
    arguments: "Namespace", options: "SwapOptions"
) -> "Iterator[tuple[Callable[[int], Classifier], Callable[[Classifier, RegionOptions], Judges] | None]]":
    """Give what loads the model, and with `--models` what has another take its place while the program runs."""
    if arguments.models is None:
        yield partial(_load, arguments.model, model_claims(arguments), arguments.backend), None
        return
    from .swap import open_models

    with open_models(arguments, options, _log) as opened:
        yield opened


@contextmanager
def _open_sinks(
    options: SinkOptions, stdout: StdoutSink, model: Callable[[], Classifier], *, queued: bool
) -> "Iterator[Sequence[Sink]]":
    if replace(options, queue=SinkOptions.queue) == SinkOptions() and not queued:
        # One picture, a folder: the usual case starts without threads and queues.
        try:
            yield (stdout,)
        finally:
            stdout.close()
        return
    from ..sinks.opening import open_sinks

    with open_sinks(options, stdout, model, _log, queued=queued) as sinks:
        yield sinks


def _announced(results: "Iterable[Result | Change | Idle]") -> "AbstractContextManager[Iterable[Result | Change | Idle]]":
    if "NOTIFY_SOCKET" not in os.environ:
        return nullcontext(results)
    from .service.notify import announced

    return announced(results)


def _list_cameras() -> int:
    from ..sources.probe import list_cameras

    silence_opencv()
    cameras = list_cameras()
    for camera in cameras:
        said = f"{camera.size[0]} x {camera.size[1]}" if camera.size else ""
        if camera.trouble is not None:
            said = f"no pictures: {camera.trouble.got}. {camera.trouble.fix}"
        lasting = f"  or --camera {camera.link}" if camera.link else ""
        print(f"--camera {camera.number}  {camera.name}  {said}{lasting}")
    if not cameras:
        _log("no cameras: /dev has no device that takes pictures. A CSI camera is --camera picamera2; for none, --camera demo")
    return 0


def _log(line: str) -> None:
    log(f"catdog-edge: {line}")
