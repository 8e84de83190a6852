"""The report as data: `report.json`.

Its top level holds

    catdog_report   version of this layout, an integer
    data            name, labels, counts (by part, then label), baseline (label, share of the validation pictures), skipped
    options         the fields of `catdog.train.options.TrainOptions`; of paths and addresses only the last name
    augmentation    the fields of `catdog.train.pipelines.Augmentation`
    final_stage     which stage the head of the report is about: the last
    stages          by stage: mean_of_last_epochs (validation accuracy, null if not measured), published (the fields of
                    `Published`, null for a pipeline of our own), held_against (likewise, the best of the published ones for
                    a pipeline of our own), place ("above", "within" or "below" that); the last three null where the
                    pictures are not those of the write-ups
    records         a list, one a stage: what `StageRecord.to_dict` gives and `StageRecord.from_dict` reads
    mistakes        the wrong answers that the page shows: part, name, truth, label, score
    figures         paths of the PNG files, relative to the document

Shares are 0-1, times seconds, losses nats. A number that is not finite, such as the loss of a run that diverged, is null.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..data.cache import cache_folder
from ..data.dataset import Dataset
from ..options import TrainOptions
from ..record import StageRecord
from .pictures import Mistake, augmentation_of
from .published import held_against, is_comparable, published
from .text import commonest_label, mean_of_last, name_only

LAYOUT = 1


def to_json(
    dataset: Dataset,
    records: Sequence[StageRecord],
    options: TrainOptions,
    mistakes: Sequence[Mistake],
    figures: Sequence[str],
) -> str:
    """Write the document that the module describes."""
    document = {
        "catdog_report": LAYOUT,
        "data": {
            "name": dataset.name,
            "labels": list(dataset.labels),
            "counts": counts(dataset),
            "baseline": {"label": commonest_label(dataset), "share": dataset.baseline},
            "skipped": skipped_lines(dataset, options),
        },
        "options": option_fields(options),
        "augmentation": asdict(augmentation_of(options.pipeline)),
        "final_stage": records[-1].stage,
        "stages": {record.stage: _held_against(record, dataset, options) for record in records},
        "records": [record.to_dict() for record in records],
        "mistakes": [{"part": mistake.part} | asdict(mistake.answer) for mistake in mistakes],
        "figures": list(figures),
    }
    return json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Count the pictures by part, then by label."""
    return {part: pictures.counts(dataset.labels) for part, pictures in dataset.parts.items()}


def option_fields(options: TrainOptions) -> dict[str, Any]:
    """Return the options without where things lie on the machine: a report is passed on."""
    fields = asdict(options) | {"output": options.output.name, "backbone_weights": name_only(options.backbone_weights)}
    fields |= {name: None if fields[name] is None else name_only(fields[name]) for name in ("start", "teacher")}
    data = options.data
    places = {
        "data": name_only(data.data),
        "negatives": None if data.negatives is None else name_only(data.negatives),
        "more_data": [name_only(where) for where in data.more_data],
        "more_negatives": [name_only(where) for where in data.more_negatives],
    }
    return fields | {"data": fields["data"] | places}


def skipped_lines(dataset: Dataset, options: TrainOptions) -> list[str]:
    """Return the reasons of the pictures that were left out, without the folder that all of them lie in."""
    data = options.data
    places = (data.data, data.negatives, *data.more_data, *data.more_negatives)
    roots = [where for where in places if where and Path(where).is_absolute()]
    return [_without_folder(line, [*roots, str(cache_folder() / "unpacked")]) for line in dataset.skipped]


def _without_folder(line: str, roots: Sequence[str]) -> str:
    for root in roots:
        line = line.replace(root.rstrip("/") + "/", "")
    return line


def _held_against(record: StageRecord, dataset: Dataset, options: TrainOptions) -> dict[str, Any]:
    mean = mean_of_last(record.history)
    if not is_comparable(dataset.name):
        return {"mean_of_last_epochs": mean, "published": None, "held_against": None, "place": None}
    own, against = published(options.pipeline, record.stage), held_against(options.pipeline, record.stage)
    return {
        "mean_of_last_epochs": mean,
        "published": None if own is None else asdict(own),
        "held_against": asdict(against),
        "place": against.place(record.validation.accuracy),
    }


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Put None in the place of numbers that JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
