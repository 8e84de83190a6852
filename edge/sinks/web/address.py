"""Where the page is served: the address as it is typed, the socket, and the names that browsers may call it by."""

import ipaddress
import re
import socket
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...errors import OutputError, UsageError

LOOPBACK = "127.0.0.1"
_FORM = re.compile(r"(?:(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>\d{1,5})")
_WAITING = 128  # connections that nobody has taken yet
_SEND_BYTES = 128 * 1024  # in the kernel for each client: a slow one shall get the newest picture, not those of a minute ago


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Attributes:
        host: a name or an IP address, without brackets.
        port: 0 for any that is free.
    """

    host: str
    port: int


def parse_address(text: str) -> Address:
    """Parse ``[HOST:]PORT``; the host is the loopback address where none is named.

    Raises:
        UsageError: it is not of that form.
    """
    match = _FORM.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise UsageError("--serve [HOST:]PORT", got=text, fix="Examples: 8080, 0.0.0.0:8080, [::1]:8080")
    return Address((match["host"] or LOOPBACK).strip("[]"), int(match["port"]))


def listen(address: Address) -> socket.socket:
    """Open the socket, which is known to work from then on.

    Raises:
        OutputError: the port is taken or not allowed, or the address is not one of this machine's.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        both = where[0] == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server(where[:2], family=family, backlog=_WAITING, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:
        raise OutputError(
            f"to serve a page at {_joined(address.host, address.port)}",
            got=getattr(error, "strerror", None) or str(error),
            fix="Name another port or address with --serve, or end the program that has this one.",
        ) from error
    listening.setblocking(False)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)  # of every connection that it takes
    return listening


def is_loopback(listening: socket.socket) -> bool:
    """Say whether this machine alone can reach it."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def url_of(listening: socket.socket) -> str:
    """Return an address that a browser can open: of a socket that listens everywhere, the one the network knows."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = _own_address() or socket.gethostname()
    return f"http://{_joined(host, port)}/"


class Names:
    """Names of this machine. A page elsewhere whose name is made to point here (DNS rebinding) calls us by another.

    Args:
        asked_for: the host as it was typed.
    """

    def __init__(self, asked_for: str) -> None:
        own = socket.gethostname().lower().rstrip(".")
        short = own.partition(".")[0]
        self._names = {"localhost", asked_for.lower(), own, short, f"{short}.local"}  # the last is how mDNS tells it

    def know(self, host: str) -> bool:
        """Say whether a request's `Host` is one of ours. No name server stands behind a bare IP address."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return name in self._names or _is_ip(name)


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _own_address() -> str | None:
    """Return the address that packets into the network would carry; none is sent."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # kept for documentation by RFC 5737
        except OSError:
            return None
        return str(probe.getsockname()[0])
