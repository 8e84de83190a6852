"""An address that gives one picture, asked for it again and again: in a thread, which waits far more than it works.

It is asked with the version that one has, where the server tells such: that nothing has changed is then an answer as well, and
no sign of a frozen camera.
"""

import threading
import time
from collections.abc import Iterator
from functools import partial

from ...errors import SourceError
from ...pictures.decode import decode_picture
from ..frame import Change, Frame, Idle, Packet
from ..net.answer import Answer, Kind, ask
from ..net.client import Client
from ..net.transport import LONGEST_S
from ..options import SourceOptions
from ..stream import StreamSource
from .source import LiveSource
from .stage import Stage
from .supervisor import Limits, Supervisor

_ATTEMPTS = 2  # before it is given up: a camera that is busy for a moment is not gone
_AGAIN_S = 1.0  # at most, between them


class FoundError(Exception):
    """The address gives something else than pictures to be fetched again and again.

    Args:
        answer: what it gives, open.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.kind)
        self.answer = answer


class PolledCapture:
    """Fetches a picture at a steady pace.

    Args:
        client: whom to ask.
        every_s: seconds from one question to the next; 0 for one picture in all.
        first: what was answered already; None to ask.
        takes_all: wait with the next until this one was taken; else the newest replaces it.
    """

    settings = ""

    def __init__(self, client: Client, every_s: float, first: Answer | None = None, *, takes_all: bool = False) -> None:
        self._client, self._every_s, self._takes_all = client, every_s, takes_all
        self._news = threading.Condition()
        self._stage = Stage.OPENING
        self._packet: Packet | None = None
        self._was_heard = self._is_stopped = False
        self._end: SourceError | FoundError | None = None
        threading.Thread(target=self._run, args=(first,), name="polling", daemon=True).start()

    @property
    def stage(self) -> Stage:
        """How far its opening has come."""
        return self._stage

    def newest(self, timeout: float) -> Frame | Idle | None:
        """Return the newest picture that was not returned yet; `Idle` where the camera answered that it has no newer one.

        Raises:
            SourceError: it cannot be fetched any more, and why.
            FoundError: it is no such address.
        """
        with self._news:
            self._news.wait_for(lambda: self._packet or self._was_heard or self._end, timeout)
            packet, self._packet = self._packet, None
            was_heard, self._was_heard = self._was_heard, False
            self._news.notify_all()
        if packet is not None:
            return packet.frame()  # here, not in the thread: Python cannot end well while a thread is in OpenCV
        if self._end is not None:
            raise self._end
        return Idle(self._client.address.public) if was_heard else None

    def stop(self) -> None:
        """End the thread as soon as it looks; a question that hangs is left to its time limits."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()

    def _run(self, first: Answer | None) -> None:
        try:
            for number, packet in enumerate(self._packets(first)):
                with self._news:
                    if self._takes_all:
                        self._news.wait_for(lambda: self._packet is None or self._is_stopped)
                    self._stage, self._packet = Stage.OPENED, packet._replace(number=number)
                    self._news.notify_all()
                if self._is_stopped:
                    return
        except (SourceError, FoundError) as error:
            self._end_with(error)
        except Exception as error:  # noqa: BLE001 - a thread that dies of it would leave who waits for it without a word
            what = f"an unexpected {type(error).__name__} while it was asked for"
            end = SourceError(f"pictures from {self._client.address.public}", got=what, fix="Please report it.")
            end.__cause__ = error
            self._end_with(end)

    def _end_with(self, error: SourceError | FoundError) -> None:
        with self._news:
            self._end = error
            self._news.notify_all()

    def _packets(self, answer: Answer | None) -> Iterator[Packet]:
        asked_at, version, failures = time.monotonic(), answer.version if answer else (), 0
        is_first = answer is None
        while not self._is_stopped:
            if answer is None:
                asked_at = time.monotonic()
                try:
                    answer = ask(self._client, version)
                    failures = 0
                except SourceError:
                    failures, version = failures + 1, ()  # what comes after it is to be seen, be it new or not
                    if is_first or failures >= _ATTEMPTS:
                        raise
            if answer is not None:
                if answer.kind is not Kind.PICTURE or not self._every_s:
                    raise FoundError(answer)
                version = answer.version
                came_at = time.monotonic()
                decode = partial(decode_picture, answer.data, answer.name)
                yield Packet(answer.name, 0, came_at, 1e3 * (came_at - asked_at), decode)
            elif not failures:
                with self._news:
                    self._was_heard = True
                    if self._packet is not None:  # nobody took it yet, and it is the newest still
                        self._packet = self._packet._replace(captured_at=time.monotonic())
                    self._news.notify_all()
            answer, is_first = None, False
            self._wait_until(asked_at + (min(self._every_s, _AGAIN_S) if failures else self._every_s))

    def _wait_until(self, due: float) -> None:
        with self._news:
            self._news.wait_for(lambda: self._is_stopped, max(0.0, due - time.monotonic()))


class PolledSource:
    """An address of HTTP that gives one picture, or nobody knows yet what: it does not answer.

    Args:
        url: the address.
        client: whom to ask.
        options: how patient to be, and how often to ask.
        first: what was answered already; None where nothing was.

    Raises:
        SourceError: never here; see `frames`.
    """

    never_ends = True

    def __init__(self, url: str, client: Client, options: SourceOptions, first: Answer | None) -> None:
        self._url, self._client, self._options, self._first = url, client, options, first
        self.keeps_pace = options.buffer != "all"
        self._inner: LiveSource | StreamSource | None = None
        every_s = options.picture_every_s
        quiet_s = 2 * (every_s + options.timeout_s) + 1.0  # an attempt that fails, and one that is slow
        limits = Limits(stale_s=quiet_s, offline_s=quiet_s + LONGEST_S)
        self._supervisor = Supervisor(client.address.public, self._open, limits=limits, wait=options.wait)
        self._supervisor.start()

    def frames(self) -> Iterator[Frame | Change | Idle]:
        """Give pictures and changes of state until closed; where it turns out to be a stream or film, the frames of that.

        Raises:
            SourceError: nothing answers, and nobody said to wait.
        """
        try:
            yield from self._supervisor.updates()
        except FoundError as found:
            self._supervisor.close()
            self._inner = self._as_found(found.answer)
        if self._inner is not None:
            yield from self._inner.frames()

    def close(self) -> None:
        """End the questions."""
        self._supervisor.close()
        if self._inner is not None:
            self._inner.close()

    def _open(self) -> PolledCapture:
        first, self._first = self._first, None
        return PolledCapture(self._client, self._options.picture_every_s, first, takes_all=not self.keeps_pace)

    def _as_found(self, answer: Answer) -> LiveSource | StreamSource:
        given = self._options.network()
        if answer.kind in (Kind.PICTURE, Kind.FILM):
            return StreamSource(self._url, answer=answer, **given)
        answer.close()
        specification = {"kind": "stream", "url": self._url, **given}
        return LiveSource(answer.name, specification, wait=self._options.wait, every=not self.keeps_pace)
