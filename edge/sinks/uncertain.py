"""`--save-uncertain DIR`: frames that the model was not sure of, to be labelled by hand and learnt from."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import cv2

from ..errors import OutputError, UsageError
from ..files import write_bytes
from ..results import Result, pets_as_json
from .base import Seen

_QUALITY = 92  # of JPEG


class UncertainSink:
    """Keeps doubtful frames as JPEG files, named by time, best guess and score; where pets were found, their boxes beside it.

    Args:
        folder: where to; made if absent.
        below: a score under which an answer is doubtful, 0-1.
        most: files to keep; the oldest go.
        apart_s: least time between two of them, seconds: neighbours are all but the same picture.

    Raises:
        UsageError: a limit that keeps nothing.
    """

    wants_pictures = True
    only_events = False

    def __init__(self, folder: Path, *, below: float = 0.8, most: int = 1000, apart_s: float = 2.0) -> None:
        if most < 1:
            raise UsageError("--save-limit of at least 1", got=str(most), fix="Change it.")
        self.name = f"--save-uncertain {folder}"
        self._folder, self._below, self._most, self._apart_s = folder, below, most, apart_s
        self._last = -apart_s
        self._kept = sorted(path for path in folder.glob("*.jpg") if re.match(r"\d{8}T\d{6}", path.name))

    def take(self, seen: Seen) -> None:
        """Keep the frame if its answer is doubtful."""
        result = seen.what
        if not isinstance(result, Result) or result.prediction is None or result.frame.picture is None:
            return
        answer = result.prediction
        if max(answer.scores.values()) >= self._below or result.frame.captured_at - self._last < self._apart_s:
            return
        done, data = cv2.imencode(".jpg", result.frame.picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise OutputError("a frame that becomes a JPEG", got=str(result.frame.picture.shape), fix="Report it.")
        guess = max(answer.scores, key=answer.scores.__getitem__)
        at = datetime.fromtimestamp(seen.at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        path = self._folder / f"{at}-{re.sub(r'[^A-Za-z0-9]+', '_', guess)}-{answer.scores[guess]:.2f}.jpg"
        write_bytes(path, data.tobytes())
        if result.pets:
            known = {"scores": answer.scores, "pets": pets_as_json(result.pets)}
            write_bytes(path.with_suffix(".json"), json.dumps(known, indent=2).encode() + b"\n")
        self._last = result.frame.captured_at
        self._kept.append(path)
        while len(self._kept) > self._most:
            oldest = self._kept.pop(0)
            oldest.unlink(missing_ok=True)
            oldest.with_suffix(".json").unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is held open."""
