"""Pictures pushed over HTTP, part by part: what most network cameras and phones send; JPEG nearly always, PNG and WebP too.

FFmpeg can read it, too, but makes grey pictures of half a JPEG, and does not say why a connection ended. The bytes are cut at
the pictures' own markers, whatever the boundaries and lengths of the parts claim: those of cheap cameras are often wrong.
"""

import re
import time
from collections.abc import Iterator
from functools import partial
from typing import IO

from ..errors import SourceError
from ..pictures.decode import decode_picture
from .frame import Packet

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
_WEBP = re.compile(rb"RIFF....WEBP", re.DOTALL)
_LONGEST_BEGINNING = 12  # bytes by which a picture is known
_CHUNK = 64 * 1024
_LARGEST = 32 * 1024 * 1024  # bytes of one picture; a stream without an end marker must not fill the memory


def split_pictures(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut a stream of bytes into JPEG, PNG and WebP files; what is between them, and what is cut short, is left out.

    Args:
        chunks: the bytes as they come.
    """
    cutter = Cutter()
    for chunk in chunks:
        yield from cutter.cut(chunk)


class Cutter:
    """Cuts pictures out of bytes that come bit by bit."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0  # how far the end of the picture at the beginning was looked for

    def cut(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes, and return the pictures that are whole by now."""
        held = self._held
        held += chunk
        found: list[bytes] = []
        while True:
            start = _first_start(held)
            if start < 0:
                self._drop(max(0, len(held) - _LONGEST_BEGINNING + 1))
                return found
            if start > 0:
                self._drop(start)
            size = self._size_of_jpeg() if held.startswith(_START) else _size_of_other(held)
            if size is None:
                if len(held) > _LARGEST:
                    self._drop(len(held))
                return found
            if size > 0:
                found.append(bytes(held[:size]))
            self._drop(abs(size))

    def _drop(self, count: int) -> None:
        if count:
            del self._held[:count]
            self._searched = 0

    def _size_of_jpeg(self) -> int | None:
        """Return the bytes of the JPEG at the beginning; less than 0: so many to leave out; None: its end is to come."""
        held = self._held
        while True:
            end = held.find(_END, max(self._searched, len(_START)))
            following = held.find(_START, len(_START), end if end >= 0 else len(held))
            if following >= 0 and not _is_inside(held, following):
                return -following  # it was cut short
            if end < 0:
                self._searched = max(0, len(held) - 1)
                return None
            if not _is_inside(held, end):
                return end + len(_END)
            self._searched = end + 1


def _first_start(held: bytearray) -> int:
    """Return where the first picture begins; less than 0 where none does."""
    if held.startswith((_START, _PNG)) or _WEBP.match(held):
        return 0
    webp = _WEBP.search(held)
    starts = (held.find(_START), held.find(_PNG), -1 if webp is None else webp.start())
    return min((start for start in starts if start >= 0), default=-1)


def _size_of_other(held: bytearray) -> int | None:
    """Return the bytes of the PNG or WebP at the beginning, as they say themselves; as `Cutter._size_of_jpeg`."""
    if not held.startswith(_PNG):
        size = 8 + int.from_bytes(held[4:8], "little")
        size += size % 2
        return _to_come(held, size)
    at = len(_PNG)
    while at + 8 <= len(held):  # length, name, data, checksum
        name, at = bytes(held[at + 4 : at + 8]), at + 12 + int.from_bytes(held[at : at + 4], "big")
        if not name.isalpha() or at > _LARGEST:
            return -len(_PNG)  # cut short
        if name == _PNG_END:
            return _to_come(held, at)
    return None


def _to_come(held: bytearray, size: int) -> int | None:
    if size > _LARGEST:
        return -_LONGEST_BEGINNING
    return size if len(held) >= size else None


def _is_inside(data: bytes | bytearray, position: int) -> bool:
    """Tell whether a marker is in a header segment, such as a thumbnail's, and so no end or beginning of the picture."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if at <= position < at + length:
            return True
        at += length
    return False


def packets_of(body: IO[bytes], name: str) -> Iterator[Packet]:
    """Give the pictures of an answered request.

    Args:
        body: the open connection, with a time limit of its own.
        name: what to call it.

    Raises:
        SourceError: it ended, stalled or broke.
    """
    start = time.perf_counter()
    for number, data in enumerate(split_pictures(_chunks(body, name))):
        waited_ms, decode = 1e3 * (time.perf_counter() - start), partial(decode_picture, data, name)
        yield Packet(name, number, time.monotonic(), waited_ms, decode, may_wait=True)
        start = time.perf_counter()


def _chunks(body: IO[bytes], name: str) -> Iterator[bytes]:
    while chunk := body.read(_CHUNK):
        yield chunk
    what = "the end of the connection"
    raise SourceError(f"frames from {name}", got=what, fix="Check the camera and the network.")
