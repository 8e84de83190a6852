"""`catdog-bench`: which model file and which flags, by measurements that hold up; and the other benches, a sub-command each."""

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

from catdog.edge.backends import AUTO, REGISTRY
from catdog.edge.common.command import CommandParser, end_like_ctrl_c, run_command
from catdog.edge.common.files import check_folder
from catdog.edge.errors import PartialFailureError, UsageError
from catdog.edge.pictures.decode import silence_opencv

from .extras import require_extras
from .options import QUICK, THOROUGH, BenchOptions, Scenario, Target, default_threads

# Each has a `main(argv)` that takes what follows its name. A file of such a name is measured as ./name.
COMMANDS = {
    "compare": "catdog.benchmarks.compare",
    "scenes": "catdog.benchmarks.scenes.cli",
    "quantization": "catdog.benchmarks.quantization",
    "peers": "benchmarks.project.peers.cli",
    **{
        name: f"benchmarks.project.{name}"
        for name in ("backbones", "camera", "motion", "folder", "profiles", "startup", "soak", "training", "scale")
    },
}

_EXAMPLES = """\
examples:
  catdog-bench                               the bundled models and the newest export in ./exports/
  catdog-bench --quick                       a first impression, in less than a minute
  catdog-bench --data photos.zip             accuracy and agreement as well, on labelled photographs
  catdog-bench --data photos/ --target-fps 15            which file and flags to use for 15 frames a second
  catdog-bench exports/pets/ --threads 1,4   every .tflite and .onnx in a folder, on one and on four threads
  catdog-bench old.tflite new.tflite         two models; the ratio is relative to the first
  catdog-bench a.tflite a.tflite             one model twice: how much this machine makes up
  catdog-bench compare before.json after.json            faster, slower, equivalent or cannot tell

other benches (catdog-bench NAME --help):
  compare        two reports, as a gate: exit code 1 if something is slower
  scenes         whether pets are seen where they are, small and at night, and nothing else is taken for one
  quantization   accuracy and size by format and calibration

of catdog itself, in a clone only (catdog-bench NAME --help):
  camera         what the runner costs beside a bare loop
  motion         what --motion-gate saves in an empty room, and that no event comes late
  folder         a folder of photographs beside bare loops
  peers          catdog-edge beside what people would otherwise use
  profiles       what --profile small saves, with the memory of a small board
  startup        catdog-edge picture.jpg beside the least that could do it
  soak           memory over many frames
  training       the feature cache beside plain training
  scale          --ray beside catdog-edge alone, on two nodes, and what very many pictures would cost
  backbones      size, multiply-adds and time of each backbone

The cases take turns in rounds, each in a process of its own, so that a machine that slows down slows all of them down. The
report is VALID or INVALID, and says why. Written to --output: bench.html for people, bench.md for a pull request, bench.json
and bench.csv for programs.

exit codes: 0 all measured (also if INVALID), 2 wrong option, 3 nothing there, 4 unreadable, 6 model, 7 missing package, 8 data,
10 cannot write, 11 some of several cases could not be run (the others are reported), 130 interrupted
"""

_ARTIFACT_HELP = (
    "TFLite or ONNX file, folder of them, or name of a bundled model (default: the bundled models and the newest export "
    "in ./exports/)"
)
_THREADS_HELP = "threads for one inference (default: 1 and the number of cores)"
_BACKEND_HELP = f"runtimes, out of {', '.join((AUTO, *REGISTRY.own))} and plugins' (default: the one for the file)"
_SCENARIO_HELP = "single (one frame after another), camera (paced), offline (a folder on all cores); default: all three"
_QUICK_DATA = 200  # photographs


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments and arguments[0] in COMMANDS:
        return run_command(f"catdog-bench {arguments[0]}", partial(_run_bench, arguments[0]), arguments[1:])
    return run_command("catdog-bench", _main, arguments)


def _run_bench(name: str, argv: Sequence[str]) -> int:
    module = COMMANDS[name]
    if module.startswith("benchmarks."):
        sys.path.insert(0, str(_find_clone(name)))
    code: int = import_module(module).main(argv)
    return code


