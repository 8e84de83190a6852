"""Ctrl-C between two steps of a training, not in the middle of one.

Python raises KeyboardInterrupt wherever the main thread happens to be. In TensorFlow and Keras that was seen to end the process
with a segmentation fault instead of a line on how to go on, and, in a weak reference's callback, to be printed and forgotten.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_asked = threading.Event()
_WAITS = b"\nstopping when this step is done; Ctrl-C again stops at once, without its last words\n"


@contextmanager
def interrupted_between_steps() -> Iterator[None]:
    """Keep a Ctrl-C until the next `step_ended`, or the end of the context; a second one is raised at once, as ever.

    Changes nothing outside of the main thread, and where Ctrl-C is ignored or handled by somebody else.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def ask(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _asked.set()
        os.write(2, _WAITS)  # not print: it may be in the middle of another one

    signal.signal(signal.SIGINT, ask)
    try:
        yield
        step_ended()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _asked.clear()


def step_ended() -> None:
    """Raise the Ctrl-C that has come meanwhile, if any.

    Raises:
        KeyboardInterrupt: it has.
    """
    if _asked.is_set():
        raise KeyboardInterrupt
