"""Where a model file keeps its contract, and how the file proves that it is whole.

TFLite: a zip archive is appended to the flatbuffer (the place where TFLite's associated files live), holding
`catdog.json` and `labels.txt`.
ONNX: the contract is the value of the metadata property `catdog`; ONNX Runtime hands it out after parsing the file.
Kinds that other packages bring runtimes for: as TFLite, whatever the bytes before the archive are.
All end in a seal (`catdog.edge.contract.seal`).
"""

import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import InputNotFoundError, ModelError
from .model_contract import ModelContract, parse_contract
from .seal import DIGITS, ZIP_COMMENT, has_onnx_seal, is_whole, seal

CONTRACT_FILE = "catdog.json"
LABELS_FILE = "labels.txt"
ONNX_PROPERTY = "catdog"
TFLITE, ONNX = "tflite", "onnx"  # kinds of files

_TFLITE_IDENTIFIER = b"TFL3"  # at byte 4 of the flatbuffer


class ModelFile(NamedTuple):
    """A model file read into memory.

    Attributes:
        path: where it came from.
        kind: ``"tflite"``, ``"onnx"``, or for any other file its suffix without the dot; a package may have a runtime for it.
        data: the whole file, which is what the runtime gets; it does not look behind the model. Read into memory rather than
            mapped, so that a file that is overwritten later cannot pull the model from under a running program.
        model_bytes: how many of `data` are the model; the archive with the contract follows.
        contract: what the file says about itself; None when it says nothing, and for ONNX until the runtime has it.
        sealed: it ends in a seal, which is whole. False for strangers' files.
    """

    path: Path
    kind: str
    data: bytes
    model_bytes: int
    contract: ModelContract | None
    sealed: bool


def read_model_file(path: Path) -> ModelFile:
    """Read a model file and, for TFLite, its contract; check that every byte is the one that was published.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it is no model, it is damaged, or its contract is not valid.
    """
    if not os.access(path, os.F_OK) or path.is_dir():
        raise InputNotFoundError(
            "a model file",
            got=f"{path}, which {'is a folder' if os.access(path, os.F_OK) else 'does not exist or is out of reach'}",
            fix="Name a .tflite or .onnx file that catdog-export wrote.",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            "a model file that may be read", got=f"{path}: {error.strerror}", fix="Check its permissions."
        ) from error
    return parse_model(data, path)


def parse_model(data: bytes, path: Path) -> ModelFile:
    """Take a model file apart that is in memory already.

    Args:
        data: its bytes.
        path: what to call it; the suffix tells ONNX from anything.

    Raises:
        ModelError: as `read_model_file`.
    """
    if data[4:8] == _TFLITE_IDENTIFIER:
        return ModelFile(path, TFLITE, data, *_split(data, path))
    if path.suffix.lower() == ".onnx" and data:
        sealed = has_onnx_seal(data)
        if sealed and not is_whole(data):
            raise damaged(path)
        return ModelFile(path, ONNX, data, len(data), None, sealed)
    kind = path.suffix.lower().removeprefix(".")
    if data and kind not in ("", TFLITE, ONNX):
        return ModelFile(path, kind, data, *_split(data, path))  # whether somebody runs it, the backends know
    raise no_model(path)


def append_to_tflite(content: bytes, contract: ModelContract, others: Mapping[str, bytes] | None = None) -> bytes:
    """Return the file that holds a model and, appended, `contract`, the labels and the seal.

    Args:
        content: a TFLite flatbuffer, or a model of any kind whose runtime takes the first `ModelFile.model_bytes` of a file.
        contract: what the file is to say about itself.
        others: further files for the archive, by name, which `read_appended` gives back.

    Raises:
        ModelError: the content is a zip archive, which appending would change.
    """
    import io
    import zipfile

    if zipfile.is_zipfile(io.BytesIO(content)):
        raise ModelError("a model that is no zip archive", got="one", fix="Have the format write the model in another form.")
    return append_to_archive(content, contract, others)


