"""What goes on for as long as somebody looks: pictures (MJPEG) and news (server-sent events).

Nothing is queued for a client: when it has taken one thing it gets the newest. One that takes nothing for `_STALLED_S` is cut
off.
"""

import asyncio
import json
import time
from collections.abc import Iterable

from aiohttp import hdrs, web

from .latest_picture import PICTURES_PER_S, LatestPicture, live_jpeg
from .metrics import About, about_model
from .status import STAGES, Condition, Happening, Line, Second, Status

_NEWS_PER_S = 10.0
_TELL_AGAIN_S = 1.0  # how things stand, also where nothing changes: silence would look like a lost connection
_STALLED_S = 10.0
_BOUNDARY = b"catdog-picture"
_NONE = (0, False)


class JpegEncoder:
    """Makes of the newest picture one JPEG for all who look; of a camera that is not online a grey one.

    Args:
        latest: the newest picture.
        status: knows whether it is of now.
    """

    def __init__(self, latest: LatestPicture, status: Status) -> None:
        self._latest, self._status = latest, status
        self._developed = _NONE  # which picture, and whether grey
        self._jpeg: bytes | None = None
        self._count = 0
        self._next = asyncio.Event()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(1 / PICTURES_PER_S)
            picture = self._latest.newest
            if picture is None or not self._latest.watchers:
                self._developed, self._jpeg = _NONE, None
                continue
            if not self._latest.waiting:
                continue
            grey = is_past(self._status.condition())
            if self._developed == (picture.number, grey):
                continue
            self._jpeg = await asyncio.to_thread(live_jpeg, picture.pixels, grey=grey)
            self._developed = picture.number, grey
            self._count += 1
            self._next.set()
            self._next = asyncio.Event()

    async def newer(self, than: int) -> tuple[int, bytes]:
        """Wait for a JPEG that is newer than the one of that number; the numbers count from 1."""
        with self._latest.waited():
            while self._jpeg is None or self._count <= than:
                await self._next.wait()
            return self._count, self._jpeg


async def send_pictures(request: web.Request, encoder: JpegEncoder, latest: LatestPicture) -> web.StreamResponse:
    """Send pictures as multipart/x-mixed-replace, as browsers and video programs take it."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}"})
    number = 0
    with latest.watched():
        await response.prepare(request)
        # The boundary comes right behind a picture, not before the next: browsers show one when they know that it is whole.
        alive = await _send(request, response, b"--" + _BOUNDARY)
        while alive:
            number, jpeg = await encoder.newer(number)
            head = b"\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            alive = await _send(request, response, b"%b%b\r\n--%b" % (head, jpeg, _BOUNDARY))
    return response


async def send_news(request: web.Request, status: Status, about: About) -> web.StreamResponse:
    """Send what is new as server-sent events, beginning with what is known.

    ``hello``: the model, what happened and the last minutes. ``model``: another that is in use now. ``result``: a line as of
    `--json`, the newest. ``status``: how things stand. ``second``: mean times of a second. ``happened``: a line of the list of
    events; of these none is left out that is still kept.
    """
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream"})
    await response.prepare(request)
    loop = asyncio.get_running_loop()
    line, happenings, seconds = status.newest(), status.happenings(), status.seconds()
    past = seconds[-1].number if seconds else 0
    told, told_at = status.condition(), loop.time()
    model = status.model
    first = [
        _hello(about if model is None else about_model(model), happenings, seconds),
        *_result(line),
        _message("status", status_of(told)),
    ]
    alive = await _send(request, response, b"retry: 2000\n\n" + b"".join(first))
    known = happenings[-1].number if happenings else 0
    while alive:
        await asyncio.sleep(1 / _NEWS_PER_S)
        news: list[bytes] = []
        if status.model is not None and status.model is not model:
            model = status.model
            news.append(_message("model", about_model(model)._asdict()))
        newest = status.newest()
        if newest is not None and newest is not line:
            line = newest
            news += _result(newest)
        for happening in status.happenings(known):
            known = happening.number
            news.append(_message("happened", happening._asdict()))
        for second in status.seconds(past):
            past = second.number
            news.append(_message("second", _second(second)))
        now = status.condition()
        if (now.state, now.source) != (told.state, told.source) or loop.time() - told_at >= _TELL_AGAIN_S:
            told, told_at = now, loop.time()
            news.append(_message("status", status_of(now)))
        if news:
            alive = await _send(request, response, b"".join(news))
    return response


def is_past(condition: Condition) -> bool:
    """Say whether the newest picture shows what was, not what is."""
    return condition.state != "ONLINE"


def status_of(condition: Condition) -> dict[str, object]:
    """Return how things stand as JSON values."""
    silent = condition.silent_s
    return condition._asdict() | {"fps": round(condition.fps, 2), "silent_s": None if silent is None else round(silent, 3)}


async def _send(request: web.Request, response: web.StreamResponse, data: bytes) -> bool:
    """Send to a client that takes it; returns whether it is still there."""
    try:
        async with asyncio.timeout(_STALLED_S):
            await response.write(data)
        return True
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()  # what it has not taken it never will
        return False


def _hello(about: About, happenings: Iterable[Happening], seconds: Iterable[Second]) -> bytes:
    return _message(
        "hello",
        {
            "model": about._asdict(),
            "now": time.time(),
            "stages": STAGES,
            "happenings": [happening._asdict() for happening in happenings],
            "seconds": [_second(second) for second in seconds],
        },
    )


def _result(line: Line | None) -> list[bytes]:
    return [] if line is None else [_event("result", line.to_json())]


def _second(second: Second) -> dict[str, object]:
    stages = {stage: round(value, 3) for stage, value in zip(STAGES, second.stages_ms, strict=True)}
    return {"at": second.at, "results": second.results, "stages_ms": stages, "age_ms": round(second.age_ms, 3)}


def _message(kind: str, values: object) -> bytes:
    return _event(kind, json.dumps(values))


def _event(kind: str, data: str) -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()
