"""The pipelines, cell by cell: which layers each stage has.

`tuned` is the usual one; `medium` and `small` are the same with a backbone cut off early, for machines with little memory;
those of the write-ups are in `catdog.train.writeups`. Layers are written a word each:

    c32 Conv2D 3x3 with 32 filters, relu, no padding   p max pooling 2x2    d64 Dense with 64 units, relu
    drop.2 Dropout of 0.2    flatten    gmp, gap global max and average pooling
    levels beside what is pooled already, the means of earlier maps of the backbone (ours only)
"""

from dataclasses import dataclass

from catdog.edge.errors import UsageError

from .writeups.pipelines import WRITE_UPS

CNN, AUGMENTED, PREPROCESSED, TRANSFER = STAGES = ("cnn", "augmented", "preprocessed", "transfer")
OURS = TUNED, MEDIUM, SMALL = "tuned", "medium", "small"


@dataclass(frozen=True)
class Augmentation:
    """Random alterations of the training pictures."""

    flip: str  # "horizontal" or "horizontal_and_vertical"
    rotation: float  # largest turn either way, as a share of a full turn; corners are filled by reflection
    zoom: float = 0.0  # largest enlargement, as a share of the side
    light: float = 0.0  # largest change of brightness, as a share of the range, and of contrast, as a factor off 1


@dataclass(frozen=True)
class Cell:
    """One stage of one pipeline."""

    layers: str  # the words between the input (or the backbone) and the output layer
    augmentation: Augmentation | None = None  # None for none
    preprocess: bool = False  # scale the pixels from 0-255 to -1..1 first
    backbone: bool = False  # put a frozen MobileNetV2 before the layers
    cut: str | None = None  # name of the backbone's last layer, where that is not the whole

    @property
    def smallest_size(self) -> int:
        """Side of the smallest input, in pixels, of which its convolutions and poolings leave something."""
        size = 1
        for word in reversed(self.layers.split()):
            if word == "p":
                size *= 2
            elif word.startswith("c"):
                size += 2
        return size


def _pipeline(cnn: str, altered: Augmentation, augmented: str, preprocessed: str, transfer: str) -> dict[str, Cell]:
    return {
        CNN: Cell(cnn),
        AUGMENTED: Cell(augmented, altered),
        PREPROCESSED: Cell(preprocessed, altered, preprocess=True),
        TRANSFER: Cell(transfer, altered, preprocess=True, backbone=True),
    }


_TUNED = "c32 p c64 p c64 p c128 p gap drop.2"

_LITTLE = Augmentation("horizontal", 0.04, zoom=0.15, light=0.1)

PIPELINES: dict[str, dict[str, Cell]] = {
    name: _pipeline(each.cnn, Augmentation(each.flip, each.rotation), each.augmented, each.preprocessed, each.transfer)
    for name, each in WRITE_UPS.items()
}
PIPELINES[TUNED] = _pipeline(_TUNED, _LITTLE, _TUNED, _TUNED, "gap levels drop.2")
# Up to within its eighth block MobileNetV2 has 168,000 of its 2.3 million weights, up to within its ninth 225,000.
for _name, _end in ((SMALL, "block_8_depthwise_relu"), (MEDIUM, "block_9_depthwise_relu")):
    PIPELINES[_name] = PIPELINES[TUNED] | {TRANSFER: Cell("gap drop.2", _LITTLE, preprocess=True, backbone=True, cut=_end)}


def usual_size(pipeline: str) -> int:
    """Return the side of a pipeline's input in pixels, where nothing else is asked for."""
    return {TUNED: 224, MEDIUM: 192, SMALL: 128}.get(pipeline, 160)


def find_cell(stage: str, pipeline: str, image_size: int) -> Cell:
    """Return a stage of a pipeline, for square inputs of this many pixels a side.

    Raises:
        UsageError: there is no such stage or pipeline, or it needs larger inputs.
    """
    if pipeline not in PIPELINES:
        raise UsageError(f"a pipeline of {', '.join(PIPELINES)}", got=pipeline, fix="Check the spelling.")
    if stage not in STAGES:
        raise UsageError(f"a stage of {', '.join(STAGES)}", got=stage, fix="Check the spelling.")
    cell = PIPELINES[pipeline][stage]
    if image_size < cell.smallest_size:
        raise UsageError(
            f"an image size of at least {cell.smallest_size} pixels for the stage {stage} of {pipeline}",
            got=str(image_size),
            fix="Enlarge --image-size, or take another stage or pipeline.",
        )
    return cell
