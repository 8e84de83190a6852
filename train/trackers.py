"""A stage's history for the tools that people already look at: TensorBoard and MLflow, where these are installed.

    tensorboard    written to `runs/<name>/tensorboard`: tensorboard --logdir runs
    mlflow         to where MLFLOW_TRACKING_URI says, as a run with options, figures and the report

May import: TensorFlow and MLflow inside functions only, this room's `options` and `record`.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from catdog.edge.errors import MissingExtraError
from catdog.edge.installation import pip

from .options import MLFLOW, TENSORBOARD, TrainOptions
from .record import StageRecord

_FOLDER = "tensorboard"


def require_trackers(options: TrainOptions) -> None:
    """Look whether the tools are installed, before anything is learnt.

    Raises:
        MissingExtraError: one is not.
    """
    for name in options.track:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f"the package {name}", got="an environment without it", fix=f"Run: {pip(f'install {name}')}"
            )


def track(record: StageRecord, options: TrainOptions, folder: Path, log: Callable[[str], None]) -> None:
    """Tell the tools that were asked for what a stage came to.

    Args:
        record: of the stage.
        options: which tools, and what was asked for.
        folder: of the stage.
        log: told where one of them fails: what a finished training has come to is kept all the same.
    """
    for name in options.track:
        try:
            _TELL[name](record, options, folder)
        except Exception as error:  # noqa: BLE001 - they are others' code, and may ask servers
            log(f"{name} was not told of the stage {record.stage}: {' '.join(str(error).split())[:200]}")


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

    with tf.summary.create_file_writer(str(folder / _FOLDER / record.stage)).as_default():
        for number, name, value in _scalars(record):
            tf.summary.scalar(name, value, step=number)
        for name, value in _figures(record).items():
            tf.summary.scalar(f"final/{name}", value, step=len(record.history))


def _to_mlflow(record: StageRecord, options: TrainOptions, folder: Path) -> None:
    import mlflow

    with mlflow.start_run(run_name=f"{options.output.name} {record.stage}"):
        mlflow.log_params({name: str(value)[:250] for name, value in _flat(asdict(options)).items()})
        for number, name, value in _scalars(record):
            mlflow.log_metric(name, value, step=number)
        mlflow.log_metrics(_figures(record))
        for path in sorted(folder.glob("*.csv")):
            mlflow.log_artifact(str(path))


def _flat(fields: Mapping[str, object]) -> dict[str, object]:
    data = fields["data"]
    own = {name: value for name, value in fields.items() if name != "data"}
    return own | {f"data.{name}": value for name, value in data.items()} if isinstance(data, dict) else own


_TELL: dict[str, Callable[[StageRecord, TrainOptions, Path], None]] = {TENSORBOARD: _to_tensorboard, MLFLOW: _to_mlflow}
