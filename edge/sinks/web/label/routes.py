"""What can be asked for of `/label`. What changes something is a POST of JSON from the page itself."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import cv2
import numpy as np
from aiohttp import web
from aiohttp.typedefs import Handler

from ....errors import (
    CatdogError,
    InputNotFoundError,
    MissingExtraError,
    ModelError,
    OutputError,
    UnreadableInputError,
    UsageError,
)
from ....pictures.decode import read_picture
from ....pictures.folders import UNLABELLED
from ..access import is_from_here, refusal
from ..public import public_text
from .folder import LabelFolder
from .looks import Looks, known_of
from .teaching import Teacher
from .using import Using

MOST_SHOWN = 300  # pictures in one answer; the next come when these are labelled
_MOST_NAMES = 1000  # in one request
_SIDES = {"small": 320, "large": 1280}  # pixels of the longer side
_QUALITY = 82  # of JPEG
_AT_ONCE = 2  # pictures that are decoded: a browser asks for six, and the camera wants the cores
_NO_FOLDER = "No pictures to label: start catdog-edge with --save-uncertain DIR."
_STATUS = {
    UsageError: HTTPStatus.BAD_REQUEST,
    InputNotFoundError: HTTPStatus.NOT_FOUND,
    ModelError: HTTPStatus.CONFLICT,
    UnreadableInputError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    MissingExtraError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    OutputError: HTTPStatus.INSUFFICIENT_STORAGE,
}

Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class LabelRoutes:
    """Answers for the second view.

    Args:
        folder: the pictures; None where none are kept.
        teacher: teaches; None likewise.
        using: the store of models; None where the program runs without one.
    """

    def __init__(self, folder: LabelFolder | None, teacher: Teacher | None, using: Using | None) -> None:
        self._folder, self._teacher, self._using, self._looks = folder, teacher, using, Looks()
        self._looking = asyncio.Lock()  # two tabs would decode everything twice
        self._decoding = asyncio.Semaphore(_AT_ONCE)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add what can be asked for, beside the page itself."""
        router.add_get("/label/pictures", self._told(self._pictures))
        router.add_get("/label/picture.jpg", self._told(self._picture))
        router.add_post("/label/move", self._done(self._move))
        router.add_post("/label/delete", self._done(self._delete))
        router.add_post("/label/undo", self._done(self._undo))
        router.add_get("/label/teach", self._told(self._teaching))
        router.add_post("/label/teach", self._done(self._teach))
        router.add_post("/label/teach/stop", self._done(self._stop))
        router.add_post("/label/use", self._done(self._use))
        router.add_post("/label/back", self._done(self._back))

    async def _pictures(self, request: web.Request) -> web.Response:
        """Pictures of a label, or those that have none, with what looks alike; and how many each label has."""
        of = request.query.get("of", UNLABELLED)
        async with self._looking:
            return web.json_response(await asyncio.to_thread(self._list, of))

    def _list(self, of: str) -> dict[str, Any]:
        folder = self._here()
        names = folder.pictures(of)
        shown = names[:MOST_SHOWN]
        paths = [folder.root / name for name in shown]
        known = [known_of(path, name) for path, name in zip(paths, shown, strict=True)]
        groups = self._looks.groups(paths, known)
        listed = zip(shown, known, groups, strict=True)
        return {
            "of": of,
            "count": len(names),
            "pictures": [{"name": name, "group": shown[group]} | facts._asdict() for name, facts, group in listed],
        } | self._counts()

    def _counts(self) -> dict[str, Any]:
        folder = self._here()
        labels = [{"name": name, "count": count} for name, count in folder.labels().items()]
        return {"labels": labels, "unlabelled": len(folder.pictures(UNLABELLED)), "undoable": folder.undoable}

    async def _picture(self, request: web.Request) -> web.Response:
        """A picture, decoded and encoded anew: whatever the file is, this is a JPEG."""
        side = _SIDES["small" if "small" in request.query else "large"]
        path = self._here().path(request.query.get("name"))
        async with self._decoding:
            data = await asyncio.to_thread(lambda: _jpeg(read_picture(path), side))
        return web.Response(body=data, content_type="image/jpeg")

    async def _move(self, asked: dict[str, Any]) -> dict[str, Any]:
        moved = await asyncio.to_thread(self._here().label, _names(asked), asked.get("label"))
        return {"moved": moved} | await asyncio.to_thread(self._counts)

    async def _delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        await asyncio.to_thread(self._here().delete, _names(asked))
        return await asyncio.to_thread(self._counts)

    async def _undo(self, _: dict[str, Any]) -> dict[str, Any]:
        back = await asyncio.to_thread(self._here().undo)
        return {"back": back} | await asyncio.to_thread(self._counts)

    async def _teaching(self, _: web.Request) -> web.Response:
        self._here()
        return web.json_response(await asyncio.to_thread(self._told_of_teaching))

    async def _teach(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._here()
        unproven = asked.get("allow_unproven") is True
        if self._teacher is not None and not await asyncio.to_thread(self._teacher.start, allow_unproven=unproven):
            raise UsageError("to teach one at a time", got="another that is still learning", fix="Wait for it, or stop it.")
        return await asyncio.to_thread(self._told_of_teaching)

    async def _stop(self, _: dict[str, Any]) -> dict[str, Any]:
        self._here()
        if self._teacher is not None:
            self._teacher.stop()
        return await asyncio.to_thread(self._told_of_teaching)

    async def _use(self, _: dict[str, Any]) -> dict[str, Any]:
        written = self._teacher.written if self._teacher is not None else None
        if written is None:
            raise InputNotFoundError("a model that was taught and accepted", got="none", fix="Teach first.")
        await asyncio.to_thread(self._store().use, written)
        return await asyncio.to_thread(self._told_of_teaching)

    async def _back(self, _: dict[str, Any]) -> dict[str, Any]:
        await asyncio.to_thread(self._store().back)
        return await asyncio.to_thread(self._told_of_teaching)

    def _store(self) -> Using:
        if self._using is None:
            raise InputNotFoundError("a store of models", got="none", fix="Start catdog-edge with --models DIR.")
        return self._using

    def _told_of_teaching(self) -> dict[str, Any]:
        """Say how teaching stands, which model is in use, and how to use the one that was taught."""
        teacher = self._teacher
        if teacher is None:
            return {"state": "idle"}
        told = teacher.state()
        if teacher.written is not None:  # the folder's name alone: no paths are told
            told["file"] = f"{teacher.written.parent.name}/{teacher.written.name}"
        if self._using is not None:
            told["in_use"] = self._using.state()
        return told

    def _here(self) -> LabelFolder:
        if self._folder is None:
            raise InputNotFoundError("a folder of pictures", got="none", fix=_NO_FOLDER)
        return self._folder

    def _told(self, handler: Handler) -> Handler:
        """Make a line of what goes wrong."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except CatdogError as error:
                status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), None)
                if status is None:
                    raise
                return refusal(status, error.fix if error.fix == _NO_FOLDER else public_text(str(error)))

        return answer

    def _done(self, act: Act) -> Handler:
        """Let an act be asked for by this page alone, and answer it with JSON."""

        async def handler(request: web.Request) -> web.StreamResponse:
            if not is_from_here(request):
                return refusal(HTTPStatus.FORBIDDEN, "Only this page may ask for that, as application/json.")
            try:
                asked = await request.json()
            except ValueError:
                asked = None
            if not isinstance(asked, dict):
                raise UsageError("a JSON object", got="something else", fix='Example: {"names": [...], "label": "cats"}')
            return web.json_response(await act(asked))

        return self._told(handler)


def _names(asked: dict[str, Any]) -> list[object]:
    names = asked.get("names")
    if not isinstance(names, list) or not 1 <= len(names) <= _MOST_NAMES:
        raise UsageError(f"1 to {_MOST_NAMES} names of pictures", got="something else", fix='Example: {"names": ["..."]}')
    return names


def _jpeg(pixels: "np.ndarray[Any, np.dtype[np.uint8]]", side: int) -> bytes:
    """Encode a picture, BGR uint8 ``[height, width, 3]``, with its longer side at most so many pixels."""
    shrink = side / max(pixels.shape[:2])
    if shrink < 1:
        size = (max(1, round(shrink * pixels.shape[1])), max(1, round(shrink * pixels.shape[0])))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise UnreadableInputError("a picture that becomes a JPEG", got=str(pixels.shape), fix="Delete it.")
    return data.tobytes()
