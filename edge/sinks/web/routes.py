"""What can be asked for, by its path."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import PurePosixPath

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from .access import add_headers, refusal
from .label.routes import LabelRoutes
from .latest_picture import LatestPicture, Picture, still_jpeg
from .metrics import METRICS_TYPE, About, Metrics
from .pages import PUBLIC, TYPES, page_file
from .status import MOST_LINES, Status
from .streams import JpegEncoder, is_past, send_news, send_pictures, status_of

_FEW_LINES = 100  # results, where nobody says how many
_PATIENCE_S = 5.0  # for a picture of one who has not looked before
_FRESH_S = 1.0


class Routes:
    """Answers requests.

    Args:
        about: the model.
        status: what is known.
        latest: the newest picture.
        metrics: what is counted.
        label: answers for the second view.
        encoder: makes JPEGs for those who look.
    """

    def __init__(
        self,
        about: About,
        status: Status,
        latest: LatestPicture,
        metrics: Metrics,
        label: Callable[[], LabelRoutes],
        encoder: JpegEncoder,
    ) -> None:
        self._about, self._status, self._latest, self._metrics, self._encoder = about, status, latest, metrics, encoder
        self._label = label()

    def application(self, before: Sequence[Middleware], tell: Callable[[str], None]) -> web.Application:
        """Build what aiohttp runs.

        Args:
            before: what stands before every request, the first foremost.
            tell: says what is wrong to whoever looks at stderr.
        """
        application = web.Application(middlewares=[*before, _keep_going(tell)])
        application.on_response_prepare.append(add_headers)
        application.router.add_get("/", _page_route("index.html"))
        application.router.add_get("/label", _page_route("label.html"))
        self._label.add_to(application.router)
        for name in PUBLIC:
            application.router.add_get(f"/{name}", _page_route(name))
        application.router.add_get("/results", self._results)
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/metrics", self._tell_metrics)
        application.router.add_get("/snapshot.jpg", self._snapshot)
        # A HEAD of what has no end would have no end.
        application.router.add_get("/stream.mjpg", self._pictures, allow_head=False)
        application.router.add_get("/events", self._news, allow_head=False)
        return application

    async def _results(self, request: web.Request) -> web.Response:
        """Recent results and changes as `--json` prints them, oldest first."""
        asked = request.query.get("limit", str(_FEW_LINES))
        if not asked.isdecimal() or len(asked) > len(str(MOST_LINES)) or not 1 <= int(asked) <= MOST_LINES:
            return refusal(HTTPStatus.BAD_REQUEST, f"limit must be 1 to {MOST_LINES}.")
        lines = self._status.lines()[-int(asked) :]
        text = ",\n ".join(line.to_json() for line in lines)
        return web.Response(text=f"[{text}]\n", content_type="application/json")

    async def _health(self, _: web.Request) -> web.Response:
        """Whether frames come and are judged."""
        now = self._status.condition()
        status = status_of(now)
        if now.state is None:
            status["cause"] = "no frame yet"
        well = not is_past(now)
        return web.json_response({"healthy": well} | status, status=HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _tell_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.to_text(), headers={hdrs.CONTENT_TYPE: METRICS_TYPE})

    async def _snapshot(self, _: web.Request) -> web.Response:
        """The newest picture in its own size, without anything drawn into it; none where the camera is not online."""
        picture = await self._picture()
        now = self._status.condition()
        if picture is None or is_past(now):
            why = now.cause or "no frame came in time" if now.state is not None else "no frame yet"
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"No picture: {now.state or 'not begun'}, {why}.")
        return web.Response(body=await asyncio.to_thread(still_jpeg, picture.pixels), content_type="image/jpeg")

    async def _picture(self) -> Picture | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_S
        begun = self._latest.newest
        with self._latest.watched(), self._latest.waited():
            while loop.time() < deadline:
                newest = self._latest.newest
                if newest is not None and (newest is not begun or newest.age() < _FRESH_S):
                    return newest
                if self._status.condition().state not in (None, "ONLINE"):
                    return None
                await asyncio.sleep(0.02)
        return None

    async def _pictures(self, request: web.Request) -> web.StreamResponse:
        return await send_pictures(request, self._encoder, self._latest)

    async def _news(self, request: web.Request) -> web.StreamResponse:
        return await send_news(request, self._status, self._about)


def _page_route(name: str) -> Handler:
    async def give(_: web.Request) -> web.Response:
        return web.Response(body=page_file(name), content_type=TYPES[PurePosixPath(name).suffix], charset="utf-8")

    return give


def _keep_going(tell: Callable[[str], None]) -> Middleware:
    """Build this thread's only boundary: a request that fails is one line here and one line there."""

    @web.middleware
    async def keep_going(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, whatever its handler runs into."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            return refusal(HTTPStatus(error.status), f"{error.reason}.")
        except ConnectionError:
            raise  # clients come and go
        except Exception as error:  # noqa: BLE001
            tell(f"--serve: {' '.join(f'{type(error).__name__}: {error}'.split())}; going on")
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; stderr has it.")

    return keep_going
