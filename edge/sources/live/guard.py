"""Frames that must not be judged: what a camera sends when it has nothing to show."""

import numpy as np
from numpy.typing import NDArray

from ..blank import nothing_to_see

_STRIDE = 997  # bytes between those that are compared first; a prime, so that no column of a picture is skipped


class Guard:
    """Looks at the frames of one live source."""

    def __init__(self) -> None:
        self._sample: NDArray[np.uint8] | None = None
        self._whole: NDArray[np.uint8] | None = None
        self._same_since = 0.0
        self._alone: int | None = None
        self._is_frozen = False

    def objection(self, picture: object, now: float, frozen_s: float, alone: int | None = None) -> str | None:
        """Say why a frame must not be judged; None where it may.

        Args:
            picture: what the source gave.
            now: seconds, monotonic.
            frozen_s: for how many seconds frames may be the same, byte for byte. Sensors are never so still: noise changes
                some pixel of every frame.
            alone: of inter-coded video, how many pictures up to this one were coded by themselves; None where each is. Between
                two of those an encoder repeats what it sent, as long as nothing moves. Only they are compared.
        """
        if not isinstance(picture, np.ndarray) or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
            shape = list(picture.shape) if isinstance(picture, np.ndarray) else type(picture).__name__
            return f"a frame that is no picture ({shape})"
        if picture.dtype != np.uint8:
            return f"a frame of {picture.dtype}, not of bytes"
        if alone is None or alone != self._alone:
            self._alone = alone
            if not self._is_repeated(picture):
                self._same_since = now
            self._is_frozen = now - self._same_since > frozen_s
        if self._is_frozen:
            return f"the same frame for {now - self._same_since:.0f} s"
        return nothing_to_see(picture)

    def forget(self) -> None:
        """Begin anew: the source was opened again."""
        self._sample = self._whole = self._alone = None
        self._is_frozen = False

    def _is_repeated(self, picture: NDArray[np.uint8]) -> bool:
        # A few hundred bytes tell almost all live frames apart. Only where they do not, whole frames are kept and compared.
        sample = picture.reshape(-1)[::_STRIDE]
        if self._sample is None or not np.array_equal(self._sample, sample):
            self._sample, self._whole = sample.copy(), None
            return False
        repeated = self._whole is not None and np.array_equal(self._whole, picture)
        if not repeated:
            self._whole = picture.copy()
        return repeated
