"""Folders that take long to make, made by one of pytest's workers for all of them."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` fills: the first worker that asks makes it, the others wait. Tests only read it.

    Args:
        factory: pytest's; its workers' folders lie side by side.
        name: of the folder.
        make: given the path, which is not there yet, writes the folder.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, unfinished = shared / name, shared / f"{name}.unfinished"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)  # of a worker that failed
            make(unfinished)
            unfinished.rename(folder)
    return folder
