"""`catdog-export verify` and `catdog-export info`: what a file says of itself, and whether that is so, on any machine.

May import what the edge has, and nothing of TensorFlow.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from catdog.edge.common.command import CommandParser
from catdog.edge.common.files import printable
from catdog.edge.contract.golden import (
    LARGEST_DIFFERENCE,
    golden_difference,
    golden_input_sha256,
    golden_picture,
    other_pixels_fix,
)
from catdog.edge.contract.learnt import Learnt
from catdog.edge.contract.model_contract import LOGITS
from catdog.edge.errors import CatdogError, DatasetError, UnprovenError, UsageError, VerificationError
from catdog.edge.inference.classifier import Classifier
from catdog.edge.pictures.decode import read_picture, silence_opencv
from catdog.train.data.finder import Found, find_labelled

from .verification import UNPROVEN, Measured, Truth, Verification, compare, doubts, measure, objections, verdict

_VERIFY_EXAMPLES = """\
examples:
  catdog-export verify exports/transfer-224-int8.tflite --data photos/
  catdog-export verify int8.tflite --data photos.zip --reference float32.tflite --max-drop 0.3

photos/<label>/*.jpg; of a data set with train/ and validation/ the latter. Needs the edge's packages only.
exit codes: 0 proven, 3 nothing there, 6 damaged model, 8 data, 9 not as it says of itself, 13 too few pictures to tell, or
all of them learnt from
"""
_INFO_EXAMPLES = """\
examples:
  catdog-export info exports/transfer-224-int8.tflite
  catdog-export info default --json | jq .labels
"""


@dataclass(frozen=True)
class Golden:
    """What the golden picture gives here."""

    # whether it becomes the same pixels as where the file was exported; None where the file does not say
    same_input: bool | None
    largest_difference: float | None  # of a score from those that the file names, 0-1; None where it names none
    deterministic: bool  # whether a second call gave the same bits


def verify_command(argv: Sequence[str]) -> int:
    """Run `catdog-export verify`; returns the exit code."""
    arguments = _verify_parser().parse_args(argv)
    if arguments.max_drop is not None and arguments.reference is None:
        raise UsageError("--reference with --max-drop", got="none", fix="Name the file to compare with.")
    max_drop = 0.5 if arguments.max_drop is None else arguments.max_drop
    if not 0 <= max_drop <= 100:
        raise UsageError("a --max-drop of 0 to 100 points", got=str(arguments.max_drop), fix="Example: --max-drop 0.5")
    silence_opencv()
    model = Classifier(arguments.file, threads=arguments.threads)
    reference = Classifier(arguments.reference, threads=arguments.threads) if arguments.reference else None
    if reference is not None and reference.contract.labels != model.contract.labels:
        raise UsageError(
            f"a --reference with the labels {', '.join(model.contract.labels)}",
            got=", ".join(reference.contract.labels),
            fix="Name the file that it was made beside.",
        )
    golden = _golden(model)
    place = find_labelled(arguments.data, model.contract.labels)
    if place.left_out:
        print(f"catdog-export: left out: {', '.join(place.left_out)}", file=sys.stderr)
    judged = _judge(model, reference, place.pictures)
    verification, measured = _compare(model, reference, judged, Path(arguments.data).name, same=golden.deterministic)
    against = _against(golden, model.contract.input.dtype) + (objections(verification, max_drop) if verification else [])
    if arguments.json:
        found: dict[str, object] = {"file": str(model.model_path), "runtime": model.backend_name, "golden": asdict(golden)}
        found |= {"measured": asdict(measured), "skipped": judged.skipped}
        found |= {"learnt": judged.learnt, "all_learnt": judged.all_learnt}
        found |= {"verification": asdict(verification) if verification else None, "objections": against}
        found |= {
            "verdict": verdict(verification, against) if verification else None,
            "doubts": doubts(verification) if verification else [],
        }
        print(json.dumps(found, ensure_ascii=False))
    else:
        for line in _lines(model, golden, measured, verification):
            print(line)
        for line in doubts(verification) if verification else ():
            print(line)
        if judged.skipped:
            print(f"skipped: {judged.skipped:,} pictures that cannot be read")
        if judged.learnt:
            print(_learnt_said(judged))
    _require_proven(model, golden, judged, verification, against)
    return 0


def _verify_parser() -> CommandParser:
    parser = CommandParser(
        prog="catdog-export verify", description="Prove a model file on this machine.", epilog=_VERIFY_EXAMPLES
    )
    parser.add_argument("file", metavar="FILE", help="a .tflite or .onnx file, or the name of a bundled model")
    parser.add_argument("--data", required=True, metavar="DIR|ARCHIVE", help="labelled photographs")
    parser.add_argument("--reference", metavar="FILE", help="a second model file to compare with, such as the float32 one")
    parser.add_argument(
        "--max-drop", type=float, metavar="POINTS", help="accuracy it may lose against the reference (default: 0.5)"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads for one picture (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return parser


def _require_proven(
    model: Classifier, golden: Golden, judged: "_Judged", verification: Verification | None, against: Sequence[str]
) -> None:
    """Make an error of what speaks against a file, and of pictures that cannot tell."""
    if against:
        raise VerificationError(
            f"{model.model_path} to be what it says",
            got="; ".join(against),
            fix=other_pixels_fix(model.contract.input)
            if golden.same_input is False
            else "Compare the versions of the runtime with that where it was exported, or export it again.",
        )
    if judged.all_learnt:
        raise UnprovenError(
            "pictures not learnt from", got=f"{judged.learnt:,}, all of them learnt from", fix="Name others with --data."
        )
    if verification and verdict(verification, against) == UNPROVEN:
        raise UnprovenError(
            "pictures enough to tell",
            got=f"{verification.agreement.n:,}, all of whose answers pass",
            fix="Name more with --data.",
        )


def info_command(argv: Sequence[str]) -> int:
    """Run `catdog-export info`; returns the exit code."""
    parser = CommandParser(prog="catdog-export info", description="Print a model file's contract.", epilog=_INFO_EXAMPLES)
    parser.add_argument("file", metavar="FILE", help="a .tflite or .onnx file, or the name of a bundled model")
    parser.add_argument("--json", action="store_true", help="the contract as it is in the file")
    arguments = parser.parse_args(argv)
    model = Classifier(arguments.file, threads=1)
    contract = model.contract
    if arguments.json:
        print(contract.to_json())
        return 0
    learnt, adopted = Learnt.parse(contract.learnt, contract.input), contract.adopted
    rows = [
        ("model", contract.name),
        ("file", f"{model.model_path}, {model.model_path.stat().st_size / 1e6:.2f} MB, whole"),
        ("labels", ", ".join(contract.labels)),
        ("input", str(contract.input)),
        ("output", f"{len(contract.labels)} scores" + (", from logits" if contract.scores == LOGITS else "")),
        ("trained on", contract.trained_on or "not said"),
        ("comes from", str(adopted or contract.origin or "not said")),
        *([("taught", str(contract.taught))] if contract.taught else []),
        ("verified on", contract.verified_on or "not said"),
        ("learnt from", f"{len(learnt):,} pictures, which verify and bench leave out" if learnt else "pictures it cannot tell"),
        *((figure.name, str(figure)) for figure in contract.figures),
        ("made by", contract.made_by or "not said"),
        ("runs in", model.backend_name),
    ]
    width = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        print(f"{name:<{width}}{value}")
    return 0


def _golden(model: Classifier) -> Golden:
    said = model.contract.golden
    picture = golden_picture(said.width, said.height) if said else golden_picture()
    first, second = (list(model.classify(picture).scores.values()) for _ in range(2))
    if said is None:
        return Golden(None, None, first == second)
    same = golden_input_sha256(model.contract.input, picture) == said.input_sha256
    return Golden(same, golden_difference(first, said), first == second)


def _against(golden: Golden, dtype: str) -> list[str]:
    found = []
    if golden.same_input is False:
        found.append("pictures become other pixels here than where it was exported")
    largest = golden.largest_difference
    if largest is not None and not largest <= LARGEST_DIFFERENCE[dtype]:  # so that no number is no pass, either
        found.append(f"scores of the golden picture are off by {largest:.3f}")
    if not golden.deterministic:
        found.append("two calls with the same picture gave different scores")
    return found


@dataclass(frozen=True)
class _Judged:
    """What was made of photographs."""

    scores: list[list[float]]  # of the model, a row each
    others: list[list[float]]  # of the reference; empty without one
    photographs: list[Found]  # those that are measured on
    skipped: int  # how many could not be read
    learnt: int  # how many the model has learnt from
    all_learnt: bool  # whether there are no others; else those are left out


def _judge(model: Classifier, reference: Classifier | None, photographs: Sequence[Found]) -> _Judged:
    learnt = Learnt.parse(model.contract.learnt, model.contract.input)
    rows: dict[bool, list[tuple[Found, list[float], list[float]]]] = {True: [], False: []}
    for photograph in _with_progress(photographs):
        try:
            picture = read_picture(photograph.path)
        except CatdogError as error:
            print(f"catdog-export: skipped: {error}", file=sys.stderr)
            continue
        scores = list(model.classify(picture).scores.values())
        others = [] if reference is None else list(reference.classify(picture).scores.values())
        rows[picture in learnt].append((photograph, scores, others))
    kept = rows[False] or rows[True]
    return _Judged(
        [scores for _, scores, _ in kept],
        [others for _, _, others in kept if reference is not None],
        [photograph for photograph, _, _ in kept],
        skipped=len(photographs) - len(rows[False]) - len(rows[True]),
        learnt=len(rows[True]),
        all_learnt=bool(rows[True]) and not rows[False],
    )


def _compare(
    model: Classifier, reference: Classifier | None, judged: _Judged, data: str, *, same: bool
) -> tuple[Verification | None, Measured]:
    labels, names = model.contract.labels, tuple(printable(photograph.name) for photograph in judged.photographs)
    if not names:
        raise DatasetError("pictures that can be read", got=f"none in {data}", fix="Name another folder or archive.")
    targets = [labels.index(photograph.label) for photograph in judged.photographs]
    learnt = ", all learnt from" if judged.all_learnt else ""
    truth = Truth(f"{len(names):,} pictures of {data}{learnt}", names, np.array(targets, np.int64))
    rows = np.array(judged.scores, np.float32)
    measured = measure(rows, truth, labels)
    if measured is None:
        raise ValueError("Expected pictures with labels. Received: none")
    others = np.array(judged.others, np.float32)
    return None if reference is None else compare(rows, others, truth, labels, deterministic=same), measured


def _learnt_said(judged: _Judged) -> str:
    if judged.all_learnt:
        return (
            f"learnt from: all {judged.learnt:,} pictures, so that the accuracy says nothing of others; name others with --data"
        )
    return f"learnt from, and left out: {judged.learnt:,} of {judged.learnt + len(judged.photographs):,} pictures"


def _with_progress(photographs: Sequence[Found]) -> Iterable[Found]:
    try:
        from catdog.edge.common.progress import progress_bar
    except ModuleNotFoundError:  # the edge does without
        return photographs
    bar: Iterable[Found] = progress_bar(photographs, title="verifying", unit=" pictures")
    return bar


def _lines(model: Classifier, golden: Golden, measured: Measured, verification: Verification | None) -> list[str]:
    lines = [f"{model.model_path}: whole, loaded by {model.backend_name}"]
    if golden.same_input is not None:
        lines.append(
            f"golden picture: {'the same' if golden.same_input else 'OTHER'} pixels as where it was exported, "
            f"scores within {golden.largest_difference:.4f}"
        )
    lines.append(f"accuracy: {measured.accuracy} of {measured.accuracy.data}")
    lines += [f"{figure.name}: {figure}" for figure in measured.per_label]
    said = next((figure for figure in model.contract.figures if figure.name == "accuracy"), None)
    lines.append("the file says: " + (f"{said} of {said.data}" if said else "nothing of its accuracy"))
    if said is not None and measured.accuracy.high < said.low:
        lines.append("that is less than the file says: these pictures are harder, or something is wrong here")
    if verification is not None and verification.drop is not None:
        drop = verification.drop
        lines.append(
            f"against the reference: {100 * drop.value:+.2f} points lost (95 % interval {100 * drop.low:+.2f} to "
            f"{100 * drop.high:+.2f}; {drop.lost} pictures lost, {drop.gained} gained, p = {drop.p:.2g})"
        )
        lines.append(
            f"same answers: {verification.agreement}; largest difference of a score {verification.largest_difference:.4f}"
        )
    return lines


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"verify": verify_command, "info": info_command}
