"""Models by message: what a device takes and what it refuses; two devices and a real broker."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("cryptography", reason="the extra sign is not installed")

from brokers import SLOW, Mosquitto, brokers_in, eventually, listening

from catdog.edge.errors import SignatureError
from catdog.edge.fleet.device import Device, Stage
from catdog.edge.fleet.message import place_of
from catdog.edge.fleet.taken import TAKEN_FILE, Taken, read_taken
from catdog.edge.models import bundled_tflite
from catdog.edge.program.cli import main as edge_main
from catdog.edge.store import ModelStore
from catdog.export.cli import main as export_main

if TYPE_CHECKING:
    from tests.conftest import Site

FILES = {name: bundled_tflite(name) for name in ("tiny", "fast")}
Sign = Callable[..., bytes]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "cache"


@pytest.fixture
def sign(tmp_path: Path, site: "Site", capsys: pytest.CaptureFixture[str]) -> Sign:
    """Signs a bundled model, serves it, and gives the message that names it."""
    assert export_main(["keygen", "--output", str(tmp_path / "keys/ann.key")]) == 0
    site.serves_ranges = True

    def message(name: str, version: int, *, share: float = 1.0, key: str = "keys/ann.key") -> bytes:
        file = tmp_path / f"{name}.tflite"
        shutil.copy(FILES[name], file)
        site.pages[f"/{file.name}"] = (200, {"ETag": f'"{name}"'}, file.read_bytes())
        how = ("--key", str(tmp_path / key), "--as-version", str(version), "--share", str(share))
        capsys.readouterr()
        assert export_main(["sign", str(file), *how, "--address", f"{site.url}/{file.name}"]) == 0
        return capsys.readouterr().out.encode()

    return message


class Known:
    """A device with a store in which `fast` is used, and what it has said."""

    def __init__(self, folder: Path, name: str = "catdog/garden") -> None:
        self.store, self.said = ModelStore(folder / "models" / name), list[str]()
        self.store.use(self.store.put(FILES["fast"].read_bytes(), said="by hand").id)
        self.device = Device(name, self.store, folder / "keys", self.said.append, lambda: None, retry_s=0.05)

    def hear(self, message: bytes, stage: Stage) -> str:
        """Give it a message, and the line that it says when it has come to a stage."""
        count = len(self.said)
        self.device.hear("set", message)
        assert eventually(lambda: self.device.progress.stage is stage and len(self.said) > count), self.said
        return self.said[-1]

    @property
    def uses(self) -> str:
        current = self.store.current()
        assert current is not None
        return next(name for name, file in FILES.items() if file.read_bytes() == current.path.read_bytes())


@pytest.fixture
def known(tmp_path: Path, sign: Sign) -> Iterator[Known]:
    device = Known(tmp_path)
    yield device
    device.device.close()


def test_takes_what_is_signed_once_and_nothing_older(known: Known, sign: Sign, site: "Site", tmp_path: Path) -> None:
    old, new = sign("fast", 5), sign("tiny", 6)
    assert "took tiny.tflite, version 6" in known.hear(new, Stage.TAKEN)
    assert known.uses == "tiny"
    assert read_taken(known.store.folder) == Taken(6, json.loads(new)["sha256"], done=True)
    assert "above 6, which was taken before; got 5" in known.hear(old, Stage.REFUSED)
    assert "above 6" in known.hear(sign("fast", 6), Stage.REFUSED)  # another file of the same version
    assert known.uses == "tiny"
    known.hear(sign("fast", 7), Stage.TAKEN)  # the way back
    assert known.uses == "fast"
    # A broker gives what it keeps to a program that starts anew: what was chosen by hand since stays.
    known.store.back()
    asked = len(site.requests)
    again = Device("catdog/garden", known.store, tmp_path / "keys", known.said.append, lambda: None)
    again.hear("set", sign("fast", 7))
    assert eventually(lambda: again.progress.stage is Stage.TAKEN)
    again.close()
    assert known.uses == "tiny"
    assert len(site.requests) == asked


def test_of_two_topics_the_newer_message_counts(known: Known, sign: Sign) -> None:
    known.device.hear("set", sign("fast", 5))
    known.device.hear("a/set", sign("tiny", 6))
    assert eventually(lambda: known.device.progress.stage is Stage.TAKEN and known.device.progress.version == 6)
    known.device.hear("set", sign("fast", 7))
    assert eventually(lambda: known.device.progress.version == 7 and known.device.progress.stage is Stage.TAKEN)
    assert known.uses == "fast"


def altered(message: bytes, where: str, value: object) -> bytes:
    fields = json.loads(message)
    (fields["signature"] if where in ("key", "signature", "version") else fields)[where] = value
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda message: altered(message, "version", 9), "the key did not make"),
        (lambda message: altered(message, "signature", 86 * "A" + "=="), "the key did not make"),
        (lambda message: altered(message, "key", 16 * "0"), "a key that is known here"),
        (lambda message: altered(message, "sha256", 64 * "0"), "that was signed"),
        (lambda message: altered(message, "address", "file:///etc/passwd"), "http"),
        (lambda message: message[:-9], "JSON"),
        (lambda message: 70_000 * b" ", "at most 65,536 bytes"),
    ],
)
def test_refuses_in_one_line_what_is_not_signed_and_fetches_nothing(
    known: Known, sign: Sign, site: "Site", change: Callable[[bytes], bytes], why: str
) -> None:
    line = known.hear(change(sign("tiny", 6)), Stage.REFUSED)
    assert why in line
    assert "\n" not in line
    assert known.uses == "fast"
    assert site.requests == []
    known.hear(sign("tiny", 6), Stage.TAKEN)


def test_refuses_another_file_than_was_signed(known: Known, sign: Sign, site: "Site") -> None:
    message = sign("tiny", 6)
    site.pages["/tiny.tflite"] = (200, {}, FILES["fast"].read_bytes())
    assert "with the SHA-256" in known.hear(message, Stage.REFUSED)
    assert known.uses == "fast"
    assert read_taken(known.store.folder) == Taken()


def test_half_a_download_is_told_and_gone_on_from(known: Known, sign: Sign, site: "Site") -> None:
    message = sign("tiny", 6)
    site.breaks = [4000, 0, 0, 0]
    assert "4,000 of" in known.hear(message, Stage.REFUSED)
    assert eventually(lambda: known.device.progress.stage is Stage.TAKEN)
    assert site.ranges[-1] == "bytes=4000-"
    assert known.uses == "tiny"


def test_folder_that_cannot_be_written_is_told_and_tried_again(known: Known, sign: Sign) -> None:
    folder = known.store.folder
    kept = folder.rename(folder.with_name("kept"))
    folder.write_text("a file in its place")
    message = sign("tiny", 6)
    assert "expected to read" in known.hear(message, Stage.REFUSED)
    folder.unlink()
    kept.rename(folder)
    assert eventually(lambda: known.device.progress.stage is Stage.TAKEN)
    assert known.uses == "tiny"


def test_damaged_word_on_what_was_taken_lets_nothing_in(known: Known, sign: Sign) -> None:
    (known.store.folder / TAKEN_FILE).write_text('{"version": "6"')
    assert "which is damaged" in known.hear(sign("tiny", 6), Stage.REFUSED)
    assert known.uses == "fast"


def test_share_decides_by_the_device(tmp_path: Path, sign: Sign) -> None:
    inside, outside = sorted(("catdog/a", "catdog/b", "catdog/c"), key=place_of)[::2]
    first, second = (Known(tmp_path, each) for each in (inside, outside))
    share = (place_of(inside) + place_of(outside)) / 2
    second.device.hear("set", sign("tiny", 6, share=share))
    assert eventually(lambda: second.device.progress.stage is Stage.NOT_IN_SHARE)
    first.hear(sign("tiny", 6, share=share), Stage.TAKEN)
    for each in (first, second):
        each.device.close()


def test_no_keys_are_told_at_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SignatureError, match="public keys"):
        Device("a", ModelStore(tmp_path), tmp_path / "none", print, lambda: None)
    options = ["--camera", "demo", "--mqtt", "mqtt://127.0.0.1:1/x"]
    assert edge_main([*options, "--keys", str(tmp_path)]) == 2
    assert edge_main([*options, "--models", str(tmp_path / "models"), "--keys", str(tmp_path)]) == 15
    assert capsys.readouterr().err.count("\n") == 2


# A real broker.


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    with brokers_in(tmp_path) as make:
        yield make


class Edge:
    """A running `catdog-edge` on the demo camera, with a store of its own."""

    def __init__(self, folder: Path, port: int, topic: str) -> None:
        self.models, self._said = folder / topic / "models", folder / topic / "stderr"
        self._said.parent.mkdir(parents=True)
        command = [str(Path(sys.executable).parent / "catdog-edge"), "--camera", "demo", "--max-fps", "4"]
        command += ["--mqtt", f"mqtt://127.0.0.1:{port}/{topic}", "--models", str(self.models), "--keys", str(folder / "keys")]
        command += ["--model", "fast", "--compare-s", "0"]
        with self._said.open("wb") as stderr:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, env=os.environ)

    @property
    def said(self) -> str:
        return self._said.read_text()


def test_rollout_to_one_of_two_then_both_then_back(mosquitto: Callable[..., Mosquitto], tmp_path: Path, sign: Sign) -> None:
    first, second = sorted(("yard/a", "yard/b", "yard/c"), key=place_of)[::2]
    share = (place_of(first) + place_of(second)) / 2
    broker = mosquitto()
    broker.start()
    edges = [Edge(tmp_path, broker.port, topic) for topic in (first, second)]
    sha256 = {name: json.loads(sign(name, 1))["sha256"] for name in FILES}
    try:
        with listening(broker) as listener:

            def told(topic: str) -> Any:
                return listener.last(f"{topic}/device")

            def uses(topic: str, name: str) -> bool:
                return ((told(topic) or {}).get("model") or {}).get("sha256") == sha256[name]

            def stage(topic: str) -> Any:
                return ((told(topic) or {}).get("rollout") or {}).get("state")

            def say(message: bytes) -> None:
                listener.say("yard/model/set", message, retain=True)

            say(sign("tiny", 10, share=share))
            assert eventually(lambda: uses(first, "tiny")), edges[0].said
            assert eventually(lambda: stage(first) == "taken")
            assert eventually(lambda: stage(second) == "not in the share"), edges[1].said
            assert uses(second, "fast")

            say(sign("tiny", 10))
            assert eventually(lambda: uses(second, "tiny")), edges[1].said

            say(sign("fast", 9))
            assert eventually(lambda: {stage(first), stage(second)} == {"refused"})
            assert "above 10" in told(first)["rollout"]["why"]

            say(sign("fast", 11))
            assert eventually(lambda: uses(first, "fast") and uses(second, "fast")), edges[0].said
            at = told(first)["last_frame"]
            assert at[:4] == time.strftime("%Y", time.gmtime())
            assert told(first)["model"]["labels"] == ["cats", "dogs", "neither"]
            assert {figure["name"] for figure in told(first)["model"]["figures"]} >= {"accuracy"}
            assert all(each.process.poll() is None for each in edges)
    finally:
        for each in edges:
            each.process.terminate()
            assert each.process.wait(SLOW) == 143
