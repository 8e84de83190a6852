"""What a trained stage leaves in its folder: the model with its contract, and what it learnt and answered, for programs."""

import csv
import io
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import write_text
from catdog.edge.common.installation import own_version
from catdog.edge.contract.learnt import marks_of, united
from catdog.edge.contract.model_contract import NEITHER, InputSpec, ModelContract
from catdog.edge.contract.provenance import Origin

from .backbones import BACKBONES
from .data.dataset import Dataset
from .data.items import whole_of, whole_ones
from .data.where import place_name
from .model_file import MODEL_FILE, read_contract, save_model
from .options import CAMERA, TrainOptions
from .record import StageRecord
from .run import METRICS_FILE, PREDICTIONS_FILE, Run

_HISTORY_FILE = "history.csv"


@dataclass(frozen=True)
class Outcome:
    """A stage that is trained and measured."""

    record: StageRecord  # its figures
    core: keras.Model  # the model, as it is exported
    labels: tuple[str, ...]  # of its scores, in order
    backbone: str | None  # where the backbone's weights came from; None without one
    scores: Mapping[str, NDArray[np.float32]]  # of the measured parts' pictures, float32 [n, labels] each


def write_outcome(folder: Path, outcome: Outcome, dataset: Dataset, run: Run) -> None:
    """Write a stage's files; its metrics last, since they say that it is done.

    Raises:
        OutputError: they cannot be written.
    """
    record = outcome.record
    # Gone first: the metrics of an earlier run must not lie beside the model of this one.
    (folder / METRICS_FILE).unlink(missing_ok=True)
    save_model(folder / MODEL_FILE, outcome.core, _contract(record, outcome.labels, dataset, run, outcome.backbone))
    write_text(folder / _HISTORY_FILE, _csv(asdict(epoch) for epoch in record.history))
    write_text(folder / PREDICTIONS_FILE, _csv(_predictions(outcome.scores, dataset, outcome.labels)))
    write_text(folder / METRICS_FILE, json.dumps(_metrics(record, dataset, run), indent=2) + "\n")


def _contract(record: StageRecord, labels: Sequence[str], dataset: Dataset, run: Run, backbone: str | None) -> ModelContract:
    options = run.options
    size = options.data.image_size
    sources = " and ".join((dataset.name, *map(place_name, options.data.more_data)))
    learnt = f"{len(dataset.train):,} training pictures of {sources}"
    if dataset.has_negatives:
        everything = dataset.train.counts(dataset.labels)[NEITHER]
        whole = len({whole_of(name) for name, at in zip(dataset.train.names, dataset.train.targets, strict=True)
                     if dataset.labels[at] == NEITHER})  # fmt: skip
        learnt = f"{len(dataset.train) - everything:,} training pictures of {sources} and {whole:,} of neither"
        learnt += f" with {everything - whole:,} parts of these" if everything > whole else ""
    altered = options.conditions == CAMERA and (options.views > 1 or options.fine_tune_epochs)
    learnt += ", altered as a camera would show them" if altered else ""
    if backbone is not None:
        learnt += f"; pixels scaled to {BACKBONES.find(options.backbone).scale_said}; backbone: {backbone}"
        if options.distill_epochs:
            learnt += f", taught by itself at {options.distill_size} px for {options.distill_epochs} epochs"
        learnt += (
            f", fine-tuned end to end for {options.fine_tune_epochs} epochs at {options.fine_tune_rate:g}"
            + (", taught by a larger model" if options.teacher is not None else "")
            if options.fine_tune_epochs
            else ", then frozen"
            if options.distill_epochs
            else ", frozen"
        )
    return ModelContract(
        name=record.model,
        labels=tuple(labels),
        input=InputSpec(size, size, dtype="float32"),
        trained_on=learnt,
        figures=(record.validation.accuracy, *((replace(record.test.accuracy, name="test accuracy"),) if record.test else ())),
        made_by=f"catdog {own_version()}",
        origin=Origin(f"{datetime.now(UTC):%Y-%m-%d}", run.key, run.pictures),
        learnt=_marks(dataset, options),
    )


def _marks(dataset: Dataset, options: TrainOptions) -> str:
    """Return the marks of what was learnt from, also by the run that this one began with, where it has the same input."""
    own = marks_of(dataset.train.pixels[place] for place in whole_ones(dataset.train.names))
    if options.start is None:
        return own
    earlier = read_contract(Path(options.start))
    return united(own, earlier.learnt) if own and earlier.input.height == options.data.image_size else own


def _metrics(record: StageRecord, dataset: Dataset, run: Run) -> dict[str, object]:
    return {
        "run": run.key,
        "record": record.to_dict(),
        "data": {
            "name": dataset.name,
            **{part: pictures.counts(dataset.labels) for part, pictures in dataset.parts.items()},
            "baseline": dataset.baseline,
            "skipped": list(dataset.skipped),
            "left_out": list(dataset.left_out),
        },
        "options": asdict(run.options) | {"output": run.options.output.name},
        "environment": {
            "machine": platform.machine(),
            "python": platform.python_version(),
            "keras": keras.__version__,
            "catdog": own_version(),
        },
    }


def _predictions(
    scores: Mapping[str, NDArray[np.float32]], dataset: Dataset, labels: Sequence[str]
) -> Iterable[dict[str, object]]:
    for part, rows in scores.items():
        pictures = dataset.parts[part]
        for name, target, row in zip(pictures.names, pictures.targets, rows, strict=True):
            by_label = {f"score of {label}": float(score) for label, score in zip(labels, row, strict=True)}
            yield {"part": part, "picture": name, "truth": labels[target], "answer": labels[int(row.argmax())], **by_label}


def _csv(rows: Iterable[dict[str, object]]) -> str:
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()})
    return text.getvalue()
