"""Pictures that look other than all that a model has learnt from: the ones that teach it most, however sure its answer is.

How a picture looks is what the model sees in it: its features, before they become answers. How far apart two are is 1 less the
cosine between them, seen from the mean of all. New is what is farther from its nearest exemplar than most exemplars of that
label are from theirs (cats differ more from each other than car wheels do), and as far from all that was called new before: a
thing is new once.

Source of the measure: distance to the nearest neighbour in feature space, as Y. Sun et al., "Out-of-distribution detection with
deep nearest neighbors", ICML 2022, use it on normalised features.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..contract.artifact import read_model_file
from ..contract.preprocess import Preprocessor
from ..errors import ModelError
from . import exemplars
from .cut import CutModel
from .writing import loaded

_SHARE = 0.75  # of the exemplars that are nearer to another than a new picture is to any
_MOST = 1000  # rows that are kept of what was new; the oldest go first


class Novelty:
    """Tells what looks new, to a model that carries exemplars.

    Args:
        path: an int8 TFLite file with a contract and exemplars.

    Raises:
        ModelError: it has none, or does not end as one that can be taught.
    """

    def __init__(self, path: Path) -> None:
        file = read_model_file(path)
        found = None if file.contract is None else exemplars.unpack(file, file.contract.labels)
        if file.contract is None or found is None or len(found[0]) < 2:
            raise ModelError("a model that carries exemplars", got=f"{path}, which has none", fix="Name default or fast.")
        cut = CutModel(file.data[: file.model_bytes], path)
        self._preprocess = Preprocessor(file.contract.input)
        self._features = loaded(cut.up_to_features(), path, threads=1)
        rows = cut.real(found[0])
        # Features are never negative, and any two pictures are alike in most of them: what is common to all is taken away.
        self._mean = rows.mean(axis=0)
        self._learnt = _unit(rows - self._mean)
        self._new = np.empty((0, self._learnt.shape[1]), np.float32)
        near = self._learnt @ self._learnt.T
        np.fill_diagonal(near, -1.0)
        apart, self._truth = 1 - near.max(axis=1), found[1]
        labels = range(len(file.contract.labels))
        # From which distance on a picture is new, by the label of its nearest exemplar.
        of = [apart[self._truth == label] for label in labels]
        self._least = [float(np.quantile(each, _SHARE)) if len(each) else 0.0 for each in of]

    def is_new(self, picture: NDArray[np.uint8]) -> bool:
        """Look at a picture, and remember it if it is new.

        Args:
            picture: BGR uint8 ``[height, width, 3]``.
        """
        row = _unit(self._features.scores(self._preprocess(picture))[np.newaxis] - self._mean)
        near = self._learnt @ row[0]
        least = self._least[self._truth[near.argmax()]]
        if 1 - max(float(near.max()), float((self._new @ row[0]).max(initial=-1.0))) < least:
            return False
        self._new = np.concatenate([self._new, row])[-_MOST:]
        return True


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to length 1; one of nothing stays."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)
