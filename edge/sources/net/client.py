"""Questions over HTTP, with a login, redirections and TLS: what a camera answers, or why it does not.

A redirection to another server is followed, but the password is not told there.
"""

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from ...errors import SourceError, UsageError
from .address import ENCODING, Address, parse_beside
from .login import Authorizer, read_challenges
from .tls import Trust, untrusted
from .transport import LONGEST_S, FarProxy, Http, Https, NoRedirection, Reply

_MOST_REDIRECTIONS = 5
_MOST_ATTEMPTS = 3  # at one address: without the password, with it, and once more where the server's nonce has grown old
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
CHECK = "Check address, network and camera; a slow one may need --timeout 10."


def unreachable(address: Address, what: str, fix: str = CHECK) -> SourceError:
    """Build the error for an address at which nothing usable answers."""
    return SourceError(f"a picture or video stream at {address.public}", got=what, fix=fix)


class Client:
    """Asks a server; remembers how it wants the password to be told.

    Args:
        address: of ``http`` or ``https``.
        timeout_s: seconds to wait for each step of an answer.
        trust: whose certificates are taken.
    """

    def __init__(self, address: Address, timeout_s: float, trust: Trust) -> None:
        self.address, self.timeout_s = address, timeout_s
        self._trust = trust
        self._authorizer = Authorizer(address.login) if address.login else None
        self._opener = urllib.request.build_opener(NoRedirection, FarProxy, Http, Https(trust, address))

    def get(self, address: Address | None = None, headers: Mapping[str, str] | None = None) -> tuple[Reply, Address]:
        """Ask for what is at an address.

        Args:
            address: None for the client's own; another one gets the password only where it is of the same server.
            headers: to send besides.

        Returns:
            The answer, with its body still to be read, and the address that it came from. Its status is of success, or 304.

        Raises:
            SourceError: nothing answers, or it refuses.
        """
        reply, asked = self.ask(address, headers)
        if reply.status >= 400 or reply.status in _REDIRECTIONS:
            reply.close()
            raise self._refusal(asked, reply)
        return reply, asked

    def ask(self, address: Address | None = None, headers: Mapping[str, str] | None = None) -> tuple[Reply, Address]:
        """As `get`, but an answer that refuses is returned like any other.

        Raises:
            SourceError: nothing answers.
        """
        asked, begun = address or self.address, time.monotonic()
        for _ in range(_MOST_REDIRECTIONS):
            if time.monotonic() - begun > LONGEST_S:
                raise unreachable(self.address, f"no whole answer in {LONGEST_S:g} s")
            try:
                reply = self._ask(asked, headers or {})
            except ssl.SSLError as error:
                raise untrusted(asked, error, self.timeout_s) from error
            except (OSError, http.client.HTTPException) as error:
                raise unreachable(asked, reason_of(error)) from error
            target = reply.headers.get("Location")
            if reply.status not in _REDIRECTIONS or not target:
                return reply, asked
            reply.close()
            asked = _redirected(asked, target)
        raise unreachable(self.address, f"more than {_MOST_REDIRECTIONS} redirections, one to the other")

    def _ask(self, address: Address, headers: Mapping[str, str]) -> Reply:
        authorizer = self._authorizer if self.address.is_one_service_with(address) else None
        is_new = False  # the challenge that is answered
        for _ in range(_MOST_ATTEMPTS):
            request = urllib.request.Request(address.asked, headers=dict(headers))  # noqa: S310 - http or https, as checked
            login = authorizer.header("GET", request.selector) if authorizer else None
            if login is not None:
                request.add_unredirected_header("Authorization", login)
            reply = self._open(request)
            is_refused = reply.status in (401, 403) and authorizer is not None
            if not is_refused or authorizer is None or (reply.status == 403 and login is not None):
                return reply
            challenges = read_challenges(reply.headers.get_all("WWW-Authenticate") or [])
            if not authorizer.accept(challenges) or (is_new and not authorizer.is_stale):
                return reply
            reply.close()
            is_new = True
        return reply

    def _open(self, request: urllib.request.Request) -> Reply:
        asked_host = request.host
        try:
            reply: Reply = self._opener.open(request, timeout=self.timeout_s)
        except urllib.error.HTTPError as error:  # an answer as well: it is only not one of success
            if not isinstance(error.fp, Reply):
                raise http.client.HTTPException(f"the answer {error.code} {error.reason}") from error
            error.close()
            return error.fp
        except urllib.error.URLError as error:
            reason = error.reason if isinstance(error.reason, OSError) else OSError(str(error.reason))
            if request.host != asked_host and not isinstance(reason, ssl.SSLError):
                raise OSError(f"{reason_of(reason)}, of the proxy {request.host} that the environment names") from error
            raise reason from error
        return reply

    def _refusal(self, address: Address, reply: Reply) -> SourceError:
        what = f"the answer {reply.status} {reply.reason}".rstrip()
        if reply.status != 401:
            fix = "Check the path of the address." if reply.status in (404, 410) else CHECK
            return unreachable(address, what, fix)
        kinds = {challenge.scheme for challenge in read_challenges(reply.headers.get_all("WWW-Authenticate") or [])}
        if kinds and not kinds & {"basic", "digest"}:
            fix = "Let the camera take Digest or Basic, or look for an address without a password."
            return unreachable(address, f"{what}, and a login of the kind {', '.join(sorted(kinds))}", fix)
        is_told = self._authorizer is not None and self.address.is_one_service_with(address)
        return unreachable(address, *login_trouble(what, address, is_told=is_told))


def login_trouble(what: str, address: Address, *, is_told: bool) -> tuple[str, str]:
    """Say what a 401 means, and what to do: `got` and `fix` of an error."""
    if is_told:
        return f"{what}: a wrong user or password", f"Check both. {ENCODING}"
    return (
        f"{what}: it wants a user and a password",
        f"Write {address.scheme}://USER:PASSWORD@{address.place}{address.public_path}",
    )


def reason_of(error: Exception) -> str:
    """Return what went wrong with a connection, in few words."""
    if isinstance(error, TimeoutError | socket.timeout):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"no such host ({error.strerror})"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _redirected(asked: Address, target: str) -> Address:
    try:
        address = parse_beside(asked.asked, target)
    except UsageError as error:
        raise unreachable(asked, "a redirection to an address that is not valid") from error
    if address.scheme not in ("http", "https"):
        raise unreachable(asked, f"a redirection to {address.public}", "Give that address.")
    return address
