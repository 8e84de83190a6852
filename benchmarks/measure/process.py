"""The processes of the cases, from outside."""

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import ParamSpec, TypeVar

from catdog.edge.errors import ModelError

from . import worker

_POLL_S = 0.5  # between looks at the machine while a case runs

P = ParamSpec("P")
R = TypeVar("R")


class WorkerProcess:
    """A process of its own, which is idle until it is asked something.

    Args:
        name: of what it is about, for an error.
        poll: called now and then while it works.
    """

    def __init__(self, name: str, poll: Callable[[], None] = lambda: None) -> None:
        self._name, self._poll = name, poll
        # Spawned, not forked: a process that starts empty, as the edge does, and without our threads' locks.
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=worker.begin)

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Let the process end; afterwards its processor time is known."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def ask(self, function: Callable[P, R], *arguments: P.args, **_: P.kwargs) -> R:
        """Have a function of a module called in the process; wait for what it gives.

        Raises:
            CatdogError: what went wrong there.
            ModelError: the process died.
        """
        try:
            given = self._wait(self._pool.submit(worker.answer, function, *arguments))
        except BrokenProcessPool as error:
            raise ModelError(
                f"{self._name} to run",
                got="a process that died: the runtime crashed, or the memory was not enough",
                fix="Try it with catdog-edge; measure fewer artifacts at a time.",
            ) from error
        if isinstance(given, worker.Refusal):
            raise given.error()
        return given  # type: ignore[return-value] # the function's, whichever it is

    def _wait(self, future: "Future[object]") -> object:
        while True:
            try:
                return future.result(timeout=_POLL_S)
            except NotYet:
                self._poll()
