"""What a source is, and what it gives."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import CatdogError


class Frame(NamedTuple):
    """One picture from a source, or the reason why there is none.

    Records that are made once a frame are named tuples: made and defined several times faster than frozen dataclasses, and
    the definitions alone were a twentieth of the time to the first label.

    Attributes:
        source: what it came from: a path, an address, ``"camera 0"``, ``"demo"``.
        number: within its source, from 0.
        captured_at: `time.monotonic` when it was captured, in seconds.
        capture_ms: time to get the bytes or the camera's buffer.
        decode_ms: time to make a picture of it.
        picture: BGR uint8 ``[height, width, 3]``; None if `error` is set.
        error: why there is no picture.
    """

    source: str
    number: int
    captured_at: float
    capture_ms: float
    decode_ms: float
    picture: NDArray[np.uint8] | None = None
    error: CatdogError | None = None


class Source(Protocol):
    """Something that gives frames until it ends."""

    def frames(self) -> Iterator[Frame]:
        """Give the frames in order."""
        ...

    def close(self) -> None:
        """Release devices and connections; safe to call twice."""
        ...
