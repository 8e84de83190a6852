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
from ..pages.drawing import to_svg
from ..pages.render import render
from ..pages.words import percent
from ..pipelines import OURS
from ..record import StageRecord, counted
from ..writeups.comparison import Against, against, band
from ..writeups.figures import IMAGE_SIZE, SOURCE, Published
from .answers import confusion_chart, label_counts_chart, reliability_chart
from .charts import curves_chart, stages_chart
from .data import counts, option_fields, skipped_lines
from .pictures import MOST_SAMPLE_ROWS, Mistake, Row, ShownSuspect, augmentation_of
from .text import LAST_EPOCHS, answer_labels, headline, matrix_rows, mean_of_last, mixed_up, sentences, tiles

_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_MOST_IN_A_TABLE = 10  # labels, of whose answers a table can be read
_NONE_LEFT_OUT = "No picture was left out: all could be read, and none is in two splits."
_MOST_SKIPPED = 200  # lines on the page; the data has all


@dataclass(frozen=True)
class Illustrations:
    """The pictures of a report."""

    samples: Sequence[Row]  # training pictures, a row a label
    altered: Mapping[str, Sequence[Row]]  # originals beside altered copies, by what was done to them
    mistakes: Sequence[Mistake]  # wrong answers, the surest first
    suspects: Sequence[ShownSuspect]  # training pictures that are worth a look, by kind


def evaluations(record: StageRecord) -> dict[str, Evaluation]:
    """Return the evaluations that there are, by part."""
    return {VALIDATION: record.validation} | ({} if record.test is None else {TEST: record.test})


def bands(
    dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions
) -> tuple[dict[str, Published | None], dict[str, Published]]:
    """Return by stage its own published figures, and what it is held against; none of a data set of other pictures."""
    found = {record.stage: against(dataset, options, record.stage) for record in records}
    own = {stage: each.own if each else None for stage, each in found.items()}
    return own, {stage: each.band for stage, each in found.items() if each}


def named_counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Count the pictures by part, called as one speaks of it, then by label."""
    names = {TRAIN: "training"}
    return {names.get(part, part): of_part for part, of_part in counts(dataset).items()}


def to_html(dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions, shown: Illustrations) -> str:
    """Write one self-contained page. Call it inside `catdog.train.pages.drawing.drawing_settings`.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    final, skipped = records[-1], skipped_lines(dataset, options)
    labels = answer_labels(dataset, final.validation)
    return render(
        _TEMPLATE,
        band,
        dataset=dataset,
        options=options,
        final=final,
        headline=headline(final),
        tiles=tiles(dataset, final),
        sentences=sentences(dataset, records, options) + ([] if skipped else [_NONE_LEFT_OUT]),
        skipped=skipped[:_MOST_SKIPPED],
        skipped_count=len(skipped),
        stages=[_stage_row(record, dataset, options) for record in records],
        own_pipeline=options.pipeline in OURS,
        compared=against(dataset, options, final.stage) is not None,
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


def _stage_row(
    record: StageRecord, dataset: Dataset, options: TrainOptions
) -> tuple[StageRecord, float | None, Against | None]:
    """Return a stage, the mean validation accuracy of its last epochs, 0-1, if there is one, and what it is held against."""
    return record, mean_of_last(record.history), against(dataset, options, record.stage)


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
