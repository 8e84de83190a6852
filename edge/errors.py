"""The one exception tree of catdog, and the exit codes of its commands.

Every error says three things: what was expected, what came instead, and what to do about it. The commands print that as
one line on stderr and end with the class's `exit_code`; docs/troubleshooting.md lists the codes.
"""

import re

# Of an address with a login, which may be mistyped, what is before its host; examples in errors say USER:PASSWORD.
_PLACE = r"(?:localhost|\[[^]@]+\]|[^\s/:@]*\.[^\s/:@]*)(?::\d+)?/"  # a host, so that an @ behind it is the path's
_LOGIN = re.compile(rf"\b([a-z][a-z0-9+.-]*:/{{1,2}})(?!USER:PASSWORD@|{_PLACE})[^\s/'\"]*:[^\s'\"]*@", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class CatdogError(Exception):
    """Base of every error that catdog raises on purpose.

    Args:
        expected: what was needed, e.g. ``"a picture file"``.
        got: what came instead, e.g. ``"photos/a.jpg, which holds text"``.
        fix: what the reader can do about it, a full sentence.
    """

    exit_code = 1

    def __init__(self, expected: str, *, got: str, fix: str) -> None:
        super().__init__(expected, got, fix)
        self.expected = expected
        self.got = got
        self.fix = fix

    def __str__(self) -> str:
        # Paths and library messages may hold line breaks; an error is one line wherever it is printed.
        return on_one_line(" ".join(without_logins(f"expected {self.expected}; got {self.got}. {self.fix}").split()))


def without_logins(text: str) -> str:
    """Return text without user and password of the addresses in it: somebody may give one to an option that takes none."""
    return _LOGIN.sub(r"\1...@", text)


def on_one_line(text: str) -> str:
    """Return text that stays on its line and changes nothing of a terminal: names of files may hold any sign."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class UsageError(CatdogError):
    """A command line option or an argument of the API is not valid."""

    exit_code = 2


class InputNotFoundError(CatdogError):
    """A named file, folder or pattern does not exist or holds nothing to work on."""

    exit_code = 3


class UnreadableInputError(CatdogError):
    """An input exists but cannot be decoded: not a picture, truncated, corrupt."""

    exit_code = 4


class SourceError(CatdogError):
    """A camera or stream cannot be opened, or is gone."""

    exit_code = 5


class ModelError(CatdogError):
    """A file is no model, is damaged, or does not carry a usable model contract."""

    exit_code = 6


class MissingExtraError(CatdogError):
    """An optional dependency is needed and not installed."""

    exit_code = 7


class DatasetError(CatdogError):
    """Training data cannot be downloaded, unpacked or understood."""

    exit_code = 8


class VerificationError(CatdogError):
    """An exported artifact does not agree with the model it was made from."""

    exit_code = 9


class OutputError(CatdogError):
    """A result cannot be written: disk full, no permission, path taken."""

    exit_code = 10


class PartialFailureError(CatdogError):
    """The work is done, but some of the inputs failed; each was reported where it occurred."""

    exit_code = 11


class TrainingError(CatdogError):
    """A training has come to nothing: its loss is no number any more, or the network has died."""

    exit_code = 12


class UnprovenError(CatdogError):
    """Nothing speaks against a file, but the pictures are too few to tell."""

    exit_code = 13


class PluginError(CatdogError):
    """Another package that adds to catdog cannot be loaded, or offers something else than it says."""

    exit_code = 14


class SignatureError(CatdogError):
    """A model file is not signed by a known key, is not the file that was signed, or is older than what was taken."""

    exit_code = 15


class ClusterError(CatdogError):
    """The machines that were to work together cannot be reached, or are gone."""

    exit_code = 17
