"""`catdog-export`: from a trained model to files for the edge."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.common.files import check_folder
from catdog.edge.common.installation import missing_extra, pip
from catdog.edge.common.plugins import Choices
from catdog.edge.errors import MissingExtraError
from catdog.edge.foreign.arguments import CLAIMS, add_claims, model_claims
from catdog.edge.models import BUNDLED
from catdog.edge.pictures.decode import silence_opencv
from catdog.train.logs import lines_to

from .formats import FORMATS, INT8, REGISTRY
from .keras_file import is_own, require_only_layers
from .options import ExportOptions
from .publish import REPORT_FILE

if TYPE_CHECKING:
    from .outcome import Artifact

_EXAMPLES = f"""\
examples:
  catdog-export                                   int8 TFLite of the newest run, or of the bundled model
  catdog-export --all --verify photos.zip         every format, compared with Keras before it is published
  catdog-export --model runs/real --calibration photos.zip --output exports/real
  catdog-export --model own.keras --labels cats,dogs --input-range -1..1 --verify photos/    a model of yours
  catdog-export verify FILE --data photos/        prove a file again, on any machine
  catdog-export info FILE                         what a file says of itself
  catdog-export adopt FILE --data photos/         catdog's contract into a TFLite or ONNX file of somebody else
  catdog-export keygen                            keys for catdog-export sign FILE --key KEY: who has made a file

which file:
{chr(10).join(f"  {each.name:<11}{each.purpose}" for each in FORMATS.values())}
(how fast: measured on x86-64; not measured on a board)
next: catdog-edge photo.jpg --model exports/<file>

