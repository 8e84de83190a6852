"""The report of a run, to be put before a team: a page, the same as data, and every figure as a picture file.

report.html    one self-contained page: styles, charts and pictures inside, no script, no request
report.json    the same as data; `catdog.train.report.data` describes its layout
figures/*.png  the figures, for slides and documents
"""

from collections.abc import Sequence
from pathlib import Path

from catdog.edge.common.files import check_folder, write_bytes, write_text

from ..data.dataset import Dataset
from ..options import TrainOptions
from ..pages.drawing import drawing_settings, to_png
from ..record import StageRecord
from .answers import Sheet, confusion_chart, label_counts_chart, reliability_chart, sheet
from .charts import curves_chart, stages_chart
from .data import to_json
from .page import Illustrations, bands, evaluations, named_counts, to_html
from .pictures import Mistake, Row, altered_rows, augmentation_of, sample_rows, surest_mistakes, suspects_shown
from .text import answer_labels

REPORT_FILE, DATA_FILE, FIGURES_FOLDER = "report.html", "report.json", "figures"

_MISTAKES_A_ROW = 4
_NOT_ALWAYS = ("mistakes.png", "reliability-test.png")


def write_report(folder: Path, dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions) -> Path:
    """Write the report of a run.

    All is drawn before the first file is written, and the page is written last: where it is, the rest is whole. The same run
    gives the same bytes.

    Args:
        folder: where to; made if absent, files of an earlier report are replaced.
        dataset: what was learnt from and measured on, with its pixels.
        records: the stages in the order of training, at least one; the head of the page is about the last.
        options: what was asked for.

    Returns:
        The path of the page.

    Raises:
        OutputError: a file cannot be written.
        MissingExtraError: jinja2 or matplotlib is not installed.
        ValueError: there are no records.
    """
    if not records:
        raise ValueError("Expected the record of at least one stage. Received: none")
    check_folder(folder)
    shown = Illustrations(
        samples=sample_rows(dataset),
        altered=altered_rows(dataset, augmentation_of(options.pipeline)),
        mistakes=surest_mistakes(dataset, records[-1]),
        suspects=suspects_shown(dataset, records[-1]),
    )
    with drawing_settings():
        pngs = _draw(dataset, records, options, shown)
        page = to_html(dataset, records, options, shown)
    data = to_json(dataset, records, options, shown.mistakes, [f"{FIGURES_FOLDER}/{name}" for name in pngs])
    for name, png in pngs.items():
        write_bytes(folder / FIGURES_FOLDER / name, png)
    for name in set(_NOT_ALWAYS) - set(pngs):  # left over from an earlier report, it would belong to another run
        (folder / FIGURES_FOLDER / name).unlink(missing_ok=True)
    write_text(folder / DATA_FILE, data)
    write_text(folder / REPORT_FILE, page)
    return folder / REPORT_FILE


def _draw(dataset: Dataset, records: Sequence[StageRecord], options: TrainOptions, shown: Illustrations) -> dict[str, bytes]:
    """Draw every figure as a PNG, by file name."""
    final, measured = records[-1], evaluations(records[-1])
    own, references = bands(dataset, records, options)
    drawings = {
        "stages": stages_chart(records, references, dataset.baseline),
        "curves": curves_chart(records, own, dataset.baseline),
        "confusion": confusion_chart(measured, answer_labels(dataset, final.validation)),
        **{
            f"reliability-{part}": reliability_chart(evaluation, len(evaluation.confusion))
            for part, evaluation in measured.items()
        },
        "label-counts": label_counts_chart(named_counts(dataset)),
        "samples": sheet(_sheet(shown.samples)),
        **{f"augmentation-{way}": sheet(_sheet(rows)) for way, rows in shown.altered.items()},
    }
    if mistakes := _mistakes_sheet(shown.mistakes):
        drawings["mistakes"] = sheet(mistakes)
    return {f"{name}.png": to_png(drawing) for name, drawing in drawings.items()}


def _sheet(rows: Sequence[Row]) -> Sheet:
    """Lay out rows; where each picture is titled with the label already, the row needs no title of its own."""
    return [
        (
            "" if all(picture.title == row.label for picture in row.pictures) else row.label,
            [(picture.title, picture.pixels) for picture in row.pictures],
        )
        for row in rows
    ]


def _mistakes_sheet(mistakes: Sequence[Mistake]) -> Sheet:
    """Lay out the mistakes whose pictures are there."""
    there = [(mistake.caption, mistake.pixels) for mistake in mistakes if mistake.pixels is not None]
    return [("", there[start : start + _MISTAKES_A_ROW]) for start in range(0, len(there), _MISTAKES_A_ROW)]
