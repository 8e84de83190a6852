"""A live source of another package, in the capture process: its frames as packets.

May import: `catdog.edge.sources.registry`, `frame` and `options`.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frame import Frame, Packet
from ..options import SourceOptions
from ..registry import SOURCES


class PluginSource:
    """A source by its scheme; opened at once.

    Args:
        scheme: its name in the registry.
        address: what to open, whole.
        options: fields of `SourceOptions`.

    Raises:
        PluginError: the package that has the scheme cannot be loaded, or fails.
        CatdogError: what the source raises.
    """

    def __init__(self, scheme: str, address: str, options: dict[str, Any]) -> None:
        self._scheme = scheme
        given = SourceOptions(**options | {"inputs": tuple(options["inputs"])})
        row = SOURCES.find(scheme)
        with SOURCES.blaming(scheme):
            self._source = row.open(address, given)

    def packets(self) -> Iterator[Packet]:
        """Give its frames; what else it tells is the supervisor's to tell.

        Raises:
            PluginError: it fails in a way that no source should.
        """
        with SOURCES.blaming(self._scheme):
            for frame in self._source.frames():
                if isinstance(frame, Frame):
                    decode = partial(_picture, frame)
                    yield Packet(frame.source, frame.number, frame.captured_at, frame.capture_ms, decode)


def _picture(frame: Frame) -> NDArray[np.uint8]:
    if frame.error is not None:
        raise frame.error
    if frame.picture is None:
        raise ValueError("Expected a frame with a picture or an error. Received: neither")
    return frame.picture
