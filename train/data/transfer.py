"""One file over HTTP: what has come of it is kept, and continued where a transfer broke off (RFC 9110, sections 13 and 14)."""

import base64
import binascii
import http.client
import re
import time
import urllib.error
import urllib.request
from contextlib import suppress
from email.message import Message
from email.utils import parsedate

from catdog.edge.progress import progress_bar

from ..interruption import step_ended
from .partial import Partial

_CHUNK = 1 << 18
_TIMEOUT_S = 30
# Before each further try, of those that bring less than `_PROGRESS_BYTES` in all: beyond that the line is bad but alive.
_PAUSES_S = (0.0, 0.5, 1.0)
_PROGRESS_BYTES = 1 << 18


class TransferError(Exception):
    """The file, or the rest of it, did not come; the text says why.

    Args:
        reason: what happened, an error or a phrase.
        passing: whether another try may fare better.
    """

    def __init__(self, reason: object, *, passing: bool) -> None:
        super().__init__(str(getattr(reason, "reason", None) or reason) or type(reason).__name__)
        self.passing = passing


def fetch(url: str, partial: Partial, name: str) -> str:
    """Fetch what `partial` lacks, in several tries if need be; afterwards it is as long as the server says the file is.

    Whatever goes wrong, Ctrl-C included, what has come stays there for the next call. A server that falls silent is given up
    after four times half a minute; one that refuses, at once.

    Args:
        url: `http(s)://` address.
        partial: what has come earlier, and where to put the rest; nobody else may be writing there.
        name: for the progress bar.

    Returns:
        The MD5 that the server names for the file, as hexadecimal digits; empty where it names none.

    Raises:
        TransferError: the address does not answer, refuses, or its transfer keeps breaking off.
        OSError: the partial file cannot be written.
    """
    answered, told = False, ""
    furthest = partial.size
    pauses = iter(_PAUSES_S)
    while True:
        try:
            reply = _open(url, partial)
            if reply is not None:
                answered, told = True, _named_md5(reply.headers)
                with reply:
                    _receive(reply, partial, name)
            return told
        except TransferError as error:
            if partial.size - furthest >= _PROGRESS_BYTES:
                furthest = partial.size
                pauses = iter(_PAUSES_S)
            pause = next(pauses, None)
            # Who is offline shall be told at once: only a server that has answered in this call is asked again.
            if not (answered and error.passing) or pause is None:
                raise
        time.sleep(pause)


def _open(url: str, partial: Partial) -> http.client.HTTPResponse | None:
    """Ask for what is missing; None if that turns out to be nothing."""
    held, version, resumes = partial.size, partial.version, partial.resumable
    try:
        request = urllib.request.Request(url)  # noqa: S310
        if resumes:
            request.add_header("Range", f"bytes={held}-")
            request.add_header("If-Range", version)
        reply: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
        return reply
    except urllib.error.HTTPError as error:
        error.close()  # it is the open connection, too
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not resumes:
            raise TransferError(f"the answer {error.code} {error.reason}", passing=error.code >= 500) from error
        if error.headers.get("Content-Range") == f"bytes */{held}":
            return None  # the last byte had come, and then the process was ended
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(error, passing=True) from error
    except ValueError as error:
        raise TransferError(error, passing=False) from error
    partial.discard()  # longer than the whole file
    return _open(url, partial)


def _receive(reply: http.client.HTTPResponse, partial: Partial, name: str) -> None:
    start, stop, whole = _place(reply, partial)
    if start == 0:
        partial.begin(_version(reply.headers))
    # disable=None: no bar where stderr is not a terminal.
    bar = progress_bar(total=whole, initial=start, title=name, unit="B", unit_scale=True)
    with bar, partial.path.open("r+b") as stream:
        stream.seek(start)
        stream.truncate()
        position = start
        while chunk := _read(reply, _CHUNK if stop is None else min(_CHUNK, stop - position)):
            stream.write(chunk)
            position += len(chunk)
            bar.update(len(chunk))
            step_ended()  # the backbone's weights are fetched in the middle of a training
    if whole is not None and position < whole:
        raise TransferError(f"{position:,} of {whole:,} bytes", passing=True)


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


def _named_md5(headers: Message) -> str:
    """Return the MD5 of the whole file that Google's storage names, where Keras' weights lie; empty without one."""
    for said in ",".join(headers.get_all("x-goog-hash", [])).split(","):
        kind, _, value = said.strip().partition("=")
        if kind == "md5":
            with suppress(binascii.Error):
                return base64.b64decode(value, validate=True).hex()
    return ""


def _version(headers: Message) -> str:
    """Return what `If-Range` may carry: a strong ETag; without any, a date that no later change can share; else nothing."""
    etag, modified, sent = (headers.get(name, "") for name in ("ETag", "Last-Modified", "Date"))
    if etag:
        return etag if re.fullmatch('"[!#-~]*"', etag) else ""
    modified_at, sent_at = parsedate(modified), parsedate(sent)
    return modified if modified_at and sent_at and modified_at < sent_at else ""
