"""Where a model file keeps its contract, and how the file proves that it is whole.

TFLite: a zip archive is appended to the flatbuffer (the place where TFLite's associated files live), holding
`catdog.json` and `labels.txt`. The contract carries the SHA-256 of every byte before that archive.
ONNX: the contract is the value of the metadata property `catdog`; ONNX Runtime hands it out after parsing the file.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .contract import MAX_CONTRACT_BYTES, ModelContract, parse_contract
from .errors import InputNotFoundError, ModelError

CONTRACT_FILE = "catdog.json"
LABELS_FILE = "labels.txt"
ONNX_PROPERTY = "catdog"

_TFLITE_IDENTIFIER = b"TFL3"  # at byte 4 of the flatbuffer
_ZIP_END = b"PK\x05\x06"


@dataclass(frozen=True)
class ModelFile:
    """A model file read into memory.

    Attributes:
        path: where it came from.
        kind: ``"tflite"`` or ``"onnx"``.
        content: the bytes to give to the runtime.
        contract: what the file says about itself; None when it says nothing, and for ONNX until the runtime has it.
    """

    path: Path
    kind: str
    content: bytes
    contract: ModelContract | None


def read_model_file(path: Path) -> ModelFile:
    """Read a model file and, for TFLite, its contract; check that the bytes are the ones that were published.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it is neither TFLite nor ONNX, is damaged, or its contract is not valid.
    """
    if not path.is_file():
        raise InputNotFoundError(
            "a model file",
            got=f"{path}, which {'is a folder' if path.is_dir() else 'does not exist'}",
            fix="Name a .tflite or .onnx file that catdog-export wrote.",
        )
    data = path.read_bytes()
    if data[4:8] == _TFLITE_IDENTIFIER:
        content, contract = _split_tflite(data, path)
        return ModelFile(path, "tflite", content, contract)
    if path.suffix.lower() == ".onnx" and data:
        return ModelFile(path, "onnx", data, None)
    raise ModelError(
        "a TFLite or ONNX model",
        got=f"{path}, which is neither",
        fix="Name a .tflite or .onnx file that catdog-export wrote.",
    )


def append_to_tflite(flatbuffer: bytes, contract: ModelContract) -> bytes:
    """Return the file that holds `flatbuffer` and, appended, `contract` (its hash filled in) and the labels."""
    from dataclasses import replace

    signed = replace(contract, content_sha256=hashlib.sha256(flatbuffer).hexdigest())
    buffer = io.BytesIO(flatbuffer)
    # Stored, not compressed, with a fixed date: the same model gives the same file, byte for byte.
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, text in ((CONTRACT_FILE, signed.to_json()), (LABELS_FILE, "\n".join(contract.labels) + "\n")):
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def _split_tflite(data: bytes, path: Path) -> tuple[bytes, ModelContract | None]:
    if _ZIP_END not in data[-(1 << 16) - 22 :]:  # the end record is within its longest comment of the end
        return data, None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            entry = entries.get(CONTRACT_FILE)
            if entry is None:
                return data, None
            if entry.file_size > MAX_CONTRACT_BYTES:
                raise _damaged(path, f"a contract of {entry.file_size} bytes")
            contract = parse_contract(archive.read(entry))
            content = data[: min(entry.header_offset for entry in entries.values())]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    if hashlib.sha256(content).hexdigest() != contract.content_sha256:
        raise _damaged(path, "bytes that do not match the hash in its contract")
    return content, contract


def _damaged(path: Path, what: str) -> ModelError:
    return ModelError("an undamaged model file", got=f"{path} with {what}", fix="Copy or export the file again.")
