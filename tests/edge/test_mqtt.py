"""MQTT with a real broker: what it gets, what comes back when it was away, and what is told when it cannot be had."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from brokers import SLOW, Mosquitto, brokers_in, eventually, listening
from cameras import Camera, camera_on
from commands import run

from catdog.edge.errors import SourceError, UsageError
from catdog.edge.inference.classifier import Prediction, Timings
from catdog.edge.program.cli import main
from catdog.edge.regions.boxes import Box
from catdog.edge.regions.watch import Pet
from catdog.edge.runner.events import APPEARED, LEFT, Event
from catdog.edge.runner.observation import Observation
from catdog.edge.runner.results import Result
from catdog.edge.sinks.mqtt.broker import CA, PASSWORD, USER, Broker
from catdog.edge.sinks.mqtt.discovery import BIRTH, EXPIRE_AFTER_S, device_document, device_topic
from catdog.edge.sinks.mqtt.known import Known, event_to_json
from catdog.edge.sinks.mqtt.sink import MOST_WAITING, MqttSink
from catdog.edge.sources import Change, Frame, InUse, State

paho = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")

NOON = 1_700_000_000.0
LABELS = ("cats", "dogs", "neither")


def seen(number: int, label: str = "cats", score: float = 0.9, events: tuple[Event, ...] = ()) -> Observation:
    scores = {each: score if each == label else (1 - score) / 2 for each in LABELS}
    answer = Prediction(label, score, scores, Timings(0.0, 0.0, 0.0))
    return Observation(
        Result(Frame("camera", number, 0.0, 0.0, 0.0, scene_s=float(number)), 5.0, answer), events, NOON + number
    )


def event(kind: str, label: str, frame: int = 3) -> Event:
    return Event("camera", kind, label, 0.93, 3.0, frame)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Makes brokers, not started."""
    with brokers_in(tmp_path) as make:
        yield make


