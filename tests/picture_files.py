"""Picture files of every format, made by the tests themselves."""

import io

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image


def heic(picture: NDArray[np.uint8], orientation: int = 1) -> bytes:
    """A picture as phones store it.

    Args:
        picture: BGR uint8, as the sensor saw it.
        orientation: of Exif; written as HEIF's own `irot` and `imir`.
    """
    file = io.BytesIO()
    image = Image.fromarray(picture[..., ::-1])
    exif = image.getexif()
    exif[0x0112] = orientation
    pillow_heif.from_pillow(image).save(file, quality=90, exif=exif.tobytes())
    return file.getvalue()
