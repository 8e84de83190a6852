"""Options from a TOML file: every option of the command line is a key, by its own name.

    camera = 0
    resolution = "640x480"
    motion-gate = true
    inputs = ["clip.mp4", "photos/"]

What there is and what is valid is asked of the command line's own parser, so that the two can never differ.
"""

import argparse
import json
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputNotFoundError, UsageError

_NOT_FOR_FILES = {"help", "version", "config", "list-cameras"}  # questions; and one file is enough
_SEVERAL_PARTS = {"zone", "ignore"}  # whose values have commas themselves
_NEAR = 0.5  # of two names, as difflib counts it, from which on one may be meant by the other


def read_config(path: Path, parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Read a file of options.

    Args:
        path: the file.
        parser: of the command line, whose mistakes are `UsageError`s.

    Returns:
        Values as the parser gives them, by the names of its namespace; for `parser.set_defaults`.

    Raises:
        UsageError: no TOML, an unknown key, or a value that the command line would refuse as well.
        InputNotFoundError: there is no such file.
    """
    actions = options_of(parser)
    chosen = {}
    for key, value in _read(path).items():
        action = actions.get(key)
        if action is None:
            raise UsageError(f"names of options as keys in {path}", got=repr(key), fix=_advice(key, list(actions)))
        typed = _as_typed(action, key, value, path)
        try:
            chosen[action.dest] = getattr(parser.parse_args(typed), action.dest)
        except UsageError as error:
            raise UsageError(error.expected, got=f"{error.got} (key {key} in {path})", fix=error.fix) from None
    return chosen


def options_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return what a file may say: options by their long names without dashes, positional arguments by their own."""
    named = {(action.option_strings or [action.dest])[-1].removeprefix("--"): action for action in parser._actions}
    return {name: action for name, action in named.items() if name not in _NOT_FOR_FILES}


def write_example(parser: argparse.ArgumentParser, **chosen: str | float | bool) -> str:
    """Write a file in which some options are set, and all others are explained and commented out.

    Args:
        parser: of the command line.
        chosen: what is set, by name.
    """
    lines = [
        f"# The options of `{parser.prog} --help`, by the same names; text is quoted. Paths start in /var/lib/catdog.",
        "# Who writes a password into an address hides it from other users (the service is in the group video):",
        "#   sudo chgrp video FILE && sudo chmod 640 FILE",
        "",
        *(f"{name} = {json.dumps(value)}" for name, value in chosen.items()),
    ]
    for name, action in options_of(parser).items():
        if name not in chosen:
            lines += ["", f"# {(action.help or '') % vars(action)}", f"# {name} = {_placeholder(action)}"]
    return "\n".join(lines) + "\n"


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Name the file in what is wrong with options: they may have come from there, and the command line does not show them."""
    try:
        yield
    except UsageError as error:
        raise UsageError(error.expected, got=f"{error.got} (options from {path})", fix=error.fix) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputNotFoundError("a file of options", got=f"{path}, which is not there", fix="Check the path.") from None
    except OSError as error:
        what = f"{path}: {error.strerror or error}"
        raise UsageError("a readable file of options", got=what, fix="Check the path and the permissions.") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise UsageError(
            f"{path} to be TOML", got=str(error), fix="Write each option once, on a line of its own: camera = 0"
        ) from None


def _as_typed(action: argparse.Action, key: str, value: object, path: Path) -> Sequence[str]:
    """Return what one would type for a value."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise UsageError(f"true or false for {key} in {path}", got=repr(value), fix=f"Write {key} = true.")
        return action.option_strings[-1:] if value else []
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str | int | float) and not isinstance(part, bool) for part in parts):
        kind = "a table" if isinstance(value, dict) else repr(value)
        raise UsageError(f"text or a number for {key} in {path}", got=kind, fix="Write keys as --help lists the options.")
    texts = [str(part) for part in parts]
    if isinstance(action, argparse._AppendAction):
        return [f"{action.option_strings[-1]}={text}" for text in texts]
    between = ";" if key in _SEVERAL_PARTS else ","
    return [f"{action.option_strings[-1]}={between.join(texts)}"] if action.option_strings else ["--", *texts]


def _placeholder(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "true"
    if action.nargs == "*":
        return f'["{action.metavar}"]'
    return json.dumps(action.default) if action.choices else str(action.metavar or json.dumps(action.default))


def _advice(key: str, known: Sequence[str]) -> str:
    import difflib

    nearest = difflib.get_close_matches(key, known, n=1, cutoff=_NEAR)
    return f"Did you mean {nearest[0]}?" if nearest else "catdog-edge --help lists the options; write them without dashes."
