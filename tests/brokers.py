"""A real MQTT broker, and somebody who hears everything, for tests."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

paho = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")

SLOW = 60.0  # seconds; the demo camera may have just begun its half a minute without a pet, and the machine be busy


def eventually(condition: Callable[[], bool], seconds: float = SLOW) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


class Mosquitto:
    """A broker that can be stopped and started; it keeps nothing, as many do."""

    def __init__(self, folder: Path, *settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._configuration, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        anonymous = "false" if any(setting.startswith("password_file") for setting in settings) else "true"
        lines = ("user root", f"listener {self.port} 127.0.0.1", f"allow_anonymous {anonymous}", *settings)
        self._configuration.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [str(shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")), "-c", str(self._configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        assert eventually(self._answers), self.log

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SLOW)
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """Somebody who hears everything, and keeps it in order.

    Args:
        port: of the broker.
        known_as: for whom the broker keeps what comes while he is away; nobody if empty.
    """

    def __init__(self, port: int, known_as: str = "") -> None:
        self.heard: list[tuple[str, str]] = []
        self.kept: set[str] = set()  # topics of which the broker had kept a message
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=known_as, clean_session=not known_as)
        self._client.on_message = lambda _client, _data, message: self._hear(message)
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", qos=1)
        assert subscribed.wait(SLOW)

    def _hear(self, message: Any) -> None:
        self.heard.append((message.topic, message.payload.decode()))
        if message.retain:
            self.kept.add(message.topic)

    def of(self, topic: str) -> list[str]:
        return [payload for its, payload in list(self.heard) if its == topic]

    def last(self, topic: str) -> Any:
        payloads = self.of(topic)
        return json.loads(payloads[-1]) if payloads else {}

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def brokers_in(folder: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Give what makes brokers, not started."""
    if shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("no mosquitto")
    brokers: list[Mosquitto] = []

    def make(*settings: str) -> Mosquitto:
        brokers.append(Mosquitto(folder, *settings))
        return brokers[-1]

    try:
        yield make
    finally:
        for broker in brokers:
            broker.stop()


@contextmanager
def listening(broker: Mosquitto, known_as: str = "") -> Iterator[Listener]:
    listener = Listener(broker.port, known_as)
    yield listener
    listener.stop()
