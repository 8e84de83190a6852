"""Pictures and video over HTTP, RTSP cameras, and the other schemes that FFmpeg speaks.

FFmpeg waits half a minute for a host that does not answer and never says why. So RTSP is spoken for one line first, with a
short time limit: that tells "no such host" from "refused" from "not RTSP".
"""

import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import CatdogError, SourceError, UnreadableInputError
from .frame import Frame, Packet
from .mjpeg import packets_of
from .net.address import Address, parse_address
from .net.answer import Answer, Kind, ask
from .net.client import Client, reason_of, unreachable
from .net.media import WATCHED_S, Access, open_address, open_body
from .net.tls import Trust
from .pictures import decoded_frame
from .video import film_frames, live_packets

if TYPE_CHECKING:
    from .ffmpeg import Video

HTTP = frozenset({"http", "https"})


class StreamSource:
    """An address: a still picture, an MJPEG or video stream over HTTP, an RTSP camera, or another that FFmpeg reads.

    Args:
        url: user and password may be part of it and are never printed.
        timeout_s: seconds to wait for the first answer, and for each frame.
        is_watched: whoever asks for the frames watches over their pace and ends this where it is silent; wait long for each.
        tls_ca: as of `Trust`.
        tls_fingerprint: as of `Trust`.
        rtsp_transport: as of `Access`.
        answer: of an HTTP address that was asked already; closed with this.

    Raises:
        UsageError: the address is not valid.
        SourceError: nothing usable answers.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        is_watched: bool = False,
        tls_ca: str = "",
        tls_fingerprint: str = "",
        rtsp_transport: str = "auto",
        answer: Answer | None = None,
    ) -> None:
        address = parse_address(url)
        access = Access(timeout_s, Trust(tls_ca, tls_fingerprint), rtsp_transport)
        self._name = address.public
        self._video: Video | None = None
        self._answer: Answer | None = None
        self._took_ms, self._captured_at = 0.0, time.monotonic()
        if address.scheme in HTTP:
            client = Client(address, timeout_s, access.trust)
            self._open_answer(client, answer, is_watched=is_watched)
            return
        if address.scheme in ("rtsp", "rtsps"):
            greet_rtsp(address, timeout_s)
        self._video = open_address(address, access, is_watched=is_watched)

    def _open_answer(self, client: Client, answer: Answer | None, *, is_watched: bool) -> None:
        start = time.perf_counter()
        self._answer = answer or ask(client)
        self._took_ms, self._captured_at = 1e3 * (time.perf_counter() - start), time.monotonic()
        if self._answer is None:
            raise unreachable(client.address, "the answer 304 Not Modified to a first question")
        body = self._answer.body
        if body is not None and self._answer.kind in (Kind.LIVE, Kind.FILM):
            try:
                self._video = open_body(client, body, is_playlist=self._answer.is_playlist, is_watched=is_watched)
            except SourceError:
                body.close()
                raise
        elif body is not None and is_watched:
            body.wait_for(WATCHED_S)

    def frames(self) -> Iterator[Frame]:
        """Give the picture, or the video's frames: of an address that has an end."""
        if self._video is not None:
            count, number = 0, 0
            error: CatdogError | None = None
            try:
                for count, frame in enumerate(film_frames(self._video, self._name), start=1):  # noqa: B007
                    yield frame
                    number = frame.number + 1
            except SourceError as lost:  # the connection, where the film's end should have come
                error = lost
            if error is None and count == 0:
                fix = "Download it, and look whether a player shows it."
                error = UnreadableInputError("a film with pictures", got=f"{self._name}, without a frame", fix=fix)
            if error is not None:
                yield Frame(self._name, number, time.monotonic(), 0.0, 0.0, error=error)
        elif self._answer is not None and self._answer.kind is Kind.PICTURE:
            yield decoded_frame(self._name, self._answer.data, self._captured_at, self._took_ms)

    def packets(self) -> Iterator[Packet]:
        """Give what a live stream sends, not decoded, until it stops.

        Raises:
            SourceError: it is lost, or has become something else.
        """
        if self._video is not None:
            yield from live_packets(self._video, self._name)
        elif self._answer is not None and self._answer.body is not None:
            yield from packets_of(self._answer.body, self._name)  # type: ignore[arg-type] # a raw file reads as well
        elif self._answer is not None:
            raise SourceError(f"frames from {self._name}", got=self._answer.kind.value, fix="Start again: it has changed.")

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        if self._video is not None:
            self._video.close()
        if self._answer is not None:
            self._answer.close()


def greet_rtsp(address: Address, timeout_s: float) -> None:
    """Make sure that an RTSP server answers; over TLS, only that the port is open: the handshake comes later.

    Raises:
        SourceError: it does not.
    """
    try:
        with socket.create_connection((address.host, address.tcp_port), timeout_s) as connection:
            if address.scheme == "rtsps":
                return
            connection.sendall(f"OPTIONS {address.asked} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            is_rtsp = connection.recv(64).startswith(b"RTSP/")
    except OSError as error:
        raise unreachable(address, reason_of(error)) from error
    if not is_rtsp:
        raise unreachable(address, "an answer that is not RTSP")
