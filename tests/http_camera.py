"""A network camera of HTTP for tests: logins as servers ask for them, redirections, versions of a picture, video, TLS."""

import hashlib
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER, PASSWORD = "ad min", "p@ss/w#rd:1"
LOGIN = "ad%20min:p%40ss%2Fw%23rd%3A1"  # the two, encoded
Answerer = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    site: "Site"

    def do_GET(self) -> None:
        self.close_connection = True
        self.site.requests.append((self.path, dict(self.headers)))
        answer = self.site.pages.get(self.path)
        if answer is None:
            self.reply(404)
        else:
            answer(self)

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"", *, has_length: bool = True) -> None:
        """Send a whole answer."""
        self.send_response(status)
        length = {"Content-Length": str(len(body))} if has_length else {}
        for name, value in (length | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Site:
    """What is served.

    Attributes:
        url: its address, without login.
        pages: what answers each path.
        requests: path and headers of each request, in order.
    """

    url: str = ""
    pages: dict[str, Answerer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def login_url(self) -> str:
        return self.url.replace("://", f"://{LOGIN}@")

    def logins(self, path: str) -> list[str | None]:
        """The scheme of each login that was sent with the requests for a path."""
        return [headers.get("Authorization", "").split(" ")[0] or None for asked, headers in self.requests if asked == path]


@contextmanager
def http_site(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (Asked,), {"site": site}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients go away when they like
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Digest:
    """A server's side of Digest, as RFC 7616 has it.

    Args:
        algorithm: MD5 or SHA-256.
        lasts: requests that a nonce is good for.
        tells_stale: whether it says so when one is no longer.
    """

    def __init__(self, algorithm: str = "MD5", lasts: int = 1000, *, tells_stale: bool = True) -> None:
        self._algorithm, self._lasts, self._tells_stale = algorithm, lasts, tells_stale
        self._nonces: dict[str, int] = {}

    def hash(self, text: str) -> str:
        return hashlib.new(self._algorithm.replace("-", ""), text.encode()).hexdigest()

    def guard(self, inner: Answerer) -> Answerer:
        """Let only those through who know the password."""

        def answer(asked: Asked) -> None:
            given = asked.headers.get("Authorization", "")
            said = urllib.request.parse_keqv_list(urllib.request.parse_http_list(given.removeprefix("Digest ")))
            is_stale = False
            if given.startswith("Digest ") and self._is_right(said, asked.path):
                count = self._nonces.get(said["nonce"], self._lasts)
                if count < self._lasts and int(said["nc"], 16) == count + 1:
                    self._nonces[said["nonce"]] = count + 1
                    inner(asked)
                    return
                is_stale = True
            nonce = f"n{len(self._nonces)}"
            self._nonces[nonce] = 0
            stale = ", stale=TRUE" if is_stale and self._tells_stale else ""
            wanted = (
                f'realm="a, \\"cam\\"", qop="auth,auth-int", algorithm={self._algorithm}, nonce="{nonce}", opaque="o"{stale}'
            )
            asked.reply(401, {"WWW-Authenticate": f"Digest {wanted}"})

        return answer

    def _is_right(self, said: dict[str, str], path: str) -> bool:
        secret = self.hash(f'{USER}:a, "cam":{PASSWORD}')
        what = self.hash(f"GET:{said['uri']}")
        right = self.hash(f"{secret}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{what}")
        return (said["username"], said["uri"], said["opaque"], said["response"]) == (USER, path, "o", right)
