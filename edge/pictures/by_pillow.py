"""Formats that OpenCV does not read, by the extra `heif`: HEIC of phones; AVIF and GIF where OpenCV was built without them.

May import: numpy; Pillow and pillow-heif where they are used, as they need not be there.
"""

import importlib
import io
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

HEIC = "HEIC"
_PACKAGES = {HEIC: "pillow_heif"}
_PILLOW = "PIL"


class _Image(Protocol):
    """What a picture of Pillow's and one of pillow-heif's have in common: neither need be there for a type checker."""

    size: tuple[int, int]

    def convert(self, mode: str) -> "_Image": ...
    def to_pillow(self) -> "_Image": ...


def missing_package(format_name: str) -> str | None:
    """Return the package that has to be installed for a format; None if it is there.

    Args:
        format_name: as of `catdog.edge.pictures.kinds`.
    """
    package = _PACKAGES.get(format_name, _PILLOW)
    return None if find_spec(package) is not None else package.replace("_", "-").replace(_PILLOW, "pillow")


def decode_by_pillow(data: bytes, format_name: str, most_pixels: int) -> NDArray[np.uint8] | str:
    """Decode a picture file.

    Args:
        data: the whole file.
        format_name: as of `catdog.edge.pictures.kinds`.
        most_pixels: refuse larger ones before they are decoded.

    Returns:
        BGR uint8 ``[height, width, 3]``, upright; or what is wrong with it.
    """
    images, upright = importlib.import_module("PIL.Image"), importlib.import_module("PIL.ImageOps").exif_transpose
    module = importlib.import_module("pillow_heif") if format_name == HEIC else images
    try:
        image = _opened(data, module, format_name)
        if image.size[0] * image.size[1] > most_pixels:
            return f"of more than {most_pixels:,} pixels"
        # libheif turns pictures by the file's own `irot` and `imir`; what Exif data say does not count beside them.
        image = image.to_pillow() if format_name == HEIC else upright(image)
        return np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8)[..., ::-1])
    except images.DecompressionBombError:
        return f"of more than {most_pixels:,} pixels"
    # What the two raise of damaged data has no common base: OSError, ValueError, SyntaxError, IndexError, struct.error ...
    except Exception as error:  # noqa: BLE001
        return f"a {format_name} file that is truncated or damaged ({type(error).__name__})"


def _opened(data: bytes, module: ModuleType, format_name: str) -> "_Image":
    """Open a picture; it has a size then, and is not decoded yet."""
    if format_name == HEIC:
        opened: _Image = module.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    else:
        opened = module.open(io.BytesIO(data))
    return opened
