"""The parent's end of a capture process: starts it, takes its newest frame, kills it."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ...errors import SourceError
from ..frame import Frame, InStream
from .ring import Ring
from .stage import Stage

_GONE_S = 0.3  # for a killed process to be gone
_CHUNK = 64 * 1024
_TAKEN = b"+"


class CaptureProcess:
    """A source in a process of its own.

    Args:
        name: of the source.
        specification: what to open, for `catdog.edge.sources.live.worker`.
        every: give every frame, and let the source wait; else the newest.
        command: the program that captures; None for `worker`.
    """

    def __init__(
        self, name: str, specification: dict[str, Any], *, every: bool = False, command: Sequence[str] | None = None
    ) -> None:
        self._name, self._every, self._owed = name, every, False
        self._ring = Ring()
        try:
            self._process = subprocess.Popen(
                command or [sys.executable, "-m", "catdog.edge.sources.live.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(self._ring.descriptor,),
                start_new_session=True,  # Ctrl-C is for the parent, who then ends this
            )
        except OSError as error:
            self._ring.close()
            what = error.strerror or str(error)
            raise SourceError(f"to start the capture of {name}", got=what, fix="Close other programs.") from error
        self._tell(json.dumps(specification | {"descriptor": self._ring.descriptor, "every": every}).encode() + b"\n")
        self._held = b""
        self._end: dict[str, Any] | None = None
        self._stage, self._settings = Stage.STARTING, ""
        if self._process.stdout is None:
            raise ValueError("Expected a pipe. Received: none")
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN | select.POLLHUP)

    @property
    def stage(self) -> Stage:
        """How far the opening has come, by what was read from it so far."""
        return self._stage

    @property
    def settings(self) -> str:
        """What the source gives instead of what it was asked for, in words; empty where it is as asked."""
        return self._settings

    @property
    def process_id(self) -> int:
        """The capture process."""
        return self._process.pid

    def newest(self, timeout: float) -> Frame | None:
        """Return the newest frame that was not returned yet; None if none comes in time.

        Its picture is a view that is valid until the next call.

        Raises:
            SourceError: the source has ended, and why.
        """
        deadline = time.monotonic() + timeout
        if self._owed:
            self._owed = False
            self._tell(_TAKEN)
        while True:
            for message in reversed(self._read()):
                if "ended" in message:
                    self._end = self._end or message  # the first says why; that the process is gone as well comes after it
                    continue
                if "stage" in message:
                    self._stage = max(self._stage, Stage(message["stage"]))
                    self._settings = message.get("settings", "")
                    continue
                frame = self._frame(message)
                if frame is not None:
                    # Where none may be left out the next one is asked for when this is done with; else it is decoded meanwhile.
                    if self._every:
                        self._owed = True
                    else:
                        self._tell(_TAKEN)
                    return frame
            if self._end is not None:  # after what came before it
                raise _ended(self._end, self._name)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._poll.poll(1e3 * left)

    def stop(self) -> None:
        """Kill the process and release everything; safe to call twice."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not sent need not be
                    stream.close()
        # A process in the kernel's hands cannot be killed; it holds the device, and the next attempt will say so.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GONE_S)
        self._ring.close()

    def _tell(self, what: bytes) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it is gone; reading will say so
                self._process.stdin.write(what)
                self._process.stdin.flush()

    def _read(self) -> list[dict[str, Any]]:
        parts = [self._held]
        while True:
            try:
                part = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                break
            if not part:
                if self._process.poll() is not None and not any(parts):
                    return [{"ended": f"the end of its capture process (code {self._process.returncode})"}]
                break
            parts.append(part)
        *lines, self._held = b"".join(parts).split(b"\n")
        return [json.loads(line) for line in lines]

    def _frame(self, message: dict[str, Any]) -> Frame | None:
        common = (self._name, message["number"], message["at"], message["capture_ms"], message["decode_ms"])
        stream = InStream(*message["stream"]) if "stream" in message else None
        if "error" in message:
            error = SourceError("a whole frame", got=message["error"], fix="Check the camera.")
            return Frame(*common, error=error, stream=stream)
        picture = self._ring.read(message["slot"], message["stamp"], tuple(message["shape"]))
        if picture is not None and message.get("format") == "yuv420":
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420), np.uint8)
        return None if picture is None else Frame(*common, picture, stream=stream)


def _ended(message: dict[str, Any], name: str) -> SourceError:
    return SourceError(
        message.get("expected", f"frames from {name}"),
        got=message["ended"],
        fix=message.get("fix", "Check camera, cable and network."),
    )
