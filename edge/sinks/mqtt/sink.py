"""The sink: what is seen goes to the broker, as state and as events."""

import threading
import time
from collections import deque
from collections.abc import Callable

from ...common.installation import own_version
from ...runner.events import Event
from ...runner.observation import Observation
from ...sources import Change, InUse
from .broker import Broker
from .connection import Connection
from .device import ToldDevice
from .discovery import BIRTH, device_document, device_topic
from .known import Known, event_to_json

MOST_WAITING = 1000  # events that an absent broker will still get
_LEAST_S, _MOST_S = 1.0, 10.0  # seconds between two states: where there is news, and where there is none
_GOODBYE_S = 0.25


class MqttSink:
    """Tells a broker what is seen; see the package for the topics.

    A state is worth nothing when the next one is there, so none waits for an absent broker; events do, the newest 1,000.

    Args:
        broker: which.
        labels: the model's.
        tell: says what is wrong to whoever looks at stderr.
        device: what is told of the device and its model, and takes models by message; None for nothing.

    Attributes:
        lost: events that could not wait any longer.

    Raises:
        MissingExtraError: paho-mqtt is not installed.
        UsageError: the certificates cannot be read.
    """

    wants_pictures = False
    only_events = False

    def __init__(
        self, broker: Broker, labels: tuple[str, ...], tell: Callable[[str], None], device: ToldDevice | None = None
    ) -> None:
        self.name = f"--mqtt {broker.url}"
        self.lost = 0
        self._tell = tell
        self._prefix, self._labels = broker.prefix, labels
        self._device = device_topic(broker.prefix), device_document(broker.prefix, labels, own_version())
        self._availability, self._state, self._event = (
            f"{broker.prefix}/{topic}" for topic in ("availability", "state", "event")
        )
        self._known = Known(labels)
        self._waiting: deque[tuple[Event, float, float]] = deque()  # with the wall clock and the monotonic one
        self._lock = threading.Lock()  # of what is known and sent: the camera's steps and the network's come in two threads
        self._sent_at, self._sent_essence = float("-inf"), self._known.essence
        self._timer: threading.Timer | None = None
        self._told = device
        will = (self._availability, "offline")
        listen = {BIRTH[0]: self._hear} | dict.fromkeys([] if device is None else device.set_topics, self._hear_of_model)
        self._connection = Connection(broker, will=will, greet=self._greet, listen=listen, tell=tell)
        if device is not None:
            device.begin(self._on_news)
        self._connection.open()

    def take(self, observation: Observation) -> None:
        """Tell what is new; returns at once."""
        now = time.monotonic()
        with self._lock:
            self._known.see(observation)
            if isinstance(observation.result, Change) and observation.result.model is not None:
                self._take_model(observation.result.model)
            self._waiting.extend((event, observation.at, now) for event in observation.events)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._send_events()
            self._send_state_in_time()
            if self._told is not None and self._told.see(observation):
                self._send_told()

    def close(self) -> None:
        """Send what is left, take everything back, and say goodbye."""
        if self._told is not None:
            self._told.close()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._connection.connected:
                self._send_events()
                self._connection.send(self._state, self._known.end(time.time()), retain=True)
                self._connection.send(self._availability, "offline", retain=True)
        unconfirmed = self._connection.close(time.monotonic() + _GOODBYE_S)
        lost = self.lost + len(self._waiting)
        if lost or unconfirmed:
            self._tell(f"{self.name}: {lost:,} events lost, {unconfirmed:,} messages not confirmed")

    def _take_model(self, model: InUse) -> None:
        """Tell Home Assistant of another model's labels."""
        if model.labels == self._labels:
            return
        gone = tuple(label for label in self._labels if label not in model.labels)
        self._labels = model.labels
        self._device = self._device[0], device_document(self._prefix, model.labels, own_version(), gone)
        if self._connection.connected:
            self._connection.send(*self._device, retain=True)

    def _greet(self) -> None:
        """Send all that the broker should hold; `online` last, so that nobody takes an earlier run's state for ours."""
        with self._lock:
            self._introduce()
            self._connection.send(self._availability, "online", retain=True)
            self._send_events()

    def _hear_of_model(self, topic: str, message: bytes, _kept: bool) -> None:
        if self._told is not None:
            self._told.hear(topic, message)

    def _hear(self, _topic: str, message: bytes, kept: bool) -> None:
        if message == BIRTH[1] and not kept:
            with self._lock:
                self._introduce()

    def _introduce(self) -> None:
        self._connection.send(*self._device, retain=True)
        self._send_state()
        self._send_told()

    def _on_news(self) -> None:
        with self._lock:
            self._send_told()

    def _send_told(self) -> None:
        if self._told is not None and self._connection.connected:
            self._connection.send(self._told.topic, self._told.document(), retain=True)

    def _send_events(self) -> None:
        while self._waiting and self._connection.connected:
            event, at, since = self._waiting.popleft()
            document = event_to_json(event, at, time.monotonic() - since)
            self.lost += not self._connection.send(self._event, document, retain=False)

    def _send_state(self) -> None:
        if self._connection.connected:
            self._sent_at, self._sent_essence = time.monotonic(), self._known.essence
            self._connection.send(self._state, self._known.state(), retain=True)

    def _send_state_in_time(self) -> None:
        """Send the state, or see to it that news is sent as soon as it may be, even if no further step comes."""
        news = self._known.essence != self._sent_essence
        wait = self._sent_at + (_LEAST_S if news else _MOST_S) - time.monotonic()
        if wait <= 0:
            self._send_state()
        elif news and self._timer is None:
            self._timer = threading.Timer(wait, self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
            self._send_state_in_time()
