"""The demo camera: a drawn room into which a cat and a dog walk, so that everything can be tried without hardware."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..synthetic import DemoFilm
from .frame import Frame

_PATIENT = 10  # nice value


class Film(Protocol):
    """What can be shown."""

    @property
    def fps(self) -> float:
        """Frames a second."""
        ...

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Give any frame: uint8 ``[height, width, 3]``, BGR."""
        ...


class DemoSource:
    """The film of `catdog.edge.synthetic` as a camera that never ends.

    Args:
        paced: True shows it as a camera would, at its frame rate, skipping frames nobody had time for; False gives every
            frame as fast as it is asked for.
        film: what to show.

    Attributes:
        keeps_pace: frames that nobody has time for are skipped.
    """

    def __init__(self, *, paced: bool = True, film: Film | None = None) -> None:
        self._film: Film = film or DemoFilm()
        self._closed = threading.Event()
        self.keeps_pace = paced

    def frames(self) -> Iterator[Frame]:
        """Give frames for ever; their index is the film's, so that `DemoFilm.truth` knows each."""
        opened = time.monotonic()
        index = 0
        while True:
            if self.keeps_pace:
                due = opened + index / self._film.fps
                time.sleep(max(0.0, due - time.monotonic()))
            start = time.perf_counter()
            picture = self._film.frame(index)
            captured_at = time.monotonic()
            drawn_ms = 1e3 * (time.perf_counter() - start)
            if index == 0 and self.keeps_pace and isinstance(self._film, DemoFilm):  # the room is drawn; now its visitors
                threading.Thread(target=_draw_ahead, args=(self._film, self._closed), daemon=True).start()
            yield Frame("demo", index, captured_at, drawn_ms, 0.0, picture, scene_s=index / self._film.fps)
            behind = int((time.monotonic() - opened) * self._film.fps) if self.keeps_pace else 0
            index = max(index + 1, behind)

    def close(self) -> None:
        """Stop drawing ahead; nothing is held open."""
        self._closed.set()


def _draw_ahead(film: DemoFilm, closed: threading.Event) -> None:
    """Draw the animals of a cycle before they walk in, whenever nobody else needs the core: a board takes a second for one."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PATIENT)  # of this thread alone: sched(7)
    for index in range(film.frames_per_cycle):
        if closed.is_set():
            return
        film.prepare(index)
