"""What addresses can be opened: a row for each scheme, as in ``rtsp://``.

One of another package is a row in the group `catdog.sources` (docs/extend/add-a-source.md). Files, folders, stdin and cameras
have no scheme; `catdog.edge.sources` tells them apart by itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..common.plugins import Registry
from ..errors import UsageError
from .frame import Source
from .options import SourceOptions

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)  # RFC 3986, section 3.1


@dataclass(frozen=True)
class SourceRow:
    """A scheme of addresses.

    Attributes:
        name: the scheme, in small letters, without ``://``.
        open: opens an address, given whole, as the options say. May raise `UsageError` for an address that is not valid,
            `InputNotFoundError` and `SourceError` where nothing is there.
        live: the frames have no end and come as they happen. Then `open` is called in a process of its own, which is killed and
            started anew where it hangs or ends; the newest frame is judged, and what is known of the source is told.
        public: gives the address without its secrets, as it is printed; used for live ones. None where there are none in it.
        extra: of catdog that brings what it needs; empty where it comes with the base, or with another package.
    """

    name: str
    open: Callable[[str, SourceOptions], Source]
    live: bool = False
    public: Callable[[str], str] | None = None
    extra: str = ""


def _stream(url: str, options: SourceOptions) -> Source:
    from .network import open_network  # brings all of Python's HTTP

    return open_network(url, options)


_SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp")
SOURCES = Registry("catdog.sources", "source", SourceRow, (SourceRow(scheme, _stream) for scheme in _SCHEMES))


def find_scheme(text: str) -> SourceRow | None:
    """Return the row of an address; None where the text is none.

    Raises:
        UsageError: nobody knows its scheme.
        PluginError: the package that has the scheme cannot be loaded.
    """
    match = _SCHEME.match(text)
    if match is None:
        return None
    scheme = match[1].lower()
    if scheme in SOURCES:
        return SOURCES.find(scheme)
    known = ", ".join(sorted(SOURCES))
    if scheme == "file":
        fix = "A file is named by its path alone, without file://."
    else:
        from difflib import get_close_matches

        nearest = get_close_matches(scheme, sorted(SOURCES), n=1)
        fix = f"Did you mean {nearest[0]}://?" if nearest else "A file is named by its path; another package may bring more."
    raise UsageError(f"an address of {known}", got=f"one of {scheme}", fix=fix)


def open_address(row: SourceRow, address: str, options: SourceOptions) -> Source:
    """Open an address.

    Raises:
        UsageError: it is not valid.
        InputNotFoundError: nothing is there.
        SourceError: nothing answers.
        PluginError: the package that has the scheme fails.
    """
    if not row.live:
        with SOURCES.blaming(row.name):
            return row.open(address, options)
    from dataclasses import asdict

    from .live.source import LiveSource

    specification = {"kind": "plugin", "scheme": row.name, "address": address, "options": asdict(options)}
    name = address if row.public is None else row.public(address)
    return LiveSource(name, specification, wait=options.wait, every=options.buffer == "all")
