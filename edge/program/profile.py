"""`--profile`: options that fit the machine, in place of the usual ones, where nobody has named others.

`small` is for boards of 512 MB and of slow cores, such as a Raspberry Pi Zero 2 W or 3A+. `full` is all others, and what catdog
does without a profile: it sets nothing. Measured: docs/pi.md.

May import of `catdog.edge`: `common`. No numpy: the doctor asks here, too.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.cores import usable_cores

AUTO, SMALL, FULL = PROFILES = ("auto", "small", "full")

# What each sets, by the names of the command line's namespace.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    SMALL: {
        "model": "fast",  # three quarters of the pixels; by accuracy the two cannot be told apart (docs/models.md)
        "threads": 1,  # the other cores read the camera, and keep the board cool
        "most_regions": 1,
        "queue": 8,  # at 1920 x 1080, 50 MB for each sink that takes pictures, not 398
        "workers": 1,  # a photograph of 12 million pixels is 36 MB when it is decoded
    },
    FULL: {},
}

# Boards of 512 MB keep some for the graphics processor; those of 1 GB have over 800 MB left.
_LITTLE_MEMORY = 700e6  # bytes
_SLOW = ("Cortex-A53", "Cortex-A35")  # they do one thing after another, and two at most at once

_UNSAID: Any = object()


@dataclass(frozen=True)
class Facts:
    """What a profile is chosen by.

    Attributes:
        memory_bytes: what this process can have: all of the machine's, or what its control group leaves; None if unknown.
        cores: how many it may use.
        kinds: of the cores, on ARM.
        board: the board's name; None where there is none.
    """

    memory_bytes: int | None
    cores: int
    kinds: tuple[str, ...] = ()
    board: str | None = None

    @classmethod
    def of(cls, root: Path = Path("/"), cores: int | None = None) -> "Facts":
        """Read them.

        Args:
            root: of the file system that /proc and /sys are in.
            cores: how many may be used; None for those of this process.
        """
        from ..common.machine import read_board, read_cores, read_memory, read_memory_limit

        memory, limit = read_memory(root), read_memory_limit(root)
        known = [size for size in (memory.total if memory else None, limit) if size is not None]
        return cls(min(known, default=None), cores or usable_cores(), tuple(read_cores(root)), read_board(root))


def fitting(facts: Facts) -> tuple[str, str]:
    """Return the name of the profile that fits, and why, in words."""
    little = facts.memory_bytes is not None and facts.memory_bytes < _LITTLE_MEMORY
    slow = bool(facts.kinds) and set(facts.kinds) <= set(_SLOW)
    memory = "memory unknown" if facts.memory_bytes is None else f"{facts.memory_bytes / 1e6:,.0f} MB of memory"
    cores = f"{facts.cores} {' and '.join(facts.kinds)}{' ' if facts.kinds else ''}core{'s' if facts.cores > 1 else ''}"
    told = [f"{memory} (little)" if little else memory, f"{cores} (slow)" if slow else cores, facts.board]
    return SMALL if little or slow else FULL, ", ".join(filter(None, told))


def parse_with(
    profile: str, parser: argparse.ArgumentParser, argv: Sequence[str], chosen: Mapping[str, Any]
) -> argparse.Namespace:
    """Parse the command line with a profile's options in place of the parser's own.

    Args:
        profile: its name, or ``"auto"``.
        parser: of the command line.
        argv: the command line, which wins over all.
        chosen: what a file of options says, which wins over the profile.

    Returns:
        The options, and as `noted` what the profile has set, for people.
    """
    name, why = fitting(Facts.of()) if profile == AUTO else (profile, "")
    options = OPTIONS[name]
    parser.set_defaults(**(dict.fromkeys(options, _UNSAID) | dict(chosen)))
    arguments = parser.parse_args(argv)
    unsaid = {option: value for option, value in options.items() if getattr(arguments, option) is _UNSAID}
    for option, value in unsaid.items():
        setattr(arguments, option, value)
    told = " ".join(f"--{option.replace('_', '-')} {value}" for option, value in unsaid.items())
    arguments.noted = f"profile {name}{f' ({why})' if why else ''}: {told or 'nothing to set'}"
    return arguments
