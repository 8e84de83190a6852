"""One model in the store's folder. Its name is the beginning of its SHA-256: whether the file is whole can be told by it."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.artifact import ONNX, TFLITE, ModelFile, parse_model
from ..contract.seal import has_onnx_seal
from ..errors import InputNotFoundError, ModelError

_DIGITS = 12
_NAME = re.compile(rf"([0-9a-f]{{{_DIGITS}}})\.(?:{TFLITE}|{ONNX})")
_TFLITE_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class StoredModel:
    """A model that is in the store.

    Attributes:
        id: the first 12 hexadecimal digits of its file's SHA-256.
        path: its file.
        said: where it came from, in the words of whoever put it in; empty where that is not known.
        at: when it was put in, seconds since 1970; 0 where that is not known.
        name: as its contract says; empty where that is not known.
        labels: of its scores, in order; empty where they are not known.
        trouble: why it cannot be used, one line; empty for a whole file.
    """

    id: str
    path: Path
    said: str = ""
    at: float = 0.0
    name: str = ""
    labels: tuple[str, ...] = ()
    trouble: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({', '.join(part for part in (self.name, '/'.join(self.labels)) if part)})"

    def about(self) -> bytes:
        """Return the document that lies beside the file."""
        fields = {"said": self.said, "at": self.at, "name": self.name, "labels": list(self.labels)}
        return json.dumps(fields, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def id_of(data: bytes) -> str:
    """Return what a model file is called in the store."""
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def path_for(folder: Path, data: bytes) -> Path:
    """Return where a model file would lie.

    Raises:
        ModelError: it is no TFLite or ONNX file that catdog has sealed.
    """
    is_tflite = data[4:8] == _TFLITE_IDENTIFIER
    if not is_tflite and not has_onnx_seal(data):
        raise not_sealed("a file of another kind, or one that was cut short")
    return folder / f"{id_of(data)}.{TFLITE if is_tflite else ONNX}"


def not_sealed(got: str) -> ModelError:
    """Return the error for a file that does not prove that it is whole."""
    return ModelError(
        "a TFLite or ONNX file with catdog's seal at its end",
        got=got,
        fix="Export it with catdog-export; a model of others: catdog-export adopt.",
    )


def paths_in(folder: Path) -> list[Path]:
    """Return the model files of a folder; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def read_whole(path: Path) -> ModelFile:
    """Read a model of the store, byte for byte the one that was put in.

    Raises:
        InputNotFoundError: it is not there.
        ModelError: it is not whole, or may not be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputNotFoundError("a model of the store", got=f"no {path}", fix="Put it in again: models add.") from error
    except OSError as error:
        got = f"{path}: {error.strerror}"
        raise ModelError("a model file that may be read", got=got, fix="Check its permissions.") from error
    if id_of(data) != path.stem:
        raise ModelError(
            "a model file as it was put into the store",
            got=f"{path}, which has been changed or cut short: its SHA-256 does not begin with its name",
            fix="Remove it, and put it in again: models add.",
        )
    return parse_model(data, path)


def describe(path: Path) -> StoredModel:
    """Return what is known of a model file of the store, whole or not, from the document beside it."""
    try:
        fields: Any = json.loads(path.with_suffix(".json").read_bytes())
    except (OSError, ValueError, RecursionError):
        fields = None
    fields = fields if isinstance(fields, dict) else {}
    said, at, name, labels = (fields.get(key) for key in ("said", "at", "name", "labels"))
    return StoredModel(
        path.stem,
        path,
        said if isinstance(said, str) else "",
        float(at) if isinstance(at, int | float) else 0.0,
        name if isinstance(name, str) else "",
        tuple(label for label in labels if isinstance(label, str)) if isinstance(labels, list) else (),
    )
