"""The page's server with real sockets: who gets in, what is told, and that nobody who looks slows the camera."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from commands import run

pytest.importorskip("aiohttp", reason="the extra web is not installed")
from prometheus_client.parser import text_string_to_metric_families

from catdog.edge.errors import OutputError, UnreadableInputError, UsageError
from catdog.edge.inference.classifier import Classifier, Prediction, Timings
from catdog.edge.regions.boxes import Box
from catdog.edge.regions.watch import Pet
from catdog.edge.runner.events import APPEARED, Event
from catdog.edge.runner.observation import Observation
from catdog.edge.runner.results import Result
from catdog.edge.sinks.web import server, streams
from catdog.edge.sinks.web.address import Names, parse_address
from catdog.edge.sinks.web.public import public_name, public_text
from catdog.edge.sinks.web.sink import WebSink
from catdog.edge.sinks.web.status import Status
from catdog.edge.sources import Change, Frame, State
from catdog.edge.synthetic import DemoFilm

PATHS = ("/", "/page.js", "/results", "/healthz", "/metrics", "/snapshot.jpg", "/stream.mjpg", "/events", "/no-such-thing")
TOKEN = "a-token-of-some-length"  # noqa: S105


def seen(
    number: int, picture: np.ndarray | None = None, source: str = "camera 0", events: tuple[Event, ...] = ()
) -> Observation:
    scores = {"cats": 0.9, "dogs": 0.1}
    frame = Frame(source, number, time.monotonic(), 1.0, 2.0, picture, scene_s=float(number))
    return Observation(Result(frame, 9.0, Prediction("cats", 0.9, scores, Timings(0.0, 3.0, 4.0))), events, time.time())


def changed(state: State, cause: str, source: str = "camera 0") -> Observation:
    return Observation(Change(source, state, cause, time.monotonic()), (), time.time())


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(threads=1)


@contextmanager
def served(model: Classifier, where: str = "127.0.0.1:0") -> Iterator[tuple[WebSink, list[str]]]:
    said: list[str] = []
    sink = WebSink(where, model, (), said.append)
    try:
        yield sink, said
    finally:
        sink.close()


@contextmanager
def feeding(sink: WebSink, picture: np.ndarray) -> Iterator[None]:
    """A camera, as far as the sink can tell: results come, with pictures while somebody wants them."""
    done = threading.Event()

    def feed() -> None:
        number = 0
        while not done.wait(0.02):
            sink.take(seen(number, picture.copy() if sink.wants_pictures else None))
            number += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def port_of(sink: WebSink) -> int:
    return int(re.search(r":(\d+)/", sink.url)[1])  # type: ignore[index]


def ask(sink: WebSink, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask once; of what has no end only the head."""
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(sink), timeout=30)) as connection:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        endless = reply.status == 200 and path in ("/stream.mjpg", "/events")
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, b"" if endless else reply.read()


