"""One file over HTTP: what has come of it is kept, and continued where a transfer broke off (RFC 9110, sections 13 and 14).

May import: `partial` and the standard library. Who asks the server, and how it is shown, is the caller's.
"""

import http.client
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate

from .partial import Partial

_CHUNK = 1 << 18
# Before each further try, of those that bring less than `_PROGRESS_BYTES` in all: beyond that the line is bad but alive.
_PAUSES_S = (0.0, 0.5, 1.0)
_PROGRESS_BYTES = 1 << 18

Ask = Callable[[Mapping[str, str]], http.client.HTTPResponse]
"""Sends a request with these headers besides; the answer is one of success. Raises `TransferError`."""
Watch = Callable[[int, int | None], AbstractContextManager[Callable[[int], None]]]
"""Told where in the file an answer starts and how long the file is (None: not told), in bytes; gives what counts the bytes."""


class TransferError(Exception):
    """The file, or the rest of it, did not come; the text says why.

    Args:
        reason: what happened, an error or a phrase.
        passing: whether another try may fare better.
    """

    def __init__(self, reason: object, *, passing: bool) -> None:
        super().__init__(str(getattr(reason, "reason", None) or reason) or type(reason).__name__)
        self.passing = passing


class RefusedError(TransferError):
    """The server answers, but does not give the file.

    Args:
        status: of the answer.
        reason: its words.
        headers: of the answer.
    """

    def __init__(self, status: int, reason: str, headers: Message) -> None:
        super().__init__(f"the answer {status} {reason}".rstrip(), passing=status >= http.HTTPStatus.INTERNAL_SERVER_ERROR)
        self.status, self.headers = status, headers


def _unwatched(_start: int, _whole: int | None) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _: None)


@dataclass(frozen=True)
class Terms:
    """What is taken.

    Attributes:
        unless: headers by which the server says 304 where the file is the one that is there already; empty for none.
        most_bytes: of the whole file; None for any size.
        most_s: seconds for the whole transfer, its tries and pauses; None for any time.
        needs_length: whether an end of the connection may not be what ends the file.
        watch: shows how far it is.
    """

    unless: Mapping[str, str] = field(default_factory=dict)
    most_bytes: int | None = None
    most_s: float | None = None
    needs_length: bool = False
    watch: Watch = _unwatched


def fetch(ask: Ask, partial: Partial, terms: Terms | None = None) -> Message | None:
    """Fetch what `partial` lacks, in several tries if need be; afterwards it is as long as the server says the file is.

    Whatever goes wrong, Ctrl-C included, what has come stays there for the next call. A server that falls silent is given up
    after four times what `ask` waits; one that refuses, at once.

    Args:
        ask: asks the server for the file.
        partial: what has come earlier, and where to put the rest; nobody else may be writing there.
        terms: what is taken; None for everything.

    Returns:
        The headers of the answer, of no header where all had come before; None where `terms.unless` holds, and `partial` is
        empty then.

    Raises:
        TransferError: the address does not answer, refuses, or its transfer keeps breaking off.
        OSError: the partial file cannot be written.
    """
    terms = terms or Terms()
    until = None if terms.most_s is None else time.monotonic() + terms.most_s
    answered = False
    told: Message | None = Message()
    furthest = partial.size
    pauses = iter(_PAUSES_S)
    while True:
        try:
            reply = _open(ask, partial, terms)
            if reply is not None:
                answered, told = True, reply.headers
                with reply:
                    _receive(reply, partial, terms, until)
            return told
        except TransferError as error:
            if isinstance(error, RefusedError) and error.status == http.HTTPStatus.NOT_MODIFIED and terms.unless:
                partial.discard()  # of a version that is none any more
                return None
            if partial.size - furthest >= _PROGRESS_BYTES:
                furthest = partial.size
                pauses = iter(_PAUSES_S)
            pause = next(pauses, None)
            # Who is offline shall be told at once: only a server that has answered in this call is asked again.
            if not (answered and error.passing) or pause is None:
                raise
        time.sleep(pause)


def _open(ask: Ask, partial: Partial, terms: Terms) -> http.client.HTTPResponse | None:
    """Ask for what is missing; None if that turns out to be nothing."""
    held, version, resumes = partial.size, partial.version, partial.resumable
    part = {"Range": f"bytes={held}-", "If-Range": version} if resumes else {}
    try:
        return ask({**terms.unless, **part})
    except RefusedError as error:
        if error.status != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not resumes:
            raise
        if error.headers.get("Content-Range") == f"bytes */{held}":
            return None  # the last byte had come, and then the process was ended
    partial.discard()  # longer than the whole file
    return _open(ask, partial, terms)


def _receive(reply: http.client.HTTPResponse, partial: Partial, terms: Terms, until: float | None) -> None:
    start, stop, whole = _place(reply, partial)
    if terms.needs_length and whole is None and not reply.chunked:
        raise TransferError("an answer that does not say how long the file is", passing=False)
    if start == 0:
        partial.begin(_version(reply.headers))
    _check_size(whole or 0, partial, terms)
    with terms.watch(start, whole) as came, partial.path.open("r+b") as stream:
        stream.seek(start)
        stream.truncate()
        position = start
        while chunk := _read(reply, _CHUNK if stop is None else min(_CHUNK, stop - position)):
            stream.write(chunk)
            position += len(chunk)
            _check_size(position, partial, terms)
            came(len(chunk))
            if until is not None and time.monotonic() > until:
                raise TransferError(f"only {position:,} bytes in {terms.most_s:g} s", passing=False)
    if whole is not None and position < whole:
        raise TransferError(f"{position:,} of {whole:,} bytes", passing=True)


def _check_size(size: int, partial: Partial, terms: Terms) -> None:
    if terms.most_bytes is not None and size > terms.most_bytes:
        partial.discard()
        raise TransferError(f"more than {terms.most_bytes:,} bytes", passing=False)


def _place(reply: http.client.HTTPResponse, partial: Partial) -> tuple[int, int | None, int | None]:
    """Return where in the file a reply starts and stops, and the file's length, in bytes; None for what is not told."""
    given = reply.headers.get("Content-Range")
    # Some servers send the part that was asked for and call it the whole: the header knows better than the status.
    if given is None and reply.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0, reply.length, reply.length
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", given or "")
    if match:
        first, last, whole = map(int, match.groups())
        # Caches may begin earlier than asked. Some servers do not look at If-Range, so the version is compared here, too.
        same = _version(reply.headers) in ("", partial.version)
        if first <= partial.size and first <= last < whole and (first == 0 or same):
            return first, last + 1, whole
    partial.discard()  # so that the next try asks for the whole file
    raise TransferError(f"a part that does not fit what has come before ({given})", passing=True)


def _read(reply: http.client.HTTPResponse, size: int) -> bytes:
    # Told apart here from a full disk, which is an OSError as well. `read` would lose what came before a reset.
    try:
        return reply.read1(size)
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(error, passing=True) from error


def _version(headers: Message) -> str:
    """Return what `If-Range` may carry: a strong ETag; without any, a date that no later change can share; else nothing."""
    etag, modified, sent = (headers.get(name, "") for name in ("ETag", "Last-Modified", "Date"))
    if etag:
        return etag if re.fullmatch('"[!#-~]*"', etag) else ""
    modified_at, sent_at = parsedate(modified), parsedate(sent)
    return modified if modified_at and sent_at and modified_at < sent_at else ""
