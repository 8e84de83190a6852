"""The golden picture: every machine can make it, bit for bit, to see whether it prepares and computes as the exporter did."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..common.installation import pip
from .model_contract import BILINEAR, Golden, InputSpec
from .preprocess import Preprocessor

# Of a score of the golden picture: runtimes round integers differently, and add floats in other orders.
LARGEST_DIFFERENCE = {"uint8": 0.1, "int8": 0.1, "float16": 0.05, "float32": 0.05}

# Of odd ratio to every input size: 640 x 480 becomes 160 x 160 in whole steps, where all ways to round agree. And it is
# 1 to 3 times as large as inputs of 96 to 224 px: only there was OpenCV 5 on aarch64 seen to round otherwise.
WIDTH, HEIGHT = 283, 241


def golden_picture(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Draw it in whole numbers: uint8 ``[height, width, 3]`` BGR, ramps, a moiré and noise."""
    y, x = np.mgrid[:height, :width].astype(np.uint32)
    ramps = (x * 255 // (width - 1), y * 255 // (height - 1))
    moire = (x * x + y * y) // 97 % 256
    noise = (x * 2654435761 + y * 40503) >> np.uint32(24)  # Knuth's multiplicative hash, modulo 2**32
    return np.stack([(ramps[0] + noise // 8) % 256, moire, (ramps[1] * 3 + noise // 4) % 256], axis=-1).astype(np.uint8)


def golden_input_sha256(spec: InputSpec, picture: NDArray[np.uint8]) -> str:
    """Return the digest of a golden picture as model input, as uint8 pixels whatever the model's dtype."""
    return hashlib.sha256(Preprocessor(spec.of_pixels())(picture).tobytes()).hexdigest()


def other_pixels_fix(spec: InputSpec) -> str:
    """Say what helps where the golden picture becomes other pixels than where the model was exported."""
    if spec.interpolation == BILINEAR:
        older = pip("install 'opencv-python-headless<5'")
        return (
            "Export it again with this catdog, then its pixels are the same on every machine: catdog-export --model RUN. "
            f"Or, on this machine: {older}"
        )
    return pip("install --force-reinstall numpy opencv-python-headless")


def golden_difference(scores: Sequence[float], said: Golden) -> float:
    """Return the largest difference, 0-1, of a score of the golden picture from what the exporter got."""
    if len(scores) != len(said.scores):
        return 1.0
    return float(np.abs(np.array(scores) - np.array(said.scores)).max())
