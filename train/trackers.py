"""A stage's history for the tools that people already look at: TensorBoard and MLflow, where these are installed.

    tensorboard    written to `runs/<name>/tensorboard/<stage>`: tensorboard --logdir runs
    mlflow         to where MLFLOW_TRACKING_URI says, a run a stage, with options, figures and the tables of answers and epochs

May import: TensorFlow and MLflow inside functions only, this room's `options` and `record`.
"""

import importlib.util
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from catdog.edge.common.installation import pip
from catdog.edge.errors import MissingExtraError

from .options import MLFLOW, TENSORBOARD, TrainOptions
from .record import StageRecord

LOG = logging.getLogger(__name__)
_FOLDER = "tensorboard"
_LONGEST = 250  # characters of a parameter; MLflow takes no more


def require_trackers(options: TrainOptions) -> None:
    """Look whether the tools are installed, before anything is learnt.

    Raises:
        MissingExtraError: one is not.
    """
    # What TensorBoard reads TensorFlow writes by itself.
    if MLFLOW in options.track and importlib.util.find_spec(MLFLOW) is None:
        fix = f"Run: {pip(f'install {MLFLOW}')}"
        raise MissingExtraError(f"the package {MLFLOW}", got="an environment without it", fix=fix)


def track(record: StageRecord, options: TrainOptions, folder: Path) -> None:
    """Tell the tools that were asked for what a stage came to; one that fails is logged, and what was trained is kept."""
    for name in options.track:
        try:
            _TELL[name](record, options, folder)
        except (OSError, ValueError, RuntimeError) as error:  # disks and servers; MLflow's own errors become these
            LOG.warning(f"{name} was not told of the stage {record.stage}: {' '.join(str(error).split())[:200]}")


def _scalars(record: StageRecord) -> Iterator[tuple[int, str, float]]:
    """Give epoch, name and value of everything that was measured after an epoch."""
    for epoch in record.history:
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            value = getattr(epoch, name)
            if value is not None:
                yield epoch.number, name, float(value)


def _figures(record: StageRecord) -> dict[str, float]:
    found = {"validation_accuracy": record.validation.accuracy.value, "calibration_error": record.validation.calibration_error}
    return found if record.test is None else found | {"test_accuracy": record.test.accuracy.value}


def _to_tensorboard(record: StageRecord, options: TrainOptions, folder: Path) -> None:
    import tensorflow as tf

    place = options.output / _FOLDER / record.stage
    shutil.rmtree(place, ignore_errors=True)  # of an earlier run in the same folder
    # The writer of version 1: that of version 2 asks for the package tensorboard, which only who looks at it needs.
    with tf.Graph().as_default(), tf.compat.v1.summary.FileWriter(str(place)) as writer:
        last = [(len(record.history), f"final/{name}", value) for name, value in _figures(record).items()]
        for number, name, value in [*_scalars(record), *last]:
            told = tf.compat.v1.Summary.Value(tag=name, simple_value=value)
            writer.add_summary(tf.compat.v1.Summary(value=[told]), number)


def _to_mlflow(record: StageRecord, options: TrainOptions, folder: Path) -> None:
    import mlflow

    try:
        with mlflow.start_run(run_name=f"{options.output.name} {record.stage}"):
            mlflow.log_params({name: str(value)[:_LONGEST] for name, value in _flat(asdict(options)).items()})
            for number, name, value in _scalars(record):
                mlflow.log_metric(name, value, step=number)
            mlflow.log_metrics(_figures(record))
            for path in sorted(folder.glob("*.csv")):
                mlflow.log_artifact(str(path))
    except mlflow.exceptions.MlflowException as error:
        raise RuntimeError(str(error)) from error


def _flat(fields: Mapping[str, object]) -> dict[str, object]:
    data = fields["data"]
    own = {name: value for name, value in fields.items() if name != "data"}
    return own | {f"data.{name}": value for name, value in data.items()} if isinstance(data, dict) else own


_TELL: dict[str, Callable[[StageRecord, TrainOptions, Path], None]] = {TENSORBOARD: _to_tensorboard, MLFLOW: _to_mlflow}
