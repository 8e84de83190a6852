"""Addresses of the network: asked what they are, and opened as that.

May import: its neighbours, and those in `net/` and `live/`.
"""

from ..errors import SourceError
from .frame import Source
from .live.polled import PolledSource
from .live.source import LiveSource
from .net.address import parse_address
from .net.answer import Kind, ask
from .net.client import Client
from .net.tls import Trust
from .options import SourceOptions
from .stream import HTTP, StreamSource, greet_rtsp


def open_network(url: str, options: SourceOptions) -> Source:
    """Open an address of a scheme that comes with catdog. A picture is asked for once: the answer is its first frame.

    Raises:
        UsageError: the address is not valid, or the certificates to trust are not.
        SourceError: nothing usable answers, and nobody said to wait.
    """
    address = parse_address(url)
    trust = Trust(options.tls_ca, options.tls_fingerprint)
    live = {"kind": "stream", "url": url, **options.network()}
    if address.scheme not in HTTP:
        if address.scheme in ("rtsp", "rtsps") and not options.wait:
            greet_rtsp(address, options.timeout_s)
        return LiveSource(address.public, live, wait=options.wait, every=options.buffer == "all")
    client = Client(address, options.timeout_s, trust)
    try:
        answer = ask(client)
    except SourceError:
        if not options.wait:
            raise
        return PolledSource(url, client, options, None)
    if answer is not None and answer.kind is Kind.PICTURE and options.picture_every_s:
        return PolledSource(url, client, options, answer)
    if answer is not None and answer.kind in (Kind.PICTURE, Kind.FILM):
        return StreamSource(url, answer=answer, **options.network())
    if answer is not None:
        answer.close()
    return LiveSource(address.public, live, wait=options.wait, every=options.buffer == "all")
