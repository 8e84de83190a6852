"""Pictures that are in a data set twice: the same file again, re-encoded, resized or slightly retouched.

A picture that is learnt from and measured on makes a figure too good, so the splits are compared with one another.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 16
# Bits of 256 that may differ. Re-encoding at half quality moved up to 29; of 5 million pairs of the public archive's
# photographs one copy differs in 6 and all others in 55 or more.
_MAX_BITS = 40
# Mean difference of 16 x 16 grey thumbnails, in levels of 255, that two copies may show.
_MAX_DIFFERENCE = 6.0
_CHUNK = 256


def near_duplicates(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Find the pictures of one set that are in another.

    Each picture becomes 256 bits, one per cell of a 16 x 16 grid: is it brighter than its right neighbour? Candidates with few
    differing bits are then compared by their thumbnails, because flat pictures have bits that are all noise. Source of the
    hash: N. Krawetz, "Kind of like that" (dHash), 2013.

    Args:
        first: uint8 ``[n, height, width, 3]``.
        second: uint8 ``[m, height, width, 3]``.

    Yields:
        Pairs of indices into `first` and `second`, ordered by the first.
    """
    bits, thumbnails = _hash(first)
    other_bits, other_thumbnails = _hash(second)
    for start in range(0, len(bits), _CHUNK):
        # Differing bits by two matrix products: of ones where zeros should be, and of zeros where ones should be.
        block = bits[start : start + _CHUNK]
        distance = block @ (1 - other_bits).T + (1 - block) @ other_bits.T
        for i, j in np.argwhere(distance <= _MAX_BITS):
            if np.abs(thumbnails[start + i] - other_thumbnails[j]).mean() <= _MAX_DIFFERENCE:
                yield int(start + i), int(j)


def _hash(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return float32 ``[n, 256]`` bits and float32 ``[n, 16, 17]`` grey thumbnails."""
    small = [
        cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]
    thumbnails = np.array(small, np.float32).reshape(-1, _SIDE, _SIDE + 1)
    bits = (thumbnails[:, :, :-1] > thumbnails[:, :, 1:]).reshape(-1, _SIDE * _SIDE).astype(np.float32)
    return bits, thumbnails
