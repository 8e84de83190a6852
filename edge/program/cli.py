"""`catdog-edge`: classify pictures, videos, streams and cameras; look after the machine that does.

Imports nothing that may be broken: the doctor has to run where numpy or OpenCV does not load.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from ..common.command import end_like_ctrl_c, run_command

_GRACE_S = 10.0  # for sinks to finish their files after a signal; far more than they are given


def program() -> NoReturn:
    """Run as the shell starts it: a process that is this command's alone.

    Everything is released and written by now. To unload numpy, OpenCV and the runtime as well would take another 30 ms, a fifth
    of what one picture takes in all.
    """
    end_like_ctrl_c(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, grace_s=_GRACE_S)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, AttributeError):  # closed, or full, as has been said
            stream.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-edge", _main, argv)


def _main(argv: Sequence[str]) -> int:
    command = _COMMANDS.get(argv[0]) if argv else None
    if command is not None:
        return command(argv[1:])
    from .classify import classify

    return classify(argv)


def _doctor(argv: Sequence[str]) -> int:
    from .doctor.cli import main

    return main(argv)


def _models(argv: Sequence[str]) -> int:
    from .models.cli import main

    return main(argv)


def _service(argv: Sequence[str]) -> int:
    from .service.cli import main

    return main(argv)


def _teach(argv: Sequence[str]) -> int:
    from .teach.cli import main

    return main(argv)


# A picture of such a name is ./doctor, ./models, ./service or ./teach
_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "doctor": _doctor,
    "models": _models,
    "service": _service,
    "teach": _teach,
}
