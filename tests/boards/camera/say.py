"""What goes on, on stderr: stdout has the report alone."""

import sys
import time

_BEGUN = time.monotonic()


def say(what: str) -> None:
    """Write a line with the time since the start."""
    passed = int(time.monotonic() - _BEGUN)
    sys.stderr.write(f"{passed // 60:3}:{passed % 60:02}  {what}\n")