exit codes: 0 done, 2 wrong option, 3 nothing there, 6 model, 7 missing package, 8 data, 9 not verified, 10 cannot write,
14 broken plugin, 15 signing key, 130 interrupted
"""

_MODEL_HELP = (
    "a run's folder or model.keras, the name of a bundled model, or another .keras file with --labels, --input-range and "
    "--verify (default: the newest run, else the bundled one)"
)
_CALIBRATION_HELP = "photographs for the int8 ranges: folder or archive (default: the run's training ones, else drawn ones)"
_COUNT_HELP = "pictures to calibrate on (default: %(default)s)"
_VERIFY_HELP = "folder or archive to compare with Keras on (default: the run's held-back pictures, else drawn ones)"
_FORMAT_HELP = "one of these by name, or that of another package (catdog-edge doctor lists them); may be given often"
_DROP_HELP = "accuracy that a file may lose against Keras to be published (default: %(default)s)"
_DIAGNOSIS_HELP = "where int8 is refused, do not look for the layer at fault and a remedy"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-export", _main, argv)


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog="catdog-export",
        description="Export a trained model to TFLite and ONNX, proven against Keras first.",
        epilog=_EXAMPLES,
    )
    _add_formats(parser.add_argument_group("formats (default: --int8)"))
    add, defaults = parser.add_argument, ExportOptions
    add("--model", type=Path, metavar="PATH", help=_MODEL_HELP)
    add("--name", metavar="NAME", help="what to call the files (default: the name that the model was trained under)")
    add("--output", type=Path, default=defaults.output, metavar="DIR", help="folder for the files (default: %(default)s)")
    add("--no-neither", dest="neither", action="store_false", help="leave the score neither (no pet in view) out")
    _add_proof_options(parser.add_argument_group("calibration and verification"))
    add_claims(parser.add_argument_group("a Keras model that catdog did not train: what its file does not say"))
    return parser


def _add_formats(group: argparse._ArgumentGroup) -> None:
    for each in FORMATS.values():
        purpose = each.purpose.replace("%", "%%")
        group.add_argument(f"--{each.name}", dest="formats", action="append_const", const=each.name, help=purpose)
    group.add_argument("--all", dest="formats", action="store_const", const=list(FORMATS), help="all of them")
    group.add_argument(
        "--format", dest="formats", action="append", choices=Choices(REGISTRY), metavar="NAME", help=_FORMAT_HELP
    )


def _add_proof_options(group: argparse._ArgumentGroup) -> None:
    add, defaults = group.add_argument, ExportOptions
    add("--calibration", metavar="WHERE", help=_CALIBRATION_HELP)
    add("--calibration-count", type=int, default=defaults.calibration_count, metavar="N", help=_COUNT_HELP)
    add("--verify", metavar="WHERE", help=_VERIFY_HELP)
    add("--max-drop", type=float, default=defaults.max_drop, metavar="POINTS", help=_DROP_HELP)
    add("--no-diagnosis", dest="diagnose", action="store_false", help=_DIAGNOSIS_HELP)
    add("--seed", type=int, default=defaults.seed, help="decides which pictures are picked (default: %(default)s)")


def _main(argv: Sequence[str]) -> int:
    if argv and argv[0] == "adopt":
        from .adoption import adopt_command

        return adopt_command(argv[1:])
    if argv and argv[0] in ("keygen", "sign"):
        from . import signing

        return signing.COMMANDS[argv[0]](argv[1:])
    if argv and argv[0] in ("verify", "info"):
        from .inspection import COMMANDS

        return COMMANDS[argv[0]](argv[1:])
    arguments = build_parser().parse_args(argv)
    fields = {name: value for name, value in vars(arguments).items() if name not in CLAIMS}
    fields["claims"] = model_claims(arguments)
    options = ExportOptions(**fields | {"formats": tuple(dict.fromkeys(arguments.formats or (INT8,)))})
    _require_packages(options)
    check_folder(options.output)
    if options.model is not None and is_own(options.model):
        require_only_layers(options.model)  # before anything of Keras is there
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()
    from .bundle import export, require_all_published
    from .source import find_model, read_source

    path = find_model(options.model)
    _log(f"exporting {f'the bundled model {path}' if str(path) in BUNDLED else path}")
    with lines_to(_log):
        source, check = read_source(path, options)
        found = export(source, options, check)
    _print_table([_HEAD, *(_row(artifact, options.output) for artifact in found.artifacts)])
    print(
        f"compared with Keras on {found.pictures.description}; drop in points, with its 95 % interval; differences are of "
        "scores, 0 to 1"
    )
    for line, files in _doubts(found.artifacts).items():
        _log(f"{', '.join(files)}: {line}")
    print(f"report: {options.output / REPORT_FILE}")
    require_all_published(found, options.output)
    return 0


_HEAD = ("file", "size", "accuracy", "Keras'", "drop", "same answers", "largest difference", "verdict")


def _row(artifact: "Artifact", folder: Path) -> tuple[str, ...]:
    verification = artifact.verification
    ours, keras, drop = verification.artifact, verification.reference, verification.drop
    return (
        str(folder / artifact.file),
        f"{len(artifact.data) / 1e6:.2f} MB",
        f"{ours.accuracy.value:.2%}" if ours else "",
        f"{keras.accuracy.value:.2%}" if keras else "",
        f"{100 * drop.value:+.2f} ({100 * drop.low:+.2f} to {100 * drop.high:+.2f})" if drop else "",
        f"{verification.agreement.value:.2%}",
        f"{verification.largest_difference:.4f}",
        artifact.verdict,
    )


def _doubts(artifacts: "Sequence[Artifact]") -> dict[str, list[str]]:
    """Return what is to be known besides, and of which files."""
    found: dict[str, list[str]] = {}
    for artifact in artifacts:
        for line in artifact.doubts:
            found.setdefault(line, []).append(artifact.file)
    return found


def _require_packages(options: ExportOptions) -> None:
    import importlib.util

    own = [package for name in options.formats if name in FORMATS for package in FORMATS[name].packages]
    for package in ("tensorflow", "flatbuffers", "jinja2", *own):
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package, "export")
    for name in options.formats:
        for package in () if name in FORMATS else REGISTRY.find(name).packages:
            if importlib.util.find_spec(package.partition(".")[0]) is None:
                fix = f"Run: {pip(f'install {package}')}"
                raise MissingExtraError(
                    f"the package {package}, for the format {name}", got="an environment without it", fix=fix
                )


def _log(line: str) -> None:
    print(f"catdog-export: {line}", file=sys.stderr)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
