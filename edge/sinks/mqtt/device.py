"""What is told of the device: one retained topic, from which whoever has many of them sees how each does.

    {"device": "catdog/garden", "time": "2026-03-01T12:00:00.000+00:00", "last_frame": "2026-03-01T11:59:59.800+00:00",
     "model": {"id": "4f0c2d9a81be", "sha256": "4f0c...", "name": "garden", "labels": ["cats", "dogs", "neither"],
               "figures": [{"name": "accuracy", "value": 0.98, "low": 0.97, "high": 0.99, "n": 1000, "data": ""}], "why": null},
     "rollout": {"state": "taken", "name": "garden.tflite", "version": 1772366400, "why": null}}

``rollout`` is null where no models are taken by message.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...contract.artifact import read_model_file
from ...contract.model_contract import ModelContract
from ...errors import CatdogError
from ...fleet.device import Device
from ...fleet.signature import default_keys_folder
from ...inference.classifier import Classifier
from ...runner.observation import Observation
from ...sources import Change
from ...store import ModelStore
from .known import time_of

_MOST_S = 60.0  # between two documents where nothing has changed
_LOOK_S = 1.0  # between two looks at which model is in use
_SHOWN = 12  # digits of the SHA-256 by which a store knows a model


class ToldDevice:
    """What is told of the device, and by whom it takes models.

    Args:
        prefix: of our topics; no other device has it.
        model: that it has begun with.
        models: folder of its store; None where it has none.
        keys: folder of the keys of those who may sign models; None for the default one, if it is there.
        tell: says a line on stderr.

    Attributes:
        topic: where it is told.
        set_topics: where models may be named: for this device, and for all whose topics begin alike; none where none are taken.

    Raises:
        SignatureError: a folder of keys was named, and there are none.
        MissingExtraError: there are keys, and cryptography is not installed.
    """

    def __init__(
        self, prefix: str, model: Classifier, models: Path | None, keys: Path | None, tell: Callable[[str], None]
    ) -> None:
        self.topic = f"{prefix}/device"
        self._prefix, self._begun_with, self._say = prefix, model, tell
        self._store = None if models is None else ModelStore(models)
        self._news: Callable[[], None] = lambda: None
        self._device: Device | None = None
        keys = keys or default_keys_folder()
        if self._store is not None and (keys != default_keys_folder() or keys.is_dir()):
            self._device = Device(prefix, self._store, keys, tell, self._on_news)
        above = prefix.rpartition("/")[0]
        self.set_topics = () if self._device is None else tuple(f"{each}/model/set" for each in (prefix, above) if each)
        self._model = self._describe()
        self._stamp = None if self._store is None else self._store.stamp()
        self._last_frame: float | None = None
        self._looked_at = self._told_at = float("-inf")

    def begin(self, news: Callable[[], None]) -> None:
        """Say what is called when there is news; from another thread."""
        self._news = news

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message that names a model; returns at once."""
        if self._device is not None:
            self._device.hear(topic, payload)

    def see(self, observation: Observation) -> bool:
        """Take the next step; tells whether the document is to be sent."""
        if not isinstance(observation.result, Change) and observation.result.error is None:
            self._last_frame = observation.at
        now = time.monotonic()
        if self._store is not None and now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            stamp = self._store.stamp()
            if stamp != self._stamp:
                self._stamp, self._model, self._told_at = stamp, self._describe(), float("-inf")
        return now - self._told_at >= _MOST_S

    def document(self) -> str:
        """Return what is known now."""
        self._told_at = time.monotonic()
        fields = {
            "device": self._prefix,
            "time": time_of(time.time()),
            "last_frame": None if self._last_frame is None else time_of(self._last_frame),
            "model": self._model,
            "rollout": None if self._device is None else self._device.progress.to_fields(),
        }
        return json.dumps(fields, ensure_ascii=False, allow_nan=False)

    def close(self) -> None:
        """Take no further model."""
        if self._device is not None:
            self._device.close()

    def _on_news(self) -> None:
        self._news()  # what it is by now

    def _describe(self) -> dict[str, Any] | None:
        """Return what the model in use says of itself; None where it cannot be read."""
        try:
            chosen = None if self._store is None else self._store.current()
            path = self._begun_with.model_path if chosen is None else chosen.path
            file = read_model_file(path)
        except CatdogError:
            return None  # who uses the store says so
        contract = file.contract or (self._begun_with.contract if path == self._begun_with.model_path else None)
        sha256 = hashlib.sha256(file.data).hexdigest()
        why = "" if chosen is None or self._store is None else self._store.why()
        found: dict[str, Any] = {"id": sha256[:_SHOWN], "sha256": sha256, "why": why or None}
        if contract is None and chosen is not None:  # ONNX: what it says, only its runtime can read
            return found | {"name": chosen.name, "labels": list(chosen.labels), "figures": []}
        return found | _said(contract)


def _said(contract: ModelContract | None) -> dict[str, Any]:
    if contract is None:
        return {"name": "", "labels": [], "figures": []}
    # JSON has no numbers that are not finite, and files may hold anything.
    figures = [asdict(each) for each in contract.figures if math.isfinite(each.value + each.low + each.high + each.n)]
    return {"name": contract.name, "labels": list(contract.labels), "figures": figures}
