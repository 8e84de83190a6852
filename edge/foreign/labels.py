"""Names for scores, as people have them: typed, or in a file with one a line, numbered or not."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputNotFoundError, UsageError

_NUMBERED = re.compile(r"(\d{1,6})[\s:,;.]+(\S.*)")
_FILE_SUFFIXES = (".txt", ".names", ".labels", ".csv")
_LARGEST_FILE = 4 * 1024 * 1024  # bytes


def named_labels(text: str) -> tuple[str, ...] | Path:
    """Return the labels that somebody typed, ``a,b,c``, or the path of the file that they named instead."""
    # os.path: a thousand names are no path, and no error
    if os.path.isfile(text) or ("," not in text and Path(text).suffix.lower() in _FILE_SUFFIXES):  # noqa: PTH113
        return Path(text)
    return tuple(name.strip() for name in text.split(","))


def read_labels(path: Path) -> tuple[str, ...]:
    """Read a file of labels.

    Raises:
        InputNotFoundError: it is not there.
        UsageError: it cannot be read, or names nothing.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputNotFoundError("a file of labels", got=f"{path}, which does not exist", fix="Check the path.") from error
    except OSError as error:
        raise UsageError("a readable file of labels", got=f"{path}: {error.strerror}", fix="Check the path.") from error
    if len(content) > _LARGEST_FILE:
        raise UsageError("a file of labels, one a line", got=f"{path}, which is larger than one", fix="Check the path.")
    return parse_labels(content, str(path))


def parse_labels(content: bytes, name: str) -> tuple[str, ...]:
    """Take the lines of a file of labels: as they are, or without the numbers that Teachable Machine and Coral put before them.

    Numbers from 0 or 1 on, each once, are places, in whatever order the lines are. Of equal names (ImageNet has two cranes) the
    later ones get their place behind them, since answers are told by name.

    Args:
        content: of the file.
        name: what to call it.

    Raises:
        UsageError: it is no text, or names nothing.
    """
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        raise UsageError("a file of labels in UTF-8", got=f"{name}: {error.reason}", fix="Save it as UTF-8 text.") from error
    while lines and not lines[-1]:
        lines.pop()
    if not lines or not all(line and line.isprintable() for line in lines):
        place = next((number for number, line in enumerate(lines) if not line or not line.isprintable()), 0)
        got = f"{name}, line {place + 1} of which is {'no text' if lines[place] else 'empty'}" if lines else f"{name}, empty"
        raise UsageError("a file with one label a line", got=got, fix="Write every label on a line of its own.")
    return told_apart(_without_numbers(lines))


def _without_numbers(lines: Sequence[str]) -> list[str]:
    matches = [match for line in lines if (match := _NUMBERED.fullmatch(line))]
    if len(matches) != len(lines):
        return list(lines)
    by_place = {int(match[1]): match[2].strip() for match in matches}
    first = min(by_place)
    if first > 1 or sorted(by_place) != list(range(first, first + len(lines))) or len(set(by_place.values())) == 1:
        return list(lines)  # "2 euro", "5 euro"
    return [by_place[place] for place in sorted(by_place)]


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, the second and further of equal ones with their place behind them."""
    again = Counter(names)
    if len(again) == len(names):
        return tuple(names)
    taken = set(names)
    found: dict[str, None] = {}
    for place, name in enumerate(names):
        apart = name
        while apart in found or (apart != name and apart in taken):  # a name of its own may look like one with a place
            apart += f" ({place})"
        found[apart] = None
    return tuple(found)
