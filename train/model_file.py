"""`model.keras`: the trained model, with its contract as a further entry of that zip file."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import keras

from catdog.edge.artifact import CONTRACT_FILE
from catdog.edge.contract import ModelContract, parse_contract
from catdog.edge.errors import InputNotFoundError, ModelError, UsageError
from catdog.edge.files import replacing

from .options import DataOptions
from .run import METRICS_FILE

MODEL_FILE = "model.keras"


@dataclass(frozen=True)
class TrainedModel:
    """A model read back from disk.

    Attributes:
        core: the Keras model, pixels to scores.
        contract: what its file says about it.
        data: the options that its data set was loaded with; None if the file stands alone.
    """

    core: keras.Model
    contract: ModelContract
    data: DataOptions | None


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
    """Read a model that `catdog-train` wrote.

    Args:
        path: a run's folder or its `model.keras`.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it is no Keras model of ours, or damaged.
    """
    file = path / MODEL_FILE if path.is_dir() else path
    if not file.is_file():
        raise InputNotFoundError(
            "a run's folder or its model.keras", got=f"{path}, which has none", fix="Train one first: catdog-train."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            contract = parse_contract(archive.read(CONTRACT_FILE))
        core = keras.models.load_model(file, compile=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise ModelError(
            "a model.keras that catdog-train wrote", got=f"{file}: {str(error)[:200]}", fix="Train it again."
        ) from error
    return TrainedModel(core, contract, _read_data_options(file.parent / METRICS_FILE))


def _read_data_options(path: Path) -> DataOptions | None:
    try:
        return DataOptions(**json.loads(path.read_text())["options"]["data"])
    except (OSError, ValueError, KeyError, TypeError, UsageError):
        return None
