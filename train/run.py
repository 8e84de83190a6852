"""A run: its folder, and the model file that carries its own contract.

`runs/<name>/` holds `model.keras` (with the contract as a further entry of that zip file), `metrics.json`,
`history.csv` and `accuracy.png`. `model.keras` is written last: where it is, the rest is whole.
"""

import csv
import io
import json
import platform
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import keras

from catdog.edge.artifact import CONTRACT_FILE
from catdog.edge.contract import ModelContract, parse_contract
from catdog.edge.errors import InputNotFoundError, ModelError
from catdog.edge.files import replacing, write_text

from .dataset import Dataset
from .evaluate import Evaluation
from .figures import draw_accuracy_curves
from .history import Epoch
from .options import DataOptions, TrainOptions

MODEL_FILE, METRICS_FILE, HISTORY_FILE, CURVES_FILE = "model.keras", "metrics.json", "history.csv", "accuracy.png"


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


def write_run(
    core: keras.Model,
    contract: ModelContract,
    *,
    folder: Path,
    dataset: Dataset,
    evaluation: Evaluation,
    history: Sequence[Epoch],
    options: TrainOptions,
    seconds: float,
) -> None:
    """Write a run's folder.

    Raises:
        OutputError: it cannot be written.
    """
    write_text(folder / HISTORY_FILE, _history_csv(history))
    draw_accuracy_curves(folder / CURVES_FILE, history, title=f"{contract.name} on {dataset.name}")
    metrics = {
        "evaluation": evaluation.to_dict(),
        "data": {
            "name": dataset.name,
            "training": dataset.counts(dataset.train),
            "validation": dataset.counts(dataset.validation),
            "skipped": list(dataset.skipped),
        },
        "options": asdict(options) | {"output": options.output.name},
        "seconds": round(seconds, 1),
        "environment": {
            "machine": platform.machine(),
            "python": platform.python_version(),
            "keras": keras.__version__,
            "catdog": version("catdog"),
        },
    }
    write_text(folder / METRICS_FILE, json.dumps(metrics, indent=2) + "\n")
    save_model(folder / MODEL_FILE, core, contract)


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
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _history_csv(history: Sequence[Epoch]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(asdict(history[0])), lineterminator="\n")
    writer.writeheader()
    for epoch in history:
        writer.writerow({key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(epoch).items()})
    return text.getvalue()
