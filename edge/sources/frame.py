"""What a source is, and what it gives."""

import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import CatdogError


class EndError(CatdogError):
    """A capture took a frame and could not make a picture of it: there is nothing more to come."""


class State(StrEnum):
    """What is known of a live source.

    ONLINE: frames come, and may be judged. STALE: the last one is too old to stand for now, or those that come show nothing.
    OFFLINE: it is gone. RECOVERING: it is being opened again.
    """

    ONLINE = "ONLINE"
    STALE = "STALE"
    OFFLINE = "OFFLINE"
    RECOVERING = "RECOVERING"


class InUse(NamedTuple):
    """What became of the model of a running program, which may take another between two frames.

    Attributes:
        kind: ``"begun"``: with this one; ``"swapped"``: another came in use; ``"refused"``: another was not taken; ``"back"``:
            another was given up after it had come in use.
        id: of the model that is in use from now on, the beginning of its file's SHA-256.
        name: as its contract says.
        labels: of its scores, in order.
        input: what it is fed, in words.
        backend: the runtime and its version.
        made_by: catdog's version that wrote its file.
        other: id of the other one; empty where there is none.
        agreed: on how many of the compared frames both gave the same answer; None where nothing was compared.
        compared: how many frames that were.
    """

    kind: str
    id: str
    name: str
    labels: tuple[str, ...]
    input: str
    backend: str
    made_by: str
    other: str = ""
    agreed: int | None = None
    compared: int | None = None


class Change(NamedTuple):
    """A new state, or news of the model.

    Attributes:
        source: of which source.
        state: the new one.
        cause: why, in words.
        at: seconds, monotonic.
        model: what became of the model, which is no change of the source's state; None where it is one.
    """

    source: str
    state: State
    cause: str
    at: float
    model: InUse | None = None


class Idle(NamedTuple):
    """Nothing new, and still listening: with it a loop that waits can be told from one that hangs.

    Attributes:
        source: which source has nothing.
    """

    source: str


class InStream(NamedTuple):
    """What a video stream says of one of its pictures.

    Attributes:
        at_s: its time by the stream's own clock, in seconds from the first.
        rate: pictures a second that the stream announces.
        alone: how many up to here were coded by themselves (I pictures). The others are drawn on those before: where nothing
            moves, an encoder that saves sends nothing anew, not even the sensor's noise.
    """

    at_s: float
    rate: float
    alone: int


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
        state: of a live source, where that is why; None for a frame that may be judged, and for files.
        scene_s: when it happened in front of the camera, in seconds from wherever: the time of capture, or the place in a film
            that is shown faster than it was taken. None for pictures that have nothing to do with one another.
        stream: of a video stream, what it says of the picture.
    """

    source: str
    number: int
    captured_at: float
    capture_ms: float
    decode_ms: float
    picture: NDArray[np.uint8] | None = None
    error: CatdogError | None = None
    state: State | None = None
    scene_s: float | None = None
    stream: InStream | None = None

    @property
    def is_live(self) -> bool:
        """Whether it was captured as it happened, by a camera or stream."""
        return self.scene_s == self.captured_at


class Packet(NamedTuple):
    """A frame that is not decoded yet; of a camera that is faster than the model most need not be.

    Attributes:
        source: as of a frame.
        number: as of a frame.
        captured_at: as of a frame.
        capture_ms: as of a frame.
        decode: gives the picture, BGR uint8 ``[height, width, 3]``, before the next packet is asked for; raises `CatdogError`.
        may_wait: the system keeps what comes while this one is looked at, and `capture_ms` is waiting, not work.
        stream: as of a frame.
    """

    source: str
    number: int
    captured_at: float
    capture_ms: float
    decode: Callable[[], NDArray[np.uint8]]
    may_wait: bool = False
    stream: InStream | None = None

    def frame(self) -> Frame:
        """Decode it."""
        start = time.perf_counter()
        picture, error = None, None
        try:
            picture = self.decode()
        except CatdogError as trouble:
            error = trouble
        done = time.perf_counter()
        decode_ms = 1e3 * (done - start)
        return Frame(self.source, self.number, self.captured_at, self.capture_ms, decode_ms, picture, error, stream=self.stream)


class Source(Protocol):
    """Something that gives frames until it ends."""

    def frames(self) -> Iterator["Frame | Change | Idle"]:
        """Give the frames in order; a live source tells of its state as well, and one that waits long that it does."""
        ...

    def close(self) -> None:
        """Release devices and connections; safe to call twice."""
        ...
