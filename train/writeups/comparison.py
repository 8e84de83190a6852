"""A run's stages held against what is published, in words: for the report of a run on the same photographs."""

from dataclasses import dataclass

from catdog.edge.contract.model_contract import NEITHER

from ..data.dataset import Dataset
from ..options import TrainOptions
from ..pages.words import interval, percent
from ..record import StageRecord
from .figures import IMAGE_SIZE, SOURCE, Published, best_published_test, held_against, is_comparable, published


@dataclass(frozen=True)
class Against:
    """What a stage is held against."""

    own: Published | None  # what is published of this stage of this pipeline; None for a pipeline of our own
    band: Published  # `own`, or the best of the published ones
    tested: Published | None  # whose published test accuracy it is held against; None if none is published


def against(dataset: Dataset, options: TrainOptions, stage: str) -> Against | None:
    """Return what a stage is held against; None where the pictures are others."""
    if not is_comparable(dataset.name):
        return None
    own = published(options.pipeline, stage)
    tested = own if own is not None else best_published_test(stage)
    return Against(own, held_against(options.pipeline, stage), tested if tested is not None and tested.test else None)


def band(figures: Published) -> str:
    """Write a published band of accuracies."""
    if figures.low == figures.high:
        return f"{'about ' * figures.about}{100 * figures.low:.0f} %"
    return f"{100 * figures.low:.0f} to {100 * figures.high:.0f} %"


def sentences(dataset: Dataset, final: StageRecord, options: TrainOptions) -> list[str]:
    """Say where a stage lies; nothing where the pictures are others."""
    found = against(dataset, options, final.stage)
    if found is None:
        return []
    own, figures = found.own is not None, found.band
    place = {
        "above": "this run is above it",
        "within": f"this run {'agrees' if own else 'is level'} with it (its interval reaches into the band)",
        "below": "this run is below it",
    }[figures.place(final.validation.accuracy)]
    start = f"For this stage of {options.pipeline}, {SOURCE} give a validation accuracy of" if own else (
        f"The best published band of this stage, that of {figures.pipeline}, is")  # fmt: skip
    said = [f"{start} {band(figures)}: {place}."]
    if final.test is not None and found.tested is not None and found.tested.test is not None:
        theirs, ours = found.tested.test, final.test.accuracy
        apart = theirs.low > ours.high or ours.low > theirs.high
        said.append(
            f"Published test accuracy{'' if own else ', the highest'}: {percent(theirs.value)} of {theirs.n} photographs, "
            f"which as a sample means {interval(theirs)}; ours is {percent(ours.value)}, {interval(ours)}: the two "
            f"{'differ by more than chance' if apart else 'cannot be told apart'}."
        )
    return [*said, _how_far_comparable(dataset, options)]


def _how_far_comparable(dataset: Dataset, options: TrainOptions) -> str:
    if options.data.image_size != IMAGE_SIZE or NEITHER in dataset.labels:
        label = f" and with the label “{NEITHER}”" if NEITHER in dataset.labels else ""
        what = f"at {options.data.image_size} pixels{label}"
        return f"The published figures are of the same photographs at {IMAGE_SIZE} pixels; this run is {what}."
    return f"The published figures are of the same photographs at the same {IMAGE_SIZE} pixels, divided in another way."
