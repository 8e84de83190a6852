"""The capture process: `python -m catdog.edge.sources.live.worker SPECIFICATION`, started by its neighbour `process`.

Drivers and network libraries can hang inside a call for ever. Here that harms nobody: the parent kills the process and starts
another. Frames go into shared memory; a line of JSON on stdout tells of each. When stdin closes, the parent is gone, and so is
this.
"""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ...decode import silence_opencv
from ...errors import CatdogError
from ..frame import Frame
from .ring import Ring


def main() -> None:
    """Capture until killed, or until the source ends."""
    specification = json.loads(sys.argv[1])
    threading.Thread(target=_die_with_parent, daemon=True).start()
    silence_opencv()
    ring = Ring(specification.pop("descriptor"))
    try:
        for frame in _frames(specification):
            _say(_describe(frame, ring))
        _say({"ended": "it gave no more frames"})
    except CatdogError as error:
        _say({"ended": str(error)})
    except (OSError, ValueError) as error:
        _say({"ended": f"{type(error).__name__}: {error}"})
    # Not past the library's own clean-up, which may hang as well.
    os._exit(0)


def _frames(specification: dict[str, Any]) -> Iterator[Frame]:
    kind = specification.pop("kind")
    if kind == "camera":
        from ..camera import CameraSource

        return CameraSource(**specification).frames()
    if kind == "stream":
        from ..stream import StreamSource

        return StreamSource(specification["url"], timeout_s=specification["timeout_s"]).frames()
    raise ValueError(f"Expected a kind of source. Received: {kind!r}")


def _describe(frame: Frame, ring: Ring) -> dict[str, Any]:
    said: dict[str, Any] = {
        "source": frame.source,
        "number": frame.number,
        "at": frame.captured_at,
        "capture_ms": frame.capture_ms,
        "decode_ms": frame.decode_ms,
    }
    if frame.picture is None:
        return said | {"error": str(frame.error)}
    slot, stamp = ring.write(frame.picture)
    return said | {"slot": slot, "stamp": stamp, "shape": frame.picture.shape}


def _say(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _die_with_parent() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 64):
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
