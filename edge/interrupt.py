"""A command that is asked to end while it starts, with nothing to release yet, or when everything is released, ends at once.

While it starts its libraries are imported, and there a KeyboardInterrupt is a traceback, becomes an ImportError of numpy's, or
is printed and forgotten. So until a command's body runs, and after it, a handler of ours ends the process itself.

May import what Python has loaded by itself: in the milliseconds that `signal` takes, Ctrl-C would be a traceback.
"""

import _signal  # type: ignore[import-not-found] # what `signal` gives names to
import os

TYPE_CHECKING = False  # as type checkers know it, without importing `typing`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_STDERR = 2
_SAID = {
    int(_signal.SIGINT): "interrupted",
    int(_signal.SIGTERM): "ended by SIGTERM",
    int(_signal.SIGHUP): "ended by SIGHUP",
}
_before: "dict[int, Any]" = {}  # the handlers that ours stand for


def run_program(command: str, load: "Callable[[], Callable[[], int]]") -> int:
    """Run a command as the shell starts it: a process that is this command's alone.

    Args:
        command: as typed, e.g. ``"catdog-edge"``.
        load: imports what the command needs and returns its main function. That has to call `may_tidy_up` or to install
            handlers of its own once it has something to release.

    Returns:
        The exit code.
    """
    end_at_once(command)
    try:
        code = load()()
        end_at_once(command)
    except KeyboardInterrupt:  # a second Ctrl-C, while the first was being told, or between two handlers
        _end(command, _STDERR, _signal.SIGINT)
    return code


def end_at_once(command: str) -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP end the process, with one line and the exit code that shells give them.

    Args:
        command: as typed.
    """
    try:
        stderr = os.dup(_STDERR)  # a library may be loaded with its output dropped
    except OSError:
        stderr = None  # closed: the exit code has to say it

    def end(number: int, _: object) -> "NoReturn":
        _end(command, stderr, number)

    for number in _SAID:
        handler = _signal.getsignal(number)
        if handler not in (_signal.SIG_IGN, None):  # nohup has said that a closed terminal is no end
            _before.setdefault(number, handler)
            _signal.signal(number, end)


def may_tidy_up() -> None:
    """Give back the handlers that `end_at_once` has replaced, if any: from here on there is something to release."""
    while _before:
        _signal.signal(*_before.popitem())


def _end(command: str, stderr: int | None, number: int) -> "NoReturn":
    if stderr is not None:
        try:  # noqa: SIM105 - contextlib takes as long to import as all of this
            os.write(stderr, f"{command}: {_SAID[number]}\n".encode())
        except OSError:
            pass
    os._exit(128 + number)
