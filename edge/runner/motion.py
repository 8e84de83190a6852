"""`--motion-gate`: while nothing moves, the last answer stands, and the model is not asked."""

import cv2
import numpy as np
from numpy.typing import NDArray

_CELLS = (32, 24)  # the picture is looked at in so many cells, each an average: noise cancels, a tail does not
_ENOUGH_ROWS = 8 * _CELLS[1]
_CHANGE = 8.0  # levels of 255 by which a cell must change; grain and rounding move one by up to 5
_SETTLE_S = 0.5  # after the last movement the model is still asked for so long
_LONGEST_S = 10.0  # and at least so often, whatever does not move


class MotionGate:
    """Compares frames with the last one that was judged."""

    def __init__(self) -> None:
        self._judged: NDArray[np.float32] | None = None
        self._moved_at = self._judged_at = float("-inf")

    def may_stand(self, picture: NDArray[np.uint8], now: float, *, known: bool = True) -> bool:
        """Tell whether the last answer may stand for this frame, too; where it may not, the frame is going to be judged.

        Args:
            picture: uint8 ``[height, width, 3]``.
            now: when it happened, seconds.
            known: whether there is a last answer.
        """
        # Every other row is enough for an average, and half the work, which is nearly all that a frame costs then.
        rows = picture[::2] if picture.shape[0] >= _ENOUGH_ROWS else picture
        cells = cv2.resize(rows, _CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)
        before = self._judged if known else None
        if before is None or float(np.abs(cells - before).max()) > _CHANGE:
            self._moved_at = now
        stands = before is not None and now - self._moved_at > _SETTLE_S and now - self._judged_at < _LONGEST_S
        if not stands:
            self._judged, self._judged_at = cells, now
        return stands
