"""The thread that serves: its event loop, who is let in, and its end."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .routes import Routes
from .streams import JpegEncoder

MOST_CLIENTS = 100  # connections; a page that is looked at has two
_FIRST_REQUEST_S = 10.0  # for a connection to say what it wants
_IDLE_S = 15.0  # after which one that wants nothing more is closed
_REFUSAL_S = 1.0  # for one too many to listen why
_BREATH_S = 0.05  # between two that are refused, and where the system has no more files: nothing turns in circles
_FINISHING_S = 0.05  # for answers that are under way; streams are cut off
_GONE_S = 1.0
_FULL = b"At most 100 clients; try again when one has left.\n"

_silent = logging.getLogger("catdog.edge.sinks.web")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False  # what is wrong is told in a line of ours


class PageServer:
    """Serves until it is stopped, in a thread of its own.

    Args:
        listening: the socket; closed at the end.
        encoder: makes JPEGs; built in this thread's loop.
        routes: builds what answers, with the encoder.
        check: stands before every request.
        tell: says what is wrong to whoever looks at stderr.
    """

    def __init__(
        self,
        listening: socket.socket,
        encoder: Callable[[], JpegEncoder],
        routes: Callable[[JpegEncoder], Routes],
        check: Middleware,
        tell: Callable[[str], None],
    ) -> None:
        self._listening, self._encoder, self._routes, self._check, self._tell = listening, encoder, routes, check, tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._server: web.Server | None = None
        self._asked: set[object] = set()  # connections that have asked for something
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    @property
    def clients(self) -> int:
        """How many connections there are."""
        return 0 if self._server is None else len(self._server.connections)

    def start(self) -> None:
        """Begin; returns when requests are answered."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End every connection; safe to call twice. Does not wait for clients."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_GONE_S)
        self._listening.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        # This thread's boundary: the camera goes on without its page.
        except Exception as error:  # noqa: BLE001
            self._tell(f"--serve: {type(error).__name__}: {error}; going on without")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(self._complain)
        encoder = self._encoder()
        application = self._routes(encoder).application([self._note_request(), self._check], self._tell)
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=_silent,
            handler_cancellation=True,  # one who has left is not looked for any more
            keepalive_timeout=_IDLE_S,
            shutdown_timeout=_FINISHING_S,
        )
        await runner.setup()
        self._server = runner.server
        tasks = [asyncio.create_task(encoder.run()), asyncio.create_task(self._let_in())]
        self._ready.set()
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # of those that never end, only trouble
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
            await runner.cleanup()

    async def _let_in(self) -> None:
        """Take connections one by one, so that they can be counted: asyncio's own server takes as many as come."""
        loop = asyncio.get_running_loop()
        while self._server is not None:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError:
                await asyncio.sleep(_BREATH_S)  # no more files; connections that end will free some
                continue
            full = self.clients >= MOST_CLIENTS
            try:
                transport, protocol = await loop.connect_accepted_socket(_Refusal if full else self._server, connection)
            except OSError:
                connection.close()
                continue
            if full:
                await asyncio.sleep(_BREATH_S)
                continue
            self._asked.intersection_update(self._server.connections)  # some have left
            loop.call_later(_FIRST_REQUEST_S, self._cut_off, transport, protocol)

    def _cut_off(self, transport: asyncio.Transport, connection: object) -> None:
        if connection not in self._asked:
            transport.abort()

    def _note_request(self) -> Middleware:
        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._asked.add(request.protocol)
            return await handler(request)

        return note

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, ConnectionError):  # clients come and go
            self._tell(f"--serve: {context.get('message')}{f' ({type(error).__name__}: {error})' if error else ''}")


class _Refusal(asyncio.Protocol):
    """Tells one too many that there are too many; closed when it has asked: earlier, it might not hear the answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: {len(_FULL)}\r\n"
            transport.write(f"{head}Retry-After: 10\r\nConnection: close\r\n\r\n".encode() + _FULL)
            asyncio.get_running_loop().call_later(_REFUSAL_S, transport.abort)

    def data_received(self, _: bytes) -> None:
        self._transport.close()
