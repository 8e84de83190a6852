"""JPEG pictures pushed over HTTP, part by part: what most network cameras and phones send.

FFmpeg can read it, too, but makes grey pictures of half a JPEG, and does not say why a connection ended. The bytes are cut at
the pictures' own markers, whatever the boundaries and lengths of the parts claim: those of cheap cameras are often wrong.
"""

import http.client
import socket
import time
import urllib.error
from collections.abc import Iterator
from functools import partial
from typing import IO

from ..errors import SourceError
from ..pictures.decode import decode_picture
from .frame import Packet

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_CHUNK = 64 * 1024
_LARGEST = 32 * 1024 * 1024  # bytes of one picture; a stream without an end marker must not fill the memory


def split_pictures(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut a stream of bytes into JPEG files; what is between them, and what is cut short, is left out.

    Args:
        chunks: the bytes as they come.
    """
    held = bytearray()
    searched = 0
    for chunk in chunks:
        held += chunk
        while True:
            start = held.find(_START)
            if start < 0:
                del held[: max(0, len(held) - len(_START) + 1)]
                searched = 0
                break
            if start > 0:
                del held[:start]
                searched = 0
            end = held.find(_END, max(searched, len(_START)))
            following = held.find(_START, len(_START), end if end >= 0 else len(held))
            if following >= 0 and not _is_inside(held, following):
                del held[:following]  # the one before was cut short
                searched = 0
                continue
            if end < 0:
                searched = max(0, len(held) - 1)
                if len(held) > _LARGEST:
                    held.clear()
                    searched = 0
                break
            candidate = bytes(held[: end + len(_END)])
            if _is_inside(held, end):
                searched = end + 1
                continue
            yield candidate
            del held[: end + len(_END)]
            searched = 0


def _is_inside(data: bytes | bytearray, position: int) -> bool:
    """Tell whether a marker is in a header segment, such as a thumbnail's, and so no end or beginning of the picture."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if at <= position < at + length:
            return True
        at += length
    return False


def packets_of(reply: IO[bytes], name: str) -> Iterator[Packet]:
    """Give the pictures of an answered request.

    Args:
        reply: the open connection, with a time limit of its own.
        name: what to call it.

    Raises:
        SourceError: it ended, stalled or broke.
    """
    start = time.perf_counter()
    for number, data in enumerate(split_pictures(_chunks(reply, name))):
        waited_ms, decode = 1e3 * (time.perf_counter() - start), partial(decode_picture, data, name)
        yield Packet(name, number, time.monotonic(), waited_ms, decode, may_wait=True)
        start = time.perf_counter()


def _chunks(reply: IO[bytes], name: str) -> Iterator[bytes]:
    read = getattr(reply, "read1", reply.read)
    while True:
        try:
            chunk = read(_CHUNK)
        except (OSError, http.client.HTTPException, urllib.error.URLError) as error:
            what = (
                "none for too long" if isinstance(error, TimeoutError | socket.timeout) else str(error) or type(error).__name__
            )
            raise _lost(name, what) from error
        if not chunk:
            raise _lost(name, "the end of the connection")
        yield chunk


def _lost(name: str, what: str) -> SourceError:
    return SourceError(f"frames from {name}", got=what, fix="Check the camera and the network.")
