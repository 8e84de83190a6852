"""What is drawn into a picture for people: the answer, and a box around each pet."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..regions.watch import Pet
from ..runner.results import Result

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_DARK, _LIGHT, _FRAME = (30, 30, 30), (255, 255, 255), (60, 220, 60)  # BGR


def annotate(result: Result) -> NDArray[np.uint8]:
    """Draw a result's answer and its pets into a copy of its picture: BGR uint8 ``[height, width, 3]``."""
    if result.frame.picture is None:
        raise ValueError("Expected a result with its picture. Received: none")
    picture = result.frame.picture.copy()
    draw_pets(picture, result.pets or ())
    answer = result.prediction
    text = f"{answer.label} {answer.score:.0%}" if answer is not None else str(result.frame.state or "no answer")
    scale = _scale(picture)
    (width, height), below = cv2.getTextSize(text, _FONT, scale, 2)
    cv2.rectangle(picture, (0, 0), (width + 16, height + below + 12), _DARK, cv2.FILLED)
    cv2.putText(picture, text, (8, height + 6), _FONT, scale, _LIGHT, 2, cv2.LINE_AA)
    return picture


def draw_pets(picture: NDArray[np.uint8], pets: Sequence[Pet]) -> None:
    """Draw a box with label and score around each pet, into the picture itself; a pet that fills it gets none."""
    height, width = picture.shape[:2]
    scale = _scale(picture)
    for pet in pets:
        left, top, wide, high = (round(side) for side in pet.box)
        if (wide, high) == (width, height):
            continue
        cv2.rectangle(picture, (left, top), (left + wide - 1, top + high - 1), _FRAME, 2)
        text = f"{pet.label} {pet.score:.0%}"
        (text_width, text_height), below = cv2.getTextSize(text, _FONT, 0.8 * scale, 1)
        under = min(max(top, text_height + below + 4), height)
        cv2.rectangle(picture, (left, under - text_height - below - 4), (left + text_width + 6, under), _FRAME, cv2.FILLED)
        cv2.putText(picture, text, (left + 3, under - below), _FONT, 0.8 * scale, _DARK, 1, cv2.LINE_AA)


def _scale(picture: NDArray[np.uint8]) -> float:
    return max(0.5, int(picture.shape[0]) / 480)
