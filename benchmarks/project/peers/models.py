"""The same weights as every peer's kind of file. The int8 one is the file that catdog-edge itself uses.

    python -m benchmarks.project.peers.models FOLDER

writes the others. A process of its own, because TensorFlow is nothing to have around while memory and time are measured.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from catdog.edge.common.files import replacing, write_bytes
from catdog.edge.contract.artifact import read_model_file
from catdog.edge.errors import CatdogError, ModelError
from catdog.edge.models import bundled_tflite, bundled_weights

from .process import last_line
from .registry import FLOAT32, INT8, KERAS, ONNX

_CLONE = Path(__file__).resolve().parents[3]
_FILES = {FLOAT32: "float32.tflite", ONNX: "float32.onnx", KERAS: "float32.keras"}


def labels() -> tuple[str, ...]:
    """Return the labels of the bundled default model, in the order of its scores.

    Raises:
        ModelError: it is damaged.
    """
    contract = read_model_file(bundled_tflite()).contract
    if contract is None:
        raise ModelError("a contract in the bundled model", got="none", fix="Install catdog again.")
    return contract.labels


def model_file(kind: str, environments: Path) -> Path:
    """Return the bundled default model as a file of some kind; written on first use, and anew when its weights change.

    Raises:
        CatdogError: it cannot be written, for example because the extra `export` is not installed.
    """
    if kind == INT8:
        return bundled_tflite().absolute()
    digest = hashlib.sha256(bundled_weights().read_bytes()).hexdigest()[:8]
    folder = environments.absolute() / f"peer-models-{digest}"
    if not all((folder / name).is_file() for name in _FILES.values()):
        command = [sys.executable, "-m", "benchmarks.project.peers.models", str(folder)]
        made = subprocess.run(command, capture_output=True, text=True, cwd=_CLONE, check=False)
        if made.returncode != 0:
            raise CatdogError(f"the model as {kind}", got=last_line(made.stderr), fix="Install the extra export.")
    return folder / _FILES[kind]


def _write(folder: Path) -> None:
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    from catdog.export.onnx import to_onnx
    from catdog.export.tflite import to_float32
    from catdog.train.model_file import load_bundled

    core = load_bundled().core
    write_bytes(folder / _FILES[FLOAT32], to_float32(core))
    write_bytes(folder / _FILES[ONNX], to_onnx(core))
    with replacing(folder / _FILES[KERAS]) as temporary:
        core.save(temporary)


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
