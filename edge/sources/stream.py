"""Pictures and video over HTTP, and RTSP cameras.

FFmpeg waits half a minute for a host that does not answer and never says why. So one line of the protocol is spoken
first, with a short time limit: that tells "no such host" from "refused" from "404" from "not a picture".
"""

import base64
import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from ..errors import SourceError, UnreadableInputError, UsageError
from .frame import Frame, Packet
from .mjpeg import packets_of
from .pictures import decoded_frame
from .video import film_frames, live_packets

if TYPE_CHECKING:
    from .ffmpeg import Video

MAX_PICTURE_BYTES = 64 * 1024 * 1024

# Once a host has answered, its first key frame may take a few seconds.
_PATIENCE_S = 5.0
_WATCHED_S = 300.0  # between two frames where somebody else watches; a camera may take a picture a minute
_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}


def check_stream(url: str, timeout_s: float, *, wait: bool) -> tuple[str, bool]:
    """Ask an address what it is, without opening video.

    Args:
        url: as for `StreamSource`.
        timeout_s: seconds to wait for the answer.
        wait: take an RTSP address for live without asking.

    Returns:
        Its name without secrets, and whether it is live: RTSP, or pictures pushed part by part.

    Raises:
        UsageError: the address is not valid.
        SourceError: nothing answers.
    """
    parts = _split(url)
    name = _public_name(parts)
    is_rtsp = parts.scheme.lower() not in ("http", "https")
    if is_rtsp and wait:
        return name, True
    try:
        if is_rtsp:
            _greet_rtsp(parts, timeout_s)
            return name, True
        reply, _ = _ask(parts, timeout_s)
    except UnicodeError as error:
        raise UsageError("an address of ASCII signs", got=name, fix="Write others as %XX.") from error
    except (OSError, http.client.HTTPException) as error:
        if wait:
            return name, True
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise _unreachable(name, str(reason)) from error
    if reply is not None:
        reply.close()
    return name, reply is not None


class StreamSource:
    """An address: a still picture, an MJPEG or video stream over HTTP, or an RTSP camera.

    Args:
        url: ``http(s)://`` or ``rtsp(s)://``; user and password may be part of it and are never printed.
        timeout_s: seconds to wait for the first answer, and for each frame.
        is_watched: whoever asks for the frames watches over their pace and ends this where it is silent; wait long for each.

    Raises:
        UsageError: the address is not valid.
        SourceError: nothing usable answers.
    """

    def __init__(self, url: str, *, timeout_s: float, is_watched: bool = False) -> None:
        parts = _split(url)
        self._name = _public_name(parts)
        self._video: Video | None = None
        self._picture: tuple[bytes, float, float] | None = None  # when it came, and how long that took in ms
        self._parts: http.client.HTTPResponse | None = None
        start = time.perf_counter()
        try:
            if parts.scheme.lower() in ("http", "https"):
                self._parts, picture = _ask(parts, timeout_s)
                if picture is not None:
                    self._picture = (picture, time.monotonic(), 1e3 * (time.perf_counter() - start))
                if self._parts is not None or picture is not None:
                    if is_watched and self._parts is not None:
                        _be_patient(self._parts)
                    return
            else:
                _greet_rtsp(parts, timeout_s)
        except UnicodeError as error:
            raise UsageError("an address of ASCII signs", got=self._name, fix="Write others as %XX.") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise _unreachable(self._name, str(reason)) from error
        self._video = _open_video(url, self._name, timeout_s, is_watched=is_watched)

    def frames(self) -> Iterator[Frame]:
        """Give the picture, or the video's frames: of an address that has an end."""
        if self._picture is not None:
            yield decoded_frame(self._name, *self._picture)
        elif self._video is not None:
            yield from film_frames(self._video, self._name)

    def packets(self) -> Iterator[Packet]:
        """Give what a live stream sends, not decoded, until it stops: RTSP, or pictures pushed part by part."""
        if self._parts is not None:
            yield from packets_of(self._parts, self._name)
        elif self._video is not None:
            yield from live_packets(self._video, self._name)

    def close(self) -> None:
        """Close the connection."""
        if self._parts is not None:
            self._parts.close()
        if self._video is not None:
            self._video.close()


