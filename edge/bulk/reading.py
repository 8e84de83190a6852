"""A shard's pictures, read on the machine that judges them: local files one by one, remote ones some ahead."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from ..errors import UnreadableInputError
from ..sources import Frame
from ..sources.listed import read_named
from ..sources.net.address import without_secrets
from ..sources.pictures import decoded_frame
from .listing import file_system, is_remote

_READERS, _AHEAD = 8, 16  # threads that wait for a network, and pictures that they are ahead; of a photograph that is 2 MB
_TRIES, _PAUSE_S = 3, 0.5  # of a read that fails otherwise than by the file's absence

Fetched = Callable[[], Frame]


def frames(names: Sequence[str], base: str) -> Iterator[Frame]:
    """Give a frame for each name, in order; what cannot be read becomes a frame with its error.

    Args:
        names: paths, or addresses of fsspec's file systems.
        base: folder that paths are relative to.
    """
    if not any(map(is_remote, names)):
        yield from (read_named(name, base) for name in names)
        return
    waiting: deque[Future[Fetched]] = deque()
    with ThreadPoolExecutor(_READERS) as pool:
        for name in names:
            waiting.append(pool.submit(_fetch, name, base))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()()
        while waiting:
            yield waiting.popleft().result()()


def _fetch(name: str, base: str) -> Fetched:
    """Get the bytes of a picture; return what decodes them, which is the work of the thread that judges."""
    if not is_remote(name):
        return partial(read_named, name, base)
    captured_at, start = time.monotonic(), time.perf_counter()
    shown = without_secrets(name)
    for left in reversed(range(_TRIES)):
        try:
            system, path = file_system(name)
            data = system.cat_file(path)
            return partial(decoded_frame, shown, data, captured_at, 1e3 * (time.perf_counter() - start))
        except Exception as trouble:  # noqa: BLE001 - each file system raises classes of its own
            gone = isinstance(trouble, FileNotFoundError | PermissionError)
            if not left or gone:
                what = f"{shown}: {type(trouble).__name__}: {trouble}"
                error = UnreadableInputError("a picture file", got=what, fix="Name a file that may be read.")
                break
            time.sleep(_PAUSE_S)
    took = 1e3 * (time.perf_counter() - start)
    return partial(Frame, shown, 0, captured_at, took, 0.0, error=error)
