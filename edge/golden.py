"""The golden picture: every machine can make it, bit for bit, to see whether it prepares and computes as the exporter did."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .contract import Golden, InputSpec
from .preprocess import Preprocessor

# Of a score of the golden picture: runtimes round integers differently, and add floats in other orders.
LARGEST_DIFFERENCE = {"uint8": 0.1, "float32": 0.05}

_HEIGHT, _WIDTH = 480, 640


def golden_picture() -> NDArray[np.uint8]:
    """Draw it in whole numbers: uint8 ``[480, 640, 3]`` BGR, ramps, a moiré and noise."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH].astype(np.uint32)
    ramps = (x * 255 // (_WIDTH - 1), y * 255 // (_HEIGHT - 1))
    moire = (x * x + y * y) // 97 % 256
    noise = (x * 2654435761 + y * 40503) >> np.uint32(24)  # Knuth's multiplicative hash, modulo 2**32
    return np.stack([(ramps[0] + noise // 8) % 256, moire, (ramps[1] * 3 + noise // 4) % 256], axis=-1).astype(np.uint8)


def golden_input_sha256(spec: InputSpec) -> str:
    """Return the digest of the golden picture as model input, as uint8 pixels whatever the model's dtype."""
    return hashlib.sha256(Preprocessor(spec)(golden_picture()).astype(np.uint8).tobytes()).hexdigest()


def golden_difference(scores: Sequence[float], said: Golden) -> float:
    """Return the largest difference, 0-1, of a score of the golden picture from what the exporter got."""
    if len(scores) != len(said.scores):
        return 1.0
    return float(np.abs(np.array(scores) - np.array(said.scores)).max())
