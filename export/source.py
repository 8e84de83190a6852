"""The model to export: the newest run, a named one, or the bundled one."""

from dataclasses import replace
from pathlib import Path

import keras

from catdog.edge.artifact import read_model_file
from catdog.edge.contract import ModelContract
from catdog.edge.errors import ModelError
from catdog.edge.models import BUNDLED, bundled_tflite, bundled_weights
from catdog.train.model import build_model
from catdog.train.model_file import MODEL_FILE, TrainedModel, read_model
from catdog.train.pipelines import SMALL, TRANSFER, TUNED
from catdog.train.run import RUNS
from catdog.train.weights import load_weights

_SMALL_ONE = "tiny"  # name of the bundled model that is of the pipeline `small`


def find_model(path: Path | None) -> Path:
    """Return what to export: the named run or bundled model; without a name the newest run, else the bundled default."""
    if path is not None:
        return path
    runs = [model for model in RUNS.glob(f"*/{MODEL_FILE}") if model.is_file()]
    return max(runs, key=lambda model: model.stat().st_mtime, default=Path(BUNDLED[0]))


def load_source(path: Path) -> TrainedModel:
    """Load what `find_model` found.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it cannot be used.
    """
    return load_bundled(str(path)) if str(path) in BUNDLED else read_model(path)


def load_bundled(name: str = "default") -> TrainedModel:
    """Rebuild a bundled Keras model from its float16 weights; its contract is the one in the TFLite file beside them.

    Raises:
        ModelError: the files of the package are damaged.
    """
    contract = read_model_file(bundled_tflite(name)).contract
    if contract is None:
        raise ModelError("a contract in the bundled model", got="none", fix="Install catdog again.")
    return TrainedModel(rebuild(contract, bundled_weights(name)), _without_figures(contract), data=None)


def rebuild(contract: ModelContract, weights: Path) -> keras.Model:
    """Build the Keras model that a contract describes and fill it with stored weights.

    Raises:
        ModelError: the weights do not fit.
    """
    pipeline = SMALL if contract.name == _SMALL_ONE else TUNED
    model = build_model(TRANSFER, pipeline, classes=len(contract.labels), image_size=contract.input.height)
    load_weights(weights, model.core)
    return model.core


def _without_figures(contract: ModelContract) -> ModelContract:
    """Drop what was measured on the published int8 file: an export measures its own."""
    return replace(contract.with_input_dtype("float32"), figures=(), verified_on="")
