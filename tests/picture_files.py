"""Picture files of every format, made by the tests themselves."""

import io
import warnings
from typing import Any

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from catdog.edge.synthetic import draw_picture

WIDTH, HEIGHT = 320, 240
PICTURE = draw_picture("cats", 1, width=WIDTH, height=HEIGHT)
pillow_heif.register_heif_opener()  # for Pillow to write them
_IMAGE = Image.fromarray(PICTURE[..., ::-1])
_ALPHA = _IMAGE.copy()
_ALPHA.putalpha(200)
_ORIENTATION = 0x0112  # Exif's tag


def heic(picture: NDArray[np.uint8], orientation: int = 1) -> bytes:
    """A picture as phones store it.

    Args:
        picture: BGR uint8, as the sensor saw it.
        orientation: of Exif; written as HEIF's own `irot` and `imir`.
    """
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return by_pillow("HEIF", Image.fromarray(picture[..., ::-1]), quality=90, exif=exif.tobytes())


def by_pillow(name: str, image: Image.Image = _IMAGE, **options: Any) -> bytes:
    """A picture in a format of Pillow's."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def by_opencv(suffix: str, picture: NDArray[Any] = PICTURE) -> bytes:
    """A picture in a format of OpenCV's."""
    done, data = cv2.imencode(suffix, picture)
    assert done
    return data.tobytes()


def turned(name: str, orientation: int) -> bytes:
    """A picture of which Exif data, or HEIF's properties, say how the camera was held; stored as the sensor saw it."""
    if name == "HEIF":
        return heic(PICTURE, orientation)
    if name == "TIFF":
        return by_pillow(name, tiffinfo={_ORIENTATION: orientation})
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return by_pillow(name, exif=exif.tobytes(), **({"lossless": True} if name == "WEBP" else {}))


def _all() -> dict[str, bytes]:
    two = {"save_all": True, "append_images": [_IMAGE.rotate(180)]}
    deep = PICTURE.astype(np.uint16) * 257
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow makes palettes
        return {
            "baseline.jpg": by_pillow("JPEG"),
            "progressive.jpeg": by_pillow("JPEG", progressive=True),
            "cmyk.jpg": by_pillow("JPEG", _IMAGE.convert("CMYK")),
            "grey.jpe": by_pillow("JPEG", _IMAGE.convert("L")),
            "windows.jfif": by_pillow("JPEG"),
            "two.mpo": by_pillow("MPO", **two),
            "rgb.png": by_pillow("PNG"),
            "palette.png": by_pillow("PNG", _IMAGE.convert("P")),
            "alpha.png": by_pillow("PNG", _ALPHA),
            "grey_alpha.png": by_pillow("PNG", _ALPHA.convert("LA")),
            "one_bit.png": by_pillow("PNG", _IMAGE.convert("1")),
            "sixteen.png": by_opencv(".png", deep),
            "lossy.webp": by_pillow("WEBP"),
            "lossless.webp": by_pillow("WEBP", lossless=True),
            "alpha.webp": by_pillow("WEBP", _ALPHA),
            "moving.webp": by_pillow("WEBP", **two),
            "raw.tif": by_pillow("TIFF"),
            "lzw.tiff": by_pillow("TIFF", compression="tiff_lzw"),
            "zip.tiff": by_pillow("TIFF", compression="tiff_adobe_deflate"),
            "jpeg.tiff": by_pillow("TIFF", compression="jpeg"),
            "fax.tiff": by_pillow("TIFF", _IMAGE.convert("1"), compression="group4"),
            "palette.tiff": by_pillow("TIFF", _IMAGE.convert("P")),
            "cmyk.tiff": by_pillow("TIFF", _IMAGE.convert("CMYK")),
            "sixteen.tiff": by_opencv(".tiff", deep),
            "one.gif": by_pillow("GIF"),
            "moving.gif": by_pillow("GIF", **two),
            "rgb.bmp": by_pillow("BMP"),
            "palette.bmp": by_pillow("BMP", _IMAGE.convert("P")),
            "rgb.ppm": by_pillow("PPM"),
            "grey.pgm": by_pillow("PPM", _IMAGE.convert("L")),
            "one_bit.pbm": by_pillow("PPM", _IMAGE.convert("1")),
            "rgb.pam": by_opencv(".pam"),
            "boxed.jp2": by_pillow("JPEG2000"),
            "stream.j2k": by_pillow("JPEG2000", no_jp2=True),
            "rgb.avif": by_pillow("AVIF"),
            "alpha.avif": by_pillow("AVIF", _ALPHA),
            "phone.heic": heic(PICTURE),
            "alpha.heif": by_pillow("HEIF", _ALPHA),
            "grey.heic": by_pillow("HEIF", _IMAGE.convert("L")),
        }


PICTURES = _all()
# What is known to be a picture and cannot be read: told, with what to do.
UNREADABLE = {
    "a.jxl": b"\xff\x0a" + bytes(200),
    "float.tiff": by_opencv(".tiff", PICTURE.astype(np.float32) / 255),
    "letter.jpg": b"Dear reader, this is text.",
    "empty.png": b"",
    "zeros.heic": bytes(5000),
}
