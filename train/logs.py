"""What goes on is told through `logging`, by loggers named as the modules; this hands it on as lines.

May import: the standard library.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Lines(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


@contextmanager
def lines_to(tell: Callable[[str], None] | None) -> Iterator[None]:
    """Hand what catdog's loggers say to a function, a line at a time, and to nobody else; None leaves it to `logging`."""
    if tell is None:
        yield
        return
    logger, handler = logging.getLogger("catdog"), _Lines(tell)
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
