"""The demo camera with faults, so that an owner sees what happens when a real one fails.

It runs in a capture process like any camera. Which fault it has is written in a file, the switch, that its owner may change at
any time: whoever starts the process anew, as the supervisor does with a camera that is gone, finds the fault still there.
"""

import json
import time
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.files import write_text
from ..errors import SourceError
from ..pictures.decode import decode_picture
from ..synthetic import DemoFilm
from .frame import Packet

_NAME = "demo"
_FILM = DemoFilm(width=320, height=240)
_SITS = range(round(7.2 * _FILM.fps), round(9.8 * _FILM.fps))  # the cat does, in view and not walking
_SILENCE_S = 1.0  # from the pulled plug until the driver says so
_SLOW_S = 1.1  # between frames: longer than an answer may stand
_TURN_S = 0.6  # of one kind of rubbish, then comes the next


class Fault(StrEnum):
    """What can happen to a camera."""

    UNPLUG = "unplug"
    FREEZE = "freeze"
    SLOW = "slow"
    CORRUPT = "corrupt"


class Switch(NamedTuple):
    """Which fault there is.

    Attributes:
        fault: None for none.
        until: when it is over, in seconds, monotonic; the clock is the same in all processes.
    """

    fault: Fault | None = None
    until: float = 0.0

    def write(self, path: Path) -> None:
        """Set the switch."""
        write_text(path, json.dumps({"fault": self.fault, "until": self.until}))

    @classmethod
    def read(cls, path: Path) -> "Switch":
        """Look at the switch; what is over is no fault any more."""
        fields = json.loads(path.read_text())
        if fields["fault"] is None or time.monotonic() >= fields["until"]:
            return cls()
        return cls(Fault(fields["fault"]), fields["until"])


class FaultyDemo:
    """A drawn cat that sits before a camera.

    Args:
        switch: file that says which fault the camera has.

    Raises:
        SourceError: the camera is unplugged.
    """

    def __init__(self, switch: str) -> None:
        self._switch = Path(switch)
        self._refuse_if_unplugged()
        for index in _SITS:
            _FILM.prepare(index)  # what is drawn for the first time takes longer than a frame may

    def packets(self) -> Iterator[Packet]:
        """Give frames at the film's pace, or what the fault makes of them.

        Raises:
            SourceError: the camera was unplugged.
        """
        due = time.monotonic()
        last, whole = _encoded(0), due
        for number in count():
            due = max(due + 1 / _FILM.fps, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            at = time.monotonic()  # before the switch is looked at: what is later than a change of it shows the change
            fault = Switch.read(self._switch).fault
            whole = at if fault is None else whole
            if fault is Fault.UNPLUG:
                time.sleep(_SILENCE_S)
                self._refuse_if_unplugged()
                at = time.monotonic()
            elif fault is Fault.SLOW:
                time.sleep(_SLOW_S)
                at = time.monotonic()
            if fault is Fault.CORRUPT:
                data = _rubbish(last, int((at - whole) / _TURN_S))
            elif fault is Fault.FREEZE:
                data = last
            else:
                data = last = _encoded(number)
            yield Packet(_NAME, number, at, 0.0, partial(decode_picture, data, _NAME))

    def _refuse_if_unplugged(self) -> None:
        if Switch.read(self._switch).fault is Fault.UNPLUG:
            raise SourceError("a camera", got="no such device: it was unplugged", fix="Plug it in.")


def _encoded(number: int) -> bytes:
    """Return a frame as a USB camera sends it. The noise is another in each."""
    cycles, place = divmod(number, len(_SITS))
    return _jpeg(_FILM.frame(_SITS[place] + cycles * _FILM.frames_per_cycle))


def _rubbish(last: bytes, turn: int) -> bytes:
    """Return half a JPEG, noise, a black picture or a grey one, in turn."""
    noise = np.random.default_rng(turn).bytes(len(last))
    size = (_FILM.height, _FILM.width, 3)
    kinds = (
        lambda: last[: len(last) // 2],
        lambda: noise,
        lambda: _jpeg(np.zeros(size, np.uint8)),
        lambda: _jpeg(np.full(size, 128, np.uint8)),
    )
    return kinds[turn % len(kinds)]()


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()
