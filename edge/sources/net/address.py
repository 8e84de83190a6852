"""Addresses of cameras: taken apart, with their secrets kept apart.

Passwords often hold signs that an address gives a meaning of their own. Whoever forgets to encode them would have a part of the
password looked up as a host, and printed in errors; so an address that can be read in two ways is refused.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from ...errors import UsageError

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
LISTENING = frozenset({"udp", "rtp", "tcp", "srt"})  # whose address may be one of this machine, on which to wait for a sender

# What stands in a path as it was typed, encoded signs among it: cameras compare it byte for byte.
_PATH_SIGNS = "/%!$&'()*+,;=:@~[]{}|^"
_QUERY_SIGNS = _PATH_SIGNS + "?"
_SECRET = re.compile(r"((?:pass\w*|pwd|psw)=)[^&;?#/\s]+", re.IGNORECASE)  # some cameras want the password in the path
ENCODING = "In user and password write @ as %40, / as %2F, # as %23, ? as %3F, : as %3A and % as %25; in a path write @ as %40."


class Login(NamedTuple):
    """Who asks.

    Attributes:
        user: decoded.
        password: decoded; never printed.
    """

    user: str
    password: str


@dataclass(frozen=True)
class Address:
    """An address of a camera.

    Attributes:
        scheme: in small letters.
        host: name or number; of IPv6 without brackets. What is not ASCII is encoded as names of hosts are (IDNA).
        port: as given; None for the scheme's own.
        path: encoded; empty where there is none.
        query: encoded; may hold secrets.
        login: user and password; None where there are none.
    """

    scheme: str
    host: str
    port: int | None = None
    path: str = ""
    query: str = ""
    login: Login | None = None

    def __repr__(self) -> str:
        return f"Address({self.public!r})"  # never the password, also not in what Python prints of a failure

    @property
    def place(self) -> str:
        """Host and port, as they are written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def public(self) -> str:
        """The address without user, password and query, and without a password in the path: for whoever reads."""
        return f"{self.scheme}://{self.place}{self.public_path}"

    @property
    def public_path(self) -> str:
        """The path without the password that it may hold, as in ``/user=admin&password=...``."""
        return _SECRET.sub(r"\1...", self.path)

    @property
    def asked(self) -> str:
        """The address with its query and without user and password: what a request names."""
        return urlunsplit((self.scheme, self.place, self.path or "/", self.query, ""))

    @property
    def whole(self) -> str:
        """The address with everything: for FFmpeg."""
        login = f"{quote(self.login.user, '')}:{quote(self.login.password, '')}@" if self.login else ""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{login}{self.place}{self.path}{query}"

    @property
    def tcp_port(self) -> int:
        """The port that is asked, where the scheme has one of its own."""
        return self.port or PORTS.get(self.scheme, 0)

    def is_one_service_with(self, other: "Address") -> bool:
        """Whether what is secret here may be told there: the same server, or the same host where it takes up TLS."""
        if self.host.lower() != other.host.lower():
            return False
        if self.scheme == other.scheme:
            return self.tcp_port == other.tcp_port
        return (self.scheme, other.scheme) == ("http", "https") and (self.tcp_port, other.tcp_port) == (80, 443)


def parse_address(text: str) -> Address:
    """Take an address apart.

    Args:
        text: ``scheme://user:password@host:port/path?query``. Blanks and signs beyond ASCII are encoded, as browsers do.

    Raises:
        UsageError: it has no host, no valid port, or a password that is not encoded. Nothing of the latter is in the error.
    """
    _refuse_two_readings(text)
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        scheme, host = parts.scheme.lower(), parts.hostname or ""
        if not host and scheme in LISTENING and port:
            host = "0.0.0.0"  # noqa: S104 - udp://:5000: all of this machine, as players take it
        host = host.encode("idna").decode()  # which also refuses names that are none, such as a..b
    except (ValueError, UnicodeError):
        host, port = "", None
    if not host or port == 0 or re.search(r"[\s\x00-\x1f%]", host):
        raise UsageError(
            "an address such as http://host:port/path", got="one without host or port", fix=f"Check it. {ENCODING}"
        )
    login = Login(unquote(parts.username or ""), unquote(parts.password or ""))
    if re.search(r"[\x00-\x1f\x7f]", "".join(login)):
        fix = f"Look for %0A and the like in it. {ENCODING}"
        raise UsageError("a user and a password of signs that can be seen", got="one with a control character", fix=fix)
    path, query = quote(parts.path, _PATH_SIGNS), quote(parts.query, _QUERY_SIGNS)
    return Address(scheme, host, port, path, query, login if any(login) else None)


def parse_beside(base: str, target: str) -> Address:
    """Take apart what an answer names: a whole address, or one that is told from where the answer came.

    Args:
        base: where the answer came from.
        target: as it stands in a redirection or playlist.

    Raises:
        UsageError: as of `parse_address`.
    """
    try:
        whole = urljoin(base, target)
    except ValueError as error:
        fix = "It comes from the server."
        raise UsageError("an address such as http://host:port/path", got="one that is not valid", fix=fix) from error
    return parse_address(whole)


def without_secrets(text: str) -> str:
    """Return any text without what could be secret if it were an address: for errors about what cannot be taken apart.

    An address may be mistyped (``rtsp:/user:...@host``), so whatever stands between a colon and an @ is left out.
    """
    scheme, mark, rest = text.partition("://")
    if re.search(r":.*@", text, re.DOTALL) or (mark and "@" in rest):
        before, _, behind = text.partition(":")
        if behind.startswith("/"):  # a scheme; else the user is before it
            return f"{before}:{'//' if behind.startswith('//') else ''}..."
        return f"{before[: before.rfind('/') + 1]}..."
    shown = f"{scheme}://{re.split('[?#]', rest)[0]}" if mark else text
    return _SECRET.sub(r"\1...", shown)


def _refuse_two_readings(text: str) -> None:
    """Refuse an address in which a sign of the password may have been taken for one of the address.

    An @ in a path is plain where nothing before it looks like ``user:password``, as in ``http://host/cat@2x.jpg`` and
    ``http://10.0.0.2:80/cat@2x.jpg``; of ``http://admin:80/cat@2x.jpg`` nobody knows.
    """
    scheme, _, rest = text.partition("://")
    authority, behind = _cut(rest)
    before = authority.rpartition("@")[0]
    is_place = behind.startswith("/") and re.fullmatch(r"(?:localhost|\[[^]@]+\]|[^:@]*\.[^:@]*):\d+", authority) is not None
    is_doubtful = (
        authority.count("@") > 1
        or ("@" in behind and ("@" in authority or (":" in authority.rpartition("]")[2] and not is_place)))
        or re.search(r"%(?![0-9A-Fa-f]{2})", before) is not None
    )
    if is_doubtful:
        raise UsageError(
            f"an address such as {scheme}://USER:PASSWORD@HOST/PATH",
            got="one in which a sign of the password, or an @ in the path, can be read in two ways",
            fix=ENCODING,
        )


def _cut(rest: str) -> tuple[str, str]:
    """Return what names the host, and what is behind it."""
    end = next((at for at, sign in enumerate(rest) if sign in "/?#"), len(rest))
    return rest[:end], rest[end:]
