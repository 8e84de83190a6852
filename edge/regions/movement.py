"""What moves in front of a camera, whatever the light does.

A small grey copy of each frame is compared with a model of the background that allows for what always moves a little, such as
leaves. Source: Z. Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", ICPR 2004; OpenCV has it.

Light that changes everywhere (a lamp, the camera's exposure, the click of an infrared filter) and a camera that was bumped are
no movement. The former is taken out by a straight line from the levels of the background to those of the frame; where that does
not do, or the frame has shifted, the background is learnt anew.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .boxes import Box
from .zones import Zones

_WIDTH = 160  # of the small copy; a pet on 1.5 % of the frame is 17 pixels wide in it
_FORGET_S = 20.0  # what stands still for about so long is background
_USUAL = 0.5  # share of the time: what is seen there for longer
_LEARN_S = 1.0  # at first the background is learnt so fast
_UNUSUAL = 16.0  # squared distance from the background, in standard deviations of a pixel
_LEAST_LEVELS = 7.0  # by which a pixel must differ all the same; night has noise and its variance is learnt slowly
_SPECK, _JOIN = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)
_SMALLEST = 0.003  # of the frame
_EVERYTHING = 0.5  # of the frame: so much does not move at once
_SUSPICIOUS, _SUDDEN = 0.01, 3.0  # of the frame; times the share before: then it is asked whether the camera was bumped
_LEAST_SHIFT, _EXPLAINED = 0.5, 0.6  # pixels of the small copy; of the difference, that is left when the shift is undone
_GAINS = (0.6, 1.7)  # of the light; more is not compensated
_EVERY = 5  # pixels, of which the light is taken


class Movement:
    """Finds what moves, frame by frame.

    Args:
        zones: where it counts.
    """

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self.forget()

    def forget(self) -> None:
        """Begin anew, as with another camera."""
        self._background = cv2.createBackgroundSubtractorMOG2(varThreshold=_UNUSUAL, detectShadows=False)
        self._background.setBackgroundRatio(_USUAL)
        self._usual: NDArray[np.float32] | None = None
        self._begun = self._at = self._share = 0.0

    def see(self, picture: NDArray[np.uint8], now: float) -> list[Box] | None:
        """Take the next frame.

        Args:
            picture: uint8 ``[height, width, 3]``.
            now: when it was taken, in seconds; by a clock that stands still in pauses, or one frame is all of the background.

        Returns:
            What moves, the largest first, in pixels of the frame; None where everything has changed at once.
        """
        height, width = picture.shape[:2]
        size = (_WIDTH, max(1, round(_WIDTH * height / width)))
        grey = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY).astype(np.float32)
        if self._usual is None or self._usual.shape != grey.shape:
            self._begin(grey, now)
            return []
        passed, self._at = max(0.0, now - self._at), now
        light = self._light(grey)
        if light is None:
            self._begin(grey, now)
            return None
        gain, offset = light
        even = (grey - offset) / gain
        # What is as white as white goes, or as black, says nothing of how much light there is.
        different = np.abs(grey - np.clip(gain * self._usual + offset, 0, 255)) / gain
        learnt_s = _LEARN_S if now - self._begun < _LEARN_S else _FORGET_S
        rate = 1 - math.exp(-passed / learnt_s)
        unusual = self._background.apply(np.clip(even, 0, 255).astype(np.uint8), learningRate=rate)
        unusual[different < _LEAST_LEVELS] = 0
        mask = np.asarray(cv2.morphologyEx(unusual, cv2.MORPH_OPEN, _SPECK), np.uint8)
        share = cv2.countNonZero(mask) / mask.size
        sudden, self._share = share > _SUSPICIOUS and share > _SUDDEN * self._share, share
        if share > _EVERYTHING or (sudden and _has_shifted(self._usual, even, mask)):
            self._begin(grey, now)
            return None
        cv2.accumulateWeighted(even, self._usual, rate)
        if self._zones:
            mask = mask & self._zones.mask(*size)
        return self._boxes(mask, width / size[0], height / size[1])

    def _begin(self, grey: NDArray[np.float32], now: float) -> None:
        self._usual = grey.copy()
        self._begun = self._at = now
        self._share = 0.0
        self._background.apply(grey.astype(np.uint8), learningRate=1.0)

    def _light(self, grey: NDArray[np.float32]) -> tuple[float, float] | None:
        """Return gain and offset from the background's levels to those of the frame; None if no straight line leads there."""
        usual, now = self._usual[::_EVERY, ::_EVERY].ravel(), grey[::_EVERY, ::_EVERY].ravel()  # type: ignore[index]
        off = np.abs(now - usual - np.median(now - usual))
        for _ in range(3):  # each time without what has moved
            same = off <= max(_LEAST_LEVELS, 2.5 * float(np.median(off)))
            a, b = usual[same], now[same]
            spread = float(a.var())
            gain = float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 1 else 1.0
            offset = float(b.mean()) - gain * float(a.mean())
            off = np.abs(now - gain * usual - offset)
        if not _GAINS[0] <= gain <= _GAINS[1] or same.mean() < 1 - _EVERYTHING:
            return None
        return gain, offset

    def _boxes(self, mask: NDArray[np.uint8], wide: float, high: float) -> list[Box]:
        count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(mask, _JOIN))
        grown = (_JOIN.shape[0] - 1) // 2
        found = []
        for x, y, width, height, _ in stats[1:count].tolist():
            box = Box(x + grown, y + grown, max(1, width - 2 * grown), max(1, height - 2 * grown))
            if box.area >= _SMALLEST * mask.size:
                found.append(box.scaled(wide, high))
        return sorted(found, key=lambda box: -box.area)


def _has_shifted(usual: NDArray[np.float32], now: NDArray[np.float32], mask: NDArray[np.uint8]) -> bool:
    """Tell whether the whole frame has moved: then most of what differs is explained by one shift of everything."""
    (x, y), _ = cv2.phaseCorrelate(usual, now)
    if math.hypot(x, y) < _LEAST_SHIFT:
        return False
    shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
    moved = cv2.warpAffine(usual, shift, (usual.shape[1], usual.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    differs = mask > 0
    return float(np.abs(now - moved)[differs].mean()) < _EXPLAINED * float(np.abs(now - usual)[differs].mean())
