"""The golden picture: every machine can make it, bit for bit, to see whether it prepares and computes as the exporter did."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from .contract import InputSpec
from .preprocess import Preprocessor

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
