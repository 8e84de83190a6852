"""The capture process: `python -m catdog.edge.sources.live.worker`, started by its neighbour `process`.

Drivers and network libraries can hang inside a call for ever. Here that harms nobody: the parent kills the process and starts
another. What to open comes as a line of JSON on stdin, not as an argument, where every user of the machine could read the
password in an address. Frames go into shared memory; a line on stdout tells of each. A byte on stdin says that the parent took
one: only then is another decoded, or when the one that waits has grown old. When stdin closes, the parent is gone, and so is
this.
"""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import CatdogError, PluginError
from ...pictures.decode import silence_opencv
from ..frame import EndError, Frame, Packet
from .newest import wanted
from .ring import Ring
from .stage import Stage

if TYPE_CHECKING:
    from ..camera import CameraSource
    from ..faulty import FaultyDemo
    from ..stream import StreamSource
    from .plugin import PluginSource


def main() -> None:
    """Capture until killed, or until the source ends."""
    say = partial(_say, _pipe_of_its_own())
    specification = json.loads(_first_line())
    taken = threading.Semaphore(1)
    threading.Thread(target=_listen, args=(taken,), daemon=True).start()
    silence_opencv()
    ring, every = Ring(specification.pop("descriptor")), specification.pop("every")
    try:
        say({"stage": Stage.OPENING})
        for packet in wanted(_packets(specification, say), taken, every=every):
            frame = packet.frame()
            if isinstance(frame.error, EndError):
                break
            say(_describe(frame, ring))
        say({"ended": "it gave no more frames"})
    except PluginError as error:  # whose it is stands in what was expected
        say({"ended": f"expected {error.expected}; got {error.got}", "expected": error.expected, "fix": error.fix})
    except CatdogError as error:
        say({"ended": error.got, "expected": error.expected, "fix": error.fix})
    except (OSError, ValueError) as error:
        say({"ended": f"{type(error).__name__}: {error}"})
    # Not past the library's own clean-up, which may hang as well.
    os._exit(0)


def _packets(specification: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> Iterator[Packet]:
    source = _open(specification.pop("kind"), specification)
    say({"stage": Stage.OPENED, "settings": getattr(source, "settings", "")})
    return source.packets()


def _open(kind: str, specification: dict[str, Any]) -> "CameraSource | StreamSource | FaultyDemo | PluginSource":
    if kind == "camera":
        from ..camera import CameraSource

        return CameraSource(**specification)
    if kind == "stream":
        from ..stream import StreamSource

        return StreamSource(**specification, is_watched=True)
    if kind == "faulty demo":
        from ..faulty import FaultyDemo

        return FaultyDemo(**specification)
    if kind == "plugin":
        from .plugin import PluginSource

        return PluginSource(**specification)
    raise ValueError(f"Expected a kind of source. Received: {kind!r}")


def _describe(frame: Frame, ring: Ring) -> dict[str, Any]:
    said: dict[str, Any] = {
        "number": frame.number,
        "at": frame.captured_at,
        "capture_ms": frame.capture_ms,
        "decode_ms": frame.decode_ms,
    }
    if frame.stream is not None:
        said["stream"] = frame.stream
    if frame.error is not None:
        return said | {"error": frame.error.got.removeprefix(f"{frame.source}, ")}
    if frame.picture is None:
        raise ValueError("Expected a picture or an error. Received: neither")
    slot, stamp = ring.write(frame.picture)
    return said | {"slot": slot, "stamp": stamp, "shape": frame.picture.shape}


def _pipe_of_its_own() -> int:
    """Keep the pipe to the command for what is said here: libraries, and other packages' sources, write to stdout as well."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return pipe


def _say(pipe: int, what: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(what).encode() + b"\n")


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)  # unbuffered: what follows is for the thread that listens
        if not byte:
            os._exit(0)
        line += byte
    return line


def _listen(taken: threading.Semaphore) -> None:
    with contextlib.suppress(OSError):
        while said := os.read(0, 64):
            taken.release(len(said))
    os._exit(0)


if __name__ == "__main__":
    main()
