"""A dark part of a frame, made as bright as photographs are that models learn from.

Measured with the bundled `default` on crops of 120 pets at night (grey, 0.45 of the light, noise of 8 levels; 40 each of 12, 6
and 3 % of a frame of 640 x 480): right on 47 as they are, 64 with their levels spread, 77 with the noise smoothed first; of 180
crops without a pet 4, 0 and 0 were called one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

_DARK = 150.0  # the level that nearly everything is below
_ENDS = (1.0, 99.0)  # percentiles that are spread to nearly all levels
_LOWEST, _SPREAD = 12.0, 230.0  # levels of 255 that they become: the former, and so many above it
_MOST_GAIN = 6.0  # more would show nothing but noise
_SAMPLES = 40  # rows and columns, at least, that are looked at, of the green channel
_SMOOTH = 0.8  # pixels, of the Gaussian


def in_better_light(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture as it is, or, where it is dark, smoothed and brightened: uint8 ``[height, width, 3]``."""
    step = max(1, min(picture.shape[:2]) // _SAMPLES)  # the percentiles of all pixels would take a tenth of an inference
    low, high = np.percentile(picture[::step, ::step, 1], _ENDS)
    if high >= _DARK:
        return picture
    gain = min(_MOST_GAIN, _SPREAD / max(float(high - low), 1.0))
    smooth = cv2.GaussianBlur(picture, (0, 0), _SMOOTH)
    return np.asarray(
        cv2.convertScaleAbs(np.maximum(smooth, np.uint8(low)), alpha=gain, beta=_LOWEST - gain * float(low)), np.uint8
    )
