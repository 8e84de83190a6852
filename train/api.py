"""Training from a program or a notebook: `train` is `catdog-train`, and its options have the same names.

>>> from catdog.train import train
>>> trained = train("photos/", backbone_weights="bundled", epochs=30)
>>> print(trained.accuracy)
98.33% (95 % interval 94.1% to 99.5%, n = 120)
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from catdog.edge.decode import silence_opencv
from catdog.edge.errors import UsageError
from catdog.edge.figures import Figure

from .data.items import check_folders
from .options import PUBLIC_ARCHIVE, DataOptions, TrainOptions
from .pipelines import TRANSFER, usual_size
from .record import StageRecord
from .run import RUNS, begin_run
from .tensorflow_setup import import_tensorflow
from .trackers import require_trackers

_OF_DATA = {field.name for field in fields(DataOptions)} - {"data"}
_OF_TRAINING = {field.name for field in fields(TrainOptions)} - {"data", "output"}


@dataclass(frozen=True)
class Trained:
    """A finished run; shows itself as a table in a notebook.

    Attributes:
        folder: of the run, for `catdog.export.export` and for `catdog-train --resume`.
        labels: of the model's scores, in order.
        records: what each stage came to; the last is the model's.
    """

    folder: Path
    labels: tuple[str, ...]
    records: tuple[StageRecord, ...]

    @property
    def accuracy(self) -> Figure:
        """On the validation pictures."""
        return self.records[-1].validation.accuracy

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.folder / "report.html"

    def __repr__(self) -> str:
        return f"<Trained {', '.join(self.labels)}: {self.accuracy}; {self.folder}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(record.stage)}</td><td>{record.validation.accuracy}</td>"
            f"<td>{'' if record.test is None else record.test.accuracy}</td><td>{record.seconds:.0f} s</td></tr>"
            for record in self.records
        )
        head = "<tr><th>stage</th><th>validation accuracy</th><th>test accuracy</th><th>time</th></tr>"
        return f"<table>{head}{rows}</table><p>{escape(', '.join(self.labels))}; report: {escape(str(self.report))}</p>"


def train(
    data: str | PathLike[str] = PUBLIC_ARCHIVE,
    *,
    output: str | PathLike[str] | None = None,
    log: Callable[[str], None] | None = None,
    **options: Any,  # noqa: ANN401 - each is checked by the dataclass that it is of
) -> Trained:
    """Train a classifier on folders of labelled photographs.

    Args:
        data: folder, archive (zip or tar), its address, or ``"synthetic"``.
        output: the run's folder; None for ``runs/<stage>-<time>``.
        log: told what is going on, a line at a time; None prints to stderr.
        options: any field of `TrainOptions` or `DataOptions`, such as ``negatives``, ``image_size``, ``epochs``, ``seed``.

    Raises:
        UsageError: there is no such option, or a value is out of range.
        DatasetError: the pictures cannot be had.
        CatdogError: weights cannot be had, or the folder cannot be written.
    """
    if unknown := sorted(set(options) - _OF_DATA - _OF_TRAINING):
        known = ", ".join(sorted(_OF_DATA | _OF_TRAINING))
        raise UsageError("an option of training", got=unknown[0], fix=f"There are: {known}.")
    of_data = {name: _plain(value) for name, value in options.items() if name in _OF_DATA}
    of_training = {name: _plain(value) for name, value in options.items() if name in _OF_TRAINING}
    stage = of_training.get("stage", TrainOptions.stage)
    folder = Path(output) if output is not None else RUNS / f"{stage}-{datetime.now():%Y%m%d-%H%M%S}"
    of_data.setdefault("image_size", usual_size(of_training.get("pipeline", TrainOptions.pipeline)))
    wanted = TrainOptions(DataOptions(data=fspath(data), **of_data), folder, **of_training)
    tell = log or to_stderr
    check_folders(wanted.data)
    require_trackers(wanted)
    import_tensorflow()
    silence_opencv()
    from .stages import train as run_stages

    dataset, records = run_stages(begin_run(wanted), tell)
    from .model_file import read_model

    return Trained(folder, read_model(folder).contract.labels if TRANSFER in wanted.stages else dataset.labels, tuple(records))


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Turn paths into text and lists into tuples: a run remembers its options as JSON."""
    if isinstance(value, PathLike):
        return fspath(value)
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def to_stderr(line: str) -> None:
    """Print a line where it is no result."""
    print(line, file=sys.stderr)  # noqa: T201