class Edge:
    """A running `catdog-edge`, on the demo camera unless told otherwise."""

    def __init__(
        self, folder: Path, url: str, *arguments: str, source: tuple[str, ...] = ("--camera", "demo"), **environment: str
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._said = folder / "stderr"
        command = [str(Path(sys.executable).parent / "catdog-edge"), *source, "--max-fps", "4", "--mqtt", url]
        with self._said.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*command, *arguments], stdout=subprocess.DEVNULL, stderr=stderr, env=os.environ | environment
            )

    @property
    def said(self) -> list[str]:
        return self._said.read_text().splitlines()

    def said_of(self, what: str) -> int:
        return sum(what in line for line in self.said)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Starts `catdog-edge`."""
    started: list[Edge] = []

    def start(url: str, *arguments: str, **options: Any) -> Edge:
        started.append(Edge(tmp_path / f"edge{len(started)}", url, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


# The address.


def test_address_and_environment_say_where_to_and_as_whom() -> None:
    plain = Broker.of("mqtt://broker.local/home/garden/", {})
    assert (plain.host, plain.port, plain.prefix, plain.tls) == ("broker.local", 1883, "home/garden", False)
    safe = Broker.of("mqtts://[::1]:9999", {USER: "edge", PASSWORD: "hush", CA: "ca.pem"})
    assert (safe.host, safe.port, safe.tls, safe.user, safe.password, safe.ca) == (
        *("::1", 9999, True, "edge", "hush"),
        Path("ca.pem"),
    )
    assert "hush" not in repr(safe)
    assert Broker.of("mqtts://broker.local", {}).port == 8883
    first, _, second = safe.prefix.partition("/")
    assert first == "catdog"
    assert second
    assert not set(second) & set("/+#. ")


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("broker.local", {}),
        ("http://broker.local/", {}),
        ("mqtt://", {}),
        ("mqtt://broker.local:0/", {}),
        ("mqtt://broker.local:port/", {}),
        ("mqtt://broker..local/", {}),
        ("mqtt://broker.local/cat/#", {}),
        ("mqtt://broker.local/cat/+/dog", {}),
        ("mqtt://broker.local/cat%23", {}),
        ("mqtt://broker.local/cat//dog", {}),
        ("mqtt://broker.local/$SYS/cat", {}),
        ("mqtt://broker.local/cat%0Adog", {}),
        ("mqtt://broker.local/" + 300 * "x", {}),
        ("mqtt://broker.local/?tls=no", {}),
        ("mqtt://broker.local/", {PASSWORD: "hush"}),
        ("mqtt://broker.local/", {CA: "ca.pem"}),
    ],
)
def test_what_is_not_valid_is_told_in_one_line(url: str, environment: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        Broker.of(url, environment)
    assert len(str(caught.value).splitlines()) == 1
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("secret", ["edge:hush", "edge:hu/sh", "edge:hu#sh", "hush"])
def test_password_on_the_command_line_is_refused_and_not_repeated(secret: str) -> None:
    finished = run("catdog-edge", "--camera", "demo", "--max-frames", "1", "--mqtt", f"mqtt://{secret}@broker.local/cat")
    assert (finished.returncode, finished.stdout) == (2, "")
    (line,) = finished.stderr.splitlines()
    assert USER in line
    assert PASSWORD in line
    assert "hu" not in line


def test_certificates_that_are_none_are_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "absent.pem"):
        finished = run("catdog-edge", "--camera", "demo", "--mqtt", "mqtts://localhost", **{CA: str(tmp_path / name)})
        assert (finished.returncode, finished.stdout) == (2, "")
        (line,) = finished.stderr.splitlines()
        assert CA in line
        assert name in line


def test_absent_package_names_its_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    assert main(["--camera", "demo", "--max-frames", "1", "--mqtt", "mqtt://localhost"]) == 7
    assert "[mqtt]" in capsys.readouterr().err


# What is told.


def test_state_invents_nothing() -> None:
    known = Known(LABELS)
    assert set(json.loads(known.state()).values()) == {None}
    known.see(seen(1, events=(event(APPEARED, "cats"),)))
    state = json.loads(known.state())
    assert (state["state"], state["label"], state["score"]) == ("ONLINE", "cats", 0.9)
    assert state["present"] == {"cats": True, "dogs": False}
    assert state["time"] == "2023-11-14T22:13:21.000+00:00"

    known.see(Observation(Change("camera", State.OFFLINE, "unplugged", 2.0), (), NOON))
    state = json.loads(known.state())
    assert (state["state"], state["cause"]) == ("OFFLINE", "unplugged")
    assert {state[key] for key in ("label", "score", "scores", "present", "frame")} == {None}

    black = SourceError("a picture", got="a black one", fix="Light.")
    frame = Frame("camera", 5, 0.0, 0.0, 0.0, error=black, state=State.STALE)
    known.see(Observation(Result(frame, 5.0, error=black), (), NOON))
    state = json.loads(known.state())
    assert (state["state"], state["label"], state["present"]) == ("STALE", None, None)
    assert "a black one" in state["cause"]

    known.see(seen(6))  # time has stood still: who was there is taken for there
    assert json.loads(known.state())["present"] == {"cats": True, "dogs": False}
    known.see(seen(7, events=(event(LEFT, "cats"), event(APPEARED, "dogs"))))
    assert json.loads(known.state())["present"] == {"cats": False, "dogs": True}
    ended = json.loads(known.end(NOON))
    assert (ended["state"], ended["label"], ended["present"]) == ("OFFLINE", None, None)


def test_state_has_every_pet_with_its_place_and_presence() -> None:
    known = Known(LABELS)
    known.see(seen(1, events=(event(APPEARED, "cats"), event(APPEARED, "dogs"))))
    state = json.loads(known.state())
    assert state["present"] == {"cats": True, "dogs": True}
    assert state["pets"] is None  # whole frames alone
    both = tuple(Pet(label, 0.9, Box(x, 20, 30, 40), {}) for label, x in (("cats", 10), ("dogs", 200.4)))
    step = seen(2, events=(event(LEFT, "cats"),))
    assert isinstance(step.result, Result)
    known.see(step._replace(result=step.result._replace(pets=both)))
    state = json.loads(known.state())
    assert state["present"] == {"cats": False, "dogs": True}
    assert state["pets"][1] == {"label": "dogs", "score": 0.9, "box": [200, 20, 30, 40]}


def test_news_is_news_and_moving_figures_are_not() -> None:
    known = Known(LABELS)
    known.see(seen(1, "cats", 0.9))
    before = known.essence
    known.see(seen(2, "cats", 0.8))
    assert known.essence == before
    known.see(seen(3, "dogs"))
    assert known.essence != before


def test_home_assistants_templates_read_what_is_told() -> None:
    jinja = pytest.importorskip("jinja2", reason="no jinja2 to run the templates with")
    labels = ("cats", "neither", "it's a \\ {{dog}}", "Müller's 🐈")
    document = json.loads(device_document("home/garden", labels, "1.2.3"))
    assert document["device"]["sw_version"] == "1.2.3"
    assert document["device"]["identifiers"]
    assert document["origin"]["name"] == "catdog"
    assert document["availability"][0]["topic"] == "home/garden/availability"
    entities = document["components"]
    ids = [entity["unique_id"] for entity in entities.values()]
    assert len(set(ids)) == len(ids) == 4 + 3
    assert device_document("home/garden", labels, "1.2.3") == device_document("home/garden", labels, "1.2.3")
    assert device_topic("home/garden") != device_topic("home_garden")

    def shown(key: str, payload: str) -> str:
        text = jinja.Environment(autoescape=False).from_string(entities[key]["value_template"])
        return str(text.render(value=payload, value_json=json.loads(payload)))

    known = Known(labels)
    here = Event("camera", APPEARED, labels[3], 0.9, 1.0, 1)
    nothing = known.state()
    scores = dict.fromkeys(labels, 0.1) | {labels[3]: 0.7}
    answer = Prediction(labels[3], 0.7, scores, Timings(0.0, 0.0, 0.0))
    known.see(Observation(Result(Frame("camera", 1, 0.0, 0.0, 0.0), 5.0, answer), (here,), NOON))
    names = {key: entity["name"] for key, entity in entities.items() if entity["platform"] == "binary_sensor"}
    assert set(names.values()) == set(labels) - {"neither"}
    for key, name in names.items():
        assert shown(key, nothing) == "None"
        assert shown(key, known.state()) == ("ON" if name == labels[3] else "OFF")
    assert (shown("label", nothing), shown("score", nothing), shown("camera", nothing)) == ("None", "None", "None")
    assert (shown("label", known.state()), shown("score", known.state())) == (labels[3], "70.0")
    assert shown("label", known.state()) in entities["label"]["options"]
    assert shown("camera", known.state()) in entities["camera"]["options"]
    told = event_to_json(here, NOON, 0.04)
    assert json.loads(shown("event", told))["event_type"] in entities["event"]["event_types"]
    assert shown("event", event_to_json(here, NOON, 3600.0)) == ""  # no door opens for a cat of an hour ago


# A real broker.


def test_demo_camera_is_discovered_and_told_of(mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge]) -> None:
    broker = mosquitto()
    broker.start()
    with listening(broker) as listener:
        camera = edge(f"mqtt://127.0.0.1:{broker.port}/home/garden")
        assert eventually(lambda: len(listener.of("home/garden/event")) > 0)
        assert listener.of("home/garden/availability") == ["online"]
        document = listener.last(device_topic("home/garden"))
        assert {entity["platform"] for entity in document["components"].values()} == {"sensor", "binary_sensor", "event"}
        assert document["components"]["label"]["expire_after"] == EXPIRE_AFTER_S
        happened = listener.last("home/garden/event")
        assert happened["event"] == APPEARED
        assert happened["event_type"] == f"{happened['label']} appeared"
        assert happened["age_s"] < 10
        assert eventually(lambda: any(json.loads(text)["label"] for text in listener.of("home/garden/state")))
        state = next(state for text in listener.of("home/garden/state") if (state := json.loads(text))["label"])
        assert (state["source"], state["state"]) == ("demo", "ONLINE")
        assert state["scores"][state["label"]] == state["score"]

        # Home Assistant starts anew and asks for nothing: it says that it is there.
        introduced = len(listener.of(device_topic("home/garden")))
        listener.say(*BIRTH)
        assert eventually(lambda: len(listener.of(device_topic("home/garden"))) > introduced)

        # Whoever comes later hears what is retained, and no event of the past.
        with listening(broker) as late:
            assert eventually(lambda: len(late.kept) >= 4)
            ours = {f"home/garden/{topic}" for topic in ("availability", "state", "device")}
            assert late.kept == {*ours, device_topic("home/garden")}

        camera.process.send_signal(signal.SIGTERM)
        assert camera.process.wait(SLOW) == 143
        assert eventually(lambda: listener.of("home/garden/availability") == ["online", "offline"])
        assert listener.last("home/garden/state")["label"] is None
        assert camera.said == ["catdog-edge: ended by SIGTERM"]


def test_lost_camera_is_told_and_nothing_invented_meanwhile(
    mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge]
) -> None:
    broker = mosquitto()
    broker.start()
    with listening(broker) as listener, camera_on(Camera()) as camera:

        def now(key: str) -> Any:
            return listener.last("garden/state").get(key)

        edge(f"mqtt://127.0.0.1:{broker.port}/garden", source=(camera.url,))
        assert eventually(lambda: now("label") is not None)
        camera.sends = []
        assert eventually(lambda: now("state") in ("OFFLINE", "RECOVERING"))
        assert {now(key) for key in ("label", "score", "scores", "present")} == {None}
        assert now("cause")
        camera.sends = Camera().sends
        assert eventually(lambda: now("label") is not None)
        assert (now("state"), now("cause")) == ("ONLINE", None)


def test_killed_program_leaves_its_last_will(mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge]) -> None:
    broker = mosquitto()
    broker.start()
    with listening(broker) as listener:
        camera = edge(f"mqtt://127.0.0.1:{broker.port}/garden")
        assert eventually(lambda: listener.of("garden/availability") == ["online"])
        camera.process.kill()
        assert eventually(lambda: listener.of("garden/availability") == ["online", "offline"])
    with listening(broker) as late:
        assert eventually(lambda: late.of("garden/availability") == ["offline"])


def test_new_start_outlives_the_will_of_one_that_hangs(mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge]) -> None:
    broker = mosquitto()
    broker.start()
    with listening(broker) as listener:
        frozen = edge(f"mqtt://127.0.0.1:{broker.port}/garden")
        assert eventually(lambda: listener.of("garden/availability") == ["online"])
        frozen.process.send_signal(signal.SIGSTOP)  # like a board whose power was cut: the broker hears no end of it
        edge(f"mqtt://127.0.0.1:{broker.port}/garden")
        assert eventually(lambda: len(listener.of("garden/availability")) == 3)
        frozen.process.kill()
        frozen.process.wait()
        states = len(listener.of("garden/state"))
        assert eventually(lambda: len(listener.of("garden/state")) > states)
        assert listener.of("garden/availability") == ["online", "offline", "online"]


def test_everything_comes_back_with_the_broker(mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge]) -> None:
    broker = mosquitto()
    camera = edge(f"mqtt://127.0.0.1:{broker.port}/garden")
    assert eventually(lambda: camera.said_of("expected a broker at 127.0.0.1") == 1)
    for round_ in (1, 2):
        broker.start()
        with listening(broker) as listener:
            assert eventually(lambda: camera.said_of("connected") == round_)  # noqa: B023 - called here
            assert eventually(lambda: listener.of("garden/availability") == ["online"])
            assert eventually(lambda: listener.of(device_topic("garden")) != [])
            assert eventually(lambda: listener.last("garden/state").get("label") is not None)
            assert eventually(lambda: listener.of("garden/event") != [])
        if round_ == 1:
            broker.stop()
            assert eventually(lambda: camera.said_of("lost the broker") == 1)
    assert camera.process.poll() is None
    assert len(camera.said) == 4  # absent, connected, lost, connected


def test_events_wait_for_the_broker_up_to_a_bound(mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    broker = mosquitto("persistence true", f"persistence_location {tmp_path}/", "max_queued_messages 0")
    said: list[str] = []
    broker.start()
    with listening(broker, "somebody") as listener:
        broker.stop()
        sink = MqttSink(Broker.of(f"mqtt://127.0.0.1:{broker.port}/garden", {}), LABELS, said.append)
        for number in range(MOST_WAITING + 100):
            sink.take(seen(number, events=(event(APPEARED, "cats", number),)))
        assert sink.lost == 100
        broker.start()
        assert eventually(lambda: len(listener.of("garden/event")) == MOST_WAITING)
        frames = [json.loads(text)["frame"] for text in listener.of("garden/event")]
        assert frames == list(range(100, MOST_WAITING + 100))
        (state,) = map(json.loads, listener.of("garden/state"))  # of states only the last
        assert state["frame"] == MOST_WAITING + 99
        sink.close()
        assert eventually(lambda: listener.of("garden/availability") == ["online", "offline"])
    assert "100 events lost" in said[-1]


def test_state_follows_the_news_at_most_once_a_second(mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto()
    broker.start()
    with listening(broker) as listener:
        sink = MqttSink(Broker.of(f"mqtt://127.0.0.1:{broker.port}/garden", {}), LABELS, print)
        assert eventually(lambda: listener.of("garden/availability") == ["online"])
        begun = time.monotonic()
        for number in range(500):
            sink.take(seen(number, LABELS[number % 2]))
        # No step comes any more, and the last news is told nevertheless.
        assert eventually(lambda: listener.last("garden/state")["frame"] == 499)
        assert len(listener.of("garden/state")) <= 3 + time.monotonic() - begun
        sink.close()


# Secrets and certificates.


def test_user_and_password_from_the_environment(
    mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge], tmp_path: Path
) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("no mosquitto_passwd")
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "edge", "correct horse"], check=True)
    broker = mosquitto(f"password_file {passwords}")
    broker.start()
    wrong = edge(f"mqtt://127.0.0.1:{broker.port}/wrong", **{USER: "edge", PASSWORD: "battery staple"})
    assert eventually(lambda: broker.log.count("not authorised") >= 2)  # it goes on trying
    assert len(wrong.said) == 1
    assert PASSWORD in wrong.said[0]
    right = edge(f"mqtt://127.0.0.1:{broker.port}/right", "--max-frames", "3", **{USER: "edge", PASSWORD: "correct horse"})
    assert right.process.wait(SLOW) == 0
    assert right.said == []
    assert "u'edge'" in broker.log
    assert wrong.process.poll() is None
    for each in (wrong, right):
        assert not any("battery" in line or "horse" in line for line in each.said)


def authority(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Make an authority for the test alone and a certificate of it for localhost; give its own, the certificate and its key."""
    ca, ca_key, request, key, certificate = (
        folder / f"{name}-{part}.pem" for part in ("ca", "cakey", "request", "key", "certificate")
    )
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName = DNS:localhost\n")
    days = ("-days", "2")
    for command in (
        [*new, "-x509", *days, "-subj", f"/CN={name}", "-keyout", str(ca_key), "-out", str(ca)],
        [*new, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(request)],
        ["openssl", "x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial", *days,
         "-extfile", str(extensions), "-out", str(certificate)],
    ):  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
    return ca, certificate, key


