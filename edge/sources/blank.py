"""Pictures that show nothing: a lens cap, a sensor that sends nothing, the grey or blue screen of a grabber."""

import cv2
import numpy as np
from numpy.typing import NDArray

_GRID = 16  # pixels between those that are looked at
_BLACK = 10  # of 255
_FLAT = 1.5  # standard deviation of each channel below which there is one colour and nothing else


def nothing_to_see(picture: NDArray[np.uint8]) -> str | None:
    """Say why a picture must not be judged; None where it may.

    Args:
        picture: uint8 ``[height, width, 3]``, not empty.
    """
    seen = picture[_GRID // 2 :: _GRID, _GRID // 2 :: _GRID] if min(picture.shape[:2]) > _GRID else picture
    means, deviations = cv2.meanStdDev(np.ascontiguousarray(seen))
    # A mean well above the limit says as much as a maximum, in less time.
    if means.max() < _BLACK + 1 and seen.max() <= _BLACK:
        return "a black frame"
    return "a frame of one colour" if deviations.max() < _FLAT else None