def say(port: int, text: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(text)
    return connection


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return done


def families(text: bytes) -> dict[str, float]:
    """What Prometheus reads: name and labels to value."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


# --- where ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("8080", "127.0.0.1", 8080),
        ("192.0.2.7:80", "192.0.2.7", 80),
        ("[::1]:8080", "::1", 8080),
        ("pi.local:0", "pi.local", 0),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    address = parse_address(text)
    assert (address.host, address.port) == (host, port)


@pytest.mark.parametrize("text", ["", "web", ":8080", "70000", "::1:8080", "host:", "http://pi:80", "1.2.3.4:80/x", "-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="PORT"):
        parse_address(text)


def test_taken_port_is_told_before_any_frame(model: Classifier) -> None:
    with served(model) as (sink, _):
        finished = run("catdog-edge", "--camera", "demo", "--serve", str(port_of(sink)), "--max-frames", "1")
        assert (finished.returncode, finished.stdout) == (10, "")
        (line,) = finished.stderr.splitlines()
        assert f"127.0.0.1:{port_of(sink)}" in line
    with pytest.raises(OutputError):
        WebSink("192.0.2.7:0", model, (), print)  # nobody's: RFC 5737


def test_names_of_this_machine_and_no_others() -> None:
    own = socket.gethostname().partition(".")[0]
    names = Names("pi.lan")
    for known in ("localhost", "localhost:8080", "127.0.0.1", "[::1]:80", "192.168.1.5:8080", "PI.lan", own, f"{own}.local:1"):
        assert names.know(known), known
    for other in ("", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", f"{own}.evil.example", "[::1", "a@b:c"):
        assert not names.know(other), other


# --- who --------------------------------------------------------------------------------------------------------------------


def test_other_addresses_want_a_token(model: Classifier) -> None:
    with served(model, "0.0.0.0:0") as (sink, said):
        token = re.fullmatch(r"page at http://\S+/\?token=(\S{22})", said[0])[1]  # type: ignore[index]
        sink.take(seen(0))
        for path in PATHS:
            assert ask(sink, path)[0] == 401, path
            assert ask(sink, path, Authorization="Bearer wrong", Cookie=f"catdog-{port_of(sink)}=wrong")[0] == 401, path
        assert ask(sink, f"/healthz?token={token}x")[0] == 401
        assert ask(sink, "/healthz", Authorization=f"Bearer {token}")[0] == 200
        status, headers, body = ask(sink, "/", Accept="text/html")
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert b"<form" in body
        # Once in the address, then as a cookie that scripts cannot read.
        status, headers, _ = ask(sink, f"/results?limit=1&token={token}")
        assert (status, headers["location"]) == (303, "/results?limit=1")
        assert token not in headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict"} <= set(headers["set-cookie"].split("; "))
        assert ask(sink, "/results?limit=1", Cookie=headers["set-cookie"].partition(";")[0])[0] == 200
        assert ask(sink, f"//evil.example/?token={token}")[1]["location"] == "/evil.example/"


def test_token_of_the_users_choice_is_not_printed(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATDOG_TOKEN", TOKEN)
    with served(model) as (sink, said):
        assert said == [f"page at {sink.url}"]
        assert ask(sink, "/results")[0] == 401
        assert ask(sink, "/results", Authorization=f"Bearer {TOKEN}")[0] == 200
    monkeypatch.setenv("CATDOG_TOKEN", "short")
    with pytest.raises(UsageError, match="16") as refused:
        WebSink("0", model, (), print)
    assert "got short" not in str(refused.value)


def test_wrong_or_missing_host_is_refused(model: Classifier) -> None:
    with served(model) as (sink, _):
        for head in (b"Host: evil.example\r\n", b"", b"Host: localhost\r\nHost: evil.example\r\n"):
            with closing(say(port_of(sink), b"GET /results HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")) as connection:
                status = int(connection.recv(4096).split()[1])
                assert status in (400, 421), head
        assert ask(sink, "/results", Host=f"localhost:{port_of(sink)}")[0] == 200


def test_browsers_are_told_what_to_refuse(model: Classifier) -> None:
    with served(model) as (sink, _):
        for path in ("/", "/events", "/stream.mjpg", "/no-such-thing"):
            _, headers, _ = ask(sink, path)
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["server"] == "catdog"


def test_one_client_too_many_is_refused_until_another_leaves(model: Classifier) -> None:
    request = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with served(model) as (sink, _), ExitStack() as stack:
        clients = []
        for _ in range(server.MOST_CLIENTS):
            clients.append(stack.enter_context(closing(say(port_of(sink), request))))
            assert clients[-1].recv(12) == b"HTTP/1.1 200"
        with closing(say(port_of(sink), request)) as refused:
            answer = b"".join(iter(lambda: refused.recv(4096), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert len(body.splitlines()) == 1
        clients[7].close()
        assert eventually(lambda: ask(sink, "/healthz")[1].get("server") == "catdog")


def test_connection_that_asks_for_nothing_is_closed(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_FIRST_REQUEST_S", 0.3)
    with served(model) as (sink, _):
        for start in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
            with closing(say(port_of(sink), start)) as connection, pytest.raises(ConnectionResetError):
                while connection.recv(4096):
                    pass
                raise ConnectionResetError  # closed in order is as good
        with closing(say(port_of(sink), b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")) as connection:
            ends = time.monotonic() + 1.5
            while time.monotonic() < ends:
                assert connection.recv(4096)


# --- that nobody who looks slows the camera ---------------------------------------------------------------------------------


@contextmanager
def stalled_client(sink: WebSink) -> Iterator[socket.socket]:
    """Asks for pictures and reads nothing."""
    with closing(socket.socket()) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", port_of(sink)))
        stalled.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield stalled


def noise() -> np.ndarray:
    """Some 350 kB as a JPEG: more than sockets hold."""
    return np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)


def rest_of(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def test_client_that_reads_nothing_costs_nothing_and_is_cut_off(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_STALLED_S", 1.0)
    with served(model) as (sink, _), stalled_client(sink):
        assert eventually(lambda: sink.wants_pictures)
        copied = number = 0

        def step() -> bool:
            nonlocal copied, number
            number += 1
            copied += sink.wants_pictures
            sink.take(seen(number, noise() if sink.wants_pictures else None))
            return sink.clients == 0

        # Every step returns, or this would never end; and most pictures were not even copied for it.
        assert eventually(step)
        assert number > 20
        assert copied < number / 4


def test_client_that_reads_nothing_keeps_nothing_from_others(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_STALLED_S", 1.0)
    with served(model) as (sink, _), stalled_client(sink) as stalled, feeding(sink, noise()):
        with closing(say(port_of(sink), b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")) as reader:
            taken = 0
            while taken < 10 or sink.clients > 1:
                taken += reader.recv(1 << 20).count(b"image/jpeg")
        stalled.settimeout(5)
        assert rest_of(stalled).count(b"image/jpeg") < 3  # the others were never meant for it


def test_pictures_are_asked_for_while_somebody_looks(model: Classifier) -> None:
    with served(model) as (sink, _):
        assert not sink.wants_pictures
        with closing(say(port_of(sink), b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")):
            assert eventually(lambda: sink.wants_pictures)
            sink.take(seen(0, np.zeros((48, 64, 3), np.uint8)))
            assert eventually(lambda: sink.wants_pictures)  # when the next is due
        assert eventually(lambda: not sink.wants_pictures)


def test_end_does_not_wait_for_clients(model: Classifier) -> None:
    with served(model) as (sink, _):
        connections = [say(port_of(sink), f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()) for path in PATHS[-3:]]
        assert eventually(lambda: sink.clients >= 2)
        sink.close()
        sink.close()
        for connection in connections:
            with closing(connection):
                connection.settimeout(10)
                while connection.recv(65536):
                    pass
    assert not any(thread.name == "page" for thread in threading.enumerate())


# --- what -------------------------------------------------------------------------------------------------------------------


def test_results_are_the_lines_of_json(model: Classifier) -> None:
    appeared = Event("camera 0", APPEARED, "cats", 0.9, 1.0, 1)
    with served(model) as (sink, _):
        steps = [seen(0), seen(1, events=(appeared,)), changed(State.OFFLINE, "no frame for 1.8 s"), seen(3)]
        for step in steps:
            sink.take(step)
        lines = json.loads(ask(sink, "/results")[2])
        assert [line.get("frame") for line in lines] == [0, 1, None, 3]
        assert lines[1] == json.loads(steps[1].result.to_json(["cats appeared"]))  # type: ignore[union-attr]
        assert lines[2] == {"source": "camera 0", "state": "OFFLINE", "cause": "no frame for 1.8 s"}
        assert [line.get("frame") for line in json.loads(ask(sink, "/results?limit=2")[2])] == [None, 3]
        for number in range(1000):
            sink.take(seen(number))
        assert len(json.loads(ask(sink, "/results?limit=500")[2])) == 500
        for limit in ("0", "501", "x", "-1", "%C2%B2", "9" * 5000):
            assert ask(sink, f"/results?limit={limit}")[0] == 400


def test_health_and_snapshot_say_whether_frames_come(model: Classifier) -> None:
    picture = DemoFilm().frame(100)
    with served(model) as (sink, _):
        status, _, body = ask(sink, "/healthz")
        assert (status, json.loads(body)["cause"]) == (503, "no frame yet")
        with feeding(sink, picture):
            assert eventually(lambda: ask(sink, "/healthz")[0] == 200)
            status, headers, body = ask(sink, "/snapshot.jpg")
            assert (status, headers["content-type"]) == (200, "image/jpeg")
            shot = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
            assert shot.shape == picture.shape
            assert np.abs(shot.astype(int) - picture).mean() < 4
        sink.take(changed(State.OFFLINE, "no frame for 1.8 s"))
        status, _, body = ask(sink, "/healthz")
        assert status == 503
        assert json.loads(body) | {"fps": 0, "silent_s": 0, "results": 0} == {
            "healthy": False, "source": "camera 0", "state": "OFFLINE", "cause": "no frame for 1.8 s",
            "fps": 0, "silent_s": 0, "results": 0,
        }  # fmt: skip
        status, _, body = ask(sink, "/snapshot.jpg")
        assert (status, body) == (503, b"No picture: OFFLINE, no frame for 1.8 s.\n")


def test_stream_turns_grey_when_the_camera_is_gone(model: Classifier) -> None:
    colourful = np.full((48, 64, 3), (200, 30, 30), np.uint8)
    received = b""

    def shot_is(coloured: bool) -> bool:
        """Read on, and look at the newest picture that is whole."""
        nonlocal received
        received += connection.recv(65536)
        whole = received.rpartition(b"\r\n--catdog-picture")[0]
        start = whole.rfind(b"\xff\xd8\xff")
        if start < 0:
            return False
        shot = cv2.imdecode(np.frombuffer(whole[start:], np.uint8), cv2.IMREAD_COLOR)
        return bool(np.ptp(shot.astype(int), axis=2).max() > 100) is coloured

    with ExitStack() as stack:
        sink, _ = stack.enter_context(served(model))
        connection = stack.enter_context(closing(say(port_of(sink), b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")))
        with feeding(sink, colourful):
            assert eventually(lambda: shot_is(coloured=True))
        sink.take(changed(State.OFFLINE, "unplugged"))
        assert eventually(lambda: shot_is(coloured=False))


def test_runner_that_hangs_is_not_online() -> None:
    now = 100.0
    status = Status(lambda: now)
    assert status.condition().state is None
    for _ in range(20):
        now += 0.1
        status.take(seen(0))
    assert (status.condition().state, round(status.condition().fps)) == (State.ONLINE, 10)
    now += 30
    assert status.condition().state is State.STALE
    assert status.condition().cause == "no result for 30 s"
    assert status.condition().fps == 0
    status.take(seen(0))
    assert status.condition().state is State.ONLINE
    # Into a watched folder pictures come when they come.
    step = seen(0)
    status.take(step._replace(result=step.result._replace(frame=step.result.frame._replace(scene_s=None))))  # type: ignore[union-attr, call-arg]
    now += 3600
    assert status.condition().state is State.ONLINE


def test_second_by_second_and_no_second_without_results() -> None:
    now = 0.0
    status = Status(lambda: now)
    for _ in range(25):
        status.take(seen(0))
        now += 0.1
    now += 5
    seconds = status.seconds()
    assert sum(second.results for second in seconds) == 25
    assert seconds[0].stages_ms == (1.0, 2.0, 3.0, 4.0)
    now += 5
    assert status.seconds() == seconds


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/home/keeper/yard/cat.jpg", "cat.jpg"),
        ("yard/cat.jpg", "cat.jpg"),
        ("camera 0", "camera 0"),
        ("rtsp://keeper:secret@cam.local:554/keeper?key=secret", "rtsp://cam.local:554"),
        ("http://[::1]/keeper/", "http://[::1]"),
    ],
)
def test_public_names(source: str, shown: str) -> None:
    assert public_name(source) == shown
    told = public_text(f"expected a picture; got {source}, gone. See /home/keeper/x y and ~/keeper/z: {source}.", source)
    assert "keeper" not in told
    assert "secret" not in told
    assert told.count(shown) == 2


def test_no_paths_anywhere(model: Classifier) -> None:
    path = "/home/keeper/the yard/cat.jpg"
    error = UnreadableInputError("a whole picture", got=f"{path}, which is cut off", fix=f"Copy {path} again.")
    with served(model) as (sink, _):
        sink.take(seen(0, source=path, events=(Event(path, APPEARED, "cats", 0.9, 0.0, 0),)))
        sink.take(Observation(Result(Frame(path, 0, 0.0, 0.0, 0.0, error=error), 1.0, None, error), (), time.time()))
        sink.take(changed(State.OFFLINE, "refused by rtsp://keeper:secret@cam/keeper", "rtsp://keeper:secret@cam/keeper"))
        with closing(say(port_of(sink), b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")) as connection:
            told = b""
            while b"event: status" not in told:
                told += connection.recv(65536)
        told += b"".join(ask(sink, path)[2] for path in ("/results", "/healthz", "/metrics", "/snapshot.jpg", "/..%2f..%2fetc"))
    assert b"keeper" not in told
    assert b"secret" not in told
    assert str(Path(__file__).parent.parent.parent).encode() not in told
    assert b"cat.jpg, which is cut off" in told
    assert b"rtsp://cam" in told


def test_trouble_in_a_request_is_one_line(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def trouble(*_: object) -> None:
        raise RuntimeError("in /home/keeper/x")

    with served(model) as (sink, said):
        monkeypatch.setattr(Status, "lines", trouble)
        status, _, body = ask(sink, "/results")
        assert (status, len(body.splitlines()), b"keeper" in body) == (500, 1, False)
        assert said[1:] == ["--serve: RuntimeError: in /home/keeper/x; going on"]
        assert ask(sink, "/")[0] == 200


# --- the command ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cat walks in: 120 frames."""
    path, demo = tmp_path_factory.mktemp("film") / "film.avi", DemoFilm()
    first = demo.frame(0)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), demo.fps, (first.shape[1], first.shape[0]))
    for index in range(60, 180):
        writer.write(demo.frame(index))
    writer.release()
    return path


