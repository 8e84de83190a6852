"""`catdog-edge teach`: new labels for a model, learnt from class folders on this machine."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...common.command import CommandParser
from ...common.cores import usable_cores
from ...common.installation import pip
from ...errors import MissingExtraError

if TYPE_CHECKING:
    from ...teach.teaching import Outcome

_EXAMPLES = """\
examples:
  catdog-edge teach --data pictures --output garden.tflite
                                      pictures/robin/*.jpg: a label robin, beside those that the model has
  catdog-edge teach --data pictures --model fast --output garden.tflite --json
  catdog-edge teach --data more --model garden.tflite --output garden-2.tflite
                                      go on from there; a folder called like a label gives it more pictures
  catdog-edge --camera 0 --model garden.tflite
                                      use it; to go back, name the file before

20 to 50 pictures of a label do for a start, taken by the camera that will watch. Pictures of nothing go into a folder neither.
About a third is held back: FILE is written when these show that the new labels are found and the old ones hold. A report,
FILE with .teach.json for .tflite, lists every picture whose answer has changed; a page, .look.html, shows pictures that are
likely under a wrong label, or under two.

exit codes: 0 written, 2 wrong option, 3 no such folder or model, 6 the model cannot be taught, 7 a package is missing, 8 no
class folders, 9 the result is worse or two labels look alike, 10 cannot write, 13 too few pictures to tell
A file called teach: catdog-edge ./teach
"""


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code.

    Raises:
        CatdogError: nothing was written, and why.
    """
    arguments = _parser().parse_args(argv)
    try:
        from ...teach.teaching import TeachOptions, teach
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("ai_edge_litert", "flatbuffers", "tqdm"):
            raise
        raise MissingExtraError(
            "ai-edge-litert, which brings what changes a TFLite file",
            got=f"an environment without {error.name}",
            fix=f"Run: {pip('install ai-edge-litert')}",
        ) from error
    outcome = teach(
        TeachOptions(
            arguments.data,
            arguments.output,
            arguments.model,
            arguments.max_drop,
            arguments.allow_unproven,
            arguments.threads,
        ),
        _tell,
    )
    _print(outcome, arguments)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        "catdog-edge teach",
        "Teach a model new labels on this machine: fit its last layer, prove it, write a new file.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="class folders: DIR/label/*.jpg")
    add("--model", default="default", metavar="FILE|NAME", help="a bundled model or an int8 .tflite (default: %(default)s)")
    add("--output", type=Path, required=True, metavar="FILE", help="the .tflite to write; the model itself stays as it is")
    add(
        "--max-drop",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="what known labels may lose (default: %(default)s)",
    )
    add(
        "--allow-unproven",
        action="store_true",
        help="write it though too few pictures prove it, if none speaks against it",
    )
    add("--threads", type=int, default=min(4, usable_cores()), metavar="N", help="for one picture (default: %(default)s)")
    add("--json", action="store_true", help="one JSON object instead of lines")
    return parser


def _tell(line: str) -> None:
    print(f"catdog-edge teach: {line}", file=sys.stderr, flush=True)


def _print(outcome: "Outcome", arguments: Namespace) -> None:
    from ...teach.report import look_path, summary
    from ...teach.suspects import counted

    if arguments.json:
        fields = {"output": str(outcome.output), "bytes": outcome.size, "report": str(outcome.report)}
        print(json.dumps(fields | summary(outcome.contract, outcome.learnt, outcome.findings), ensure_ascii=False))
        return
    findings = outcome.findings
    print(f"{outcome.output}: {', '.join(outcome.contract.labels)}; {outcome.size / 1e6:.2f} MB")
    for figure in findings.per_label:
        print(f"  {figure.name}: {figure}")
    if findings.drop is not None:
        drop = findings.drop
        print(
            f"  labels that were there: {100 * drop.value:+.2f} points lost (95 % interval {100 * drop.low:+.1f} to "
            f"{100 * drop.high:+.1f}, n = {drop.n:,})"
        )
    for line in findings.doubts:
        print(f"  unproven: {line}")
    print(f"  {len(findings.flips):,} answers change: {outcome.report}")
    if outcome.suspects:
        print(f"  worth a look: {counted(outcome.suspects)}: {look_path(outcome.output)}")
    print(f"next: catdog-edge photo.jpg --model {outcome.output}; to go back, --model {arguments.model}")
