"""Work on many things in several threads, and give the results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

_AHEAD = 4  # things a thread may be ahead of the one whose turn it is

Thing = TypeVar("Thing")
Done = TypeVar("Done")


def in_order(work: Callable[[Thing], Done], things: Iterable[Thing], threads: int) -> Iterator[Done]:
    """Give `work(thing)` for each of them, in order.

    The calling thread is one of those that work. One more, which only handed out and collected, would take a core from
    another a thousand times a second.

    Args:
        work: called from all threads; to gain anything it has to let go of Python's lock, as OpenCV and the runtimes do.
        things: taken one by one, not far ahead of the results.
        threads: how many work, at least 1.

    Raises:
        Exception: whatever `work` raised, when its turn is there; the rest is not begun.
    """
    if threads == 1:
        yield from map(work, things)
        return
    waiting: deque[_Task[Thing, Done]] = deque()
    pool = ThreadPoolExecutor(threads - 1)

    def first() -> Done:
        """Take the one whose turn it is; as long as another thread is at that, do here what nobody has begun."""
        while not waiting[0].result.done() and any(task.do_here() for task in waiting):
            pass
        return waiting.popleft().result.result()

    try:
        for thing in things:
            waiting.append(_Task(pool, work, thing))
            if len(waiting) >= threads * _AHEAD:
                yield first()
        while waiting:
            yield first()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Task(Generic[Thing, Done]):
    """One thing that a thread of the pool does, or the calling one if that comes first."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Thing], Done], thing: Thing) -> None:
        self._work, self._thing = work, thing
        self.result: Future[Done] = pool.submit(work, thing)

    def do_here(self) -> bool:
        """Do it, unless somebody has begun."""
        if not self.result.cancel():
            return False
        self.result = Future()
        try:
            self.result.set_result(self._work(self._thing))
        except Exception as error:  # noqa: BLE001 - kept for its turn, as the pool keeps those of its threads
            self.result.set_exception(error)
        return True
