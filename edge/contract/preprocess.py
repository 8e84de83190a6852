"""From a camera's picture to the model's pixels: the same pixels in training, calibration and on the edge.

Resize first, in BGR uint8, then swap to RGB: on the smaller picture the swap costs a tenth. The golden test in
`tests/edge/test_preprocess.py` holds the result fixed.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableInputError
from .model_contract import BILINEAR, BILINEAR_EXACT, InputSpec

# INTER_LINEAR is what each build's fastest code makes of it: OpenCV 5 on aarch64 is off by one level from x86-64, which
# moves a score by up to 0.10. INTER_LINEAR_EXACT is computed in whole numbers, the same everywhere.
METHODS = {BILINEAR: cv2.INTER_LINEAR, BILINEAR_EXACT: cv2.INTER_LINEAR_EXACT}

Pixels = NDArray[np.uint8] | NDArray[np.float32]


def check_picture(picture: NDArray[np.uint8]) -> None:
    """Refuse what is no BGR picture.

    Raises:
        UnreadableInputError: not a uint8 array ``[height, width, 3]`` with at least one pixel.
    """
    if not isinstance(picture, np.ndarray):
        got = type(picture).__name__
    elif picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        got = f"{picture.dtype} {list(picture.shape)}"
    else:
        return
    raise UnreadableInputError(
        "a BGR picture, uint8 [height, width, 3]", got=got, fix="Convert it first, for example with cv2.cvtColor."
    )


class Preprocessor:
    """Turns pictures into model input, reusing its buffers from call to call.

    Args:
        spec: what the model wants to be fed.
    """

    def __init__(self, spec: InputSpec) -> None:
        self._method = METHODS[spec.interpolation]
        self._size = (spec.width, spec.height)
        self._resized = np.empty((spec.height, spec.width, 3), np.uint8)
        self._pixels: NDArray[np.uint8] = np.empty((1, spec.height, spec.width, 3), np.uint8)
        self._as_float = spec.dtype == "float32"

    def __call__(self, picture: NDArray[np.uint8]) -> Pixels:
        """Resize, swap to RGB, add the batch axis.

        Args:
            picture: uint8 ``[height, width, 3]``, BGR, any size.

        Returns:
            ``[1, H, W, 3]`` RGB 0-255 of the contract's dtype. The next call overwrites it.

        Raises:
            UnreadableInputError: as `check_picture`.
        """
        check_picture(picture)
        cv2.resize(picture, self._size, dst=self._resized, interpolation=self._method)
        cv2.cvtColor(self._resized, cv2.COLOR_BGR2RGB, dst=self._pixels[0])
        return self._pixels.astype(np.float32) if self._as_float else self._pixels
