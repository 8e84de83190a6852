"""From the command line of `catdog-edge`, and a file of options, to options dataclasses."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..foreign.arguments import CLAIMS
from ..regions.options import RegionOptions
from ..regions.zones import Zones
from ..runner.comparison import SwapOptions
from ..runner.loop import RunOptions
from ..runner.transform import Transform
from ..sinks.options import SinkOptions
from ..sources.options import SourceOptions
from .parser import build_parser
from .profile import AUTO


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line, and the file of options that it names.

    Raises:
        UsageError: an option or its value is not valid.
        InputNotFoundError: there is no such file.
    """
    parser = build_parser()
    arguments = parser.parse_args(argv)
    chosen = {} if arguments.config is None else _of_file(arguments, parser)
    profile = arguments.profile or chosen.get("profile")
    if profile is not None:
        from .profile import parse_with

        return parse_with(profile, parser, argv, chosen)
    if not chosen:
        return arguments
    parser.set_defaults(**chosen)
    return parser.parse_args(argv)


def _of_file(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Return what the file of options says that the command line does not."""
    from .config import read_config

    chosen = read_config(arguments.config, parser)
    if arguments.inputs or arguments.camera is not None:  # one question, answered by the command line
        for name in ("inputs", "camera", "watch"):
            chosen.pop(name, None)
    if arguments.sink:  # those of the file would be added to
        chosen.pop("sink", None)
    return chosen


def check_config(path: Path) -> None:
    """Make sure that a file of options would be taken.

    Raises:
        UsageError: it would not.
        InputNotFoundError: there is no such file.
    """
    from .config import blaming

    arguments = parse(["--config", str(path)])
    with blaming(path):
        for options in (source_options, run_options, swap_options, sink_options):
            options(arguments)


def example_config() -> str:
    """Return a file of options with which a camera is looked at as fits the machine, and in which all others are explained."""
    from .config import write_example

    return write_example(build_parser(), profile=AUTO, camera=0, wait=True)


def source_options(arguments: argparse.Namespace) -> SourceOptions:
    """Say what to look at.

    Raises:
        UsageError: nothing, or a value is out of range.
    """
    width, height = arguments.resolution or (None, None)
    return SourceOptions(
        inputs=tuple(arguments.inputs),
        camera=arguments.camera,
        buffer=arguments.buffer,
        timeout_s=arguments.timeout,
        width=width,
        height=height,
        fps=arguments.fps,
        watch=arguments.watch,
        wait=arguments.wait,
        every_s=arguments.every,
        rtsp_transport=arguments.rtsp_transport,
        tls_ca=arguments.tls_ca,
        tls_fingerprint=arguments.tls_fingerprint,
    )


def run_options(arguments: argparse.Namespace) -> RunOptions:
    """Say how to go about it.

    Raises:
        UsageError: a value is out of range.
    """
    transform = Transform.of(arguments.rotate, arguments.crop)
    return RunOptions(
        max_frames=arguments.max_frames,
        max_fps=arguments.max_fps,
        threshold=arguments.threshold,
        smooth_s=arguments.smooth,
        transform=None if transform == Transform() else transform,
        motion_gate=arguments.motion_gate,
        regions=RegionOptions(arguments.regions, Zones.of(arguments.zone, arguments.ignore), arguments.most_regions),
        workers=arguments.workers,
        threads=arguments.threads,
    )


def swap_options(arguments: argparse.Namespace) -> SwapOptions:
    """Say how carefully another model is taken.

    Raises:
        UsageError: a value is out of range, or what is said of a model's file beside it: those of a store say it themselves.
    """
    given = [f"--{name.replace('_', '-')}" for name in CLAIMS if getattr(arguments, name) is not None]
    if arguments.models is not None and given:
        raise UsageError(
            "no word on a model beside --models, whose files say all of themselves",
            got=given[0],
            fix="Write it into the file: catdog-export adopt.",
        )
    return SwapOptions(arguments.compare_s, arguments.min_agreement)


def sink_options(arguments: argparse.Namespace) -> SinkOptions:
    """Say where to tell it.

    Raises:
        UsageError: nobody has a sink of the name that `--sink` gives, or keys are named without what they are for.
    """
    others = tuple(arguments.sink or ())
    if others:
        from ..sinks.registry import check_others

        check_others(others)
    if arguments.keys is not None and (arguments.mqtt is None or arguments.models is None):
        raise UsageError(
            "--keys beside --mqtt and --models: models are taken by a broker's message into a folder",
            got="--keys without one of them",
            fix="Example: catdog-edge --camera 0 --mqtt mqtts://broker.local/catdog/garden --models models --keys keys",
        )
    return SinkOptions(
        show=arguments.show,
        csv=arguments.csv,
        record=arguments.record,
        record_events=arguments.record_events,
        record_limit_mb=arguments.record_limit,
        save_uncertain=arguments.save_uncertain,
        uncertain_below=arguments.uncertain_below,
        save_limit=arguments.save_limit,
        save_limit_mb=arguments.save_limit_mb,
        save_every_min=arguments.save_every,
        on_event=arguments.on_event,
        mqtt=arguments.mqtt,
        serve=arguments.serve,
        models=arguments.models,
        keys=arguments.keys,
        queue=arguments.queue,
        others=others,
    )
