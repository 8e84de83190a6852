"""Trained models: `model.keras`, with its contract as a further entry of that zip file, and the bundled ones."""

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import keras

from catdog.edge.common.files import replacing
from catdog.edge.contract.artifact import CONTRACT_FILE, read_model_file
from catdog.edge.contract.model_contract import ModelContract, parse_contract
from catdog.edge.errors import InputNotFoundError, ModelError, UsageError
from catdog.edge.models import BUNDLED, bundled_tflite, bundled_weights

from .backbones import BACKBONES, MOBILENETV2
from .model import build_model
from .options import DataOptions
from .pipelines import MEDIUM, TRANSFER, TUNED
from .run import METRICS_FILE
from .weights import load_weights

MODEL_FILE = "model.keras"
_PIPELINES = {"tiny": MEDIUM}  # of the bundled models; of the others `tuned`


@dataclass(frozen=True)
class TrainedModel:
    """A model read back from disk."""

    core: keras.Model  # the Keras model, pixels to scores
    contract: ModelContract  # what its file says about it
    data: DataOptions | None  # the options that its data set was loaded with; None if the file stands alone


def save_model(path: Path, core: keras.Model, contract: ModelContract) -> None:
    """Save a Keras model with its contract inside.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as temporary:
        core.save(temporary)
        # Keras reads the entries it knows and leaves others alone, so the contract travels in the same file.
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(CONTRACT_FILE, contract.to_json())


def read_model(path: Path) -> TrainedModel:
    """Read a model that `catdog-train` wrote, or a bundled one.

    Args:
        path: a run's folder, its `model.keras`, or the name of a bundled model.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it is no Keras model of ours, or damaged.
    """
    if _is_bundled(path):
        return load_bundled(str(path))
    file = _file(path)
    contract = read_contract(path)
    missing = _make_layers_known(file.parent / METRICS_FILE)
    try:
        core = keras.models.load_model(file, compile=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise _damaged(file, error, missing) from error
    return TrainedModel(core, contract, _read_data_options(file.parent / METRICS_FILE))


def read_contract(path: Path) -> ModelContract:
    """Read what a model says of itself, and leave the model alone; for arguments and errors see `read_model`."""
    if _is_bundled(path):
        return bundled_contract(str(path))
    file = _file(path)
    try:
        with zipfile.ZipFile(file) as archive:
            return parse_contract(archive.read(CONTRACT_FILE))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise _damaged(file, error) from error


def _is_bundled(path: Path) -> bool:
    # A run in a folder of that name comes first; anything else of that name does not hide the bundled model.
    return str(path) in BUNDLED and not (path.is_file() or (path / MODEL_FILE).is_file())


def _file(path: Path) -> Path:
    file = path / MODEL_FILE if path.is_dir() else path
    if not file.is_file():
        raise InputNotFoundError(
            f"a run's folder, its model.keras or a bundled model ({', '.join(BUNDLED)})",
            got=f"{path}, which is none",
            fix="Train one first: catdog-train.",
        )
    return file


def _make_layers_known(metrics: Path) -> str | None:
    """Import the package that has a run's backbone: Keras must know layers of its own before it reads them.

    Returns:
        The backbone's name where no package has it. Without layers of its own the model can be read all the same.

    Raises:
        PluginError: the package fails.
    """
    try:
        name = str(json.loads(metrics.read_text())["options"].get("backbone", MOBILENETV2))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if name in BACKBONES.own:
        return None
    if name not in BACKBONES:
        return name
    row = BACKBONES.find(name)
    with BACKBONES.blaming(name):
        row.build(row.smallest)  # which imports what makes the layers
    return None


def _damaged(file: Path, error: Exception, missing: str | None = None) -> ModelError:
    fix = "Train it again." if missing is None else f"Install the package that has the backbone {missing}."
    return ModelError("a model.keras that catdog-train wrote", got=f"{file}: {str(error)[:200]}", fix=fix)


def bundled_contract(name: str) -> ModelContract:
    """Return the contract of a bundled model's TFLite file, as of the floating-point model that it was exported from.

    Raises:
        ModelError: the files of the package are damaged.
    """
    contract = read_model_file(bundled_tflite(name)).contract
    if contract is None:
        raise ModelError("a contract in the bundled model", got="none", fix="Install catdog again.")
    # Without what was measured on the int8 file: an export measures its own.
    return replace(contract.with_input_dtype("float32"), figures=(), verified_on="")


def load_bundled(name: str = "default") -> TrainedModel:
    """Build a bundled Keras model again from its float16 weights; its contract is the one in the TFLite file beside them.

    Raises:
        ModelError: the files of the package are damaged.
    """
    contract = bundled_contract(name)
    return TrainedModel(rebuild(contract, bundled_weights(name)), contract, data=None)


def rebuild(contract: ModelContract, weights: Path) -> keras.Model:
    """Build the Keras model that a bundled contract describes and fill it with stored weights.

    Raises:
        ModelError: the weights do not fit.
    """
    pipeline = _PIPELINES.get(contract.name, TUNED)
    model = build_model(TRANSFER, pipeline, classes=len(contract.labels), image_size=contract.input.height)
    load_weights(weights, model.core)
    return model.core


def _read_data_options(path: Path) -> DataOptions | None:
    try:
        return DataOptions(**json.loads(path.read_text())["options"]["data"])
    except (OSError, ValueError, KeyError, TypeError, UsageError):
        return None
