"""How far long work has come: a bar on a terminal, a line every ten seconds in a log; nothing of what is done sooner.

May import: tqdm, which the edge itself does without, so whoever asks for a bar must have it.
"""

import io
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

_SECONDS = 10.0
_LINE = "{desc}{n_fmt} of {total_fmt}{unit}, {elapsed} so far, {remaining} to go{postfix}"


def progress_bar(
    items: Iterable[Any] | None = None,
    *,
    title: str = "",
    unit: str = "",
    quietly: bool = False,
    **options: Any,  # noqa: ANN401 - tqdm's own
) -> "tqdm[Any]":
    """Return tqdm's bar, on stderr.

    Args:
        items: what is gone through; None where steps are told by `update`.
        title: of the bar.
        unit: what is counted, with a space before it.
        quietly: show nothing.
        options: further ones of tqdm, such as ``total``.
    """
    options |= {"desc": f"{title}: " if title else None, "unit": unit, "disable": quietly}
    if sys.stderr.isatty():
        return tqdm(items, **options)
    return tqdm(
        items, file=_Lines(), mininterval=_SECONDS, miniters=1, delay=_SECONDS, bar_format=_LINE, dynamic_ncols=False, **options
    )


class _Lines(io.TextIOBase):
    """Writes on stderr what is meant for one line of a terminal, each time on a line of its own."""

    def write(self, text: str) -> int:
        if line := text.strip("\r\n "):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        return len(text)
