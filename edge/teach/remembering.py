"""Exemplars into a file that has none, as the release does with the bundled models: what was learnt from has to be at hand."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..contract.artifact import ModelFile, append_to_tflite
from ..contract.preprocess import Preprocessor
from ..errors import ModelError
from . import exemplars, writing
from .cut import CutModel


def with_exemplars(
    file: ModelFile, pictures: Iterable[tuple[NDArray[np.uint8], str]], *, most: int = exemplars.MOST_BYTES, threads: int = 2
) -> bytes:
    """Return the bytes of a file that remembers some of the pictures; the model itself stays as it is.

    Args:
        file: an int8 TFLite file with a contract.
        pictures: BGR uint8 ``[height, width, 3]`` each, and its label; best of those that were learnt from.
        most: bytes that the exemplars may take.
        threads: for one picture.

    Raises:
        ModelError: the file has no contract, or does not end as one that can be taught.
    """
    contract = file.contract
    if contract is None:
        raise ModelError(
            "a file that carries a contract", got=f"{file.path}, which carries none", fix="Export the model again."
        )
    content = file.data[: file.model_bytes]
    cut = CutModel(content, file.path)
    backend, preprocess = writing.loaded(cut.up_to_features(), file.path, threads), Preprocessor(contract.input)
    features, truth = [], []
    for picture, label in pictures:
        features.append(cut.quantized(backend.scores(preprocess(picture))))
        truth.append(contract.labels.index(label))
    packed = exemplars.pack(np.stack(features), np.array(truth, np.int64), contract.labels, most)
    return append_to_tflite(content, contract, {exemplars.ENTRY: packed})
