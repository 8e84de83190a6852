"""Pictures inside a page."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_LARGEST_SIDE, _JPEG_QUALITY = 224, 85  # pixels; as large as the pages show a picture


@dataclass(frozen=True)
class Shown:
    """A picture with a title."""

    title: str  # what it is
    pixels: NDArray[np.uint8]  # uint8 [height, width, 3], RGB

    @property
    def data_uri(self) -> str:
        """The picture inside an address, as a JPEG no larger than the page shows it."""
        pixels = self.pixels
        if (scale := _LARGEST_SIDE / max(pixels.shape[:2])) < 1:
            pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        swapped = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        _, encoded = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
