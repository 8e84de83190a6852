"""Ctrl-C and SIGTERM while a program still loads its modules: one line and the exit code, not a traceback.

Each room's `__main__` calls this before it imports anything else; it may import nothing that takes time. Nothing is open yet,
so that the process can end at once.
"""

import os
import signal
from types import FrameType
from typing import NoReturn


def end_at_once(name: str) -> None:
    """End the process on a signal, until `run_command` handles signals.

    Args:
        name: the command as typed, e.g. ``"catdog-edge"``.
    """

    def end(number: int, _: FrameType | None) -> NoReturn:
        how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
        os.write(2, f"{name}: {how}\n".encode())
        os._exit(128 + number)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody said that Ctrl-C is no end
        signal.signal(signal.SIGINT, end)


def loaded() -> None:
    """Let Ctrl-C be what it is in Python again, an exception."""
    if getattr(signal.getsignal(signal.SIGINT), "__module__", None) == __name__:
        signal.signal(signal.SIGINT, signal.default_int_handler)
