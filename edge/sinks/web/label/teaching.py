"""`catdog-edge teach`, started from the page: a process of its own, that yields to the camera, one at a time."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..public import public_text

_NICE = 15  # of 19: whatever else wants the cores goes first
_GONE_S = 0.5  # for a process to end when it is asked to: the program itself has a second
_ALLOWED = "allowed"  # what was not proven and is written because that was asked for
_MOST_FLIPS = 60  # to be shown
_UNPROVEN_CODE = 13


class Teacher:
    """Teaches the model in use what is labelled.

    Args:
        folder: of class folders; the new file is written into it, as ``taught-<time>.tflite``, with its report.
        model: says which file is to be taught.
        tell: says to whoever looks at stderr what has come of it.
    """

    def __init__(self, folder: Path, model: Callable[[], Path], tell: Callable[[str], None]) -> None:
        self._folder, self._model, self._tell = folder, model, tell
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._state: dict[str, Any] = {"state": "idle"}
        self._begun = 0.0
        self._stopped = False
        self.written: Path | None = None  # the file that the last teaching has written

    def start(self, *, allow_unproven: bool) -> bool:
        """Begin; returns whether that was possible: another may be running.

        Args:
            allow_unproven: take a file against which nothing speaks, though the pictures are too few to prove it.
        """
        with self._lock:
            if self._process is not None:
                return False
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
            output = self._folder / f"taught-{stamp}.tflite"
            # -P: what lies in the folder that catdog-edge was started in is not taken for a module.
            command = [sys.executable, "-P", "-m", "catdog.edge", "teach", "--json"]
            command += ["--data", str(self._folder), "--model", str(self._model()), "--output", str(output)]
            command += ["--allow-unproven"] if allow_unproven else []
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the report beside the file says the same, and of what is refused, too
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for the camera; it ends this one in order
            )
            with contextlib.suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            self._process, self._begun, self._stopped, self.written = process, time.monotonic(), False, None
            self._state = {"state": "running", "line": "beginning"}
        threading.Thread(target=self._follow, args=(process, output), name="teach", daemon=True).start()
        return True

    def state(self) -> dict[str, Any]:
        """Say how it stands, as JSON values.

        ``state``: ``"idle"``, ``"running"`` or ``"done"``. Running: ``seconds`` and the last ``line``. Done: ``verdict``
        (``"published"``, ``"allowed"`` without proof, ``"unproven"``, ``"refused"``, ``"failed"``, ``"stopped"``), ``said`` in
        a line, ``figures`` of each label, ``drop``, and ``flips``, the pictures whose answer changes.
        """
        with self._lock:
            running = {"seconds": round(time.monotonic() - self._begun, 1)} if self._process is not None else {}
            return self._state | running

    def stop(self) -> None:
        """Ask it to end; what it had done is lost."""
        with self._lock:
            process, self._stopped = self._process, True
        if process is not None:
            process.terminate()

    def close(self) -> None:
        """End it, and wait until it has ended."""
        process = self._process
        self.stop()
        if process is not None:
            try:
                process.wait(_GONE_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def _follow(self, process: "subprocess.Popen[str]", output: Path) -> None:
        said = ""
        with process:  # waits for its end, and closes the pipe
            for line in process.stderr or ():
                said = public_text(_without_name(line)) or said
                with self._lock:
                    self._state = {"state": "running", "line": said}
        code = process.returncode
        report = _read(output.with_suffix(".teach.json"))
        done = _outcome(code, said, report, stopped=self._stopped)
        with self._lock:
            self._process, self._state = None, done
            self.written = output if code == 0 else None
        where = f": {output}" if code == 0 else ""
        self._tell(f"--serve: teach: {done['verdict']}{where}{f'; {said}' if code else ''}")


def _outcome(code: int, said: str, report: dict[str, Any], *, stopped: bool) -> dict[str, Any]:
    verdict = str(report.get("verdict", "failed"))
    if code == 0 and verdict == "unproven":
        verdict = _ALLOWED
    elif code == _UNPROVEN_CODE:
        verdict = "unproven"  # also before there was anything to report
    elif code and stopped:
        verdict = "stopped"
    elif code and verdict != "refused":
        verdict = "failed"
    before = {figure["name"]: figure for figure in report.get("parent_per_label", ())}
    figures = [{"after": figure, "before": before.get(figure["name"])} for figure in report.get("per_label", ())]
    flips = report.get("flips", [])
    return {
        "state": "done",
        "verdict": verdict,
        "said": "" if code == 0 else said,
        "labels": report.get("labels", []),
        "objections": report.get("objections", []),
        "doubts": report.get("doubts", []),
        "figures": figures,
        "drop": report.get("drop"),
        "flips": [flip for flip in flips if flip["name"]][:_MOST_FLIPS],
        "flipped": len(flips),
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # it has ended before there was one
    return read if isinstance(read, dict) else {}


def _without_name(line: str) -> str:
    for name in ("catdog-edge teach: ", "catdog-edge: "):
        line = line.removeprefix(name)
    return line.strip()
