"""Keeps native libraries from writing to the terminal behind Python's back.

LiteRT and the TFLite converter print to the file descriptors directly. The commands promise results alone on stdout and one
clear line per trouble on stderr; the libraries' errors reach Python as exceptions all the same.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDOUT, STDERR = 1, 2

# Held while output is dropped: whoever has something to tell meanwhile, in another thread, waits for its end. Two that overlap
# would also leave the descriptors on nowhere, since the second takes the first's nowhere for what there was before.
OUTPUT = threading.RLock()


@contextmanager
def native_output_dropped(*descriptors: int) -> Iterator[None]:
    """Drop what is written to file descriptors.

    Affects the whole process while it lasts, so it is for steps such as loading or converting a model, one at a time.

    Args:
        descriptors: of `STDOUT` and `STDERR`; the latter alone when none is given.
    """
    with OUTPUT:
        saved = {descriptor: os.dup(descriptor) for descriptor in descriptors or (STDERR,) if _is_open(descriptor)}
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            _flush()
            for descriptor in saved:
                os.dup2(nowhere, descriptor)
            yield
        finally:
            _flush()
            for descriptor, copy in saved.items():
                os.dup2(copy, descriptor)
                os.close(copy)
            os.close(nowhere)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
