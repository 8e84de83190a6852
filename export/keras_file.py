"""Is a `.keras` file of somebody else nothing but layers of Keras? Looked at as JSON, before Keras sees it.

Keras' own safe mode refuses lambdas. Layers that load something from elsewhere, and names of other packages, are refused here
as well: whatever a file names is code that would be run.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from catdog.edge.contract.artifact import CONTRACT_FILE
from catdog.edge.errors import InputNotFoundError, ModelError

_CONFIG = "config.json"
_LARGEST_CONFIG = 64 * 1024 * 1024  # bytes
# Layers that hold code, or read files or models that the file names. Sources: keras.layers, and Keras' security advisories.
_NOT_ONLY_LAYERS = (
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup", "TextVectorization",
)  # fmt: skip
_PACKAGE = "keras"
_NO_MODELS = ("keras.utils", "keras.saving", "keras.config", "keras.src.utils", "keras.src.saving")
_FUNCTIONS = ("builtins", None)  # where functions, and types of Keras' JSON, say that they are


def is_own(path: Path) -> bool:
    """Tell whether a path is a Keras model that catdog-train did not write, as far as its name and contents say."""
    if path.suffix.lower() in (".h5", ".hdf5", ".pb") or (path / "saved_model.pb").is_file():
        return True
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return _CONFIG in names and CONTRACT_FILE not in names


def require_only_layers(path: Path) -> None:
    """Refuse what is no `.keras` file of Keras' own layers; nothing of it is run.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it is none, or names code.
    """
    if not path.exists():
        raise InputNotFoundError("a .keras file", got=f"{path}, which does not exist", fix="Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                inside = PurePosixPath(name)
                if inside.is_absolute() or ".." in inside.parts:
                    raise _refused(path, f"a file that would be written to {name}")
            if archive.getinfo(_CONFIG).file_size > _LARGEST_CONFIG:
                raise _refused(path, f"a {_CONFIG} of more than {_LARGEST_CONFIG >> 20} MiB")
            config = json.loads(archive.read(_CONFIG))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            "a model in Keras' format .keras",
            got=f"{path}: {str(error)[:200]}",
            fix="Load it where it was trained, and save it so: model.save('own.keras').",
        ) from error
    for trouble in _code_named(config):
        raise _refused(path, trouble)


def _code_named(config: object) -> Iterator[str]:
    """Give everything in a configuration that is not Keras' own; deep ones are walked without recursion."""
    waiting = [config]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting += found
        if not isinstance(found, dict):
            continue
        # With compile=False Keras does not read the model's own; it reads those of models within.
        waiting += [value for key, value in found.items() if not (found is config and key == "compile_config")]
        kind, module = found.get("class_name"), found.get("module")
        if not isinstance(kind, str):
            continue
        if kind in _NOT_ONLY_LAYERS or kind == "__lambda__":
            yield f"a {kind.strip('_')}, which can hold code or read other files"
        elif not isinstance(module, str | None) or not _is_kerass(module):
            yield f"{kind} of {module}, which is not Keras' own"
        elif found.get("registered_name") not in (None, kind, "function"):
            yield f"{kind}, registered as {found['registered_name']}, whose code is not in the file"


def _is_kerass(module: str | None) -> bool:
    if module in _FUNCTIONS:
        return True
    assert module is not None  # noqa: S101 - tells the type checker what the line before has found
    inside = module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
    return inside and not any(module == other or module.startswith(f"{other}.") for other in _NO_MODELS)


def _refused(path: Path, what: str) -> ModelError:
    return ModelError(
        "a model of Keras' own layers, so that nothing in its file is run",
        got=f"{path} with {what}",
        fix="Build it in Python, where its code is, and give the model: catdog.export.export(model, claims=...).",
    )
