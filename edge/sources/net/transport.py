"""What makes Python's HTTP fit for cameras.

A limit for the whole of an answer, certificates of one's own, no proxy for what is near; redirections are left to `client`.
"""

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
import urllib.request
from functools import partial
from typing import IO, TYPE_CHECKING, cast

from .address import Address
from .tls import Trust

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_S = 60.0  # that an answer may take until it is understood; a server that drips holds up nobody for longer
_NEAR_NAMES = re.compile(r"[^.]+|.*\.(?:local|localhost|lan|home|internal|home\.arpa)", re.IGNORECASE)


class Reply(http.client.HTTPResponse):
    """An answer that has to be understood within `LONGEST_S`, however little of it comes at a time.

    Args:
        sock: the connection.
        debuglevel: as of `http.client.HTTPResponse`.
        method: likewise.
        url: likewise.
    """

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._limited = _Limited(cast(socket.SocketIO, self.fp.detach()))
        self.fp = io.BufferedReader(self._limited)

    def take_time(self) -> None:
        """Take the limit off: it was understood, and may go on without an end."""
        self._limited.until = None

    def be_patient(self, seconds: float) -> None:
        """Wait long for what still comes: urllib has one time limit, for the first answer and for all that follows."""
        connection = getattr(self._limited.inner, "_sock", None)
        if isinstance(connection, socket.socket):
            connection.settimeout(seconds)


class _Limited(io.RawIOBase):
    """What comes over a connection, until a time; each wait has the connection's own limit besides."""

    def __init__(self, inner: socket.SocketIO) -> None:
        self.inner = inner
        self.until: float | None = time.monotonic() + LONGEST_S

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        if self.until is not None and time.monotonic() > self.until:
            raise TimeoutError
        return self.inner.readinto(buffer)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.inner.close()
        super().close()


class NoRedirection(urllib.request.HTTPRedirectHandler):
    """Follows none: what may be told there is not urllib's to know. It would fail, too, where the address is not valid."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> None:
        """Leave the answer as it came."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class FarProxy(urllib.request.ProxyHandler):
    """Asks the proxy that the environment names, but not for cameras of one's own network, of which it knows nothing."""

    def proxy_open(self, req: urllib.request.Request, proxy: str, type: str) -> http.client.HTTPResponse | None:
        """Go by the proxy, or leave the request to be sent straight."""
        host = re.sub(r":\d*$", "", req.host).strip("[]")
        if is_near(host):
            return None
        reply: http.client.HTTPResponse | None = super().proxy_open(req, proxy, type)
        return reply


def is_near(host: str) -> bool:
    """Whether a host is of this machine or its network, by its number or name."""
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _NEAR_NAMES.fullmatch(host) is not None
    return number.is_private or number.is_loopback or number.is_link_local


class Http(urllib.request.HTTPHandler):
    """HTTP whose answers are of `Reply`."""

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask."""
        return self.do_open(_PlainConnection, req)


class Https(urllib.request.HTTPSHandler):
    """HTTPS whose answers are of `Reply`, and whose certificates are checked as asked.

    Args:
        trust: whose certificates are taken.
        address: of the server.
    """

    def __init__(self, trust: Trust, address: Address) -> None:
        self._tls, self._trust, self._address = trust.context(), trust, address
        super().__init__(context=self._tls)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask."""
        make = partial(_Connection, trust=self._trust, address=self._address, context=self._tls)
        return self.do_open(make, req)


class _PlainConnection(http.client.HTTPConnection):
    response_class = Reply


class _Connection(http.client.HTTPSConnection):
    response_class = Reply

    def __init__(self, host: str, *, trust: Trust, address: Address, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(host, context=context, timeout=timeout)
        self._trust, self._address = trust, address

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, ssl.SSLSocket):
            self._trust.check(self.sock, self._address)
