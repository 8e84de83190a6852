"""Ctrl-C and SIGTERM while a program still loads its modules: one line and the exit code, not a traceback.

Each room's `__main__` calls this before it imports anything else; it may import nothing that takes time. Nothing is open yet,
so that the process can end at once.
"""

import os
import signal


def end_at_once(name: str) -> None:
    """End the process on a signal, until `run_command` handles signals.

    Args:
        name: the command as typed, e.g. ``"catdog-edge"``.
    """

    def end(number: int, _: object) -> None:
        how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
        os.write(2, f"{name}: {how}\n".encode())
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # else somebody said that it is no end
            signal.signal(number, end)


def loaded() -> None:
    """Let signals be what they are in Python again."""
    if getattr(signal.getsignal(signal.SIGINT), "__module__", None) == __name__:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
