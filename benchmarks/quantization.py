"""Accuracy and size of a model by format, and of int8 by what its ranges are taken from.

Each format is converted and compared with Keras as catdog-export does it, and nothing is published. int8 is made anew for each
number of photographs, and once on drawn pictures.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from catdog.edge.common.command import CommandParser
from catdog.edge.errors import UsageError
from catdog.edge.pictures.decode import silence_opencv
from catdog.export.formats import FORMATS, INT8
from catdog.export.options import ExportOptions
from catdog.train.extras import require_packages
from catdog.train.logs import lines_to

from .console import print_table, say

if TYPE_CHECKING:
    from catdog.export.outcome import Artifact, Export
    from catdog.train.model_file import TrainedModel

_DRAWN = 200  # pictures


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench quantization", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, metavar="PATH", help="as in catdog-export (default: newest run, else bundled)")
    data_help = "photographs with train/ and validation/ (default: the run's; else drawn ones, and no accuracy)"
    parser.add_argument("--data", metavar="WHERE", help=data_help)
    parser.add_argument("--formats", default=",".join(FORMATS), metavar="F,F", help="default: %(default)s")
    parser.add_argument(
        "--counts", default="50,200", metavar="N,N", help="photographs to calibrate int8 on (default: %(default)s)"
    )
    arguments = parser.parse_args(argv)
    formats = tuple(name.strip() for name in arguments.formats.split(","))
    counts = _counts(arguments.counts)
    options = ExportOptions(
        formats=formats, model=arguments.model, verify=arguments.data, calibration=arguments.data, diagnose=False
    )
    require_packages("export", "tensorflow", "keras", "onnx", "tf2onnx")
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()
    from catdog.export.source import find_model
    from catdog.train.model_file import read_model

    source = read_model(find_model(options.model))
    with lines_to(say):
        rows, found = measured(source, options, counts)
    print_table(
        ("format", "ranges from", "size MB", "accuracy (95 % interval)", "Keras'", "same answers", "mean difference"),
        rows,
        f"{found.contract.name}, compared with Keras on {found.pictures.description}. Differences are of scores, 0 to 1.",
    )
    return 0


def measured(source: "TrainedModel", options: ExportOptions, counts: Sequence[int]) -> tuple[list[list[str]], "Export"]:
    """Convert to every format, and to int8 with each calibration; return the table's rows and one of the exports."""
    from catdog.export.bundle import convert

    drawn = replace(options, calibration=None, calibration_count=_DRAWN)
    found = convert(source, options if options.calibration else drawn)
    rows = [_row(artifact) for artifact in found.artifacts]
    rows += [[failure.kind.name, failure.reason, "–", "–", "–", "–", "–"] for failure in found.failures]  # noqa: RUF001
    if INT8 in options.formats:
        ways = [replace(options, calibration_count=count) for count in counts] if options.calibration else []
        done = options.calibration_count
        for way in (way for way in ways if way.calibration_count != done):
            rows += [_row(artifact) for artifact in convert(source, replace(way, formats=(INT8,))).artifacts]
        # What drawn pictures would have done is found beside every int8 that has photographs.
        for artifact in found.artifacts:
            if artifact.drawn is not None:
                rows.append(_row(replace(artifact, verification=artifact.drawn, calibration=None), f"{_DRAWN} drawn pictures"))
    return sorted(rows, key=lambda row: list(FORMATS).index(row[0])), found


def _row(artifact: "Artifact", ranges: str | None = None) -> list[str]:
    verification, calibration = artifact.verification, artifact.calibration
    ours, keras = verification.artifact, verification.reference
    return [
        artifact.kind.name,
        ranges or ("none needed" if calibration is None else calibration.description),
        f"{len(artifact.data) / 1e6:.2f}",
        f"{ours.accuracy.value:.2%} ({ours.accuracy.low:.1%} to {ours.accuracy.high:.1%})" if ours else "not known",
        f"{keras.accuracy.value:.2%}" if keras else "not known",
        f"{verification.agreement.value:.2%} of {verification.agreement.n:,}",
        f"{verification.mean_difference:.4f}",
    ]


def _counts(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError("--counts such as 50,200", got=text, fix="Example: --counts 50,200") from None
    for count in counts:
        ExportOptions(calibration_count=count)
    return counts