def test_metrics_count_what_json_tells(film: Path, picture: Path, tmp_path: Path) -> None:
    program = [str(Path(sys.executable).parent / "catdog-edge"), str(film), "-", "--json", "--serve", "0", "--csv", "day.csv"]
    process = subprocess.Popen(
        program, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/$", process.stderr.readline().strip())[1])  # type: ignore[index]
    process.stdin.write(f"{picture}\n{tmp_path / 'absent.jpg'}\n{picture}\n")
    process.stdin.flush()  # and stays open: the command waits for more
    lines: list[dict[str, Any]] = [json.loads(process.stdout.readline()) for _ in range(123)]

    def scraped() -> dict[str, float]:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", "/metrics")
            return families(connection.getresponse().read())

    # The line is printed before the last step has reached the sinks.
    assert eventually(lambda: scraped()["catdog_sink_seconds_count sink=csv"] == 123)
    counted = scraped()
    answers = [line for line in lines if "label" in line]
    labels = [line["label"] for line in answers]
    events = [event for line in lines for event in line.get("events", ())]
    assert events
    assert {label: counted[f"catdog_results_total label={label}"] for label in ("cats", "dogs")} == {
        label: labels.count(label) for label in ("cats", "dogs")
    }
    assert counted["catdog_errors_total"] == len(lines) - len(answers) == 1
    for event in set(events):
        label, kind = event.rsplit(" ", 1)
        assert counted[f"catdog_events_total kind={kind} label={label}"] == events.count(event)
    for stage in ("capture", "decode", "preprocess", "invoke"):
        assert counted[f"catdog_stage_seconds_count stage={stage}"] == len(answers)
        total = sum(line["latency_ms"][stage] for line in answers) / 1e3
        assert counted[f"catdog_stage_seconds_sum stage={stage}"] == pytest.approx(total, rel=0.01, abs=1e-4)
    assert counted["catdog_age_seconds_count"] == len(answers)
    assert counted["catdog_sink_seconds_sum sink=csv"] > 0
    assert counted["catdog_sink_dropped_total sink=csv"] == counted["catdog_sink_failed_total sink=csv"] == 0
    assert counted["catdog_state state=ONLINE"] == 1
    process.stdin.close()
    process.wait(30)
    told = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == 11
    assert "Traceback" not in told


def test_plain_start_imports_none_of_it(picture: Path) -> None:
    code = "import sys; from catdog.edge.program.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code, str(picture)], capture_output=True, text=True, check=True)
    modules = set(finished.stdout.splitlines()[-1].split())
    assert "catdog.edge.program.reporter" in modules
    assert not {
        name for name in modules if name.startswith(("aiohttp", "prometheus_client", "asyncio", "catdog.edge.sinks.web"))
    }


def test_absent_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError('none', name='aiohttp')\n")
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    finished = run("catdog-edge", "--camera", "demo", "--serve", "0", "--max-frames", "1", PYTHONPATH=path)
    assert (finished.returncode, finished.stdout) == (7, "")
    (line,) = finished.stderr.splitlines()
    assert "aiohttp" in line
    assert "'catdog-edge[web]'" in line


def test_boxes_are_drawn_for_the_page_alone(model: Classifier) -> None:
    picture = DemoFilm().frame(100)
    step = seen(0, picture)
    assert isinstance(step.result, Result)
    pets = (Pet("cats", 0.9, Box(300, 200, 100, 80), {}),)
    with served(model) as (sink, _), feeding(sink, picture):
        before = picture.copy()
        sink.take(step._replace(result=step.result._replace(pets=pets)))
        assert np.array_equal(picture, before)  # other sinks have the same one
