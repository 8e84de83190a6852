"""`catdog-edge`: classify pictures, videos, streams and cameras."""

import argparse
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .backends import BACKENDS
from .classifier import Classifier
from .command import CommandParser, end_like_ctrl_c, run_command
from .decode import silence_opencv
from .events import EventOptions
from .reporter import Reporter, log
from .runner import RunOptions, run
from .sources import SourceOptions, open_sources
from .sources.options import BUFFERS
from .view import View

if TYPE_CHECKING:
    from .sinks.base import Sink

_EXAMPLES = """\
examples:
  catdog-edge photo.jpg                      one picture
  catdog-edge photos/ --json > results.jsonl a folder, one JSON object a line
  catdog-edge --camera 0                     the first camera, until Ctrl-C
  find . -name '*.jpg' | catdog-edge -       paths on stdin
  catdog-edge --watch inbox/                 every picture that comes into a folder
  catdog-edge --camera demo                  a drawn room with a cat and a dog; no hardware needed
  catdog-edge rtsp://camera.local/stream     a network camera
  catdog-edge --camera 0 --on-event 'feeder.py --portion small'    events: who appeared, who left
  catdog-edge --camera 0 --csv day.csv --save-uncertain doubtful/  --record yard.mkv --record-events
  catdog-edge cat.jpg --model mine.tflite    a model of your own

exit codes: 0 all classified, 2 wrong option, 3 nothing there, 4 unreadable, 5 camera or stream, 6 model,
7 missing package, 10 cannot write, 11 some of several pictures failed, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-edge", _main, argv)


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog="catdog-edge",
        description="Classify pictures, videos, streams and cameras with a quantized model.",
        epilog=_EXAMPLES,
    )
    look = parser.add_argument_group("what to look at")
    look.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="picture, folder, 'pattern*.jpg', video, http(s):// or rtsp(s):// address; - for paths on stdin",
    )
    look.add_argument("--watch", action="store_true", help="go on with every new picture that comes into the folder")
    look.add_argument("--list-cameras", action="store_true", help="say which cameras there are and whether they give pictures")
    look.add_argument("--rotate", type=int, default=0, metavar="DEG", help="turn pictures clockwise: 90, 180, 270")
    look.add_argument("--crop", metavar="X,Y,W,H", help="look at a part only, in pixels after turning")
    look.add_argument("--camera", metavar="N", help="camera number, /dev/videoN, picamera2 (CSI), or demo")
    look.add_argument("--resolution", type=_size, metavar="WxH", help="of a camera's pictures, such as 640x480")
    look.add_argument("--fps", type=float, metavar="N", help="a camera's frames a second")
    look.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    look.add_argument("--max-fps", type=float, metavar="N", help="judge at most N frames a second")
    look.add_argument("--motion-gate", action="store_true", help="while nothing moves let the last answer stand: saves power")
    look.add_argument("--wait", action="store_true", help="keep trying where a camera or stream does not open")
    look.add_argument(
        "--buffer",
        choices=BUFFERS,
        default="auto",
        help="latest keeps pace and skips frames, all takes every frame (default: latest for cameras, all for files)",
    )
    look.add_argument(
        "--timeout",
        type=float,
        default=SourceOptions.timeout_s,
        metavar="S",
        help="seconds to wait for a stream's first answer (default: %(default)s)",
    )
    model = parser.add_argument_group("what to ask")
    model.add_argument(
        "--model",
        default="default",
        metavar="FILE",
        help="TFLite or ONNX file, or the name of a bundled model (default: %(default)s)",
    )
    model.add_argument("--labels", metavar="A,B", help="label names in order, for a file without catdog's contract")
    model.add_argument("--backend", choices=BACKENDS, default="auto", help="runtime (default: the one for the file)")
    model.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help="threads for one inference, or auto: by a short measurement, in a folder one on every core (default: auto)",
    )
    model.add_argument(
        "--threshold", type=float, default=0.0, metavar="S", help="a score below S is answered unsure (default: %(default)s)"
    )
    model.add_argument(
        "--smooth",
        type=float,
        default=0.0,
        metavar="S",
        help="average a camera's scores over about S seconds (default: %(default)s)",
    )
    told = parser.add_argument_group("where to tell it")
    told.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    told.add_argument("--show", action="store_true", help="a window; needs opencv-python in place of the headless one")
    told.add_argument("--csv", type=Path, metavar="FILE", help="append a line a frame to a CSV file")
    told.add_argument("--record", type=Path, metavar="FILE", help="write video (.mkv, .mp4, .avi) with the answers, in pieces")
    told.add_argument("--record-events", action="store_true", help="only what is around events")
    told.add_argument(
        "--record-limit",
        type=float,
        default=2000.0,
        metavar="MB",
        help="size of all pieces; the oldest go (default: %(default)s)",
    )
    told.add_argument("--save-uncertain", type=Path, metavar="DIR", help="keep frames with a weak answer, to be labelled")
    told.add_argument(
        "--save-limit", type=int, default=1000, metavar="N", help="how many of these; the oldest go (default: %(default)s)"
    )
    told.add_argument(
        "--on-event", metavar="CMD", help="run CMD when somebody appears or leaves; CATDOG_EVENT and CATDOG_LABEL say what"
    )
    return parser


def _threads(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.lstrip("-").isdigit():
        raise argparse.ArgumentTypeError(f"a number or auto, not {text}")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"WIDTHxHEIGHT, such as 640x480, not {text}")
    return int(match[1]), int(match[2])


def _main(argv: Sequence[str]) -> int:
    arguments = build_parser().parse_args(argv)
    if arguments.list_cameras:
        return _list_cameras()
    view = View.of(arguments.rotate, arguments.crop)
    how = RunOptions(
        max_frames=arguments.max_frames,
        max_fps=arguments.max_fps,
        threshold=arguments.threshold,
        smooth_s=arguments.smooth,
        view=None if view == View() else view,
        motion_gate=arguments.motion_gate,
        threads=arguments.threads,
    )
    options = SourceOptions(
        inputs=tuple(arguments.inputs),
        camera=arguments.camera,
        buffer=arguments.buffer,
        timeout_s=arguments.timeout,
        width=arguments.resolution[0] if arguments.resolution else None,
        height=arguments.resolution[1] if arguments.resolution else None,
        fps=arguments.fps,
        watch=arguments.watch,
        wait=arguments.wait,
    )
    labels = None if arguments.labels is None else [label.strip() for label in arguments.labels.split(",")]
    silence_opencv()
    end_like_ctrl_c(signal.SIGTERM, signal.SIGHUP)
    # Sources first: a wrong path or an absent camera is told before a model is loaded.
    with open_sources(options) as sources:
        load = partial(_load, arguments, labels)
        with _open_sinks(arguments, load) as sinks:
            reporter = Reporter(
                as_json=arguments.json,
                sinks=sinks,
                events=EventOptions(),
                in_place=sys.stdout.isatty() and arguments.camera is not None,
            )
            how = replace(how, keep_pictures=any(sink.wants_pictures for sink in sinks))
            return reporter.report(run(sources, load, how))


def _list_cameras() -> int:
    from .sources.probe import list_cameras

    silence_opencv()
    cameras = list_cameras()
    for camera in cameras:
        size = f"{camera.size[0]} x {camera.size[1]}" if camera.size else f"no pictures: {camera.trouble}"
        print(f"--camera {camera.number}  {camera.name}  {size}")
    if not cameras:
        _log("no cameras: /dev has no video devices. A CSI camera needs libcamera; try --camera demo for none at all")
    return 0


@contextmanager
def _open_sinks(arguments: argparse.Namespace, load: Callable[[int], Classifier]) -> "Iterator[Sequence[Sink]]":
    """Open what was asked for, and let it finish at the end."""
    if not any((arguments.show, arguments.csv, arguments.record, arguments.save_uncertain, arguments.on_event)):
        yield ()
        return
    from .sinks.queue import LAST_WISH_S, QueuedSink

    plain: list[Sink] = []
    if arguments.csv is not None:
        from .sinks.table import CsvSink

        plain.append(CsvSink(arguments.csv, load(1).contract.labels))
    if arguments.record is not None:
        from .sinks.record import RecordSink

        plain.append(RecordSink(arguments.record, most_mb=arguments.record_limit, only_events=arguments.record_events))
    if arguments.save_uncertain is not None:
        from .sinks.uncertain import UncertainSink

        plain.append(UncertainSink(arguments.save_uncertain, most=arguments.save_limit))
    if arguments.on_event is not None:
        from .sinks.command import CommandSink

        plain.append(CommandSink(arguments.on_event))
    sinks: list[Sink] = [QueuedSink(sink, _log) for sink in plain]
    if arguments.show:
        from .sinks.window import WindowSink

        sinks.append(WindowSink())
    try:
        yield sinks
    finally:
        deadline = time.monotonic() + LAST_WISH_S
        for queued in (sink for sink in sinks if isinstance(sink, QueuedSink)):
            queued.end(deadline)  # all of them, before one is waited for
        for sink in sinks:
            sink.close()


def _log(line: str) -> None:
    log(f"catdog-edge: {line}")


def _load(arguments: argparse.Namespace, labels: Sequence[str] | None, threads: int) -> Classifier:
    return Classifier(arguments.model, labels=labels, backend=arguments.backend, threads=threads)