def _find_clone(name: str) -> Path:
    """Return the folder of the clone that catdog is installed from, or that one stands in.

    Raises:
        UsageError: there is none: the wheel leaves out what only the project needs.
    """
    for clone in (Path(__file__).resolve().parent.parent, Path.cwd()):
        if (clone / "benchmarks" / "project").is_dir():
            return clone
    raise UsageError(
        f"a clone of catdog for catdog-bench {name}, which the installed package leaves out",
        got=f"{Path.cwd()}, which is none",
        fix="Clone the repository, and run it in its folder.",
    )


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog="catdog-bench",
        description="Measure how fast, how right and how costly models are here, and say whether that can be trusted.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("artifacts", nargs="*", type=Path, metavar="ARTIFACT", help=_ARTIFACT_HELP)
    add("--output", type=Path, default=Path("reports/bench"), metavar="DIR", help="folder (default: %(default)s)")
    add("--threads", type=_numbers, default=default_threads(), metavar="N,N", help=_THREADS_HELP)
    add("--backend", type=_names, default=("auto",), metavar="B,B", help=_BACKEND_HELP)
    add("--scenario", type=_names, default=tuple(Scenario), metavar="S,S", help=_SCENARIO_HELP)
    add("--fps", type=float, default=BenchOptions.fps, metavar="N", help="of the camera scenario (default: %(default)g)")
    add("--picture", type=Path, metavar="FILE", help="classify this (default: a drawn cat, 640x480)")
    _add_answers(parser.add_argument_group("how right"))
    _add_target(parser.add_argument_group("what to recommend"))
    _add_effort(parser.add_argument_group("how often"))
    return parser


def _add_answers(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--data", type=Path, metavar="WHERE", help="folder or archive of photographs in folders named as the labels")
    add("--data-limit", type=int, metavar="N", help=f"judge at most N of them, spread evenly (--quick: {_QUICK_DATA})")
    add("--reference", type=Path, metavar="FILE", help="whose answers the others should give (default: the first artifact)")


def _add_target(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--target-fps", type=float, metavar="N", help="the most accurate that keeps up with N frames a second")
    group.add_argument("--max-latency", type=float, metavar="MS", help="the most accurate with a p99 of at most MS")


def _add_effort(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--quick", action="store_true", help="less of all, shared out so that it takes less than a minute")
    for name, kind, metavar, text in (
        ("rounds", int, "N", "rounds, in which every case has its turn"),
        ("runs", int, "N", "timed runs of a case at least, in all rounds together"),
        ("seconds", float, "S", "seconds that a case is timed for at least, in all rounds together"),
        ("longest", float, "S", "seconds after which a case has had enough"),
        ("warmup", int, "N", "discarded runs of a case before the first round"),
    ):
        default = getattr(THOROUGH, _FIELDS[name])
        group.add_argument(f"--{name}", type=kind, metavar=metavar, help=f"{text} (default: {default:g})")


_FIELDS = {"rounds": "rounds", "runs": "runs", "seconds": "seconds", "longest": "longest_s", "warmup": "warmup"}


def _main(argv: Sequence[str]) -> int:
    arguments = build_parser().parse_args(argv)
    options = _options(arguments)
    require_extras()
    check_folder(arguments.output)
    silence_opencv()
    # The cases' processes are ended on the way out.
    end_like_ctrl_c(signal.SIGTERM, signal.SIGHUP)
    from .report.tables import failures
    from .report.write import to_terminal, write_reports
    from .run import run_benchmark

    report = run_benchmark(options)
    written = write_reports(report, arguments.output)
    print(to_terminal(report))
    print(*(f"wrote {path}" for path in written), sep="\n")
    sys.stdout.flush()  # before the notes, where both go to one terminal
    for line in failures(report):
        print(f"catdog-bench: not run: {line}", file=sys.stderr)
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
    given = {field: getattr(arguments, name) for name, field in _FIELDS.items()}
    given = {field: value for field, value in given.items() if value is not None}
    if "seconds" in given or "longest_s" in given:
        given["budget_s"] = None
        given.setdefault("longest_s", max(effort.longest_s, given.get("seconds", 0.0)))
    limit = arguments.data_limit
    return BenchOptions(
        artifacts=tuple(arguments.artifacts),
        threads=arguments.threads,
        backends=arguments.backend,
        scenarios=arguments.scenario,
        effort=replace(effort, **given),
        picture=arguments.picture,
        data=arguments.data,
        data_limit=_QUICK_DATA if limit is None and arguments.quick else limit,
        reference=arguments.reference,
        fps=arguments.fps,
        target=Target(arguments.target_fps, arguments.max_latency),
    )


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}, which is no list of whole numbers such as 1,4") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))
