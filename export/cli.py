"""`catdog-export`: from a trained model to files for the edge."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from catdog.edge.command import CommandParser, run_command
from catdog.edge.decode import silence_opencv
from catdog.edge.errors import missing_extra
from catdog.edge.files import check_folder
from catdog.edge.models import BUNDLED

from .options import FLOAT32, INT8, ONNX, ExportOptions

_EXAMPLES = """\
examples:
  catdog-export                                   int8 TFLite of the newest run, or of the bundled model
  catdog-export --int8 --onnx --float32           three files, compared with Keras before they are published
  catdog-export --model runs/real --calibration photos.zip --output exports/real

which file: int8 TFLite is the smallest and, with LiteRT, the fastest; float32 TFLite and ONNX are the references.
next: catdog-edge photo.jpg --model exports/<file>

exit codes: 0 done, 2 wrong option, 3 nothing there, 6 model, 7 missing package, 8 data, 9 not verified, 10 cannot write,
130 interrupted
"""


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
    formats = parser.add_argument_group("formats (default: --int8)")
    formats.add_argument(
        "--int8",
        dest="formats",
        action="append_const",
        const=INT8,
        help="full-integer TFLite, uint8 pixels in, float scores out",
    )
    formats.add_argument("--float32", dest="formats", action="append_const", const=FLOAT32, help="TFLite without quantization")
    formats.add_argument("--onnx", dest="formats", action="append_const", const=ONNX, help="ONNX, float32, opset 17")
    defaults = ExportOptions
    parser.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="a run's folder or model.keras, or the name of a bundled model (default: the newest run, else the bundled one)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=defaults.output,
        metavar="DIR",
        help="folder for the files (default: %(default)s)",
    )
    parser.add_argument(
        "--calibration",
        metavar="WHERE",
        help="folder or zip of photographs for the int8 ranges (default: the run's training pictures, else drawn ones)",
    )
    parser.add_argument(
        "--calibration-count",
        type=int,
        default=defaults.calibration_count,
        metavar="N",
        help="pictures to calibrate on (default: %(default)s)",
    )
    parser.add_argument(
        "--verify",
        metavar="WHERE",
        help="folder or zip to compare with Keras on (default: the run's validation pictures, else drawn ones)",
    )
    parser.add_argument(
        "--min-agreement",
        type=float,
        default=defaults.min_agreement,
        metavar="S",
        help="share of same answers below which nothing is published (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=defaults.seed, help="decides which pictures are picked (default: %(default)s)"
    )
    return parser


def _main(argv: Sequence[str]) -> int:
    arguments = build_parser().parse_args(argv)
    fields = vars(arguments)
    options = ExportOptions(**fields | {"formats": tuple(dict.fromkeys(arguments.formats or (INT8,)))})
    _require_packages(options)
    check_folder(options.output)
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()
    from .bundle import Artifact, export
    from .source import find_model, load_source

    path = find_model(options.model)
    _log(f"exporting {f'the bundled model {path}' if str(path) in BUNDLED else path}")
    artifacts = export(load_source(path), options, _log)

    def row(artifact: Artifact) -> tuple[str, ...]:
        proof = artifact.verification
        return (
            str(options.output / artifact.file),
            f"{len(artifact.data) / 1e6:.2f} MB",
            f"{proof.agreement.value:.2%}",
            f"{proof.largest_difference:.4f}",
            f"{proof.mean_difference:.5f}",
            "" if proof.accuracy is None else f"{proof.accuracy.value:.2%}",
            "" if proof.keras_accuracy is None else f"{proof.keras_accuracy.value:.2%}",
        )

    head = ("file", "size", "agreement", "largest difference", "mean difference", "accuracy", "Keras' accuracy")
    _print_table([head, *(row(artifact) for artifact in artifacts)])
    pictures = artifacts[0].verification.agreement
    print(f"compared with Keras on {pictures.data} (n = {pictures.n:,}); differences are of scores, 0 to 1")
    return 0


def _require_packages(options: ExportOptions) -> None:
    import importlib.util

    needed = ["tensorflow", "flatbuffers", *(["tf2onnx", "onnx", "onnxruntime"] if ONNX in options.formats else [])]
    for package in needed:
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package, "export")


def _log(line: str) -> None:
    print(f"catdog-export: {line}", file=sys.stderr)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
