"""Which pictures a model has learnt from: a mark of four bytes for each, kept in its file.

An accuracy of pictures that were learnt from says nothing of others, so whoever measures a file leaves these out, also where
the data set that it was trained on is long gone. A mark is of the picture as the model gets it, resized, so another name or
folder does not hide it; saved anew as another JPEG it is another picture.

May import: numpy, this room's `contract`, `errors` and `preprocess`.
"""

import base64
import binascii
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .model_contract import InputSpec
from .preprocess import Preprocessor

# With so many marks one picture in 140,000 is taken for one of them by chance; more would make the contract too large.
MOST = 30_000
_BYTES = 4


class Learnt:
    """The marks of some pictures, and whether a picture is one of them.

    Args:
        marks: uint32 ``[n]``.
        spec: what the model is fed.
    """

    def __init__(self, marks: NDArray[np.uint32], spec: InputSpec) -> None:
        self._marks = frozenset(marks.tolist())
        self._preprocess = Preprocessor(spec.of_pixels())

    @classmethod
    def parse(cls, text: str, spec: InputSpec) -> "Learnt":
        """Read what `marks_of` wrote.

        Raises:
            ModelError: it did not write that.
        """
        try:
            return cls(np.frombuffer(base64.b64decode(text, validate=True), "<u4"), spec)
        except (binascii.Error, ValueError) as error:
            raise ModelError("marks of pictures in the contract", got=str(error), fix="Export the model again.") from error

    def __len__(self) -> int:
        return len(self._marks)

    def __contains__(self, picture: NDArray[np.uint8]) -> bool:
        """Whether a picture, BGR uint8 ``[height, width, 3]``, is one of them."""
        return bool(self._marks) and _mark(self._preprocess(picture)[0]) in self._marks


def marks_of(pixels: Iterable[NDArray[np.uint8]]) -> str:
    """Return the marks of pictures as text; empty where there are more than `MOST`.

    Args:
        pixels: uint8 ``[height, width, 3]`` each, RGB, as the model gets them.
    """
    marks = sorted({_mark(each) for each in pixels})
    return base64.b64encode(np.array(marks, "<u4").tobytes()).decode() if len(marks) <= MOST else ""


def united(*marks: str) -> str:
    """Return several texts of marks, of pictures that became the same input, as one; empty where that would be too many."""
    known = sorted({mark for text in marks for mark in np.frombuffer(base64.b64decode(text), "<u4").tolist()})
    return base64.b64encode(np.array(known, "<u4").tobytes()).decode() if len(known) <= MOST else ""


def _mark(pixels: NDArray[np.uint8] | NDArray[np.float32]) -> int:
    return int.from_bytes(blake2b(np.ascontiguousarray(pixels, np.uint8).data, digest_size=_BYTES).digest(), "little")
