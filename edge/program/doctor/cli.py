"""`catdog-edge doctor`: is this machine fit, and what happens when its camera is not?"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from ...common.command import CommandParser
from ...errors import UsageError
from .examine import examine
from .findings import Verdict, worst
from .options import DoctorOptions
from .screen import Terminal, finding_lines, findings_json, summary_line

FOUND = 1  # exit code: a problem was found
_WIDEST = 110  # columns; longer lines are hard to read
_FAULTS = ("unplug", "freeze", "slow", "corrupt")  # as `catdog.edge.sources.faulty` has them, without importing it

_EXAMPLES = """\
examples:
  catdog-edge doctor                          everything, in a few seconds
  catdog-edge doctor --camera 0               a camera that must be there
  catdog-edge doctor --model mine.tflite --json > doctor.json
  catdog-edge doctor --simulate               four faults on the demo camera, half a minute
  catdog-edge doctor --simulate unplug,freeze

exit codes: 0 no problem (a camera that is missing is a warning unless --camera names one), 1 a problem was found, or a
simulated fault was not noticed, not recovered from, or answered to; 2 wrong option. A file called doctor: catdog-edge ./doctor
"""


def main(argv: Sequence[str]) -> int:
    """Run `catdog-edge doctor`; returns the exit code.

    Raises:
        UsageError: an option is not valid.
        SourceError: the demo camera of a simulation does not start.
        CatdogError: the model of a simulation cannot be used.
    """
    arguments = _parser().parse_args(argv)
    options = DoctorOptions(arguments.model, arguments.camera, arguments.threads)
    if arguments.simulate is not None:
        return _simulate(arguments.simulate, options, as_json=arguments.json)
    findings = []
    for finding in examine(options):
        findings.append(finding)
        if not arguments.json:
            print("\n".join(finding_lines(finding, _terminal())), flush=True)
    print(findings_json(findings) if arguments.json else f"\n{summary_line(findings)}")
    return FOUND if worst(findings) is Verdict.PROBLEM else 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="catdog-edge doctor",
        description="Look at this machine, its packages, cameras, model and speed; say what is wrong, and what to do.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add(
        "--model",
        default="default",
        metavar="FILE",
        help="TFLite or ONNX file, or the name of a bundled model (default: %(default)s)",
    )
    add(
        "--camera",
        metavar="N",
        help="the camera that must be there, as for catdog-edge: number, path, picamera2 or demo (default: all there are)",
    )
    add("--threads", type=int, metavar="N", help="threads for one inference (default: try 1, 2, 4)")
    add("--json", action="store_true", help="one JSON object on stdout; of a simulation one a line")
    add(
        "--simulate",
        nargs="?",
        const=",".join(_FAULTS),
        metavar="FAULTS",
        help="let faults happen to the demo camera instead: any of %(const)s (default: all)",
    )
    return parser


def _simulate(text: str, options: DoctorOptions, *, as_json: bool) -> int:
    if options.camera not in (None, "demo"):
        raise UsageError("faults of the demo camera", got=f"--camera {options.camera}", fix="Leave --camera out.")
    wrong = [name for name in text.split(",") if name not in _FAULTS]
    if wrong:
        raise UsageError(
            f"faults to simulate of {', '.join(_FAULTS)}", got=", ".join(wrong) or "none", fix="Check the spelling."
        )
    from ...inference.classifier import Classifier
    from ...pictures.decode import silence_opencv
    from ...sources.faulty import Fault
    from .simulate import Outcome, simulate
    from .timeline import moment_line, outcome_lines, to_json

    silence_opencv()
    outcomes = []
    faults = [Fault(name) for name in text.split(",")]
    for item in simulate(faults, lambda threads: Classifier(options.model, threads=threads), options.threads or 1):
        if isinstance(item, Outcome):
            outcomes.append(item)
        if as_json:
            print(to_json(item), flush=True)
        elif not isinstance(item, Outcome):
            print(moment_line(item), flush=True)
    if not as_json:
        print("\n".join(["", *outcome_lines(outcomes)]))
    return 0 if all(outcome.is_good for outcome in outcomes) else FOUND


def _terminal() -> Terminal:
    is_terminal = sys.stdout.isatty()
    return Terminal(
        columns=min(shutil.get_terminal_size().columns, _WIDEST) if is_terminal else Terminal().columns,
        colour=is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",  # see no-color.org
        unicode="utf" in (sys.stdout.encoding or "").lower(),
    )
