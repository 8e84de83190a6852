"""How a password is told to a server: Basic and Digest.

Digest, the usual of network cameras, proves that one knows the password without sending it. Source: RFC 7617 and RFC 7616; what
older servers know (RFC 2069: no qop) is answered in their way.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .address import Login

# By their names in a challenge, best first.
_HASHES: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}
_SESSION = "-SESS"
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z]+)\s+(?=[A-Za-z0-9_-]+\s*=)")
_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')


class Challenge(NamedTuple):
    """What a server wants.

    Attributes:
        scheme: in small letters: ``basic``, ``digest``, or one that is not known here.
        values: by their names in small letters.
    """

    scheme: str
    values: dict[str, str]


def read_challenges(headers: Sequence[str]) -> list[Challenge]:
    """Read the ``WWW-Authenticate`` headers of an answer; one may hold several challenges.

    Args:
        headers: their values.
    """
    found = []
    for header in headers:
        # Commas part both challenges and the values in one; quoted text may hold anything.
        masked = re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: '"' + "_" * (len(match[0]) - 2) + '"', header)
        starts = [match.start(1) for match in _SCHEME.finditer(masked)]
        if not starts:
            found += [Challenge(word.strip().lower(), {}) for word in header.split(",") if word.strip()]
            continue
        for start, end in zip(starts, [*starts[1:], len(header)], strict=True):
            scheme, _, rest = header[start:end].partition(" ")
            pairs = _PARAMETER.findall(rest)
            values = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in pairs}
            found.append(Challenge(scheme.lower(), values))
    return found


class Authorizer:
    """Answers a server's challenges for one login, and later requests without being challenged again.

    Args:
        login: who asks.
    """

    def __init__(self, login: Login) -> None:
        self._login = login
        self._challenge: Challenge | None = None
        self._count = 0  # of requests with the server's nonce
        self._own = ""  # our nonce

    def accept(self, challenges: Sequence[Challenge]) -> bool:
        """Take the best challenge, in place of the one before; False where none can be answered.

        Args:
            challenges: of an answer 401. None at all means Basic: some servers forget to say so.
        """
        self._challenge, self._count, self._own = _best(challenges), 0, secrets.token_hex(8)
        return self._challenge is not None

    @property
    def is_stale(self) -> bool:
        """Whether the server says that the last answer was right but for its nonce, which had grown old."""
        return self._challenge is not None and self._challenge.values.get("stale", "").lower() == "true"

    def header(self, method: str, uri: str) -> str | None:
        """Return the value of ``Authorization`` for a request; None while nobody has asked for one.

        Args:
            method: of the request.
            uri: as it stands in the request.
        """
        if self._challenge is None:
            return None
        self._count += 1
        if self._challenge.scheme == "basic":
            return f"Basic {b64encode(f'{self._login.user}:{self._login.password}'.encode()).decode()}"
        return self._digest(self._challenge.values, method, uri)

    def _digest(self, asked: dict[str, str], method: str, uri: str) -> str:
        algorithm = asked.get("algorithm", "MD5")
        digest = _HASHES[algorithm.upper().removesuffix(_SESSION)]
        user, password = (_as_sent(text) for text in self._login)
        realm, nonce, own, count = asked.get("realm", ""), asked.get("nonce", ""), self._own, f"{self._count:08x}"
        secret = digest(f"{user}:{realm}:{password}".encode("latin-1"))
        if algorithm.upper().endswith(_SESSION):
            secret = digest(f"{secret}:{nonce}:{own}".encode("latin-1"))
        what = digest(f"{method}:{uri}".encode("latin-1"))
        has_quality = "qop" in asked
        middle = f"{nonce}:{count}:{own}:auth" if has_quality else nonce
        said = {
            "username": _quoted(user),
            "realm": _quoted(realm),
            "nonce": _quoted(nonce),
            "uri": _quoted(uri),
            "response": _quoted(digest(f"{secret}:{middle}:{what}".encode("latin-1"))),
        }
        if "algorithm" in asked:
            said["algorithm"] = algorithm
        if "opaque" in asked:
            said["opaque"] = _quoted(asked["opaque"])
        if has_quality:
            said |= {"qop": "auth", "nc": count, "cnonce": _quoted(own)}
        return "Digest " + ", ".join(f"{name}={value}" for name, value in said.items())


def _best(challenges: Sequence[Challenge]) -> Challenge | None:
    if not challenges:
        return Challenge("basic", {})
    for name in _HASHES:
        for challenge in challenges:
            algorithm = challenge.values.get("algorithm", "MD5").upper().removesuffix(_SESSION)
            quality = re.split(r"[\s,]+", challenge.values.get("qop", "auth").lower())
            if challenge.scheme == "digest" and algorithm == name and "auth" in quality:
                return challenge
    return next((challenge for challenge in challenges if challenge.scheme == "basic"), None)


def _as_sent(text: str) -> str:
    """Return UTF-8, which cameras expect, as Python's HTTP takes it: a sign for each byte. What servers say is so already."""
    return text.encode().decode("latin-1")


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
