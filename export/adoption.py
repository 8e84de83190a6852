"""`catdog-export adopt`: catdog's contract into a model file of somebody else, once labelled pictures have shown that it holds.

Not a byte of the model changes. May import what the edge has, and nothing of TensorFlow.
"""

import argparse
import datetime
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.command import CommandParser
from catdog.edge.common.files import printable, replacing
from catdog.edge.common.installation import own_version
from catdog.edge.contract.artifact import ONNX, TFLITE, ModelFile, append_to_archive, read_model_file
from catdog.edge.contract.golden import golden_input_sha256, golden_picture
from catdog.edge.contract.model_contract import Golden, ModelContract, is_model_name
from catdog.edge.contract.provenance import Adopted
from catdog.edge.contract.seal import add_onnx_property, seal_onnx
from catdog.edge.errors import CatdogError, DatasetError, ModelError, UsageError, VerificationError
from catdog.edge.foreign.arguments import add_claims, model_claims
from catdog.edge.foreign.claims import Claims
from catdog.edge.foreign.onnx import weight_files
from catdog.edge.inference.classifier import Classifier
from catdog.edge.pictures.decode import read_picture, silence_opencv
from catdog.train.data.finder import Found, find_labelled

from .holding import Answers, require_that_it_holds
from .verification import Truth, measure

_EXAMPLES = """\
examples:
  catdog-export adopt model_unquant.tflite --labels labels.txt --input-range -1..1 --data photos/
  catdog-export adopt yolo11n-cls.onnx --data photos.zip --output exports/yolo.onnx
  catdog-edge photo.jpg --model exports/model_unquant.tflite      afterwards nothing has to be said of it

photos/<label>/*.jpg, of at least two of its labels; of a data set with train/ and validation/ the latter. What the pictures
contradict is refused: labels in another order, another range. Needs the edge's packages only.
exit codes: 0 adopted, 2 wrong option, 3 nothing there, 6 model, 8 data, 9 what is said of it does not hold, 10 cannot write,
13 too few pictures to tell
"""
_FOLDER = Path("exports")


@dataclass(frozen=True)
class Adoption:
    """A file that was adopted.

    Attributes:
        path: where it is.
        contract: what it says now.
    """

    path: Path
    contract: ModelContract


def adopt_command(argv: Sequence[str]) -> int:
    """Run `catdog-export adopt`; returns the exit code."""
    arguments = _parser().parse_args(argv)
    silence_opencv()
    adopted = adopt(
        arguments.file, arguments.data, claims=model_claims(arguments), output=arguments.output, name=arguments.name
    )
    figures = adopted.contract.figures
    print(f"{adopted.path}: {', '.join(adopted.contract.labels[:20])}{', ...' if len(adopted.contract.labels) > 20 else ''}")
    print(f"accuracy: {figures[0]} of {figures[0].data}")
    for figure in figures[1:]:
        print(f"{figure.name}: {figure}")
    print(f"next: catdog-edge photo.jpg --model {adopted.path}")
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="catdog-export adopt",
        description="Write catdog's contract into a TFLite or ONNX file of somebody else, proven on labelled pictures.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .tflite or .onnx file; it is left as it is")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR|ARCHIVE", help="labelled photographs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the new file (default: exports/<name of FILE>)")
    parser.add_argument("--name", type=_name, metavar="NAME", help="what to call the model (default: as FILE)")
    add_claims(parser.add_argument_group("what FILE does not say itself"))
    return parser


def _name(text: str) -> str:
    if not is_model_name(text):
        raise argparse.ArgumentTypeError("printable characters without slashes")
    return text


def adopt(
    path: Path, data: Path, *, claims: Claims | None = None, output: Path | None = None, name: str | None = None
) -> Adoption:
    """Write a contract into a copy of a model file.

    Args:
        path: of the file.
        data: folder or archive of labelled photographs.
        claims: what the file does not say itself.
        output: the new file; None for one of the same name in `exports`.
        name: what to call the model; None for the file's name.

    Raises:
        UsageError: it has a contract already, or would be written over itself.
        ModelError: it cannot be used, or something is missing and named.
        DatasetError: there are no pictures of its labels.
        VerificationError: the pictures contradict what is said of it.
        UnprovenError: they are too few to tell.
        OutputError: the new file cannot be written.
    """
    output = output or _FOLDER / path.name
    file = _require_foreign(read_model_file(path), output)
    classifier = Classifier(path, claims=claims, threads=1)
    place = find_labelled(str(data), classifier.contract.labels)
    if place.left_out:
        print(f"catdog-export: left out: {', '.join(place.left_out)}", file=sys.stderr)
    found = answers_of(classifier, place.pictures, data.name)
    require_that_it_holds(classifier, claims or Claims(), found)
    contract = _described(classifier, file, claims or Claims(), found)
    if name is not None:
        contract = replace(contract, name=name)
    with replacing(output) as temporary:
        temporary.write_bytes(_written(file, contract))
        _require_same(Classifier(temporary, threads=1), classifier, found)
    return Adoption(output, contract)