def read_appended(file: ModelFile, name: str, most: int) -> bytes | None:
    """Return one of the `others` of `append_to_tflite`; None where a file has none of that name, or is not ours.

    Raises:
        ModelError: it is larger than `most` bytes.
    """
    import io
    import zipfile

    if not file.sealed or file.kind == ONNX:
        return None
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        if name not in archive.namelist():
            return None
        size = archive.getinfo(name).file_size
        if size > most:
            raise ModelError(f"at most {most:,} bytes of {name}", got=f"{size:,} in {file.path}", fix="Export the model again.")
        return archive.read(name)


def append_to_archive(content: bytes, contract: ModelContract, others: Mapping[str, bytes] | None = None) -> bytes:
    """As `append_to_tflite`, of a model that may have an archive behind it already, whose files stay where they are."""
    import io
    import zipfile

    buffer = io.BytesIO(content)
    # Stored, not compressed, with a fixed date: the same model gives the same file, byte for byte.
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        there = archive.namelist()
        ours = {
            CONTRACT_FILE: contract.to_json().encode(),
            LABELS_FILE: "".join(f"{label}\n" for label in contract.labels).encode(),
        }
        for name, data in (ours | dict(others or {})).items():
            if name in there:
                continue
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data)
        archive.comment = ZIP_COMMENT + bytes(DIGITS)
    return seal(buffer.getvalue()[:-DIGITS])


def no_model(path: Path) -> ModelError:
    """Return the error for a file that no runtime takes."""
    return ModelError(
        "a TFLite or ONNX model",
        got=f"{path}, which is neither",
        fix="Name a .tflite or .onnx file that catdog-export wrote.",
    )


def damaged(path: Path) -> ModelError:
    """Return the error for a file of ours that is not as it was published."""
    return ModelError(
        "an undamaged model file",
        got=f"{path}, which was cut short or changed: it does not match the SHA-256 at its end",
        fix="Copy or export the file again.",
    )


def _split(data: bytes, path: Path) -> tuple[int, ModelContract | None, bool]:
    """Return where the model ends, the contract behind it, and whether they are sealed."""
    try:
        entries = _stored_entries(data)
    except (struct.error, ValueError) as error:
        if not data[:-DIGITS].endswith(ZIP_COMMENT):
            return len(data), None, False  # an archive of somebody else's
        raise damaged(path) from error
    if CONTRACT_FILE not in entries:
        return len(data), None, False
    if not is_whole(data):
        raise damaged(path)
    return min(offset for offset, _ in entries.values()), parse_contract(entries[CONTRACT_FILE][1]), True


def _stored_entries(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Find our entries of a zip archive at the end of `data`: name to (where it starts, content).

    Python's zipfile would do, but importing it costs an eighth of the time to the first label. Source of the layout: PKWARE's
    APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.

    Raises:
        struct.error, ValueError: the archive is damaged.
    """
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 0xFFFF - 22))  # a comment may follow the end record
    if end < 0:
        return {}
    count, _, position = struct.unpack_from("<HLL", data, end + 10)
    entries = {}
    for _ in range(count):
        signature, method = struct.unpack_from("<4s6xH", data, position)
        checksum, _, size, name_size, extra_size, comment_size = struct.unpack_from("<LLLHHH", data, position + 16)
        (offset,) = struct.unpack_from("<L", data, position + 42)
        name = data[position + 46 : position + 46 + name_size].decode()
        if signature != b"PK\x01\x02":
            raise ValueError("no directory entry where one should be")
        local_signature, local_name_size, local_extra_size = struct.unpack_from("<4s22xHH", data, offset)
        start = offset + 30 + local_name_size + local_extra_size
        if method == 0 and name in (CONTRACT_FILE, LABELS_FILE):
            if local_signature != b"PK\x03\x04" or start + size > position:
                raise ValueError(f"no entry {name} where it should be")
            entries[name] = (offset, data[start : start + size])
            if zlib.crc32(entries[name][1]) != checksum:
                raise ValueError(f"{name} does not match its checksum")
        position += 46 + name_size + extra_size + comment_size
    return entries
