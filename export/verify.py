"""Is an artifact the model it was made from? Asked through the edge runner's own code."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from catdog.edge.artifact import read_model_file
from catdog.edge.backends import open_backend
from catdog.edge.errors import VerificationError
from catdog.edge.figures import Figure
from catdog.train.evaluate import evaluate

from .pictures import PictureSet


@dataclass(frozen=True)
class Verification:
    """How an artifact's answers compare with Keras' on the same pictures.

    Attributes:
        agreement: share of pictures with the same answer.
        largest_difference: of any score on any picture, 0-1.
        mean_difference: mean absolute difference of the scores, 0-1.
        accuracy: share of right answers; None where the truth is not known.
        keras_accuracy: Keras' share of right answers.
        per_label: share of right answers for each label, and for each folder where a label has several.
        keras_per_label: Keras' shares.
    """

    agreement: Figure
    largest_difference: float
    mean_difference: float
    accuracy: Figure | None
    keras_accuracy: Figure | None
    per_label: tuple[Figure, ...] = ()
    keras_per_label: tuple[Figure, ...] = ()


def verify(
    file: bytes, suffix: str, reference: NDArray[np.float32], pictures: PictureSet, labels: Sequence[str]
) -> Verification:
    """Run a finished file on every picture and compare.

    Args:
        file: the artifact's bytes, contract included.
        suffix: ``".tflite"`` or ``".onnx"``.
        reference: Keras' scores, float32 ``[n, classes]``.
        pictures: the pictures they belong to.
        labels: the contract's.

    Raises:
        ModelError: the edge runner refuses the file.
        VerificationError: some scores are no numbers.
    """
    scores = edge_scores(file, suffix, pictures.pixels)
    if not np.isfinite(scores).all() or not np.isfinite(reference).all():
        raise VerificationError("scores that are numbers", got="others", fix="Nothing was published. Train the model again.")
    same = int((scores.argmax(axis=1) == reference.argmax(axis=1)).sum())
    difference = np.abs(scores - reference)
    ours, keras = (
        evaluate(rows, pictures.labelled, labels, pictures.description) if pictures.labelled else None
        for rows in (scores, reference)
    )
    return Verification(
        agreement=Figure.share("agreement with Keras", same, len(reference), pictures.description),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        accuracy=ours.accuracy if ours else None,
        keras_accuracy=keras.accuracy if keras else None,
        per_label=ours.per_label if ours else (),
        keras_per_label=keras.per_label if keras else (),
    )


def require_agreement(name: str, verification: Verification, minimum: float) -> None:
    """Refuse an artifact that answers too differently.

    Raises:
        VerificationError: it agrees on less than `minimum` of the pictures, and not for want of pictures.
    """
    # By the upper end of the interval: a handful of pictures cannot show that an artifact is bad.
    if verification.agreement.high < minimum:
        raise VerificationError(
            f"{name} to agree with Keras on at least {minimum:.1%} of the pictures",
            got=str(verification.agreement),
            fix="Nothing was published. Calibrate on photographs of your own with --calibration, or export --float32.",
        )


def edge_scores(file: bytes, suffix: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the scores that the edge runner gets from an artifact.

    Args:
        file: the artifact's bytes.
        suffix: ``".tflite"`` or ``".onnx"``.
        pixels: uint8 ``[n, size, size, 3]``.

    Returns:
        float32 ``[n, classes]``.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"artifact{suffix}"
        path.write_bytes(file)
        backend = open_backend(read_model_file(path), threads=2)
    dtype = np.dtype(backend.input_dtype)
    bar = tqdm(pixels, desc=f"verifying with {backend.name}", unit=" pictures", disable=None)
    return np.stack([backend.scores(picture[np.newaxis].astype(dtype)) for picture in bar])
