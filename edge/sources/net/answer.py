"""What an HTTP address is: one picture, pictures without an end, a live video, a film. Told by first bytes more than by types.

Cameras often give no type, or a wrong one.
"""

import re
import time
from dataclasses import dataclass
from enum import Enum

from ...errors import SourceError, UsageError
from ...pictures.kinds import Family, kind_of
from .address import parse_beside
from .body import Body
from .client import Client, unreachable
from .transport import LONGEST_S

MAX_PICTURE_BYTES = 64 * 1024 * 1024
_PLAYLIST = b"#EXTM3U"
_SEVERAL = 3  # pictures in one answer; phones append a second one to a photograph
_ENOUGH = 512  # bytes of a beginning
_LONGEST_LIST = 1024 * 1024
_PAGES = ("text/html", "text/xml", "application/json", "application/xml", "application/xhtml+xml")


class Kind(Enum):
    """PICTURE: one, whole. PARTS: pictures without an end. LIVE: a video without an end. FILM: one with an end."""

    PICTURE = "a picture"
    PARTS = "pictures without an end"
    LIVE = "live video"
    FILM = "a film"


@dataclass(frozen=True)
class Answer:
    """What an address gave.

    Attributes:
        kind: what it is.
        name: without secrets.
        data: of a picture, its bytes.
        body: of anything else, open.
        is_playlist: the body names others that are to be played (HLS).
        version: of a picture: headers by which one asks whether there is another by now; empty where the server knows none.
    """

    kind: Kind
    name: str
    data: bytes = b""
    body: Body | None = None
    is_playlist: bool = False
    version: tuple[tuple[str, str], ...] = ()

    def close(self) -> None:
        """End the connection; safe to call twice."""
        if self.body is not None:
            self.body.close()


def ask(client: Client, version: tuple[tuple[str, str], ...] = ()) -> Answer | None:
    """Ask an address what it has.

    Args:
        client: whom to ask.
        version: of the picture that one has; None is returned where that is the newest.

    Raises:
        SourceError: nothing answers, it refuses, or what it has is neither picture nor video.
    """
    reply, address = client.get(headers=dict(version))
    if reply.status == 304:
        reply.close()
        if not version:
            raise unreachable(address, "the answer 304 Not Modified to a first question")
        return None
    name, body = client.address.public, Body(client, reply, address)
    try:
        declared = reply.headers.get_content_type() if "Content-Type" in reply.headers else ""
        if declared.startswith("multipart/"):
            return Answer(Kind.PARTS, name, body=body)
        beginning = body.peek(_ENOUGH)
        if not beginning:
            raise unreachable(client.address, "an empty answer")
        if kind_of(beginning).family is Family.PICTURE or (declared.startswith("image/") and body.length is not None):
            pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            return _picture(body, name, tuple((asks, reply.headers[of]) for asks, of in pairs if reply.headers[of]))
        if re.match(rb"\s*--[^\r\n]{1,200}\r?\n[^\0]*content-type:\s*image/", beginning, re.IGNORECASE):
            return Answer(Kind.PARTS, name, body=body)  # parts, and the type does not say so
        if beginning.startswith(_PLAYLIST):
            return Answer(_kind_of_list(client, body), name, body=body, is_playlist=True)
        _refuse_pages(client, beginning, declared)
        has_end = body.length is not None or body.seekable()
        return Answer(Kind.FILM if has_end else Kind.LIVE, name, body=body)
    except BaseException:
        body.close()
        raise


def _picture(body: Body, name: str, version: tuple[tuple[str, str], ...]) -> Answer:
    """Read a picture; where its length was not said, another may follow, and so on without an end."""
    from ..mjpeg import Cutter

    cutter, count, size, begun = Cutter(), 0, 0, time.monotonic()
    more = body.peek(1)
    while more:
        if body.length is None:
            count += len(cutter.cut(more))
        size += len(more)
        if count >= _SEVERAL:
            return Answer(Kind.PARTS, name, body=body)
        if time.monotonic() - begun > LONGEST_S:
            raise SourceError(f"a whole picture at {name}", got=f"a part of it in {LONGEST_S:g} s", fix="Check the network.")
        if size > MAX_PICTURE_BYTES:
            what = f"one of more than {MAX_PICTURE_BYTES >> 20} MiB"
            raise SourceError(f"a picture at {name}", got=what, fix="Ask the camera for a smaller one.")
        try:
            more = body.peek_more()
        except SourceError:
            if count:  # it was whole, and the connection stays open for the next
                return Answer(Kind.PARTS, name, body=body)
            raise
    if body.length is not None and size < body.length:
        raise SourceError(f"a whole picture at {name}", got="the end of the connection", fix="Check camera and network.")
    data = body.peek(size)
    body.close()
    return Answer(Kind.PICTURE, name, data=data, version=version)


def _kind_of_list(client: Client, body: Body) -> Kind:
    """Tell whether what a playlist names has an end; one that names others, for each quality, is followed to the first."""
    text = body.peek(_LONGEST_LIST)
    if b"#EXT-X-STREAM-INF" in text:
        lines = text.decode("utf-8", "replace").split("#EXT-X-STREAM-INF", 1)[1].splitlines()[1:]
        first = next((line.strip() for line in lines if line.strip() and not line.startswith("#")), "")
        try:
            inner = Body(client, *client.get(parse_beside(body.name, first)))
        except UsageError as error:
            raise unreachable(client.address, "a playlist that names an address that is not valid") from error
        with inner:
            text = inner.peek(_LONGEST_LIST)
    return Kind.FILM if b"#EXT-X-ENDLIST" in text else Kind.LIVE


def _refuse_pages(client: Client, beginning: bytes, declared: str) -> None:
    is_marked_up = re.match(rb"\s*(<!doctype|<html|<\?xml|\{)", beginning, re.IGNORECASE) is not None
    is_text = declared.startswith("text/") and b"\0" not in beginning
    if is_marked_up or is_text or declared in _PAGES:
        page = declared or "text"
        fix = "Look in the camera's manual for the address of its pictures."
        raise unreachable(client.address, f"a page of type {page}", fix)
