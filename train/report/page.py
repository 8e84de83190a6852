"""The page of a report: what the template needs, and its rendering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..balance import class_weights
from ..data.dataset import Dataset
from ..data.names import TEST, TRAIN, VALIDATION
from ..evaluate import Evaluation
from ..options import TrainOptions
from ..record import StageRecord, counted
from .charts import confusion_chart, curves_chart, label_counts_chart, reliability_chart, stages_chart
from .data import counts, option_fields, skipped_lines
from .drawing import to_svg
from .pictures import MOST_SAMPLE_ROWS, Looked, Mistake, Row, augmentation_of
from .published import IMAGE_SIZE, SOURCE, Published, best_published_test, held_against, is_comparable, published
from .template import render
from .text import (
    LAST_EPOCHS,
    answer_labels,
    band,
    duration,
    headline,
    interval,
    matrix_rows,
    mean_of_last,
    mixed_up,
    percent,
    sentences,
    tiles,
    unbroken,
)

_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_MOST_IN_A_TABLE = 10  # labels, of whose answers a table can be read
_MOST_SKIPPED = 200  # lines on the page; the data has all


@dataclass(frozen=True)
class Illustrations:
    """The pictures of a report.

    Attributes:
        samples: training pictures, a row a label.
        altered: originals beside altered copies, by what was done to them.
        mistakes: wrong answers, the surest first.
        suspects: training pictures that are worth a look, by kind.
    """

    samples: Sequence[Row]
    altered: Mapping[str, Sequence[Row]]
    mistakes: Sequence[Mistake]
    suspects: Sequence[Looked]


@dataclass(frozen=True)
class StageRow:
    """A stage beside what is published of it.

    Attributes:
        record: what was measured.
        mean: validation accuracy, mean of the last epochs, 0-1; None if it was not measured then.
        own: what is published of this stage of this pipeline; None for a pipeline of our own.
        against: what it is held against: `own`, or the best of the published ones; None where the pictures are others.
        tested: whose published test accuracy it is held against; None if none is published.
    """

    record: StageRecord
    mean: float | None
    own: Published | None
    against: Published | None
    tested: Published | None


def evaluations(record: StageRecord) -> dict[str, Evaluation]:
    """Return the evaluations that there are, by part."""
    return {VALIDATION: record.validation} | ({} if record.test is None else {TEST: record.test})


def bands(
    dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions
) -> tuple[dict[str, Published | None], dict[str, Published]]:
    """Return by stage its own published figures, and what it is held against; none of a data set of other pictures."""
    stages = [record.stage for record in records]
    if not is_comparable(dataset.name):
        return dict.fromkeys(stages), {}
    return (
        {stage: published(options.pipeline, stage) for stage in stages},
        {stage: held_against(options.pipeline, stage) for stage in stages},
    )


def named_counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Count the pictures by part, called as one speaks of it, then by label."""
    names = {TRAIN: "training"}
    return {names.get(part, part): of_part for part, of_part in counts(dataset).items()}


def to_html(dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions, shown: Illustrations) -> str:
    """Write one self-contained page. Call it inside `catdog.train.report.drawing.drawing_settings`.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    final, skipped = records[-1], skipped_lines(dataset, options)
    labels = answer_labels(dataset, final.validation)
    return render(
        _TEMPLATE,
        {"percent": percent, "interval": interval, "band": band, "duration": duration, "unbroken": unbroken},
        dataset=dataset,
        options=options,
        final=final,
        headline=headline(final),
        tiles=tiles(dataset, final),
        sentences=sentences(dataset, records, options),
        skipped=skipped[:_MOST_SKIPPED],
        skipped_count=len(skipped),
        stages=[_stage_row(record, dataset, options) for record in records],
        own_pipeline=published(options.pipeline, final.stage) is None,
        compared=is_comparable(dataset.name),
        weighted=class_weights(dataset.train.targets, options) is not None,
        charts=_charts(dataset, records, options),
        labels=labels,
        evaluations=evaluations(final),
        pairs={part: mixed_up(evaluation, labels) for part, evaluation in evaluations(final).items()}
        if len(labels) > _MOST_IN_A_TABLE
        else {},
        matrices={part: matrix_rows(evaluation, labels) for part, evaluation in evaluations(final).items()},
        counts=named_counts(dataset),
        shown=shown,
        suspects_counted=counted(final.suspects),
        altering=augmentation_of(options.pipeline),
        option_rows=_option_rows(options),
        most_sample_rows=MOST_SAMPLE_ROWS,
        last_epochs=LAST_EPOCHS,
        source=SOURCE,
        published_size=IMAGE_SIZE,
    )


def _stage_row(record: StageRecord, dataset: Dataset, options: TrainOptions) -> StageRow:
    if not is_comparable(dataset.name):
        return StageRow(record, mean_of_last(record.history), None, None, None)
    own, against = published(options.pipeline, record.stage), held_against(options.pipeline, record.stage)
    tested = own if own is not None else best_published_test(record.stage)
    if tested is not None and tested.test is None:
        tested = None
    return StageRow(record, mean_of_last(record.history), own, against, tested)


def _charts(dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions) -> dict[str, Any]:
    """Draw the page's charts; the curves stage by stage, so that they find their places on screens of any width."""
    own, references = bands(dataset, records, options)
    measured = ", ".join(f"{record.stage} {percent(record.validation.accuracy.value)}" for record in records)
    final = records[-1]
    return {
        "stages": to_svg(
            stages_chart(records, references, dataset.baseline),
            "stages",
            f"Validation accuracy by stage: {measured}; baseline {percent(dataset.baseline, 1)}.",
        ),
        "curves": [
            to_svg(
                curves_chart([record], own, dataset.baseline, among=records, legend=False),
                f"curves-{place}",
                f"Accuracy and loss of the stage {record.stage} over {len(record.history)} epochs.",
            )
            for place, record in enumerate(records)
        ],
        "confusion": {
            part: to_svg(
                confusion_chart({part: evaluation}, answer_labels(dataset, evaluation)),
                f"confusion-{part}",
                f"Answers to {evaluation.accuracy.n} {part} pictures: rows are the truth, columns the answers.",
            )
            for part, evaluation in evaluations(final).items()
            if len(evaluation.confusion) > _MOST_IN_A_TABLE
        },
        "counts": to_svg(
            label_counts_chart(named_counts(dataset)), "counts", "Shares of the labels in each part, as in the table."
        ),
        "reliability": {
            part: to_svg(
                reliability_chart(evaluation, len(evaluation.confusion)),
                f"reliability-{part}",
                f"Share of right answers against their score on {evaluation.accuracy.n} {part} pictures; expected calibration "
                f"error {100 * evaluation.calibration_error:.1f} points.",
            )
            for part, evaluation in evaluations(final).items()
        },
    }


def _option_rows(options: TrainOptions) -> list[tuple[str, str]]:
    """Lay out the options for a table of two columns, in the order in which their classes have them."""
    fields = option_fields(options)
    data = fields.pop("data")
    del fields["output"]
    return [(name.replace("_", " "), _word(value)) for name, value in (data | fields).items()]


def _word(value: object) -> str:
    if value is None:
        return "–"  # noqa: RUF001 - a dash for nothing
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
