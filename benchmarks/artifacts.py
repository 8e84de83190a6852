"""Which model files to measure, and what to call them in a report that leaves this machine."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from catdog.edge.errors import InputNotFoundError
from catdog.edge.models import BUNDLED, bundled_tflite

MODEL_SUFFIXES = frozenset({".tflite", ".onnx"})
EXPORTS = Path("exports")


def find_artifacts(given: Sequence[Path], exports: Path = EXPORTS) -> list[Path]:
    """Return the model files to measure, in the order given; a file named twice is measured twice.

    Args:
        given: files, folders (every model file directly in them) or names of bundled models; if empty, the bundled
            ones and the newest export.
        exports: where exports lie, each in a folder of its own or directly.

    Raises:
        InputNotFoundError: a path does not exist, or a folder holds no model file.
    """
    if not given:
        return [*map(bundled_tflite, BUNDLED), *newest_export(exports)]
    return [file for path in given for file in _expand(path)]


def newest_export(exports: Path) -> list[Path]:
    """Return the model files of the folder, `exports` or one directly in it, that holds the youngest model file."""
    if not exports.is_dir():
        return []
    folders = [exports, *sorted(child for child in exports.iterdir() if child.is_dir())]
    filled = [files for files in map(_models_in, folders) if files]
    return max(filled, key=lambda files: max(file.stat().st_mtime_ns for file in files), default=[])


def display_names(files: Sequence[Path]) -> list[str]:
    """Name each file without its folder, which may tell of people and machines; equal names are numbered."""
    counts, seen = Counter(file.name for file in files), Counter[str]()
    names = []
    for file in files:
        seen[file.name] += 1
        names.append(file.name if counts[file.name] == 1 else f"{file.name} #{seen[file.name]}")
    return names


def _expand(path: Path) -> list[Path]:
    if str(path) in BUNDLED:
        return [bundled_tflite(str(path))]
    if path.is_dir():
        files = _models_in(path)
        if not files:
            raise InputNotFoundError(
                "a folder with .tflite or .onnx files",
                got=f"{path}, which holds none",
                fix="Export a model into it with catdog-export, or name another folder.",
            )
        return files
    if not path.exists():
        raise InputNotFoundError(
            "a .tflite or .onnx file, or a folder of them", got=f"{path}, which does not exist", fix="Check the path."
        )
    return [path]


def _models_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in MODEL_SUFFIXES and file.is_file())
