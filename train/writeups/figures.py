"""What the four published write-ups say that their stages reach: what a reproduction is held against.

The bands are the authors' own words for where the validation curves settle; single epochs fall outside of them. Their pictures
are 2,000 photographs of the public cats-and-dogs archive for training and 1,000 held back, at 160 pixels.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from catdog.edge.contract.figures import Figure

from ..options import PUBLIC_ARCHIVE
from ..pipelines import AUGMENTED, CNN, PREPROCESSED, TRANSFER
from ..record import Parameters

SOURCE = "the published write-ups"
IMAGE_SIZE = 160  # pixels, of all four
_TEST_PICTURES = 192  # first fifth of the validation batches, in all four


@dataclass(frozen=True)
class Published:
    """The published figures of one stage of one pipeline."""

    pipeline: str  # which of `catdog.train.pipelines.PIPELINES`
    stage: str  # which of `catdog.train.pipelines.STAGES`
    low: float  # lower end of the band of validation accuracies, a share, 0-1
    high: float  # upper end of it; equal to `low` where a single figure is given
    about: bool = False  # whether the figure is given as "about" so much
    # test accuracy with the interval that follows from its number of pictures; None if none is given
    test: Figure | None = None
    parameters: Parameters | None = None  # how large the model is; None if it is not said
    derived: bool = False  # whether `parameters` follows from the layers instead of being printed in the write-up

    def place(self, accuracy: Figure) -> str:
        """Say where a measured accuracy lies: ``"above"`` or ``"below"`` if all of its interval does, else ``"within"``."""
        if accuracy.low > self.high:
            return "above"
        return "below" if accuracy.high < self.low else "within"


def is_comparable(name: str) -> bool:
    """Say whether a data set, by its name, is the one that the figures are of: other pictures are not held against them."""
    return name == PurePosixPath(PUBLIC_ARCHIVE).stem


def published(pipeline: str, stage: str) -> Published | None:
    """Return the published figures of a stage; None for a pipeline of our own."""
    return next((each for each in _ALL if (each.pipeline, each.stage) == (pipeline, stage)), None)


def best_published(stage: str) -> Published:
    """Return the figures of the pipeline whose band ends highest at this stage: what a pipeline of our own is to beat.

    Raises:
        ValueError: there is no such stage.
    """
    return max((each for each in _ALL if each.stage == stage), key=lambda each: (each.high, each.low))


def held_against(pipeline: str, stage: str) -> Published:
    """Return a stage's own published figures, or, where it has none, those of `best_published`.

    Raises:
        ValueError: there is no such stage.
    """
    return published(pipeline, stage) or best_published(stage)


def best_published_test(stage: str) -> Published | None:
    """Return the figures of the pipeline with the highest test accuracy at this stage; None if none was tested."""
    tested = [(each.test.value, each) for each in _ALL if each.stage == stage and each.test is not None]
    return max(tested, key=lambda pair: pair[0])[1] if tested else None


def _test(hits: int) -> Figure:
    return Figure.share("test accuracy", hits, _TEST_PICTURES, f"{_TEST_PICTURES} photographs, {SOURCE}")


def _unfrozen(total: int) -> Parameters:
    return Parameters(total=total, trainable=total, frozen=0)


_LINEAR = Parameters(total=2_260_546, trainable=2_562, frozen=2_257_984)  # two units on 1,280 features

_ALL = (
    Published("dense-head", CNN, 0.56, 0.60),
    Published("dense-head", AUGMENTED, 0.57, 0.64),
    Published("dense-head", PREPROCESSED, 0.70, 0.72),
    Published(
        "dense-head", TRANSFER, 0.96, 0.97, test=_test(189),
        parameters=Parameters(total=2_340_098, trainable=82_114, frozen=2_257_984),
    ),
    Published("linear-head", CNN, 0.58, 0.62),
    Published("linear-head", AUGMENTED, 0.58, 0.62),
    Published("linear-head", PREPROCESSED, 0.68, 0.73),
    Published("linear-head", TRANSFER, 0.95, 0.98, test=_test(188), parameters=_LINEAR, derived=True),
    Published("deep", CNN, 0.60, 0.67),
    Published("deep", AUGMENTED, 0.63, 0.72),
    Published("deep", PREPROCESSED, 0.70, 0.80),
    Published("deep", TRANSFER, 0.97, 0.99, test=_test(188), parameters=_LINEAR),
    Published("compact", CNN, 0.58, 0.58, about=True, parameters=_unfrozen(742_194)),
    Published("compact", AUGMENTED, 0.58, 0.58, about=True, parameters=_unfrozen(2_967_650)),
    Published("compact", PREPROCESSED, 0.72, 0.77, parameters=_unfrozen(102_562)),
    Published("compact", TRANSFER, 0.98, 0.98, about=True, test=_test(189), parameters=_LINEAR),
)  # fmt: skip
