"""Keys, signatures, and what is not taken for one."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="the extra sign is not installed")

from catdog.edge.errors import MissingExtraError, SignatureError
from catdog.edge.fleet.message import place_of, read_rollout
from catdog.edge.fleet.signature import Signature, read_keys, read_signature, verify_signature
from catdog.edge.models import bundled_tflite
from catdog.export.cli import main


@pytest.fixture
def signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A model that was signed, `keys/` with the public key beside it, and the secret one."""
    model = tmp_path / "tiny.tflite"
    shutil.copy(bundled_tflite("tiny"), model)
    assert main(["keygen", "--output", str(tmp_path / "keys/ann.key")]) == 0
    assert main(["sign", str(model), "--key", str(tmp_path / "keys/ann.key"), "--as-version", "7"]) == 0
    capsys.readouterr()
    return model


def signature(model: Path) -> Signature:
    return read_signature(model.with_name("tiny.tflite.sig"))


def test_file_that_was_signed_is_known_and_its_version(signed: Path) -> None:
    keys = read_keys(signed.parent / "keys")
    said = verify_signature(signed.read_bytes(), signature(signed), keys)
    assert (said.name, said.version, said.key) == ("tiny.tflite", 7, next(iter(keys)))
    assert (signed.parent / "keys/ann.key").stat().st_mode & 0o777 == 0o600


def test_other_file_is_refused_though_it_is_sealed(signed: Path) -> None:
    with pytest.raises(SignatureError, match="with the SHA-256"):
        verify_signature(bundled_tflite("fast").read_bytes(), signature(signed), read_keys(signed.parent / "keys"))


@pytest.mark.parametrize("altered", [{"version": 8}, {"name": "other.tflite"}, {"sha256": 64 * "0"}])
def test_what_was_signed_cannot_be_altered(signed: Path, altered: dict[str, object]) -> None:
    true = signature(signed)
    forged = replace(true, statement=replace(true.statement, **altered))  # type: ignore[arg-type]
    with pytest.raises(SignatureError, match="valid signature"):
        verify_signature(signed.read_bytes(), forged, read_keys(signed.parent / "keys"))


def test_key_that_is_not_known_is_refused(signed: Path, tmp_path: Path) -> None:
    assert main(["keygen", "--output", str(tmp_path / "others/bob.key")]) == 0
    with pytest.raises(SignatureError, match="a key that is known here"):
        verify_signature(signed.read_bytes(), signature(signed), read_keys(tmp_path / "others"))


@pytest.mark.parametrize(
    "break_it",
    [
        shutil.rmtree,
        lambda folder: (folder / "ann.pub").unlink(),
        lambda folder: (folder / "ann.pub").write_text("no key"),
        lambda folder: (folder / "eve.pub").write_bytes((folder / "ann.key").read_bytes()),
    ],
    ids=["no folder", "no keys", "no key in the file", "a secret key"],
)
def test_keys_that_are_none_are_told(signed: Path, break_it: Callable[[Path], object]) -> None:
    folder = signed.parent / "keys"
    break_it(folder)
    with pytest.raises(SignatureError, match="catdog-export keygen"):
        read_keys(folder)


def test_missing_package_is_told(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(MissingExtraError, match=r"\[sign\]"):
        read_keys(signed.parent / "keys")
    assert main(["sign", str(signed), "--key", str(signed.parent / "keys/ann.key")]) == 7


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b"{}", b'{"catdog_signature": 1, "algorithm": "none"}', 20_000 * b"["]
)
def test_signature_that_is_none_is_told(signed: Path, content: bytes) -> None:
    path = signed.with_name("tiny.tflite.sig")
    path.write_bytes(content)
    with pytest.raises(SignatureError, match="Sign the file again"):
        read_signature(path)


def test_message_is_printed_and_read(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = str(signed.parent / "keys/ann.key")
    address = "https://host.example/tiny.tflite"
    assert main(["sign", str(signed), "--key", key, "--address", address, "--share", "0.25"]) == 0
    fields = json.loads(capsys.readouterr().out)
    rollout = read_rollout(json.dumps(fields).encode())
    assert (rollout.address, rollout.share) == (address, 0.25)
    assert rollout.signature == signature(signed)
    assert rollout.signature.statement.version > 1_700_000_000  # the time, in seconds
    for wrong in ({"name": "x"}, {"sha256": "0"}, {"share": 2}, {"share": True}, {"address": None}, {"signature": "x"}):
        with pytest.raises(SignatureError):
            read_rollout(json.dumps(fields | wrong).encode())


def test_place_of_a_device_is_its_own_and_evenly_spread() -> None:
    places = [place_of(f"catdog/{number}") for number in range(1000)]
    assert all(0 <= place < 1 for place in places)
    assert 440 <= sum(place < 0.5 for place in places) <= 560
    assert place_of("catdog/1") == places[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["sign", "none.tflite", "--key", "keys/ann.key"], 3),
        (["sign", "tiny.tflite", "--key", "none.key"], 3),
        (["sign", "tiny.tflite.sig", "--key", "keys/ann.key"], 6),
        (["sign", "tiny.tflite", "--key", "keys/ann.pub"], 15),
        (["sign", "tiny.tflite", "--key", "keys/ann.key", "--as-version", "-1"], 2),
        (["sign", "tiny.tflite", "--key", "keys/ann.key", "--share", "0.5"], 2),
        (["sign", "tiny.tflite", "--key", "keys/ann.key", "--address", "ftp://host/x"], 2),
        (["keygen", "--output", "keys/ann.key"], 10),
        (["keygen", "--output", "keys/bob.pub"], 2),
    ],
)
def test_mistakes_are_one_line(
    signed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    monkeypatch.chdir(signed.parent)
    before = (signed.parent / "keys/ann.key").read_bytes()
    assert main(arguments) == code
    assert capsys.readouterr().err.count("\n") == 1
    assert (signed.parent / "keys/ann.key").read_bytes() == before
