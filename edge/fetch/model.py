"""A model at an address: `--model https://host/garden.tflite`.

What has come lies in the cache folder, with the server's name for its version, so that it is not sent again while it is the
newest; without a network the program starts with what is there.

May import: this room, `catdog.edge.sources.net`, `catdog.edge.contract`, `catdog.edge.common`, `catdog.edge.errors`.
"""

import hashlib
import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from functools import partial as bound
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..common.files import write_text
from ..contract.artifact import parse_model
from ..errors import CatdogError, InputNotFoundError, OutputError, SourceError, UsageError
from ..sources.net.address import Address, parse_address
from ..sources.net.client import Client
from ..sources.net.tls import Trust
from .cache import cache_folder, turn
from .partial import Partial
from .transfer import RefusedError, Terms, TransferError, fetch

MOST_BYTES = 100 * 1024 * 1024
_TIMEOUT_S = 10.0  # for each step of an answer
_MOST_S = 600.0  # for all of it: a server that drips holds up nobody for longer
_LONGEST_NAME = 80
_VALIDATORS = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))

Tell = Callable[[str], None]


def fetched_model(url: str, tell: Tell) -> Path:
    """Fetch a model into the cache; one that is there and the newest is not sent again.

    Args:
        url: `http(s)://` address, with user and password where the server wants them; those are never told to anybody else.
        tell: says a line on stderr: what is fetched, and why what was there is used.

    Returns:
        The path of a whole model file: the newest, or where that does not come, the one that was fetched before.

    Raises:
        UsageError: it is no such address.
        InputNotFoundError: the model does not come, and none was fetched before.
        ModelError: what comes is no model, or a damaged one, and none was fetched before.
        OutputError: the cache cannot be written, and none was fetched before.
    """
    address, target = _places(url)
    try:
        with _renewed(address, target, tell):
            pass
    except CatdogError as error:
        if not target.is_file():
            raise
        day = datetime.fromtimestamp(target.stat().st_mtime, UTC).date()
        tell(f"expected {error.expected}; got {error.got}. Going on with what was fetched on {day}")
    return target


def newest_model(url: str, tell: Tell) -> bytes:
    """Fetch a model that is kept elsewhere: the newest or none, and only what has come of half a file stays in the cache.

    Args:
        url: as of `fetched_model`.
        tell: likewise.

    Raises:
        UsageError: it is no such address.
        InputNotFoundError: the model does not come.
        ModelError: what comes is no model, or a damaged one.
        OutputError: the cache cannot be written.
    """
    address, target = _places(url)
    with _renewed(address, target, tell):
        data = target.read_bytes()
        target.unlink()
    return data


def _places(url: str) -> tuple[Address, Path]:
    address = parse_address(url)
    if address.scheme not in ("http", "https"):
        raise UsageError("a model's address of http or https", got=address.public, fix="Example: https://host/model.tflite.")
    return address, cache_folder() / "models" / hashlib.sha256(url.encode()).hexdigest()[:16] / _name(address)


@contextmanager
def _renewed(address: Address, target: Path, tell: Tell) -> Iterator[None]:
    """Put the newest file into its place, unless it is there; until the end of the context no other process touches it."""
    partial = Partial(target.with_name(f"{target.name}.part"))
    told_of = target.with_name(f"{target.name}.json")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with turn(target.with_name(f"{target.name}.lock"), bound(tell, f"another process fetches {address.public}: waiting")):
            known = _Known.read(told_of, target)
            terms = Terms(known.unless, MOST_BYTES, _MOST_S, needs_length=True, watch=bound(_shown, address, tell))
            headers = fetch(bound(_ask, _client(address)), partial, terms)
            if headers is not None:
                known = _check(partial, address, target.name, headers)
                partial.become(target)
                write_text(told_of, known.to_json())
            yield
    except TransferError as error:
        kept = "What came is kept: try again to go on from there. " if partial.resumable else ""
        login = f"Write {address.scheme}://USER:PASSWORD@{address.place}{address.public_path}, or check"
        check = login if isinstance(error, RefusedError) and error.status == http.HTTPStatus.UNAUTHORIZED else "Check"
        fix = f"{kept}{check} address and network, or name a file."
        raise InputNotFoundError(f"a model at {address.public}", got=str(error), fix=fix) from error
    except OSError as error:
        fix = "Free some space, or set XDG_CACHE_HOME to a folder with room that may be written."
        raise OutputError(f"to write {target}", got=error.strerror or str(error), fix=fix) from error


@dataclass(frozen=True)
class _Known:
    """What the server said of the file that is there.

    Attributes:
        sha256: of the file; of another one it says nothing.
        headers: by which one asks whether there is a newer one.
    """

    sha256: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, path: Path, target: Path) -> "_Known":
        """Read it; nothing where it is damaged or of another file: a crash may come between the two being written."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            headers = tuple((str(name), str(fields[name])) for name, _ in _VALIDATORS if name in fields)
            same = hashlib.sha256(target.read_bytes()).hexdigest() == fields["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
        return cls(fields["sha256"], headers) if same and all(_is_header(value) for _, value in headers) else cls()

    @property
    def unless(self) -> dict[str, str]:
        return dict(self.headers)

    def to_json(self) -> str:
        return json.dumps({"sha256": self.sha256, **dict(self.headers)})


def _is_header(value: str) -> bool:
    return re.fullmatch("[ -~]{1,300}", value) is not None


def _check(partial: Partial, address: Address, name: str, headers: Message) -> _Known:
    """Refuse, and throw away, what is no whole model: a login page, say, or a file that was cut short where it lies."""
    data = partial.path.read_bytes()
    try:
        parse_model(data, Path(name))
    except CatdogError as error:
        partial.discard()
        got = error.got.replace(name, f"{len(data):,} bytes", 1)
        fix = "Open the address in a browser to see what it gives."
        raise type(error)(f"{error.expected} at {address.public}", got=got, fix=fix) from error
    found = tuple((asks, headers[of]) for asks, of in _VALIDATORS if headers[of] and _is_header(headers[of]))
    return _Known(hashlib.sha256(data).hexdigest(), found)


def _client(address: Address) -> Client:
    # Authorities are those of the system, or of SSL_CERT_FILE: --tls-ca names a camera's own.
    return Client(address, _TIMEOUT_S, Trust())


def _ask(client: Client, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    try:
        reply, came_from = client.ask(headers=headers)
    except SourceError as error:
        raise TransferError(error.got, passing=True) from error
    if (client.address.scheme, came_from.scheme) == ("https", "http"):
        reply.close()
        raise TransferError("a redirection from https to http, which does not hide it", passing=False)
    if reply.status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
        reply.close()
        raise RefusedError(reply.status, reply.reason, reply.headers)
    reply.take_time()
    return reply


@contextmanager
def _shown(address: Address, tell: Tell, start: int, whole: int | None) -> Iterator[Callable[[int], Any]]:
    size = "" if whole is None else f", {whole / 1e6:.2f} MB"
    tell(f"fetching {address.public}{size}{f', from byte {start:,} on' if start else ''}")
    yield lambda _: None


def _name(address: Address) -> str:
    """Return what to call the file: the last part of the path, in letters that every file system has."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", unquote(address.path).rpartition("/")[2])
    return name.lstrip(".")[-_LONGEST_NAME:] or "model"
