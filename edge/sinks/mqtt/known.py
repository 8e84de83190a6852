"""What is known of the camera now, and what has happened, as JSON. Nothing is invented: what is not known is null.

The state:

    {"source": "camera 0", "state": "ONLINE", "cause": null, "label": "cats", "score": 0.991,
     "scores": {"cats": 0.991, "dogs": 0.009}, "present": {"cats": true, "dogs": false}, "frame": 17,
     "pets": [{"label": "cats", "score": 0.991, "box": [410, 220, 96, 96]}],
     "time": "2026-03-01T12:00:00.000+00:00"}

With ``--models`` it has ``"model": {"id": "4f0c2d9a81be", "name": "default"}`` as well, the one in use, and ``"model_news"``:
what became of models last, in words.

An event:

    {"event_type": "cats appeared", "event": "appeared", "label": "cats", "score": 0.93, "source": "camera 0", "frame": 17,
     "time": "2026-03-01T12:00:00.000+00:00", "age_s": 0.0}

``age_s`` is how long it had to wait for the broker: a door should not open for a cat of an hour ago.
"""

import json
from collections.abc import Hashable
from datetime import UTC, datetime

from ...contract.model_contract import NEITHER
from ...runner.events import APPEARED, Event
from ...runner.observation import Observation
from ...runner.results import Result, pets_as_json
from ...sources import Change, State

_NOTHING = {"label": None, "score": None, "scores": None, "present": None, "frame": None, "pets": None}


def pets(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a model's labels that can appear and leave."""
    return tuple(label for label in labels if label != NEITHER)


def time_of(at: float) -> str:
    """ISO 8601, UTC, of seconds since 1970."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


class Known:
    """Keeps what is known.

    Args:
        labels: the model's.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._pets = pets(labels)
        self._model: dict[str, object] = {}
        self._present: dict[str, set[str]] = {}  # by source: videos come one after another
        self._state: dict[str, object] = {"source": None, "state": None, "cause": None, **_NOTHING, "time": None}

    def see(self, observation: Observation) -> None:
        """Take the next step."""
        for event in observation.events:
            present = self._present.setdefault(event.source, set())
            (present.add if event.kind == APPEARED else present.discard)(event.label)
        result = observation.result
        if isinstance(result, Change) and result.model is not None:
            self._pets = pets(result.model.labels)
            self._model = {"model": {"id": result.model.id, "name": result.model.name}, "model_news": result.cause}
            self._state |= self._model
            return
        if isinstance(result, Change):
            about: dict[str, object] = {"source": result.source, "state": result.state, "cause": result.cause, **_NOTHING}
        else:
            cause = None if result.error is None else str(result.error)
            state = result.frame.state or State.ONLINE
            about = {"source": result.frame.source, "state": state, "cause": cause, **_NOTHING, **self._answer(result)}
        self._state = {**about, **self._model, "time": time_of(observation.at)}

    @property
    def essence(self) -> Hashable:
        """What people wait for: where it differs there is news, and where not only figures have moved."""
        keys = ("source", "state", "cause", "label", "present", "model_news")
        return tuple(str(self._state.get(key)) for key in keys)

    def state(self) -> str:
        """What is known now."""
        return json.dumps(self._state, allow_nan=False)

    def end(self, at: float) -> str:
        """What is left to be known when nobody looks any more, from `at` on, seconds since 1970."""
        end = {"state": State.OFFLINE, "cause": "catdog-edge has ended", **_NOTHING, "time": time_of(at)}
        return json.dumps(self._state | end, allow_nan=False)

    def _answer(self, result: Result) -> dict[str, object]:
        answer = result.prediction
        if answer is None:
            return {}
        present = self._present.get(result.frame.source, set())
        return {
            "label": answer.label,
            "score": round(answer.score, 4),
            "scores": {label: round(score, 4) for label, score in answer.scores.items()},
            "present": {pet: pet in present for pet in self._pets},
            "frame": result.frame.number,
            "pets": None if result.pets is None else pets_as_json(result.pets),
        }


def event_to_json(event: Event, at: float, age_s: float) -> str:
    """Serialise an event.

    Args:
        event: what has happened.
        at: when it was settled, seconds since 1970.
        age_s: how long it has waited, seconds.
    """
    document = {
        "event_type": str(event),
        "event": event.kind,
        "label": event.label,
        "score": round(event.score, 4),
        "source": event.source,
        "frame": event.frame,
        "time": time_of(at),
        "age_s": round(age_s, 1),
    }
    return json.dumps(document, allow_nan=False)
