"""`catdog-edge`: classify pictures, videos, streams and cameras."""

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from functools import partial

from .backends import BACKENDS
from .classifier import DEFAULT_THREADS, Classifier
from .command import CommandParser, end_like_ctrl_c, run_command
from .decode import silence_opencv
from .errors import CatdogError, PartialFailureError
from .results import Result, state_to_json
from .runner import RunOptions, run
from .sources import Change, SourceOptions, open_sources
from .sources.options import BUFFERS

_EXAMPLES = """\
examples:
  catdog-edge photo.jpg                      one picture
  catdog-edge photos/ --json > results.jsonl a folder, one JSON object a line
  catdog-edge --camera 0                     the first camera, until Ctrl-C
  catdog-edge --camera demo                  a drawn room with a cat and a dog; no hardware needed
  catdog-edge rtsp://camera.local/stream     a network camera
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
        help="picture, folder, 'pattern*.jpg', video, http(s):// or rtsp(s):// address",
    )
    look.add_argument("--camera", metavar="N", help="camera number, /dev/videoN, or demo")
    look.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    look.add_argument("--max-fps", type=float, metavar="N", help="judge at most N frames a second")
    look.add_argument("--wait", action="store_true", help="keep trying where a camera or stream does not open")
    look.add_argument(
        "--buffer",
        choices=BUFFERS,
        default="auto",
        help="for --camera demo: all gives every frame at once, latest keeps a camera's pace (default: latest)",
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
        type=int,
        metavar="N",
        help=f"threads for one inference (default: {DEFAULT_THREADS}; in a folder one, on every core)",
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
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    return parser


def _main(argv: Sequence[str]) -> int:
    arguments = build_parser().parse_args(argv)
    how = RunOptions(arguments.max_frames, arguments.max_fps, arguments.threshold, arguments.smooth, arguments.threads)
    options = SourceOptions(
        inputs=tuple(arguments.inputs),
        camera=arguments.camera,
        buffer=arguments.buffer,
        timeout_s=arguments.timeout,
        wait=arguments.wait,
    )
    labels = None if arguments.labels is None else [label.strip() for label in arguments.labels.split(",")]
    silence_opencv()
    end_like_ctrl_c(signal.SIGTERM, signal.SIGHUP)
    # Sources first: a wrong path or an absent camera is told before a model is loaded.
    with open_sources(options) as sources:
        load = partial(_load, arguments, labels)
        return _report(run(sources, load, how), as_json=arguments.json)


def _load(arguments: argparse.Namespace, labels: Sequence[str] | None, threads: int) -> Classifier:
    return Classifier(arguments.model, labels=labels, backend=arguments.backend, threads=threads)


def _report(results: Iterable[Result | Change], *, as_json: bool) -> int:
    """Print each result as it comes; return the exit code.

    Raises:
        PartialFailureError: some pictures could not be judged, others could.
    """
    done, errors = 0, list[CatdogError]()
    for result in results:
        if isinstance(result, Change):
            print(f"catdog-edge: {result.source} is {result.state}: {result.cause}", file=sys.stderr)
            if as_json:
                print(state_to_json(result), flush=True)
            continue
        done += 1
        if as_json:
            print(result.to_json(), flush=True)
        elif result.error is None:
            print(result.to_text(), flush=True)
        if result.error is not None and result.frame.state is None:  # of a live source the state has been told
            errors.append(result.error)
            print(f"catdog-edge: {result.error}", file=sys.stderr)
    if not errors:
        return 0
    if len(errors) == done:
        return errors[0].exit_code
    raise PartialFailureError(
        f"to classify all {done:,} pictures",
        got=f"{len(errors):,} that could not be read",
        fix="They are named above; the others are classified.",
    )