def test_broker_has_to_prove_who_it_is(mosquitto: Callable[..., Mosquitto], edge: Callable[..., Edge], tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    ca, certificate, key = authority(tmp_path, "right")
    other, _, _ = authority(tmp_path, "wrong")
    broker = mosquitto(f"certfile {certificate}", f"keyfile {key}")
    broker.start()
    right = edge(f"mqtts://localhost:{broker.port}/right", "--max-frames", "3", **{CA: str(ca)})
    assert right.process.wait(SLOW) == 0
    assert right.said == []
    assert "client connected" in broker.log
    refused = {
        "wrong authority": edge(f"mqtts://localhost:{broker.port}/a", **{CA: str(other)}),
        "unknown authority": edge(f"mqtts://localhost:{broker.port}/b"),
        "another name": edge(f"mqtts://127.0.0.1:{broker.port}/c", **{CA: str(ca)}),
        "no TLS": edge(f"mqtt://127.0.0.1:{broker.port}/d"),
    }
    for name, each in refused.items():
        assert eventually(lambda: len(each.said) == 1), (name, each.said)  # noqa: B023 - called here
        expected = "for TLS?" if name == "no TLS" else "certificate"
        assert expected in each.said[0], each.said
    assert broker.log.count("client connected") == 1
    assert all(each.process.poll() is None and len(each.said) == 1 for each in refused.values())


def test_home_assistant_gets_the_labels_of_another_model(mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto()
    broker.start()
    with listening(broker) as listener:
        sink = MqttSink(Broker("127.0.0.1", broker.port, "home/garden"), LABELS, lambda _: None)
        config, state = device_topic("home/garden"), "home/garden/state"
        assert eventually(lambda: "present_dogs" in listener.last(config).get("components", {}))
        model = InUse("swapped", "0123456789ab", "garden", ("cats", "robin", "neither"), "", "", "")
        sink.take(Observation(Change("camera", State.ONLINE, "model garden is in use", 0.0, model), (), NOON))
        sink.take(Observation(Result(Frame("camera", 1, 0.0, 0.0, 0.0, scene_s=1.0), 5.0, None, None), (), NOON))
        assert eventually(lambda: "present_robin" in listener.last(config).get("components", {}))
        assert listener.last(config)["components"]["present_dogs"] == {"platform": "binary_sensor"}  # which takes it away
        assert eventually(lambda: listener.last(state).get("model") == {"id": "0123456789ab", "name": "garden"})
        assert listener.last(state)["model_news"] == "model garden is in use"
        sink.close()
