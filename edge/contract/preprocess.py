"""From a camera's picture to the model's pixels: the same pixels in training, calibration and on the edge.

Resize first, in BGR uint8, then swap to RGB: on the smaller picture the swap costs a tenth. The golden test in
`tests/edge/test_preprocess.py` holds the result fixed.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableInputError
from .model_contract import BILINEAR, BILINEAR_EXACT, CROP, NCHW, InputSpec

# INTER_LINEAR is what each build's fastest code makes of it: OpenCV 5 on aarch64 is off by one level from x86-64, which
# moves a score by up to 0.10. INTER_LINEAR_EXACT is computed in whole numbers, the same everywhere.
METHODS = {BILINEAR: cv2.INTER_LINEAR, BILINEAR_EXACT: cv2.INTER_LINEAR_EXACT}

# OpenCV has vector code of INTER_LINEAR_EXACT for four channels and none for three: with a fourth, which is thrown away, it
# takes two thirds of the instructions on an emulated Cortex-A76 (640 x 480 to 192 x 192: 2.1 in place of 3.0 million) and gives
# the same pixels. Of pictures that are larger than so many times the input, to add the channel takes longer than it saves.
_WORTH_A_FOURTH = 12

Pixels = NDArray[np.uint8] | NDArray[np.float32] | NDArray[Any]  # int8 and float16 of models of others


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
        self._most = _WORTH_A_FOURTH * spec.height * spec.width if spec.interpolation == BILINEAR_EXACT else 0
        # For pictures with a fourth channel, whatever their sizes: new memory for each of a folder took as long as the rest.
        self._room: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._resized_with_fourth = np.empty((spec.height, spec.width, 4), np.uint8)
        self._as_float = spec.dtype == "float32"
        self._crop = spec.resize == CROP
        self._normalize = None if spec.plain else _Normalizer(spec)

    def __call__(self, picture: NDArray[np.uint8]) -> Pixels:
        """Resize, swap to RGB, add the batch axis; normalize where the model does not do it itself.

        Args:
            picture: uint8 ``[height, width, 3]``, BGR, any size.

        Returns:
            ``[1, H, W, 3]`` or ``[1, 3, H, W]`` RGB of the contract's dtype and range. The next call overwrites it.

        Raises:
            UnreadableInputError: as `check_picture`.
        """
        check_picture(picture)
        if self._crop:
            picture = _middle(picture, *self._size)
        self._resize(picture)
        if self._normalize is not None:
            return self._normalize(self._pixels)
        return self._pixels.astype(np.float32) if self._as_float else self._pixels

    def _resize(self, picture: NDArray[np.uint8]) -> None:
        """Fill the buffer of pixels."""
        rows, columns = picture.shape[:2]
        if rows * columns > self._most:
            cv2.resize(picture, self._size, dst=self._resized, interpolation=self._method)
            cv2.cvtColor(self._resized, cv2.COLOR_BGR2RGB, dst=self._pixels[0])
            return
        needed = rows * columns * 4
        if len(self._room) < needed:
            self._room = np.empty(needed, np.uint8)
        with_fourth = self._room[:needed].reshape(rows, columns, 4)
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA, dst=with_fourth)
        cv2.resize(with_fourth, self._size, dst=self._resized_with_fourth, interpolation=self._method)
        cv2.cvtColor(self._resized_with_fourth, cv2.COLOR_RGBA2RGB, dst=self._pixels[0])


def _middle(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the largest part in the middle that has the shape of `width` x `height`."""
    rows, columns = picture.shape[:2]
    kept_rows = min(rows, max(1, round(columns * height / width)))
    kept_columns = min(columns, max(1, round(rows * width / height)))
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    return picture[top : top + kept_rows, left : left + kept_columns]


class _Normalizer:
    """Pixels to the numbers that a model of somebody else takes: by a table, since a channel has 256 values.

    Args:
        spec: what the model wants to be fed.
    """

    def __init__(self, spec: InputSpec) -> None:
        values = (np.arange(256)[:, np.newaxis] - np.array(spec.mean)) / np.array(spec.std)
        dtype = np.dtype(spec.dtype)
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            values = np.clip(np.rint(values), limits.min, limits.max)
        self._tables = np.ascontiguousarray(values.T.astype(dtype))  # [3, 256]
        self._planes = spec.layout == NCHW

    def __call__(self, pixels: NDArray[np.uint8]) -> Pixels:
        """Take uint8 ``[1, H, W, 3]``."""
        planes = [table[pixels[..., channel]] for channel, table in enumerate(self._tables)]
        return np.stack(planes, axis=1 if self._planes else -1)
