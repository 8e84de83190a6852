"""Where the broker is, and who we are to it: an address on the command line, secrets in the environment."""

import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from ...errors import UsageError

USER, PASSWORD, CA = "CATDOG_MQTT_USER", "CATDOG_MQTT_PASSWORD", "CATDOG_MQTT_CA"

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LONGEST_PREFIX = 200  # bytes; a topic may have 65,535
_SHAPE = "--mqtt mqtt://host:port/topic or mqtts://host:port/topic"


@dataclass(frozen=True)
class Broker:
    """A broker, as whom to speak to it, and under which topic.

    Attributes:
        host: name or address.
        port: of TCP.
        prefix: what our topics begin with, without a slash at either end.
        tls: whether the connection is encrypted and the broker must prove who it is.
        user: to log in with; None for nobody.
        password: of the user.
        ca: a file of certificates, PEM, that vouch for the broker in place of the system's.
    """

    host: str
    port: int
    prefix: str
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @classmethod
    def of(cls, url: str, environment: Mapping[str, str]) -> "Broker":
        """Read an address and the environment.

        Args:
            url: ``mqtt://host[:port][/prefix]``, or ``mqtts://`` for TLS. The prefix is ``catdog/`` and this machine's name
                where there is none.
            environment: may hold `USER`, `PASSWORD` and `CA`.

        Raises:
            UsageError: the address, the prefix or what the environment holds is not valid.
        """
        if "@" in url:  # not printed: what is before it is a secret, and where it ends nobody knows in an address that is wrong
            raise UsageError(
                "--mqtt without user and password, since every user of the machine can read a program's arguments",
                got="an address with @",
                fix=f"Set {USER} and {PASSWORD} in the environment.",
            )
        parts, port = _split(url)
        tls = parts.scheme == "mqtts"
        user, password, ca = (environment.get(name) or None for name in (USER, PASSWORD, CA))
        if password is not None and user is None:
            raise UsageError(f"{USER} beside {PASSWORD}", got="a password alone", fix="Set both.")
        if ca is not None and not tls:
            raise UsageError(
                f"mqtts:// where {CA} is set", got=url, fix=f"Write mqtts:// in place of mqtt://, or run: unset {CA}"
            )
        return cls(str(parts.hostname), port, _prefix(parts.path), tls, user, password, None if ca is None else Path(ca))

    @property
    def url(self) -> str:
        """The address in full, without secrets: there are none in it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}/{self.prefix}"

    @property
    def client_id(self) -> str:
        """The same at every start, so that a broker that has not noticed our death yet ends the old connection by the new one.

        With another id the old connection's will, ``offline``, would come after our ``online``. 23 letters and figures are what
        every broker takes (MQTT 3.1.1, section 3.1.3.1).
        """
        return f"catdog{sha256(self.prefix.encode()).hexdigest()[:17]}"

    def tls_context(self) -> ssl.SSLContext:
        """Make what checks the broker's certificate and name.

        Raises:
            UsageError: the file of certificates cannot be read or holds none.
        """
        try:
            return ssl.create_default_context(cafile=self.ca)
        except OSError as error:  # SSLError is one
            raise UsageError(
                f"{CA} to name a file of PEM certificates",
                got=f"{self.ca}: {error.strerror or error}",
                fix=f"Example: export {CA}=/etc/ssl/certs/broker.pem",
            ) from error


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
        if parts.hostname:
            parts.hostname.encode("idna")  # as the resolver will
    except (ValueError, UnicodeError) as error:
        raise UsageError(_SHAPE, got=f"{url}: {error}", fix="Example: mqtt://broker.local:1883/catdog/garden") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise UsageError(_SHAPE, got=url, fix="Example: mqtt://broker.local:1883/catdog/garden")
    if set(url) & set("?#"):  # with nothing behind it, too
        raise UsageError(_SHAPE, got=url, fix="Leave out what begins with ? or #; topics with # are not for writing.")
    return parts, port or _PORTS[parts.scheme]


def _prefix(path: str) -> str:
    prefix = unquote(path).strip("/")
    if not prefix:
        return f"catdog/{re.sub(r'[^A-Za-z0-9_-]+', '_', socket.gethostname().partition('.')[0]) or 'camera'}"
    whole = prefix.isprintable() and "//" not in prefix and not set(prefix) & set("+#") and not prefix.startswith("$")
    if not whole or len(prefix.encode()) > _LONGEST_PREFIX:
        raise UsageError(
            "--mqtt with a topic of printable levels, not beginning with $ and without + and #",
            got=ascii(prefix),
            fix="Name it like catdog/garden.",
        )
    return prefix
