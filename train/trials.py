"""The combinations of settings that `--try` names.

May import: `catdog.edge.errors`, this room's `options` and `side_by_side`; nothing heavy.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from catdog.edge.errors import UsageError

from .options import TrainOptions
from .side_by_side import LETTERS

Parse = Callable[[Sequence[str]], TrainOptions]


@dataclass(frozen=True)
class Trial:
    """One combination of settings.

    Attributes:
        words: the options that make it, as on the command line.
        options: all of them.
    """

    words: tuple[str, ...]
    options: TrainOptions


def trials(tries: Sequence[str], parse: Parse) -> list[Trial]:
    """Return every combination of settings, the first values first; each has a folder of its own in that of the search.

    Args:
        tries: such as ``"fine-tune-rate=1e-5,3e-5"``: an option's name without dashes, and its values.
        parse: gives the options of the command line with some more words at its end.

    Raises:
        UsageError: that is no option with values, or there are more combinations than letters to call them by.
    """
    axes = []
    for text in tries:
        name, sign, values = text.strip().removeprefix("--").partition("=")
        listed = [value.strip() for value in values.split(",") if value.strip()]
        if not (name and sign and listed):
            example = "Example: --try fine-tune-rate=1e-5,3e-5"
            raise UsageError("--try with an option and its values", got=text, fix=example)
        axes.append([f"--{name}={value}" for value in listed])
    combined = list(itertools.product(*axes))
    if not 2 <= len(combined) <= len(LETTERS):
        raise UsageError(f"2 to {len(LETTERS)} combinations to --try", got=str(len(combined)), fix="Name more or fewer values.")
    made = []
    for letter, words in zip(LETTERS, combined, strict=False):
        options = parse(words)
        made.append(Trial(words, replace(options, output=options.output / letter)))
    return made
