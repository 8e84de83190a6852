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

from ...contract.artifact import ONNX, TFLITE, read_model_file
from ...errors import CatdogError
from ...fleet.device import Device
from ...fleet.signature import default_keys_folder
from ...inference.classifier import Classifier
from ...runner.observation import Observation
from ...sources import Change
from ...store import ModelStore
from .known import time_of

_MOST_S = 60.0  # between two documents where nothing has changed
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
        self._prefix, self._folder = prefix, models
        self._news: Callable[[], None] = lambda: None
        self._device: Device | None = None
        keys = keys or default_keys_folder()
        if models is not None and (keys != default_keys_folder() or keys.is_dir()):
            self._device = Device(prefix, ModelStore(models), keys, tell, self._on_news)
        above = prefix.rpartition("/")[0]
        self.set_topics = () if self._device is None else tuple(f"{each}/model/set" for each in (prefix, above) if each)
        self._model = _describe(model.model_path, model.contract.name, model.contract.labels)
        self._last_frame: float | None = None
        self._told_at = float("-inf")

    def begin(self, news: Callable[[], None]) -> None:
        """Say what is called when there is news; from another thread."""
        self._news = news

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message that names a model; returns at once."""
        if self._device is not None:
            self._device.hear(topic, payload)

    def see(self, observation: Observation) -> bool:
        """Take the next step; tells whether the document is to be sent."""
        result = observation.result
        if not isinstance(result, Change):
            self._last_frame = self._last_frame if result.error else observation.at
        elif result.model is not None and self._folder is not None:
            path = self._folder / f"{result.model.id}.{TFLITE}"
            path = path if path.is_file() else path.with_suffix(f".{ONNX}")
            self._model = _describe(path, result.model.name, result.model.labels, result.cause)
            return True
        return time.monotonic() - self._told_at >= _MOST_S

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


def _describe(path: Path, name: str, labels: tuple[str, ...], why: str | None = None) -> dict[str, Any] | None:
    """Return what is told of a model in use; None where its file cannot be read any more."""
    try:
        file = read_model_file(path)
    except CatdogError:
        return None  # it runs on from memory; who reads the file next says what is wrong
    sha256 = hashlib.sha256(file.data).hexdigest()
    said = () if file.contract is None else file.contract.figures  # those of ONNX only its runtime can read
    # JSON has no numbers that are not finite, and files may hold anything.
    figures = [asdict(each) for each in said if math.isfinite(each.value + each.low + each.high + each.n)]
    return {"id": sha256[:_SHOWN], "sha256": sha256, "name": name, "labels": labels, "figures": figures, "why": why}
