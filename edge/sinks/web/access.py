"""Who may look: names against DNS rebinding, a token wherever others can reach us, and what browsers are told to refuse."""

import hashlib
import hmac
import os
import secrets
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from ...errors import UsageError
from .address import Names
from .pages import page_file

TOKEN_VARIABLE = "CATDOG_TOKEN"  # noqa: S105 - its name, not the token
_SHORTEST = 16  # characters
_REMEMBERED_S = 30 * 24 * 3600
_QUERY = "token"
_OPEN = ("/style.css", "/icon.svg")  # of the form that asks for the token; the same for everybody who has the package

HEADERS = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    hdrs.SERVER: "catdog",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def token_from_environment() -> str | None:
    """Return the token that the user chose.

    Raises:
        UsageError: it is too short to keep anybody out.
    """
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        return None
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"{TOKEN_VARIABLE} of at least {_SHORTEST} ASCII characters without blanks",
            got="another",
            fix="Leave it out, and one is made and printed.",
        )
    return token


def new_token() -> str:
    """Return 128 random bits that fit into an address."""
    return secrets.token_urlsafe(16)


def check_access(names: Names, token: str | None, port: int) -> Middleware:
    """Build what stands before every request.

    A browser shows the token once, in the address; from then on a cookie that scripts cannot read stands for it. Programs send
    ``Authorization: Bearer``.

    Args:
        names: of this machine.
        token: what must be known; None where only this machine can ask.
        port: cookies are the same for all ports of a host, so each gets a name of its own.
    """
    cookie = f"catdog-{port}"
    session = "" if token is None else hmac.new(token.encode(), b"catdog page", hashlib.sha256).hexdigest()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or refuse it."""
        hosts = request.headers.getall(hdrs.HOST, [])
        if len(hosts) != 1 or not names.know(hosts[0]):
            return refusal(HTTPStatus.MISDIRECTED_REQUEST, "This is not that host; ask for it by its address or name.")
        if token is None or request.path in _OPEN:
            return await handler(request)
        if _QUERY in request.query:
            if not _same(request.query[_QUERY], token):
                return _who_are_you(request)
            clean = URL.build(path="/" + request.path.lstrip("/")).with_query(
                request.rel_url.without_query_params(_QUERY).query
            )
            entered = web.HTTPSeeOther(clean)  # out of the address bar and the history
            entered.set_cookie(cookie, session, max_age=_REMEMBERED_S, httponly=True, samesite="Strict")
            raise entered
        scheme, _, bearer = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if (scheme.lower() == "bearer" and _same(bearer.strip(), token)) or _same(request.cookies.get(cookie, ""), session):
            return await handler(request)
        return _who_are_you(request)

    return check


def is_from_here(request: web.Request) -> bool:
    """Whether what would change something is asked for by the page itself, or by a program: never by another site.

    A browser says where a request comes from (``Sec-Fetch-Site``, ``Origin``), and asks before it sends JSON to another site,
    which nobody here answers. Programs send neither.
    """
    site, origin = request.headers.get("Sec-Fetch-Site", "same-origin"), request.headers.get(hdrs.ORIGIN)
    same = origin is None or origin.partition("://")[2].lower() == request.headers.get(hdrs.HOST, "").lower()
    return site == "same-origin" and same and request.content_type == "application/json"


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the headers that keep it where it belongs."""
    response.headers.update(HEADERS)


def refusal(status: HTTPStatus, line: str) -> web.Response:
    """Build an answer of one line."""
    return web.Response(status=status, text=f"{line}\n")


def _who_are_you(request: web.Request) -> web.Response:
    if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        response = web.Response(status=HTTPStatus.UNAUTHORIZED, body=page_file("token.html"), content_type="text/html")
        response.charset = "utf-8"
    else:
        response = refusal(HTTPStatus.UNAUTHORIZED, "A token is needed; catdog-edge has printed it, or CATDOG_TOKEN is it.")
    response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return response


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), wanted.encode())
