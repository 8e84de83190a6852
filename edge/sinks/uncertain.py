"""`--save-uncertain DIR`: frames and pictures that are worth a label, by guess and apart from what is labelled.

    doubtful/unlabelled/cats/20261121T093000.125-0.55.jpg     a frame of a camera, stream or video, by time and score
                             20261121T093000.125-0.55.json    why it was kept, its size, scores, and pets with their boxes
    doubtful/unlabelled/dogs/IMG_2041.jpg                     a picture: the file itself, under its own name
    doubtful/cats/...                                         what somebody has labelled; nothing is written or removed here

Nothing learns from a folder `unlabelled`: a guess is no label. Moved to ``doubtful/<label>/``, by hand or on the page, they are
what `catdog-edge teach --data doubtful/` and `catdog-train --data doubtful/` take.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.files import replacing, write_bytes
from ..errors import OutputError, UsageError
from ..inference.smoothing import UNSURE
from ..pictures.duplicates import fingerprints
from ..pictures.folders import UNLABELLED
from ..runner.events import APPEARED
from ..runner.observation import Observation
from ..runner.results import Result, pets_as_json
from ..sources import Frame

WEAK, EVENT, NEW, STEADY = "weak", "appeared", "new", "steady"  # why a frame is kept
_QUALITY = 92  # of JPEG
_MADE_HERE = re.compile(r"(\d{8}T\d{6}\.\d{3})-\d\.\d\d(-\d+)?")
_STAMP = "%Y%m%dT%H%M%S.%f"
# Levels of 255 by which no cell of a 16 x 17 grid may differ in near copies. The mean of a cell hardly moves by a camera's
# noise, but by a pet that is as large as one: a sixteenth of the width.
_SAME_LEVELS = 8.0


class _Kept(NamedTuple):
    at: float  # seconds since 1970
    path: Path
    size: int  # bytes


class UncertainSink:
    """Keeps frames worth a label as JPEG files, and doubtful pictures as they are.

    Frames: weak answers, the one that settles that somebody has appeared, one that looks other than what the model has learnt
    from, and one where nothing was kept for `every_s`. Near copies of the last that was kept are left out: an empty room does
    not fill the folder by night.

    Args:
        folder: where to; made if absent.
        tell: told at the end how many were kept.
        below: a score under which an answer is doubtful, 0-1.
        most: frames to keep that nobody has labelled. Where there are more, the older of the two that are closest in time goes,
            so that they stay spread over days and nights. Pictures are all kept: they are somebody's own.
        most_mb: size of these frames together, in 10^6 bytes.
        every_s: after so many seconds without a frame any is kept that looks other than the last; 0 for never.
        apart_s: least time between two frames, but for those by which somebody appears, seconds: neighbours are all but the
            same picture.
        looks_new: tells of a picture, BGR uint8 ``[height, width, 3]``, whether it looks new to the model; asked at most every
            `look_s`. None where the model does not know.
        look_s: seconds between two such looks, each of which costs about as much as an answer.

    Raises:
        UsageError: a limit that keeps nothing, or a value out of range.
    """

    wants_pictures = True
    only_events = False

    def __init__(
        self,
        folder: Path,
        tell: Callable[[str], None],
        *,
        below: float = 0.8,
        most: int = 1000,
        most_mb: float = 1000.0,
        every_s: float = 600.0,
        apart_s: float = 2.0,
        looks_new: Callable[[NDArray[np.uint8]], bool] | None = None,
        look_s: float = 5.0,
    ) -> None:
        _check(below, most, most_mb, every_s)
        self.name = f"--save-uncertain {folder}"
        self._folder, self._tell, self._below, self._most, self._apart_s = folder, tell, below, most, apart_s
        self._most_bytes, self._every_s = most_mb * 1e6, every_s
        self._looks_new, self._look_s = looks_new, look_s
        self._looked: float | None = None  # when it was asked last whether a frame looks new
        self._last: float | None = None  # when a frame was captured that was kept
        self._begun: float | None = None  # when the first was
        self._tried: float | None = None  # when the last was that was kept, or was too like the one before
        self._looks: NDArray[np.float32] | None = None  # of the last that was kept
        self._counts: Counter[str] = Counter()
        self._kept = sorted(_found(folder / UNLABELLED))

    def take(self, observation: Observation) -> None:
        """Keep the frame or picture if it is worth a label."""
        result = observation.result
        if not isinstance(result, Result) or result.prediction is None or result.frame.picture is None:
            return
        scores = result.prediction.scores
        guess = max(scores, key=scores.__getitem__)
        weak = scores[guess] < self._below or result.prediction.label == UNSURE
        folder = self._folder / UNLABELLED / (re.sub(r"[^\w. -]+", "_", guess).strip(". ") or "_")
        if result.frame.scene_s is None:
            if weak:
                self._keep_file(Path(result.frame.source), folder)
        elif why := self._why(observation, result.frame, weak):
            self._keep_frame(observation, result, folder / f"{_time(observation.at)}-{scores[guess]:.2f}.jpg", why)

    def _why(self, observation: Observation, frame: Frame, weak: bool) -> str:
        """Say why a frame is to be kept; empty for one that is not."""
        now = frame.captured_at
        self._begun = now if self._begun is None else self._begun
        if any(event.kind == APPEARED for event in observation.events):
            return EVENT
        if self._tried is not None and now - self._tried < self._apart_s:
            return ""
        if weak:
            return WEAK
        if self._is_new(frame, now):
            return NEW
        pause = now - (self._begun if self._last is None else self._last)
        return STEADY if self._every_s and pause >= self._every_s else ""

    def _is_new(self, frame: Frame, now: float) -> bool:
        if self._looks_new is None or frame.picture is None or (self._looked is not None and now - self._looked < self._look_s):
            return False
        self._looked = now
        return self._looks_new(frame.picture)

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
            self._counts[WEAK] += 1
            return

    def _keep_frame(self, observation: Observation, result: Result, path: Path, why: str) -> None:
        picture = result.frame.picture
        if picture is None or result.prediction is None:
            return
        looks = fingerprints(picture[np.newaxis]).thumbnails[0]
        self._tried = result.frame.captured_at
        if self._looks is not None and np.abs(looks - self._looks).max() <= _SAME_LEVELS:
            return
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise OutputError("a frame that becomes a JPEG", got=str(picture.shape), fix="Report it.")
        names = (path, *(path.with_name(f"{path.stem}-{number}.jpg") for number in range(2, 100)))  # of several cameras at once
        path = next((free for free in names if not free.exists()), path)
        write_bytes(path, data.tobytes())
        known = {
            "why": why,
            "size": [picture.shape[1], picture.shape[0]],
            "scores": result.prediction.scores,
            "pets": pets_as_json(result.pets or ()),
        }
        write_bytes(path.with_suffix(".json"), json.dumps(known, indent=2).encode() + b"\n")
        self._last, self._looks = result.frame.captured_at, looks
        self._counts[why] += 1
        self._kept.append(_Kept(observation.at, path, len(data)))
        self._make_room()

    def _make_room(self) -> None:
        if not self._are_too_many():
            return
        self._kept = sorted(kept for kept in self._kept if kept.path.exists())  # others were labelled or deleted meanwhile
        while self._are_too_many() and len(self._kept) > 1:
            gaps = [after.at - before.at for before, after in pairwise(self._kept)]
            gone = self._kept.pop(gaps.index(min(gaps))).path
            gone.unlink(missing_ok=True)
            gone.with_suffix(".json").unlink(missing_ok=True)

    def _are_too_many(self) -> bool:
        return len(self._kept) > self._most or sum(kept.size for kept in self._kept) > self._most_bytes

    def close(self) -> None:
        """Say how many there were."""
        words = {
            WEAK: f"with a score below {self._below:g}",
            EVENT: "where somebody appeared",
            NEW: "that look new",
            STEADY: "at steady times",
        }
        told = [f"{self._counts[why]:,} {said}" for why, said in words.items() if self._counts[why]]
        if told:
            self._tell(f"{', '.join(told)} kept in {self._folder}")


def _check(below: float, most: int, most_mb: float, every_s: float) -> None:
    if most < 1:
        raise UsageError("--save-limit of at least 1", got=str(most), fix="Example: --save-limit 1000")
    if not 0 < most_mb < 1e9:
        raise UsageError("--save-limit-mb of more than 0 MB", got=str(most_mb), fix="Example: --save-limit-mb 1000")
    if not 0 < below <= 1:
        raise UsageError("--uncertain-below of more than 0 and at most 1", got=str(below), fix="Example: --uncertain-below 0.8")
    if not 0 <= every_s < 1e9:
        raise UsageError("--save-every of at least 0 minutes", got=f"{every_s / 60:g}", fix="Example: --save-every 10")


def _found(folder: Path) -> list[_Kept]:
    """Return the frames that an earlier start has kept."""
    found = []
    for path in folder.rglob("*.jpg"):
        if (match := _MADE_HERE.fullmatch(path.stem)) is not None:
            try:
                at = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC).timestamp()
            except ValueError:
                continue  # digits that are no time: another's file
            found.append(_Kept(at, path, path.stat().st_size))
    return found


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(_STAMP)[:-3]
