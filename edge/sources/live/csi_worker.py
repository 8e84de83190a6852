"""The capture process for CSI cameras: a script, run by the system's Python, which alone can import apt's picamera2.

That Python has another numpy than ours, and none of our packages: this file imports its neighbour `ring` by its place, and
nothing else of catdog. It speaks as `worker` does. Pictures are sent as the small stream gives them, planes of YUV 4:2:0.

Source: the Picamera2 Library manual, chapters 4 (streams; on boards before the Pi 5 the small one is YUV 4:2:0) and 6 (arrays).
Written from the manual; not run on a board.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

_OPENING, _OPENED = 1, 2  # as in `stage`


def main() -> None:
    """Capture until killed."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    specification = json.loads(line)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        from picamera2 import Picamera2  # type: ignore[import-not-found] # apt's
    except ImportError as error:
        _say({"ended": f"no picamera2 in {sys.executable} ({error}); run: sudo apt install python3-picamera2"})
        return
    from ring import Ring  # type: ignore[import-not-found] # by its place, see above

    ring = Ring(specification["descriptor"])
    size = (specification["width"], specification["height"])
    try:
        _say({"stage": _OPENING})
        camera = Picamera2()
        camera.configure(camera.create_video_configuration(lores={"size": size, "format": "YUV420"}, display=None))
        camera.start()
        _say({"stage": _OPENED})
        number = 0
        while True:
            start = time.monotonic()
            planes = camera.capture_array("lores")[:, : size[0]]
            at = time.monotonic()
            slot, stamp = ring.write(planes)
            _say({
                "number": number, "at": at, "capture_ms": 1e3 * (at - start), "decode_ms": 0.0,
                "slot": slot, "stamp": stamp, "shape": planes.shape, "format": "yuv420",
            })  # fmt: skip
            number += 1
    except (RuntimeError, IndexError, OSError, ValueError) as error:
        _say({"ended": f"{type(error).__name__}: {error}"})


def _say(what: "dict[str, object]") -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _die_with_parent() -> None:
    while os.read(0, 64):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
    os._exit(0)
