"""The body of an HTTP answer as a file: what was looked at already comes again, and a film can be read from anywhere."""

import http.client
import io
import re

from ...errors import SourceError
from .address import Address
from .client import Client, reason_of, unreachable
from .transport import Reply

_AHEAD = 64 * 1024


class Body(io.RawIOBase):
    """A file to be read, for FFmpeg and for what cuts pictures out.

    Args:
        client: asks for other parts of it.
        reply: the open answer.
        address: where it came from.

    Attributes:
        name: the address, by which playlists name what lies beside them.
        length: bytes of the whole; None where the server does not say.
    """

    def __init__(self, client: Client, reply: Reply, address: Address) -> None:
        self._client, self._reply, self._address = client, reply, address
        self.name = address.asked
        self.length: int | None = reply.length
        self._has_parts = self.length is not None and reply.headers.get("Accept-Ranges", "").lower() == "bytes"
        self._head = bytearray()  # read, and not given yet
        self._at = self._open_at = 0  # where one wants to read, and what comes next

    def peek(self, least: int) -> bytes:
        """Return what it begins with, at least so many bytes where there are; they are given again by `read`.

        Raises:
            SourceError: the connection breaks.
        """
        while len(self._head) < least and self.peek_more():
            pass
        return bytes(self._head)

    def peek_more(self) -> bytes:
        """Return the next bytes behind those that were looked at, as many as have come; `read` gives them again, too.

        Raises:
            SourceError: the connection breaks.
        """
        more = self._more()
        self._head += more
        return more

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, as many as have come; none at the end. With no size, all.

        Raises:
            SourceError: the connection breaks, or the server does not give what was looked for elsewhere.
        """
        if size is None or size < 0:
            parts = []
            while part := self.read(_AHEAD):
                parts.append(part)
            return b"".join(parts)
        if self._at != self._open_at:
            self._reopen()
        self._reply.take_time()
        found = bytes(self._head[:size]) if self._head else self._more(size)
        del self._head[:size]
        self._at += len(found)
        self._open_at = self._at
        return found

    read1 = read

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere: the next `read` asks the server for what is there.

        Raises:
            OSError: the server gives no parts.
        """
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length or 0}[whence] + offset
        if start != self._at and not self._has_parts:
            raise io.UnsupportedOperation("Expected a server that gives parts. Received: one that does not")
        self._at = start
        return start

    def tell(self) -> int:
        """Return where the next `read` begins, in bytes."""
        return self._at

    def seekable(self) -> bool:
        """Whether `seek` works."""
        return self._has_parts

    def readable(self) -> bool:
        """Always."""
        return True

    def writable(self) -> bool:
        """Never."""
        return False

    def wait_for(self, seconds: float) -> None:
        """Be patient with what still comes."""
        self._reply.be_patient(seconds)

    def close(self) -> None:
        """End the connection; safe to call twice."""
        self._reply.close()
        super().close()

    def _reopen(self) -> None:
        self._reply.close()
        self._head, self._open_at = bytearray(), self._at
        if self.length is not None and self._at >= self.length:
            return  # nothing is to be read there
        self._reply, _ = self._client.get(self._address, {"Range": f"bytes={self._at}-"})
        begins = re.match(r"bytes (\d+)-", self._reply.headers.get("Content-Range", ""))
        if self._reply.status != 206 or begins is None or int(begins[1]) != self._at:
            raise unreachable(self._address, "another part of the film than was asked for", "Download it, and name the file.")

    def _more(self, size: int = _AHEAD) -> bytes:
        if self.length is not None and self._at + len(self._head) >= self.length:
            return b""
        try:
            return self._reply.read1(size)
        except (OSError, http.client.HTTPException, ValueError) as error:
            what = "none for too long" if isinstance(error, TimeoutError) else reason_of(error)
            raise SourceError(f"more from {self._address.public}", got=what, fix="Check the camera and the network.") from error
