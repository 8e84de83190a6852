"""From a model to the bytes of a file, and from these to what the edge runner makes of pictures."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.backends import Backend, open_backend
from catdog.edge.backends.registry import runtimes_of
from catdog.edge.common.progress import progress_bar
from catdog.edge.contract.artifact import append_to_tflite, parse_model
from catdog.edge.contract.golden import HEIGHT, WIDTH, golden_input_sha256, golden_picture
from catdog.edge.contract.model_contract import Golden, ModelContract
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import UsageError
from catdog.edge.tflite.metadata import add_metadata

from .formats import ONNX_SUFFIX, REGISTRY, TFLITE_SUFFIX, Format
from .onnx import attach_contract
from .pictures import PictureSet
from .verification import Verification, compare

_THREADS = 2
_ASKED_TWICE = 8  # pictures; one would do, were it the right one


def convert_to(kind: Format, core: keras.Model, pictures: NDArray[np.uint8] | None) -> bytes:
    """Convert a Keras model in one step.

    Args:
        kind: any format but int8.
        core: float32 ``[n, size, size, 3]`` RGB 0-255 to scores ``[n, classes]``.
        pictures: uint8 ``[n, size, size, 3]`` RGB, to take ranges from; None for a format that needs none.

    Raises:
        UsageError: no backend runs such files.
        PluginError: the package that has the format fails.
    """
    if kind.convert is None:
        raise ValueError(f"Expected a format that is converted in one step. Received: {kind.name}")
    if not any(runtimes_of(kind.suffix.removeprefix("."))):
        raise UsageError(
            f"a backend that runs {kind.suffix} files, to compare them with Keras",
            got="none",
            fix="Install one: what cannot be proven is not published.",
        )
    with REGISTRY.blaming(kind.name):
        return kind.convert(core, pictures)


def finish(content: bytes, kind: Format, contract: ModelContract) -> bytes:
    """Return the file: the converted model with its contract, in the standard places, and sealed."""
    if kind.suffix == ONNX_SUFFIX:
        return attach_contract(content, contract)
    return append_to_tflite(add_metadata(content, contract) if kind.suffix == TFLITE_SUFFIX else content, contract)


def describe(contract: ModelContract, kind: Format, verification: Verification, golden: Golden) -> ModelContract:
    """Return the contract of one artifact: what it takes, and what was found of it."""
    measured = verification.artifact
    figures = (verification.agreement, *((measured.accuracy, *measured.per_label) if measured else ()))
    return replace(
        contract.with_input_dtype(kind.input_dtype), verified_on=verification.agreement.data, figures=figures, golden=golden
    )


def prove(
    content: bytes, kind: Format, contract: ModelContract, pictures: PictureSet, reference: NDArray[np.float32]
) -> tuple[Verification, Golden]:
    """Run a converted model through the edge runner's own code and compare it with what Keras says of the same pictures.

    Args:
        content: the converted model.
        kind: its format.
        contract: the model's.
        pictures: what to compare on.
        reference: Keras' scores of them, float32 ``[n, classes]``.

    Raises:
        ModelError: the edge runner refuses the file.
        VerificationError: some scores are no numbers.
    """
    file = finish(content, kind, contract.with_input_dtype(kind.input_dtype))
    backend = open_file(file, kind.suffix)
    scores = ask(backend, pictures.pixels)
    # The first pictures once more, after all others have passed through.
    again = ask(backend, pictures.pixels[:_ASKED_TWICE], quietly=True)
    same = np.array_equal(scores[:_ASKED_TWICE], again)
    spec = contract.with_input_dtype(kind.input_dtype).input
    picture = golden_picture(WIDTH, HEIGHT)
    scored = tuple(float(score) for score in backend.scores(Preprocessor(spec)(picture)))
    verification = compare(scores, reference, pictures.truth, contract.labels, deterministic=same)
    return verification, Golden(golden_input_sha256(spec, picture), scored, WIDTH, HEIGHT)


def open_file(file: bytes, suffix: str) -> Backend:
    """Load a finished file as the edge runner does.

    Args:
        file: its bytes.
        suffix: ``".tflite"``, ``".onnx"``, or that of another package's kind of file.

    Raises:
        ModelError: it is refused.
    """
    return open_backend(parse_model(file, Path(f"artifact{suffix}")), threads=_THREADS)


def ask(backend: Backend, pixels: NDArray[np.uint8], *, quietly: bool = False) -> NDArray[np.float32]:
    """Return the scores of pictures, one after another.

    Args:
        backend: the loaded artifact.
        pixels: uint8 ``[n, size, size, 3]``.
        quietly: without a progress bar.

    Returns:
        float32 ``[n, classes]``.
    """
    dtype = np.dtype(backend.input_dtype)
    bar = progress_bar(pixels, title=f"comparing, {backend.name}", unit=" pictures", quietly=quietly)
    return np.stack([backend.scores(picture[np.newaxis].astype(dtype)) for picture in bar])
