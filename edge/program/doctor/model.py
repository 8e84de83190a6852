"""The model: whether it is whole, what it says of itself, what computes it, and whether it computes what it should."""

import hashlib
import os

from ...common.installation import pip
from ...contract.artifact import ModelFile, read_model_file
from ...contract.golden import LARGEST_DIFFERENCE, golden_difference, golden_input_sha256, golden_picture, other_pixels_fix
from ...errors import CatdogError, MissingExtraError
from ...inference.classifier import Classifier
from .findings import Finding, Value, Verdict, from_error

_SLOW_DELEGATION = 0.5  # share of a model's operations below which a delegate is of little use
_SHOWN_DIGITS = 12


def check_model(name: str, threads: int) -> tuple[list[Finding], bool]:
    """Look at everything here.

    Args:
        name: of a bundled model, or path of a file, as it was typed.
        threads: of one inference.

    Returns:
        What was found, and whether the model can be used.
    """
    try:
        classifier = Classifier(name, threads=threads)
        file = read_model_file(classifier.model_path)
    except MissingExtraError as error:
        return [from_error("runtime", error)], False
    except ImportError as error:
        fix = pip("install --force-reinstall ai-edge-litert")
        return [Finding("runtime", Verdict.PROBLEM, f"does not load: {error}", fix)], False
    except CatdogError as error:
        return [from_error("model", error)], False
    return [contract(classifier, name, file), seal(file), delegate(classifier), golden(classifier)], True


def contract(classifier: Classifier, name: str, file: ModelFile) -> Finding:
    """Say what the model is."""
    said = classifier.contract
    size = f"{said.input.width} x {said.input.height} px {said.input.dtype}"
    found = f"{name}: {', '.join(said.labels)}; {size}, {len(file.data) / 1e6:.2f} MB"
    values: dict[str, Value] = {
        "file": os.fspath(name),
        "name": said.name,
        "labels": list(said.labels),
        "bytes": len(file.data),
    }
    values |= {"width": said.input.width, "height": said.input.height, "dtype": said.input.dtype, "made_by": said.made_by}
    return Finding("model", Verdict.OK, found, values=values)


def seal(file: ModelFile) -> Finding:
    """Say whether the file proves that it is whole; one that is not was refused before."""
    digest = hashlib.sha256(file.data).hexdigest()
    values: dict[str, Value] = {"sha256": digest, "sealed": file.sealed}
    if not file.sealed:
        return Finding("seal", Verdict.UNKNOWN, f"none; SHA-256 {digest[:_SHOWN_DIGITS]}...", values=values)
    return Finding("seal", Verdict.OK, f"whole; SHA-256 {digest[:_SHOWN_DIGITS]}...", values=values)


def delegate(classifier: Classifier) -> Finding:
    """Say what computes."""
    used = classifier.delegation
    found = f"{classifier.backend_name}, {used}"
    values = {"runtime": classifier.backend_name, "name": used.name, "taken": used.taken, "operations": used.operations}
    if used.name == "unknown":
        return Finding("delegate", Verdict.UNKNOWN, found, values=values)
    if used.taken is not None and used.operations and used.taken < _SLOW_DELEGATION * used.operations:
        fix = "Export it as --int8 or --float32, and use ai-edge-litert: what no delegate takes is many times slower."
        return Finding("delegate", Verdict.WARNING, found, fix, values)
    return Finding("delegate", Verdict.OK, found, values=values)


def golden(classifier: Classifier) -> Finding:
    """Compute the golden picture, and compare with what the exporter got."""
    said = classifier.contract.golden
    if said is None:
        return Finding("answers", Verdict.UNKNOWN, "the model does not say what it should answer")
    spec, picture = classifier.contract.input, golden_picture(said.width, said.height)
    try:
        scores = list(classifier.classify(picture).scores.values())
    except CatdogError as error:
        return from_error("answers", error)
    off = golden_difference(scores, said)
    values = {"largest_difference": off}
    if golden_input_sha256(spec, picture) != said.input_sha256:
        found = f"pictures become other pixels than where it was exported (scores of the test picture differ by {off:.3f})"
        return Finding("answers", Verdict.WARNING, found, other_pixels_fix(spec), values)
    fix = pip("install --force-reinstall numpy opencv-python-headless ai-edge-litert")
    if not off <= LARGEST_DIFFERENCE[spec.dtype]:  # so that no number is no pass, either
        return Finding("answers", Verdict.PROBLEM, f"scores of the test picture are off by {off:.3f}", fix, values)
    found = f"as where it was exported (scores of the test picture differ by {off:.3f})"
    return Finding("answers", Verdict.OK, found, values=values)