def _open_video(url: str, name: str, timeout_s: float, *, is_watched: bool) -> "Video":
    from av.error import ExitError, FFmpegError  # takes as long to import as the model to load, and few have video

    from .ffmpeg import Video

    limit = max(timeout_s, _PATIENCE_S)
    try:
        # Over TCP nothing is lost on the way; where the camera offers UDP alone, it is taken.
        options = {"rtsp_flags": "prefer_tcp"} if url.lower().startswith("rtsp") else {}
        return Video(url, name, timeout_s=(limit, _WATCHED_S if is_watched else limit), options=options)
    except ExitError as error:
        raise _unreachable(name, f"no video within {limit:g} s") from error
    except FFmpegError as error:
        raise _unreachable(name, (error.strerror or "an answer that is no video").lower()) from error
    except UnreadableInputError as error:
        raise _unreachable(name, "a stream without pictures") from error


def _be_patient(reply: http.client.HTTPResponse) -> None:
    """Wait long for what an answer still sends: urllib has one time limit, for the first answer and for all that follows."""
    connection = getattr(getattr(reply.fp, "raw", None), "_sock", None)
    if isinstance(connection, socket.socket):
        connection.settimeout(_WATCHED_S)


def _unreachable(name: str, what: str) -> SourceError:
    return SourceError(
        f"a picture or video stream at {name}",
        got=what,
        fix="Check address, network and camera; a slow one may need --timeout 10.",
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.hostname and (parts.port is None or parts.port > 0):
            return parts
    except ValueError:
        pass
    raise UsageError("an address such as http://host:port/path", got="one without host or port", fix="Check it.")


def _public_name(parts: SplitResult) -> str:
    """Return the address without user, password and query: those hold secrets."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _ask(parts: SplitResult, timeout_s: float) -> tuple[http.client.HTTPResponse | None, bytes | None]:
    """Ask an HTTP server what it has: pictures without an end (the open answer), a still picture (its bytes), or neither."""
    try:
        reply: http.client.HTTPResponse = urllib.request.urlopen(_request(parts), timeout=timeout_s)  # noqa: S310 - checked
    except urllib.error.HTTPError as error:
        error.close()  # it is the open connection, too
        raise http.client.HTTPException(f"the answer {error.code} {error.reason}") from error
    content_type = reply.headers.get_content_type()
    if content_type.startswith("multipart/"):
        return reply, None
    with reply:
        if content_type.startswith("image/"):
            data: bytes = reply.read(MAX_PICTURE_BYTES + 1)
            if len(data) > MAX_PICTURE_BYTES:
                raise http.client.HTTPException(f"a picture of more than {MAX_PICTURE_BYTES >> 20} MiB")
            return None, data
        if content_type.startswith("text/"):
            raise http.client.HTTPException(f"a page of type {content_type}")
    return None, None


def _request(parts: SplitResult) -> urllib.request.Request:
    """Build a request; urllib does not send the user and password of an address by itself."""
    host = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(urlunsplit((parts.scheme, host, parts.path or "/", parts.query, "")))  # noqa: S310
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(secret).decode()}")
    return request


def _greet_rtsp(parts: SplitResult, timeout_s: float) -> None:
    """Make sure that an RTSP server answers; over TLS, only that the port is open: FFmpeg does the handshake."""
    scheme = parts.scheme.lower()
    with socket.create_connection((str(parts.hostname), parts.port or _RTSP_PORTS[scheme]), timeout_s) as connection:
        if scheme == "rtsps":
            return
        connection.sendall(f"OPTIONS {_public_name(parts)} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        if not connection.recv(64).startswith(b"RTSP/"):
            raise http.client.HTTPException("an answer that is not RTSP")
