"""Makes a bundled model of a run: `python -m benchmarks.project.release --run runs/default --name default`.

For the maintainers of the package; `make bundled-models` trains the runs first. Writes, under `edge/models/`, the float16
weights, the int8 file that is exported from those same rounded weights, and the model card with what was measured on the
pictures that the run held back.

`--backbone FILE` writes the ImageNet weights that training begins with offline, from a Keras weights file.

`--remember default --data ZIP --negatives ZIP` puts exemplars of training pictures into a bundled file.

`--again default --data ZIP --negatives ZIP` exports a bundled model anew from its float16 weights, as after a change of what an
export does, and measures it on the same held-back pictures: nothing is learnt. `make bundled-again` does it for all.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from catdog.benchmarks.console import say
from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.common.files import write_bytes
from catdog.edge.errors import InputNotFoundError, UsageError, VerificationError
from catdog.edge.models import BUNDLED
from catdog.edge.pictures.decode import silence_opencv
from catdog.export.formats import FLOAT32, INT8
from catdog.export.options import ExportOptions
from catdog.train.logs import lines_to
from catdog.train.options import AT_END, DataOptions, TrainOptions
from catdog.train.pipelines import OURS, TRANSFER

if TYPE_CHECKING:
    from catdog.export.outcome import Artifact
    from catdog.train.model_file import TrainedModel

_CALIBRATION = 1000  # training pictures; a user waits less for 200, a release is made once
_REMEMBERED = 2000  # training pictures that exemplars are chosen from, of each label the same number
_LARGE, _LARGEST = 3_000_000, {"tiny": 300_000}  # bytes of a bundled int8 file
_CONTRACT, _WORTH_IT = 10_000, 50_000  # bytes: kept for what the file says of itself; fewer hold too few exemplars
NEGATIVES_SHARE = 0.3  # held back of the pictures of neither, as the Makefile's RECIPE says
_MODELS = Path(__file__).resolve().parents[2] / "edge" / "models"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("benchmarks.project.release", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m benchmarks.project.release", description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--run", type=Path, help="folder of the trained run")
    what.add_argument("--again", choices=BUNDLED, help="export this bundled model anew from its weights")
    what.add_argument("--remember", choices=BUNDLED, help="give this bundled model exemplars of its training pictures")
    what.add_argument("--backbone", type=Path, metavar="FILE", help="write the bundled backbone from a Keras weights file")
    average = "with --run: take the mean of its weights and those of a run that it went on from"
    parser.add_argument("--average", type=Path, metavar="RUN", help=average)
    parser.add_argument("--name", default="default", help="name of the bundled model (default: %(default)s)")
    parser.add_argument("--data", metavar="ZIP", help="with --again, --remember: what it was trained with")
    parser.add_argument("--negatives", metavar="ZIP", help="with --again, --remember: the pictures of neither")
    parser.add_argument("--output", type=Path, default=_MODELS, help="folder of the bundled models")
    arguments = parser.parse_args(argv)
    if (arguments.again or arguments.remember) and (
        missing := [name for name in ("data", "negatives") if getattr(arguments, name) is None]
    ):
        raise UsageError(f"--{missing[0]}", got="none", fix="Give it; see --help.")
    if arguments.average and not arguments.run:
        raise UsageError("--average beside --run", got="another way", fix="See --help.")
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()
    if arguments.backbone:
        _release_backbone(arguments.backbone, arguments.output)
    elif arguments.remember:
        remember(arguments.remember, arguments.data, arguments.negatives, arguments.output)
    elif arguments.again:
        release_again(arguments.again, arguments.data, arguments.negatives, arguments.output)
    else:
        release(arguments)
    return 0


def _release_backbone(file: Path, output: Path) -> None:
    from catdog.edge.models import bundled_backbone
    from catdog.train.backbone_weights import load_backbone_weights
    from catdog.train.model import build_model, transfer_parts
    from catdog.train.weights import save_weights

    parts = transfer_parts(build_model(TRANSFER, image_size=224, levels=False))
    load_backbone_weights(parts.backbone, str(file))
    save_weights(output / bundled_backbone().name, core=parts.backbone)


def release(arguments: argparse.Namespace) -> None:
    """Write weights, int8 file and card of one bundled model, all or none.

    Raises:
        UsageError: the run was not made in the way that the card tells of.
        VerificationError: the int8 file does not agree with Keras.
        CatdogError: the run or the data cannot be used.
    """
    from catdog.train.model_file import TrainedModel, read_model, rebuild
    from catdog.train.run import find_run
    from catdog.train.weights import save_weights

    from .card import write_card

    run = find_run(arguments.run)
    options, record = run.options, run.finished(TRANSFER)
    require_blind(options)
    if record is None or record.held_out is None:
        raise InputNotFoundError("a run that is finished", got=f"{arguments.run}, which is not", fix="Go on with it.")
    trained, averages = read_model(arguments.run), arguments.average is not None
    if averages:
        from .averaging import averaged

        trained, record = averaged(trained, record, options, arguments.average)
    # Marks of so many pictures would weigh more than a small model; the card tells where it comes from.
    contract = replace(trained.contract, name=arguments.name, learnt="", origin=None)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / f"{arguments.name}.weights.npz"
        save_weights(weights, core=trained.core)
        # What is exported is what is shipped: the weights as they come back from float16.
        source = TrainedModel(rebuild(contract, weights), contract, trained.data)
        int8, _ = artifacts = _convert(source)
        files = {
            weights.name: weights.read_bytes(),
            f"{arguments.name}.tflite": int8.data,
            f"{arguments.name}.md": write_card(source, artifacts, weights, options, record, averaged=averages).encode(),
        }
    for name, content in files.items():
        write_bytes(arguments.output / name, content)


def remember(name: str, data: str, negatives: str, output: Path) -> None:
    """Write the int8 file of a bundled model with exemplars, and in its card what it holds; the model in it stays as it is.

    Raises:
        CatdogError: the pictures cannot be read.
    """
    from catdog.edge.contract.artifact import read_model_file
    from catdog.edge.models import bundled_tflite

    from .card import with_file

    file = read_model_file(bundled_tflite(name))
    size = file.contract.input.height if file.contract else 0
    pictures = DataOptions(data=data, negatives=negatives, negatives_share=NEGATIVES_SHARE, image_size=size)
    content, card = _remembering(file.data, name, pictures), bundled_tflite(name).with_suffix(".md")
    write_bytes(output / f"{name}.tflite", content)
    write_bytes(output / f"{name}.md", with_file(card.read_text(encoding="utf-8"), name, content).encode())


def release_again(name: str, data: str, negatives: str, output: Path) -> None:
    """Write int8 file and card of a bundled model anew, from its float16 weights; provenance is kept, figures are measured.

    Raises:
        UsageError: these are not the pictures that were held back when it was trained.
        VerificationError: the int8 file does not agree with Keras.
        CatdogError: the data cannot be used.
    """
    from catdog.edge.contract.artifact import read_model_file
    from catdog.edge.models import bundled_tflite
    from catdog.train.model_file import load_bundled

    from .card import rewrite_card

    source, before = load_bundled(name), read_model_file(bundled_tflite(name)).contract
    size = source.contract.input.height
    pictures = DataOptions(data=data, negatives=negatives, negatives_share=NEGATIVES_SHARE, image_size=size)
    int8, _ = artifacts = _convert(replace(source, data=pictures))
    measured_on = int8.verification.agreement.data
    if before is None or measured_on != before.verified_on:
        raise UsageError(f"{before.verified_on if before else 'a contract'}", got=measured_on, fix="Name the same --data.")
    card = bundled_tflite(name).with_suffix(".md").read_text(encoding="utf-8")
    write_bytes(output / f"{name}.tflite", int8.data)
    write_bytes(output / f"{name}.md", rewrite_card(card, source, artifacts).encode())


def _convert(source: "TrainedModel") -> "tuple[Artifact, ...]":
    """Return the int8 and the float32 artifact of a model, both proven."""
    from catdog.export.bundle import convert

    if source.data is None:
        raise UsageError("a run whose training pictures are known", got="one without", fix="Give --data and --negatives.")
    exports = ExportOptions(formats=(INT8, FLOAT32), diagnose=False, calibration_count=_CALIBRATION)
    with lines_to(say):
        made = convert(source, exports)
    for artifact in made.artifacts:
        if artifact.objections:
            raise VerificationError(
                f"{artifact.file} to answer as Keras does", got="; ".join(artifact.objections), fix="Train it anew."
            )
    int8, *others = made.artifacts
    return (replace(int8, data=_remembering(int8.data, source.contract.name, source.data)), *others)


def _remembering(content: bytes, name: str, data: DataOptions) -> bytes:
    """Return an int8 file with exemplars of training pictures, for `catdog-edge teach` to go on from, where it has room.

    Raises:
        CatdogError: the pictures cannot be read.
    """
    from catdog.edge.contract.artifact import parse_model
    from catdog.edge.teach.exemplars import MOST_BYTES
    from catdog.edge.teach.remembering import with_exemplars
    from catdog.train.data.dataset import load_dataset
    from catdog.train.data.splits import balanced

    file = parse_model(content, Path(f"{name}.tflite"))
    room = min(MOST_BYTES, _LARGEST.get(name, _LARGE) - file.model_bytes - _CONTRACT)
    if room < _WORTH_IT:
        return content
    learnt = load_dataset(data)
    chosen = learnt.train[balanced(learnt.train.targets.tolist(), _REMEMBERED, 0)]
    labelled = zip(chosen.pixels, chosen.targets.tolist(), strict=True)
    bgr = ((np.ascontiguousarray(pixels[..., ::-1]), learnt.labels[target]) for pixels, target in labelled)
    return with_exemplars(file, bgr, most=room)


def require_blind(options: TrainOptions) -> None:
    """Hold a run to what its card will say: the temperature from training pictures, held-back pictures read once.

    Raises:
        UsageError: something else was done.
    """
    for wrong, expected, got in (
        (options.stage != TRANSFER, "the transfer stage", options.stage),
        (options.pipeline not in OURS, f"one of {', '.join(OURS)}", options.pipeline),
        (options.data.negatives is None, "a run with --negatives", "one without"),
        (options.validate != AT_END, f"a run with --validate {AT_END}", options.validate),
        (not options.held_out, "a run with --held-out, for the temperature", "one without"),
    ):
        if wrong:
            raise UsageError(expected, got=got, fix="Train it as make bundled-models does.")


if __name__ == "__main__":
    sys.exit(main())
