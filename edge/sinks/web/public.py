"""What may be shown to whoever looks at the page: no folders, no users, no passwords, no secret parts of addresses."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from ...errors import CatdogError
from ...runner.results import Result
from ...sources import Change

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>,;]+", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w/])(?:~|\.{1,2})?/(?:[^\s/]+/)*([^\s/]*)")


@lru_cache(maxsize=64)
def public_name(source: str) -> str:
    """Return a source's name without its folders, and of an address only scheme, host and port."""
    if "://" in source:
        return _public_address(source)
    return source.rstrip("/").rpartition("/")[2] or source


def public_text(text: str, source: str = "") -> str:
    """Return a message without the folders and addresses in it.

    Args:
        text: the message.
        source: what it is about, whose name may have blanks.
    """
    if source:
        text = text.replace(source, public_name(source))
    kept = _ADDRESS.sub(lambda found: _public_address(found[0]).replace("/", "\0"), text)
    return _PATH.sub(r"\1", kept).replace("\0", "/")


def public_result(result: Result) -> Result:
    """Return a result without its picture that may be shown."""
    source, error = result.frame.source, result.error
    if error is not None:
        error = CatdogError(
            public_text(error.expected, source), got=public_text(error.got, source), fix=public_text(error.fix, source)
        )
    return result._replace(frame=result.frame._replace(source=public_name(source), picture=None, error=error), error=error)


def public_change(change: Change) -> Change:
    """Return a change of state that may be shown."""
    return change._replace(source=public_name(change.source), cause=public_text(change.cause, change.source))


def _public_address(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "an address"
