import io
import zipfile
from pathlib import Path

import pytest

from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.contract.model_contract import InputSpec, ModelContract
from catdog.edge.contract.seal import seal_onnx
from catdog.edge.errors import InputNotFoundError, ModelError
from catdog.edge.inference.classifier import Classifier
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


def test_every_changed_or_missing_byte_is_noticed(tmp_path: Path) -> None:
    whole = append_to_tflite(FLATBUFFER, CONTRACT)
    path = tmp_path / "m.tflite"
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(8, len(whole), 37)]
    for content in changed + [whole[:length] for length in range(8, len(whole), 37)]:
        path.write_bytes(content)
        # Where zip's end record is hit or missing the contract is out of sight: what is left is a stranger's file.
        assert not is_sealed(path)


def is_sealed(path: Path) -> bool:
    try:
        return read_model_file(path).sealed
    except ModelError as error:
        assert "SHA-256" in str(error)
        return False


def test_seal_of_an_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(seal_onnx(b"a serialised model"))
    assert read_model_file(path).sealed
    path.write_bytes(b"a serialised model")
    assert not read_model_file(path).sealed
    path.write_bytes(seal_onnx(b"a serialised model").replace(b"model", b"modem"))
    with pytest.raises(ModelError, match="SHA-256"):
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


def test_damaged_tail_of_the_bundled_model_is_refused(tmp_path: Path) -> None:
    whole = bundled_tflite().read_bytes()
    path = tmp_path / "m.tflite"
    for offset in range(len(whole) - 2600, len(whole), 41):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x10]) + whole[offset + 1 :])
        with pytest.raises(ModelError):
            Classifier(path)


def test_zip_archive_is_no_model_to_append_to() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("weights", b"0123456789")
    with pytest.raises(ModelError, match="no zip archive"):
        append_to_tflite(buffer.getvalue(), CONTRACT)
