"""Videos from the network, opened with FFmpeg: RTSP, other schemes that it speaks, and what an HTTP answer holds.

HTTP is left to `client`, so that passwords, certificates and redirections are treated in one way.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from ...errors import SourceError, UnreadableInputError, UsageError
from .address import LISTENING, Address, parse_beside
from .body import Body
from .client import CHECK, Client, login_trouble, reason_of, unreachable
from .tls import Trust, pinned, untrusted

if TYPE_CHECKING:
    from ..ffmpeg import Video

# Once a host has answered, its first key frame may take a few seconds.
_PATIENCE_S = 5.0
_SENDER_S = 25.0  # where one listens, until a sender comes and its video is understood
WATCHED_S = 300.0  # between two frames where somebody else watches; a camera may take a picture a minute
# What FFmpeg may open for an address: nothing of the disk, whatever a stream says that it goes on with.
_PROTOCOLS = "rtp,srtp,udp,tcp,tls,rtmp,rtmps,rtmpt,rtmpts,srt,http,https"
# What is taken for video over HTTP: nothing that names further files, such as SDP or a list for concatenation.
_FILMS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mjpeg,mpjpeg,h264,hevc,av1,obu,ivf,m4v,mxf,yuv4mpegpipe"
_PIECES = "hls,mpegts,mov,mp4,aac,ac3,eac3,mp3,webvtt"
_MOST_OPENED = 40  # for a playlist until it shows something; one may name itself
_SAID = re.compile(r"method \w+ failed: (\d{3}[^\r\n]*)")


@dataclass(frozen=True)
class Access:
    """How an address is reached.

    Attributes:
        timeout_s: seconds to wait for a first answer.
        trust: whose certificates are taken.
        transport: how RTSP sends pictures: ``"tcp"``, ``"udp"``, or ``"auto"`` for TCP where the camera offers it.
    """

    timeout_s: float
    trust: Trust
    transport: str


def open_address(address: Address, access: Access, *, is_watched: bool) -> "Video":
    """Open what FFmpeg speaks the protocol of.

    Args:
        address: of ``rtsp``, ``udp`` and so on; not of HTTP.
        access: how to reach it.
        is_watched: somebody else watches over its pace; wait long for each frame.

    Raises:
        SourceError: nothing answers, it refuses, or what it sends is no video.
    """
    limit = max(access.timeout_s, _SENDER_S if address.scheme in LISTENING else _PATIENCE_S)
    options = {"protocol_whitelist": _PROTOCOLS}
    if address.scheme == "udp":
        options["overrun_nonfatal"] = "1"  # a slow moment loses packets, not the stream
    certificate = -1
    try:
        if address.scheme in ("rtsp", "rtsps"):
            # Over TCP nothing is lost on the way; where the camera offers UDP alone, it is taken.
            options |= {"rtsp_flags": "prefer_tcp"} if access.transport == "auto" else {"rtsp_transport": access.transport}
        if address.scheme == "rtsps":
            text, name = _certificate(address, access)
            certificate = os.memfd_create("catdog-certificate")
            os.write(certificate, text.encode())
            options |= {"tls_verify": "1", "ca_file": f"/proc/self/fd/{certificate}", "verifyhost": name}
        limits = (limit, WATCHED_S if is_watched else limit)
        return _opened(address, lambda: _video(address.whole, address.public, limits, options), limit)
    finally:
        if certificate >= 0:
            os.close(certificate)


def open_body(client: Client, body: Body, *, is_playlist: bool, is_watched: bool) -> "Video":
    """Open the video that an HTTP answer holds.

    Args:
        client: asks for what a playlist names.
        body: of the answer.
        is_playlist: it is one (HLS).
        is_watched: somebody else watches over its pace; wait long for each frame.

    Raises:
        SourceError: it is no video, or what a playlist names cannot be had.
    """
    limit = max(client.timeout_s, _PATIENCE_S)
    body.wait_for(limit)

    opened: list[str] | None = []  # while it is being opened

    def open_other(url: str, _flags: int, _options: dict[str, str]) -> IO[bytes]:
        if opened is not None:
            opened.append(url)
            if len(opened) > _MOST_OPENED:
                raise unreachable(client.address, f"a playlist that names more than {_MOST_OPENED} others, or itself")
        return _other(client, body.name, url)

    options = {"http_persistent": "0", "format_whitelist": _PIECES} if is_playlist else {"format_whitelist": _FILMS}
    container = "hls" if is_playlist else None
    name = client.address.public
    video = _opened(client.address, lambda: _video(body, name, None, options, container, open_other), limit)
    opened = None
    if is_watched:
        body.wait_for(WATCHED_S)
    return video


def _video(
    source: "str | Body",
    name: str,
    limits: tuple[float, float] | None,
    options: dict[str, str],
    container: str | None = None,
    open_other: Callable[[str, int, dict[str, str]], IO[bytes]] | None = None,
) -> "Video":
    from ..ffmpeg import Video  # takes as long to import as the model to load, and few have video

    return Video(source, name, timeout_s=limits, options=options, container=container, open_other=open_other)  # type: ignore[arg-type]


def _other(client: Client, base: str, url: str) -> IO[bytes]:
    if url.startswith("crypto"):
        fix = "Let the camera send them without, or over https://."
        raise unreachable(client.address, "a playlist of encrypted pieces (AES-128), which are not read", fix)
    try:
        address = parse_beside(base, url)
    except UsageError:
        raise unreachable(client.address, "a playlist that names an address that is not valid") from None
    if address.scheme not in ("http", "https"):  # a file of this machine, say
        raise unreachable(client.address, f"a playlist that names {address.scheme}://")
    return Body(client, *client.get(address))  # type: ignore[return-value] # a raw file, which is what FFmpeg asks for


def _certificate(address: Address, access: Access) -> tuple[str, str]:
    try:
        return pinned(address, access.trust, access.timeout_s)
    except OSError as error:
        import ssl

        if isinstance(error, ssl.SSLError):
            raise untrusted(address, error, access.timeout_s) from error
        raise unreachable(address, reason_of(error)) from error


def _opened(address: Address, open_it: Callable[[], "Video"], limit: float) -> "Video":
    import av.logging
    from av.error import ExitError, FFmpegError, ProtocolNotFoundError

    told: list[tuple[int, str, str]] = []
    try:
        with av.logging.Capture() as told:
            return open_it()
    except ExitError as error:
        fix = "Start what sends, or add --wait." if address.scheme in LISTENING else CHECK
        raise unreachable(address, f"no video within {limit:g} s", fix) from error
    except ProtocolNotFoundError as error:
        raise SourceError(
            f"an FFmpeg that speaks {address.scheme}",
            got=f"one without it in PyAV {av.__version__}",
            fix="Let the camera, or a server between (MediaMTX, go2rtc), offer rtsp://.",
        ) from error
    except FFmpegError as error:
        log = "".join(text for _, _, text in told)
        if "Immediate exit requested" in log:  # on its way up it becomes something else
            raise unreachable(address, f"no video within {limit:g} s") from error
        raise _explained(address, error, log) from error
    except UnreadableInputError as error:
        fix = "Look in the camera's manual for the address of its video."
        raise unreachable(address, "a stream without pictures, such as sound alone", fix) from error


def _explained(address: Address, error: "FFmpegError", log: str) -> SourceError:  # type: ignore[name-defined] # noqa: F821
    """Say what a server said, and what to do about it."""
    said = _SAID.search(log)
    status = re.sub(r"[()]", "", said[1]).strip() if said else ""
    if not status:  # FFmpeg's own words for some
        with suppress(AttributeError, IndexError):
            status = re.findall(r"returned (\d{3} [A-Za-z ]+)", error.strerror or "")[0].strip()
    if "not on whitelist" in log.lower():
        fix = "Look in the camera's manual for the address of its video."
        return unreachable(address, "neither picture nor video of a kind that is known", fix)
    what = f"the answer {status}" if status else (error.strerror or "an answer that is no video").lower()
    if status.startswith("401"):
        return unreachable(address, *login_trouble(what, address, is_told=address.login is not None))
    if status.startswith("404"):
        return unreachable(address, what, "Check the path of the address.")
    if status.startswith("461") or "protocol not supported" in what:
        what = f"a camera that does not send over the transport that was asked for ({what})"
        return unreachable(address, what, "Try --rtsp-transport udp, or auto.")
    if address.scheme == "rtp" and "SDP" in log:
        fix = "Send MPEG-TS (over rtp:// or udp://), or offer rtsp://."
        return unreachable(address, "RTP of a kind that only an SDP file explains", fix)
    return unreachable(address, what, CHECK)
