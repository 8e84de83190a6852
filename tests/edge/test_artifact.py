from pathlib import Path

import pytest

from catdog.edge.artifact import append_to_tflite, read_model_file
from catdog.edge.contract import InputSpec, ModelContract
from catdog.edge.errors import CatdogError, InputNotFoundError, ModelError
from catdog.edge.models import bundled_tflite

CONTRACT = ModelContract(name="m", labels=("a", "b"), input=InputSpec(32, 32))
FLATBUFFER = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 20


def test_contract_travels_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(append_to_tflite(FLATBUFFER, CONTRACT))
    found = read_model_file(path)
    assert found.data[: found.model_bytes] == FLATBUFFER
    assert found.contract is not None
    assert (found.contract.labels, found.contract.input) == (CONTRACT.labels, CONTRACT.input)


def test_the_same_model_gives_the_same_file() -> None:
    assert append_to_tflite(FLATBUFFER, CONTRACT) == append_to_tflite(FLATBUFFER, CONTRACT)


def test_every_changed_byte_of_the_model_is_noticed(tmp_path: Path) -> None:
    whole = append_to_tflite(FLATBUFFER, CONTRACT)
    path = tmp_path / "m.tflite"
    for offset in range(8, len(FLATBUFFER), 97):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        with pytest.raises(ModelError, match="hash"):
            read_model_file(path)


def test_file_without_contract_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(FLATBUFFER)
    assert read_model_file(path).contract is None


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        read_model_file(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.tflite"):
        with pytest.raises(InputNotFoundError):
            read_model_file(path)


def test_damaged_tail_of_the_bundled_model_is_one_of_our_errors(tmp_path: Path) -> None:
    whole = bundled_tflite().read_bytes()
    path = tmp_path / "m.tflite"
    for offset in range(len(whole) - 1600, len(whole), 41):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x10]) + whole[offset + 1 :])
        try:
            contract = read_model_file(path).contract
        except CatdogError:
            continue
        # Bytes that zip does not use may change; what was read must then be what was written.
        assert contract is None or contract == read_model_file(bundled_tflite()).contract
