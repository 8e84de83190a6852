"""`catdog-bench`: how fast the exported models run on this machine."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from catdog.edge.backends import BACKENDS
from catdog.edge.command import CommandParser, run_command
from catdog.edge.decode import silence_opencv
from catdog.edge.errors import PartialFailureError
from catdog.edge.files import check_folder

from .extras import require_extras
from .options import QUICK, THOROUGH, BenchOptions, default_threads
from .reports import write_reports
from .results import BenchReport, sentences
from .run import run_benchmark
from .tables import LEGEND, failures, results_table

_EXAMPLES = """\
examples:
  catdog-bench                               the bundled model and the newest export in ./exports/
  catdog-bench --quick                       a first impression, in seconds
  catdog-bench exports/pets/ --threads 1,4   every .tflite and .onnx in a folder, on one and on four threads
  catdog-bench old.tflite new.tflite         two models; the ratio is relative to the first
  catdog-bench a.tflite a.tflite             one model twice: how much this machine makes up

The cases take turns in rounds, so that a machine that slows down slows all of them down. Written to --output:
bench.html for people, bench.md for a pull request, bench.json and bench.csv for programs.

exit codes: 0 all measured, 2 wrong option, 3 nothing there, 4 unreadable, 6 model, 7 missing package,
10 cannot write, 11 some of several cases could not be run (the others are reported), 130 interrupted
"""

_ARTIFACT_HELP = (
    "TFLite or ONNX file, folder of them, or name of a bundled model (default: the bundled model and the newest export "
    "in ./exports/)"
)
_THREADS_HELP = "threads for one inference (default: 1 and the number of cores)"
_BACKEND_HELP = f"runtimes, out of {', '.join(BACKENDS)} (default: the one for the file)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-bench", _main, argv)


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog="catdog-bench",
        description="Measure how fast models run on this machine, and report it with its spread.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("artifacts", nargs="*", type=Path, metavar="ARTIFACT", help=_ARTIFACT_HELP)
    add("--output", type=Path, default=Path("reports/bench"), metavar="DIR", help="folder (default: %(default)s)")
    add("--threads", type=_numbers, default=default_threads(), metavar="N,N", help=_THREADS_HELP)
    add("--backend", type=_names, default=("auto",), metavar="B,B", help=_BACKEND_HELP)
    add("--picture", type=Path, metavar="FILE", help="classify this (default: a drawn cat, 640x480)")
    _add_effort(parser.add_argument_group("how often"))
    return parser


def _add_effort(group: argparse._ArgumentGroup) -> None:
    quick = f"few runs: --warmup {QUICK.warmup} --rounds {QUICK.rounds} --runs {QUICK.runs}"
    group.add_argument("--quick", action="store_true", help=quick)
    for name, default, text in (
        ("--runs", THOROUGH.runs, "timed runs of a case in one round"),
        ("--rounds", THOROUGH.rounds, "rounds, in which every case has its turn"),
        ("--warmup", THOROUGH.warmup, "discarded runs of a case before the first round"),
    ):
        group.add_argument(name, type=int, metavar="N", help=f"{text} (default: {default})")


def _main(argv: Sequence[str]) -> int:
    arguments = build_parser().parse_args(argv)
    options = _options(arguments)
    require_extras()
    check_folder(arguments.output)
    silence_opencv()
    report = run_benchmark(options)
    written = write_reports(report, arguments.output)
    _print(report, written)
    if report.failed:
        raise PartialFailureError(
            f"to run all {len(report.rows)} cases",
            got=f"{len(report.failed)} that could not be run",
            fix="They are named above; the others are measured.",
        )
    return 0


def _options(arguments: argparse.Namespace) -> BenchOptions:
    """Translate the command line; a number that is given wins over the one `--quick` stands for."""
    effort = QUICK if arguments.quick else THOROUGH
    given = {name: getattr(arguments, name) for name in ("warmup", "rounds", "runs")}
    return BenchOptions(
        artifacts=tuple(arguments.artifacts),
        threads=arguments.threads,
        backends=arguments.backend,
        effort=replace(effort, **{name: value for name, value in given.items() if value is not None}),
        picture=arguments.picture,
    )


def _print(report: BenchReport, written: Sequence[Path]) -> None:
    print(*sentences(report), sep="\n")
    print()
    print(results_table(report))
    print()
    print(LEGEND)
    print()
    print(*(f"wrote {path}" for path in written), sep="\n")
    sys.stdout.flush()  # before the notes, where both go to one terminal
    for line in failures(report):
        print(f"catdog-bench: not run: {line}", file=sys.stderr)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}, which is no list of whole numbers such as 1,4") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))