def _require_foreign(file: ModelFile, output: Path) -> ModelFile:
    if file.sealed or file.kind not in (TFLITE, ONNX):
        got = "catdog's own" if file.sealed else f"a .{file.kind} file"
        raise UsageError("a .tflite or .onnx file without a contract", got=f"{file.path}, {got}", fix="Use it as it is.")
    if output.exists() and output.samefile(file.path):
        raise UsageError("another --output than the file itself", got=str(output), fix="Name another.")
    if output.suffix.lower() != file.path.suffix.lower():
        raise UsageError(f"an --output that ends in {file.path.suffix}", got=str(output), fix="Name another.")
    if file.kind == ONNX and (beside := weight_files(file.data)):
        one = f'python -c \'import onnx; onnx.save(onnx.load("{file.path}"), "one.onnx")\''
        raise ModelError(
            "a model that is one file", got=f"{file.path} with weights in {beside[0]}", fix=f"Save it as one: {one}"
        )
    return file


def answers_of(classifier: Classifier, photographs: Sequence[Found], data: str) -> Answers:
    """Classify labelled photographs; those that cannot be read are left out, and told of on stderr.

    Raises:
        DatasetError: none can be read.
    """
    rows, kept, pictures = [], [], []
    for photograph in photographs:
        try:
            picture = read_picture(photograph.path)
        except CatdogError as error:
            print(f"catdog-export: skipped: {error}", file=sys.stderr)
            continue
        rows.append(list(classifier.classify(picture).scores.values()))
        kept.append(photograph)
        pictures.append(partial(read_picture, photograph.path))
    if not kept:
        raise DatasetError("pictures that can be read", got=f"none in {data}", fix="Name another folder or archive.")
    labels = classifier.contract.labels
    targets = np.array([labels.index(photograph.label) for photograph in kept], np.int64)
    truth = Truth(f"{len(kept):,} pictures of {data}", tuple(printable(photograph.name) for photograph in kept), targets)
    return Answers(np.array(rows, np.float32), targets, truth, tuple(pictures))


def _described(classifier: Classifier, file: ModelFile, claims: Claims, found: Answers) -> ModelContract:
    contract = classifier.contract
    measured = measure(found.scores, found.truth, contract.labels)
    if measured is None:
        raise ValueError("Expected pictures with labels. Received: none")
    picture = golden_picture()
    scores = tuple(float(score) for score in classifier.classify(picture).scores.values())
    height, width = picture.shape[:2]
    adopted = Adopted(
        file.path.name if file.path.name.isprintable() else "model",
        hashlib.sha256(file.data).hexdigest(),
        datetime.datetime.now(datetime.UTC).date().isoformat(),
        " ".join(claims.given()),
    )
    return replace(
        contract,
        figures=(measured.accuracy, *measured.per_label),
        verified_on=found.truth.data,
        golden=Golden(golden_input_sha256(contract.input, picture), scores, width, height),
        made_by=f"catdog {own_version()}",
        adopted=adopted,
    )


def _written(file: ModelFile, contract: ModelContract) -> bytes:
    """Return the new file: all bytes of the model, then the contract and the seal."""
    if file.kind == ONNX:
        return seal_onnx(add_onnx_property(file.data, "catdog", contract.to_json()))
    return append_to_archive(file.data, contract)


def _require_same(adopted: Classifier, before: Classifier, found: Answers) -> None:
    """Open the new file as anybody will, and compare: what was proven is what was written."""
    scores: NDArray[np.float32] = np.array(
        [list(adopted.classify(read()).scores.values()) for read in found.pictures[:_COMPARED]], np.float32
    )
    if not np.array_equal(scores, found.scores[: len(scores)]):
        raise VerificationError(
            f"the file with its contract to answer as {before.model_path}", got="other scores", fix="Nothing was written."
        )


_COMPARED = 50  # pictures
