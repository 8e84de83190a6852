"""Pictures that are in a data set twice: the same file again, re-encoded, resized or slightly retouched.

A picture that is learnt from and measured on makes a figure too good, so the splits are compared with one another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 16
# Bits of 256, and mean difference of 16 x 16 grey thumbnails in levels of 255, by which two copies may differ. Re-encoding at
# half quality moved up to 29 bits; of 5 million pairs of the public archive's photographs one copy differs in 6 and all others
# in 55 or more.
CLOSE = (40, 6.0)
SAME = (12, 1.0)  # encoded again, and no more
_CHUNK = 256


@dataclass(frozen=True)
class Fingerprints:
    """What pictures are compared by.

    Attributes:
        bits: float32 ``[n, 256]``, 0 or 1.
        thumbnails: float32 ``[n, 16, 17]``, grey levels of 255.
    """

    bits: NDArray[np.float32]
    thumbnails: NDArray[np.float32]

    @classmethod
    def joined(cls, several: Sequence["Fingerprints"]) -> "Fingerprints":
        """Put several sets one after the other."""
        return cls(np.concatenate([each.bits for each in several]), np.concatenate([each.thumbnails for each in several]))

    def __getitem__(self, indices: NDArray[np.int64]) -> "Fingerprints":
        return Fingerprints(self.bits[indices], self.thumbnails[indices])


def near_duplicates(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Find the pictures of one set that are in another; as `copies`.

    Args:
        first: uint8 ``[n, height, width, 3]``.
        second: uint8 ``[m, height, width, 3]``.
    """
    return copies(fingerprints(first), fingerprints(second))


def copies(
    first: Fingerprints, second: Fingerprints, most_bits: int = CLOSE[0], most_difference: float = CLOSE[1]
) -> Iterator[tuple[int, int]]:
    """Find the pictures of one set that are in another.

    Each picture becomes 256 bits, one per cell of a 16 x 16 grid: is it brighter than its right neighbour? Candidates with few
    differing bits are then compared by their thumbnails, because flat pictures have bits that are all noise. Source of the
    hash: N. Krawetz, "Kind of like that" (dHash), 2013.

    Args:
        first: of n pictures.
        second: of m pictures.
        most_bits: of 256, in which two copies may differ.
        most_difference: of their thumbnails, in levels of 255.

    Yields:
        Pairs of indices into `first` and `second`, ordered by the first.
    """
    for start in range(0, len(first.bits), _CHUNK):
        # Differing bits by two matrix products: of ones where zeros should be, and of zeros where ones should be.
        block = first.bits[start : start + _CHUNK]
        distance = block @ (1 - second.bits).T + (1 - block) @ second.bits.T
        for i, j in np.argwhere(distance <= most_bits):
            if np.abs(first.thumbnails[start + i] - second.thumbnails[j]).mean() <= most_difference:
                yield int(start + i), int(j)


def first_like(prints: Fingerprints, one: int, others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of some pictures are copies of one of them, by the limits `CLOSE`.

    Args:
        prints: of all.
        one: its place.
        others: places, int64 ``[n]``.
    """
    most_bits, most_difference = CLOSE
    bits = prints.bits[others]
    distance = prints.bits[one].sum() + bits.sum(axis=1) - 2 * bits @ prints.bits[one]
    near = others[distance <= most_bits]
    apart = np.abs(prints.thumbnails[near] - prints.thumbnails[one]).mean(axis=(1, 2))
    return np.asarray(near[apart <= most_difference], np.int64)


def fingerprints(pictures: NDArray[np.uint8]) -> Fingerprints:
    """Take what pictures are compared by.

    Args:
        pictures: uint8 ``[n, height, width, 3]``.
    """
    small = [
        cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]
    thumbnails = np.array(small, np.float32).reshape(-1, _SIDE, _SIDE + 1)
    bits = (thumbnails[:, :, :-1] > thumbnails[:, :, 1:]).reshape(-1, _SIDE * _SIDE).astype(np.float32)
    return Fingerprints(bits, thumbnails)
