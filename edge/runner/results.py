"""What the runner says about a frame: a prediction or the reason why there is none. The JSON line is documented here.

    {"source": "photos/a.jpg", "frame": 0, "label": "cats", "score": 0.991, "scores": {"cats": 0.991, "dogs": 0.009},
     "age_ms": 3.1, "latency_ms": {"capture": 0.2, "decode": 0.9, "preprocess": 0.1, "invoke": 1.9}}

A frame without a verdict has ``"error"`` (one line of text) and no ``"label"``. Frames of cameras and streams say when they
were captured, too, in UTC by the clock of this machine (``age_ms`` is by one that is never set): ``"captured_at":
"2026-11-21T09:30:00.125Z"``. There are also lines without a frame, one for each change of state, and frames that show nothing
have the state as well:

    {"source": "camera 0", "state": "OFFLINE", "cause": "no frame for 1.8 s"}

With ``--models`` such a line tells of the model as well, first of all which one is in use (`catdog.edge.sources.frame.InUse`):

    {"source": "camera 0", "state": "ONLINE", "cause": "...", "model": {"kind": "swapped", "id": "4f0c2d9a81be", ...}}

Of cameras, streams and videos the pets that were found have their places, in pixels of the frame, the surest first; ``label``
and ``scores`` are then those of the first (averaged with ``--smooth``):
``"pets": [{"label": "cats", "score": 0.98, "box": [410, 220, 96, 96]}]``.

With ``--motion-gate`` an answer that stands because nothing moved has ``"held": true``.

Of cameras, streams and videos the frame that settles an event has it as well: ``"events": ["cats appeared"]``.
"""

import json
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import CatdogError, on_one_line
from ..inference.classifier import Prediction
from ..sources import Change, Frame

_SHOWN = 3  # scores in a line for a reader; JSON has all
_ENCODE = json.JSONEncoder(allow_nan=False).encode  # made once: `json.dumps` makes an encoder for each line that it is to check

# Nothing of regions is loaded for a single picture.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ..regions.watch import Pet


class Result(NamedTuple):
    """One frame and what became of it.

    Attributes:
        frame: where it came from and how long that took; without its picture.
        age_ms: time from the capture to this result.
        prediction: the model's answer; None if `error` is set.
        error: why there is no answer.
        held: the answer is the one before, since nothing has moved.
        pets: where the pets are, the surest first; None where the frame was judged as a whole alone.
    """

    frame: Frame
    age_ms: float
    prediction: Prediction | None = None
    error: CatdogError | None = None
    held: bool = False
    pets: "tuple[Pet, ...] | None" = None

    def to_json(self, events: Sequence[str] = ()) -> str:
        """Serialise to one line, without the line break.

        Args:
            events: what this frame has settled.
        """
        line: dict[str, Any] = {"source": self.frame.source, "frame": self.frame.number}
        if self.prediction is None:
            if self.frame.state is not None:
                line["state"] = self.frame.state
            line["error"] = str(self.error)
            return json.dumps(line)
        timings = self.prediction.latency_ms
        line |= {
            "label": self.prediction.label,
            "score": round(self.prediction.score, 6),
            "scores": {label: round(score, 6) for label, score in self.prediction.scores.items()},
            "age_ms": round(self.age_ms, 3),
            "latency_ms": {
                "capture": round(self.frame.capture_ms, 3),
                "decode": round(self.frame.decode_ms, 3),
                "preprocess": round(timings.preprocess, 3),
                "invoke": round(timings.invoke, 3),
            },
        }
        if self.pets is not None:
            line["pets"] = pets_as_json(self.pets)
        if self.frame.is_live:
            line["captured_at"] = _as_utc(self.frame.captured_at)
        if self.held:
            line["held"] = True
        if events:
            line["events"] = list(events)
        return _ENCODE(line)

    def to_text(self) -> str:
        """Describe the frame for a reader, in one line; empty for a frame that failed (stderr has the reason)."""
        if self.prediction is None:
            return ""
        scores = self.prediction.scores
        shown = scores if len(scores) <= _SHOWN else sorted(scores, key=scores.__getitem__, reverse=True)[:_SHOWN]
        others = "  ".join(f"{label} {scores[label]:.3f}" for label in shown)
        source = on_one_line(self.frame.source)
        name = source if self.frame.number == 0 else f"{source} #{self.frame.number}"
        if self.pets is not None and len(self.pets) > 1:
            told = ", ".join(f"{pet.label} {pet.score:.1%}" for pet in self.pets)
            return f"{name}: {told}  {self.age_ms:.1f} ms"
        return f"{name}: {self.prediction.label} {self.prediction.score:.1%}  ({others})  {self.age_ms:.1f} ms"


def pets_as_json(pets: "Sequence[Pet]") -> list[dict[str, Any]]:
    """Return pets as a result line has them: label, score, and left, top, width and height of the box in whole pixels."""
    return [{"label": pet.label, "score": round(pet.score, 6), "box": [round(side) for side in pet.box]} for pet in pets]


def _as_utc(monotonic_s: float) -> str:
    """Tell by the wall clock, ISO 8601 to the millisecond, when it was so late by the monotonic one."""
    milliseconds = round(1e3 * (time.time() - time.monotonic() + monotonic_s))
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(milliseconds // 1000))}.{milliseconds % 1000:03d}Z"


def state_to_json(change: Change) -> str:
    """Serialise a change of state, or news of the model, to one line, without the line break."""
    line: dict[str, Any] = {"source": change.source, "state": change.state, "cause": change.cause}
    if change.model is not None:
        line["model"] = change.model._asdict()
    return json.dumps(line)
