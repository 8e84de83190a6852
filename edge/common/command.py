"""What the four commands share: one-line errors, exit codes, Ctrl-C and closed pipes handled once.

May import: `catdog.edge.errors` and the standard library.
"""

import argparse
import contextlib
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..errors import CatdogError, OutputError, UsageError
from .startup import loaded

EXIT_INTERNAL = 70  # EX_SOFTWARE of sysexits.h: a bug of ours, not a fault of the input
_WIDEST_HELP = 110  # columns; longer lines are hard to read
_MAY_BE_NEGATIVE = ("--input-range",)  # options whose values may begin with a minus
_NEGATIVE = re.compile(r"-\d")

_ended_by: int | None = None  # the signal that asked for the end


class Terminated(KeyboardInterrupt):
    """A signal that asks the program to end, raised like Ctrl-C so that everything is released on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def end_like_ctrl_c(*signals: int, grace_s: float | None = None) -> None:
    """Let signals end the program as Ctrl-C does, with their own exit code: 128 and their number, as shells count it.

    Args:
        signals: their numbers.
        grace_s: seconds for tidying up, after which the program is out whatever it waits for; None for as long as it takes.
    """

    def end(number: int, _: object) -> NoReturn:
        global _ended_by  # noqa: PLW0603 - there is one process
        _ended_by = number
        for other in signals:
            signal.signal(other, signal.SIG_IGN)  # once is enough; a second one would interrupt the tidying up
        if grace_s is not None:
            # The exception may come between taking a lock and noting that it is to be given back.
            last_resort = threading.Timer(grace_s, os._exit, (128 + number,))
            last_resort.daemon = True
            last_resort.start()
        raise Terminated(number)

    for number in signals:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has said that a closed terminal is no end
            signal.signal(number, end)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples' line breaks, and finds the terminal's width without importing shutil, as argparse's own does."""

    def __init__(self, prog: str) -> None:
        try:
            width = os.get_terminal_size().columns
        except OSError:
            width = _WIDEST_HELP
        super().__init__(prog, max_help_position=30, width=min(width, _WIDEST_HELP) - 2)


class _PrintVersion(argparse.Action):
    """Looks the version up when it is asked for: that takes 20 ms, which every start would pay."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from .installation import own_version

        print(f"catdog {own_version()}")  # noqa: T201 - this is the command line
        parser.exit()


class CommandParser(argparse.ArgumentParser):
    """An argument parser whose mistakes are `UsageError`s: one line, not a page of usage.

    Args:
        prog: the command as typed.
        description: what it does, a sentence.
        epilog: examples, printed as they are.
    """

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, formatter_class=_HelpFormatter)
        self.add_argument("--version", action=_PrintVersion, help="print catdog's version and exit")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Parse as argparse does, but take ``--input-range -1..1`` as typed: argparse would see an option in the value."""
        words = list(sys.argv[1:] if args is None else args)
        for place in range(len(words) - 1, 0, -1):
            if words[place - 1] in _MAY_BE_NEGATIVE and _NEGATIVE.match(words[place]):
                words[place - 1 : place + 1] = [f"{words[place - 1]}={words[place]}"]
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise the mistake for `run_command` to print."""
        unknown = message.removeprefix("unrecognized arguments: ") if message.startswith("unrecognized arguments: ") else ""
        if any(os.path.lexists(name) for name in unknown.split()):
            raise UsageError("valid options", got=message, fix="Write ./ before names that begin with -.")
        raise UsageError("valid options", got=message, fix=f"See {self.prog} --help.")


def size(text: str) -> tuple[int, int]:
    """Read ``WIDTHxHEIGHT``, as argparse's type."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"WIDTHxHEIGHT, such as 640x480, not {text}")
    return int(match[1]), int(match[2])


def run_command(name: str, body: Callable[[Sequence[str]], int], argv: Sequence[str] | None) -> int:
    """Run a command's body and turn whatever it raises into one line on stderr and an exit code.

    Args:
        name: the command as typed, e.g. ``"catdog-edge"``.
        body: takes the arguments and returns an exit code.
        argv: the arguments without the program name; `sys.argv` when None.
    """
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold bytes that the terminal's encoding has no sign for; print those escaped.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    loaded()
    try:
        if sys.stdout is None:
            raise OutputError("somewhere to print results", got="a closed stdout", fix="Redirect it to a file or /dev/null.")
        code = body(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except CatdogError as error:
        return _complain(name, str(error), error.exit_code)
    except KeyboardInterrupt as end:
        return _interrupted(name, end.number if isinstance(end, Terminated) else signal.SIGINT)
    except BrokenPipeError:
        # The reader of our stdout has left (`catdog-edge ... | head`): not an error. Python would complain
        # again when it flushes stdout at exit, so that goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = error.filename or "the output"
        trouble = OutputError(
            f"to read and write {where}",
            got=error.strerror or str(error),
            fix="Free some space, check the permissions, or name another path.",
        )
        return _complain(name, str(trouble), trouble.exit_code)
    except MemoryError:
        return _complain(name, "expected enough memory; got none left. Use fewer or smaller pictures.", OutputError.exit_code)
    except Exception as error:
        # Modules that are being imported, compiled ones above all, make other exceptions of a Ctrl-C.
        if _ended_by is not None:
            return _interrupted(name, _ended_by)
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            return _interrupted(name, signal.SIGINT)
        if os.environ.get("CATDOG_DEBUG"):
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return _complain(name, f"internal error: {text}. Please report it; CATDOG_DEBUG=1 shows the traceback.", EXIT_INTERNAL)


def _interrupted(name: str, number: int) -> int:
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    return _complain(name, how, 128 + number)


def _complain(name: str, message: str, code: int) -> int:
    # Where stderr is closed or full, the exit code has to say it all.
    with contextlib.suppress(OSError):
        print(f"{name}: {message}", file=sys.stderr, flush=True)  # noqa: T201 - this is the command line
    return code
