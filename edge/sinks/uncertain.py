"""`--save-uncertain DIR`: what the model was not sure of, in a folder for each guess, to be put right by hand and learnt from.

    doubtful/cats/20261121T093000.125-0.55.jpg     a frame of a camera, stream or video, by time and score
                  20261121T093000.125-0.55.json    where pets were found: their boxes and scores
    doubtful/dogs/IMG_2041.jpg                     a picture: the file itself, under its own name

Moved into the right folders they are what `catdog-train --data doubtful/` or `--more-data doubtful/` takes.
"""

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2

from ..common.files import replacing, write_bytes
from ..errors import OutputError, UsageError
from ..inference.smoothing import UNSURE
from ..runner.observation import Observation
from ..runner.results import Result, pets_as_json

_QUALITY = 92  # of JPEG
_MADE_HERE = re.compile(r"\d{8}T\d{6}\.\d{3}-\d\.\d\d")


class UncertainSink:
    """Keeps doubtful frames as JPEG files and doubtful pictures as they are.

    Args:
        folder: where to; made if absent.
        tell: told at the end how many were kept.
        below: a score under which an answer is doubtful, 0-1.
        most: frames to keep; the oldest go. Pictures are all kept: they are somebody's own.
        apart_s: least time between two frames, seconds: neighbours are all but the same picture.

    Raises:
        UsageError: a limit that keeps nothing, or a score out of range.
    """

    wants_pictures = True
    only_events = False

    def __init__(
        self, folder: Path, tell: Callable[[str], None], *, below: float = 0.8, most: int = 1000, apart_s: float = 2.0
    ) -> None:
        if most < 1:
            raise UsageError("--save-limit of at least 1", got=str(most), fix="Example: --save-limit 1000")
        if not 0 < below <= 1:
            raise UsageError(
                "--uncertain-below of more than 0 and at most 1", got=str(below), fix="Example: --uncertain-below 0.8"
            )
        self.name = f"--save-uncertain {folder}"
        self._folder, self._tell, self._below, self._most, self._apart_s = folder, tell, below, most, apart_s
        self._last = -apart_s
        self._count = 0
        found = (path for path in folder.rglob("*.jpg") if _MADE_HERE.fullmatch(path.stem))
        self._kept = sorted(found, key=lambda path: path.name)

    def take(self, observation: Observation) -> None:
        """Keep the frame or picture if its answer is doubtful."""
        result = observation.result
        if not isinstance(result, Result) or result.prediction is None or result.frame.picture is None:
            return
        scores = result.prediction.scores
        guess = max(scores, key=scores.__getitem__)
        if scores[guess] >= self._below and result.prediction.label != UNSURE:
            return
        folder = self._folder / (re.sub(r"[^\w. -]+", "_", guess).strip(". ") or "_")
        if result.frame.scene_s is None:
            self._keep_file(Path(result.frame.source), folder)
        elif result.frame.captured_at - self._last >= self._apart_s:
            self._keep_frame(observation, result, folder / f"{_time(observation.at)}-{scores[guess]:.2f}.jpg")

    def _keep_file(self, path: Path, folder: Path) -> None:
        """Copy a picture; one of the same name that is not the same file gets the name of its folder before its own."""
        content, whole = path.read_bytes(), path.absolute()
        for name in (path.name, *("-".join(whole.parts[-up:]) for up in range(2, len(whole.parts)))):
            target = folder / name
            if not target.exists():
                with replacing(target) as temporary:
                    shutil.copy2(path, temporary)
            elif target.read_bytes() != content:
                continue
            self._count += 1
            return

    def _keep_frame(self, observation: Observation, result: Result, path: Path) -> None:
        if result.frame.picture is None or result.prediction is None:
            return
        done, data = cv2.imencode(".jpg", result.frame.picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise OutputError("a frame that becomes a JPEG", got=str(result.frame.picture.shape), fix="Report it.")
        write_bytes(path, data.tobytes())
        if result.pets:
            known = {"scores": result.prediction.scores, "pets": pets_as_json(result.pets)}
            write_bytes(path.with_suffix(".json"), json.dumps(known, indent=2).encode() + b"\n")
        self._last = result.frame.captured_at
        self._count += 1
        self._kept.append(path)
        while len(self._kept) > self._most:
            oldest = self._kept.pop(0)
            oldest.unlink(missing_ok=True)
            oldest.with_suffix(".json").unlink(missing_ok=True)

    def close(self) -> None:
        """Say how many there were."""
        if self._count:
            self._tell(f"{self._count:,} with a score below {self._below:g} kept in {self._folder}")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
