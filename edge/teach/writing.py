"""The taught file: model, contract, TFLite's metadata, exemplars and seal, and what it gives for the golden picture."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..backends.litert import LiteRTBackend
from ..common.installation import own_version
from ..common.quiet import native_output_dropped
from ..contract.artifact import TFLITE, ModelFile, append_to_tflite
from ..contract.golden import HEIGHT, WIDTH, golden_input_sha256, golden_picture
from ..contract.learnt import united
from ..contract.model_contract import Golden, ModelContract, is_model_name
from ..contract.preprocess import Preprocessor
from ..contract.provenance import Taught
from ..tflite.metadata import add_metadata
from . import exemplars
from .gallery import Seen
from .gate import Findings


def loaded(content: bytes, path: Path, threads: int) -> LiteRTBackend:
    """Load a bare flatbuffer."""
    return LiteRTBackend(ModelFile(path, TFLITE, content, len(content), None, False), threads=threads)


def rows(content: bytes, features: NDArray[np.int8]) -> NDArray[np.float32]:
    """Give int8 features to the end of a model, as `cut.from_features` returns it; float32 ``[n, classes]``."""
    with native_output_dropped():
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    found = []
    for row in features:
        interpreter.set_tensor(taken, row[np.newaxis])
        interpreter.invoke()
        found.append(interpreter.get_tensor(given)[0])
    return np.array(found, np.float32)


def described(
    parent: ModelFile,
    contract: ModelContract,
    labels: Sequence[str],
    seen: Seen,
    learnt: Sequence[int],
    findings: Findings,
    name: str,
) -> ModelContract:
    """Return the contract of the taught file, but for what it gives for the golden picture.

    Args:
        parent: the file that it was.
        contract: what that says.
        labels: the new file's.
        seen: the pictures.
        learnt: which of them it was fitted to.
        findings: what the others say.
        name: of the new file.
    """
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    taught = tuple(sorted({photo.label for photo in seen.photos}))
    counts = ", ".join(f"{sum(seen.photos[place].label == label for place in learnt):,} of {label}" for label in taught)
    return replace(
        contract,
        name=name if is_model_name(name) else contract.name,
        labels=tuple(labels),
        trained_on=f"{contract.trained_on}; then, last layer alone, {counts}".removeprefix("; then, "),
        verified_on=f"{findings.accuracy.n:,} examples held back when it was taught",
        figures=(findings.accuracy, *findings.per_label),
        made_by=f"catdog {own_version()}",
        learnt=united(contract.learnt, *(seen.marks[place] for place in learnt)),
        taught=Taught(
            contract.name,
            hashlib.sha256(parent.data).hexdigest(),
            today,
            taught,
            len(learnt),
            len(seen.photos) - len(learnt),
            1 + (contract.taught.times if contract.taught else 0),
        ),
    )


def finished(content: bytes, contract: ModelContract, remembered: bytes, threads: int) -> bytes:
    """Return the bytes of the file.

    Args:
        content: the flatbuffer with its new last layer.
        contract: of the file; the golden picture's scores are added here.
        remembered: what `exemplars.pack` gave.
        threads: for the golden picture.
    """
    described = add_metadata(content, contract)
    picture = golden_picture(WIDTH, HEIGHT)
    scores = loaded(described, Path(contract.name), threads).scores(Preprocessor(contract.input)(picture))
    golden = Golden(golden_input_sha256(contract.input, picture), tuple(map(float, scores)), WIDTH, HEIGHT)
    return append_to_tflite(described, replace(contract, golden=golden), {exemplars.ENTRY: remembered})
