"""What a model file remembers of the pictures that it has learnt from: features of some of them, a few hundred bytes each.

With them a new label can be taught without the old pictures, and it can be seen whether the old labels still hold. A file
without any gets drawn pictures in their place, which hold real labels less well and prove nothing.

Sources: S.-A. Rebuffi et al., "iCaRL: incremental classifier and representation learning", CVPR 2017 (exemplars); Z. Li and
D. Hoiem, "Learning without forgetting", ECCV 2016 (the parent's answers as targets).
"""

import json
import lzma
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..backends.litert import LiteRTBackend
from ..common.progress import progress_bar
from ..contract.artifact import ModelFile, read_appended
from ..contract.preprocess import Preprocessor
from ..errors import ModelError
from ..synthetic.pictures import LABELS, NEITHER, draw_picture

ENTRY = "exemplars.xz"
MOST_BYTES = 350_000  # of all labels together: a taught `default` stays below 3.1 MB with four labels
_MOST_A_LABEL = 300
_OF_NEITHER = 3  # times as many as of another label: all the world's things are to be known again
_LARGEST = 64_000_000  # bytes, unpacked
_SAMPLE = 48  # features to see by how well they pack
_DRAWN = 30  # of each kind
_DRAWN_SIZE = (240, 180)  # pixels; drawing takes longer than looking


def pack(features: NDArray[np.int8], truth: NDArray[np.int64], labels: Sequence[str], most: int = MOST_BYTES) -> bytes:
    """Choose exemplars and write them, every bit of them: coarser ones would be told from new pictures by being coarse.

    Args:
        features: int8 ``[n, features]``, as the model has them inside.
        truth: int64 ``[n]``, index into `labels`.
        labels: of the model.
        most: bytes that they may take.

    Returns:
        At most `most` bytes; the same for the same features.
    """
    order = np.random.default_rng(0).permutation(len(features))
    sample = order[:_SAMPLE]
    each = max(1, len(_packed(features[sample], truth[sample], labels)) // len(sample))
    shares = [_OF_NEITHER if label == NEITHER else 1 for label in labels]
    unit = most / sum(shares) / each
    while True:
        chosen = [
            order[truth[order] == place][: max(1, min(_MOST_A_LABEL, int(unit * share)))] for place, share in enumerate(shares)
        ]
        kept = np.sort(np.concatenate(chosen))
        data = _packed(features[kept], truth[kept], labels)
        if len(data) <= most or unit < 1:
            return data
        unit *= 0.9


def unpack(file: ModelFile, labels: Sequence[str]) -> tuple[NDArray[np.int8], NDArray[np.int64]] | None:
    """Read the exemplars of a file; None where it has none.

    Returns:
        int8 ``[n, features]`` and int64 ``[n]``, index into `labels`.

    Raises:
        ModelError: they are not what `pack` writes, or of other labels.
    """
    data = read_appended(file, ENTRY, MOST_BYTES * 2)
    if data is None:
        return None
    try:
        unpacker = lzma.LZMADecompressor()
        plain = unpacker.decompress(data, _LARGEST)
        (size,) = struct.unpack_from("<L", plain)
        said = json.loads(plain[4 : 4 + size])
        count, width = len(said["truth"]), int(said["features"])
        features = np.frombuffer(plain, np.int8, count * width, 4 + size).reshape(width, count).T
        truth = np.array([labels.index(said["labels"][each]) for each in said["truth"]], np.int64)
    except (lzma.LZMAError, struct.error, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(
            "exemplars as catdog writes them", got=f"{file.path}: {error}", fix="Export the model again."
        ) from error
    return features, truth


def _packed(features: NDArray[np.int8], truth: NDArray[np.int64], labels: Sequence[str]) -> bytes:
    said = json.dumps({"features": features.shape[1], "labels": list(labels), "truth": truth.tolist()}).encode()
    # By feature, not by picture: what is 0 in all of them packs best.
    plain = struct.pack("<L", len(said)) + said + np.ascontiguousarray(features.T).tobytes()
    return lzma.compress(plain, preset=6)


def drawn(backend: LiteRTBackend, preprocess: Preprocessor) -> NDArray[np.float32]:
    """Draw cats, dogs and rooms and return their features, float32 ``[n, features]``."""
    width, height = _DRAWN_SIZE
    things = [(label, seed) for seed in range(_DRAWN) for label in (*LABELS, NEITHER)]
    bar = progress_bar(things, title="drawing", unit=" pictures")
    return np.stack([backend.scores(preprocess(draw_picture(label, seed, width=width, height=height))) for label, seed in bar])
