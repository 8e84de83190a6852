"""Keeps native libraries from writing to the terminal behind Python's back.

LiteRT, the TFLite converter and V4L2 print to the file descriptors directly. The commands promise results alone on
stdout and one clear line per trouble on stderr, so what those libraries say is held back, and used where it explains
an error.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

STDOUT, STDERR = 1, 2


@contextmanager
def native_output_held_back(*descriptors: int) -> Iterator[list[str]]:
    """Hold back what is written to file descriptors; on leaving, the yielded list holds its lines.

    Affects the whole process while it lasts, so it is for steps such as loading or converting a model.

    Args:
        descriptors: `STDERR` alone when none is given.
    """
    lines: list[str] = []
    with ExitStack() as stack, tempfile.TemporaryFile() as sink:
        for descriptor in descriptors or (STDERR,):
            stack.enter_context(_redirected(descriptor, sink.fileno()))
        try:
            yield lines
        finally:
            stack.close()
            sink.seek(0)
            lines += sink.read().decode(errors="replace").splitlines()


@contextmanager
def _redirected(descriptor: int, target: int) -> Iterator[None]:
    stream = {STDOUT: sys.stdout, STDERR: sys.stderr}[descriptor]
    stream.flush()
    saved = os.dup(descriptor)
    os.dup2(target, descriptor)
    try:
        yield
    finally:
        stream.flush()
        os.dup2(saved, descriptor)
        os.close(saved)
