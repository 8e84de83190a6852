"""The model card of a bundled model: what it is, what it was made from, how right it is, how to make it again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from catdog.edge.contract.artifact import parse_model
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.teach import exemplars
from catdog.export.outcome import Artifact
from catdog.train.model_file import TrainedModel
from catdog.train.options import TrainOptions
from catdog.train.pipelines import MEDIUM, SMALL
from catdog.train.record import StageRecord

_CUTS = {SMALL: "cut off within its eighth block", MEDIUM: "cut off within its ninth block"}
_INPUT_ROW = (
    "| input | {size} x {size} pixels, RGB, uint8 0-255; pictures are stretched to it, bilinear, without antialiasing, in "
    "whole numbers (`cv2.INTER_LINEAR_EXACT`: the same pixels on every machine) |"
)
_KEPT = ": what the int8 file keeps of some are numbers from inside the network"
_AGREEMENT = "int8 and Keras give the same answer on"
_CARD = """\
# Model card: `{name}`

Tells {classes} apart in a photograph or camera picture, and says `neither` where none is in view. Made for cameras that watch
one place: a feeder, a door, a living room.

| | |
| --- | --- |
{input_row}
| output | one float32 score per label ({labels}), summing to 1 |
{int8_row}
| `{name}.weights.npz` | backbone and head as float16, for training and export without a network; {weights_mb:.2f} MB |

## How right it is

Measured through catdog's own edge runner on {data}: pictures that it has not learnt from.
An answer of `neither` on a pet counts as an error. Settings and temperature were chosen on training photographs that were kept
apart; the held-back ones were read once for this model, after training. Intervals are Wilson's, 95 %.

| | int8 TFLite | float32 TFLite | Keras, float16 weights | n |
| --- | --- | --- | --- | --- |
{accuracy_rows}

int8 and Keras give the same answer on {agreement}.

{held_out}

## What it cannot do

- It knows {classes} only. Other animals should come out as `neither`; those that look like a pet (a fox, a wolf, a lion) were
  not measured.
- The photographs above are of pets in daylight or indoor light, most of them large in the picture. How it does where they are
  small, and at night, is measured on clips made of photographs (`catdog-bench scenes`; see docs/measure.md), not on a real
  infrared camera. The pet-free pictures are everyday scenes (COCO) and single objects (Caltech-101).
- Speed was not measured on a board. `catdog-bench` measures it on yours.

## What it was made from

- **Training**: {trained_on}.
- **Photographs**: the public "cats and dogs, filtered" subset of the Kaggle "Dogs vs. Cats" data (originally Microsoft
  Research's Asirra), of which only the `train/` folder was learnt from, and more photographs of the same data (`more_pets`).
  Pet-free pictures: COCO (under Creative Commons licences that their photographers chose) and Caltech-101 (CC BY 4.0). Of
  `no_pet_scenes` {learnt_share:.0%} was learnt from, by a hash of the file name, and the rest measured on; `more_scenes` was
  learnt from. None of them is redistributed here{kept}.
- **Backbone**: MobileNetV2 1.0 (M. Sandler et al., 2018) with weights trained on ImageNet by Google, published under the
  Apache License 2.0; the starting weights were recovered from an 8-bit release of that model. See `NOTICE`.
- **Changes**: {changes}. These files are licensed under the Apache License 2.0 like the rest of catdog.

## How to make it again

    make bundled-again DATA=cats_and_dogs_filtered.zip NEGATIVES=no_pet_scenes.zip     # from these weights: minutes
    make bundled-{name} DATA=cats_and_dogs_filtered.zip MORE_DATA=more_pets.zip NEGATIVES=no_pet_scenes.zip \\
      MORE_NEGATIVES=more_scenes.zip WEIGHTS=mobilenet_v2_1.0_no_top.weights.h5     # hours: also what it goes on from

The figures of the photographs, from an unpacked archive, come from

    catdog-edge --model {name} --json cats_and_dogs_filtered/validation
"""


def write_card(
    source: TrainedModel,
    artifacts: Sequence[Artifact],
    weights: Path,
    options: TrainOptions,
    record: StageRecord,
    *,
    averaged: bool = False,
) -> str:
    """Fill in the card.

    Args:
        source: the model with its contract.
        artifacts: int8 first, then float32; verified on labelled pictures.
        weights: the float16 file.
        options: of the run that trained it.
        record: what the run came to; with pictures that were held out.
        averaged: the weights are the mean of two runs'.
    """
    contract, int8 = source.contract, artifacts[0]
    classes = [label for label in contract.labels if label != NEITHER]
    remembers = exemplars.unpack(parse_model(int8.data, Path(f"{contract.name}.tflite")), contract.labels) is not None
    steps = ["new head"]
    if (cut := _CUTS.get(options.pipeline)) is not None:
        steps.insert(0, cut)
    if options.distill_epochs:
        steps.append(f"backbone distilled for {options.distill_epochs} epochs from itself at {options.distill_size} px")
    if options.fine_tune_epochs:
        steps.append("the whole network fine-tuned")
    if averaged:
        steps.append("weights averaged with those of the run before the last")
    return _CARD.format(
        name=contract.name,
        classes=" and ".join(classes),
        labels=", ".join(contract.labels),
        input_row=_INPUT_ROW.format(size=contract.input.height),
        int8_row=int8_row(contract.name, int8.data),
        weights_mb=weights.stat().st_size / 1e6,
        data=int8.verification.agreement.data,
        accuracy_rows="\n".join(_rows(artifacts, classes)),
        agreement=int8.verification.agreement,
        held_out=_held_out(record),
        trained_on=contract.trained_on,
        learnt_share=1 - options.data.negatives_share,
        kept=_KEPT if remembers else "",
        changes=", ".join((*steps, "weights rounded to float16, then quantized")),
    )


def rewrite_card(card: str, source: TrainedModel, artifacts: Sequence[Artifact]) -> str:
    """Put what was measured anew into the card of a model that was exported again; all else stays as it was.

    Args:
        card: as it was written after training.
        source: the model with its contract.
        artifacts: int8 first, then float32; verified on the same held-back pictures.

    Raises:
        ValueError: the card is not as `write_card` writes it.
    """
    contract, int8 = source.contract, artifacts[0]
    classes = [label for label in contract.labels if label != NEITHER]
    heading = "| int8 TFLite | float32 TFLite | Keras, float16 weights | n |\n| --- | --- | --- | --- | --- |\n"
    changes = {
        r"^\| input \|.*$": _INPUT_ROW.format(size=contract.input.height),
        rf"^\| `{contract.name}\.tflite` \|.*$": int8_row(contract.name, int8.data),
        rf"(?<={re.escape(heading)})(\|.*\n)+": "".join(f"{row}\n" for row in _rows(artifacts, classes)),
        rf"^{_AGREEMENT} .*$": f"{_AGREEMENT} {int8.verification.agreement}.",
    }
    return _changed(card, changes)


def with_file(card: str, name: str, content: bytes) -> str:
    """Say in a card what its int8 file holds now; the model in it is the same.

    Raises:
        ValueError: the card is not as `write_card` writes it.
    """
    return _changed(card, {rf"^\| `{name}\.tflite` \|.*$": int8_row(name, content)})


def int8_row(name: str, content: bytes) -> str:
    """Say of an int8 file how large it is, and what it holds beside the model."""
    file = parse_model(content, Path(f"{name}.tflite"))
    labels = file.contract.labels if file.contract else ()
    said = f"| `{name}.tflite` | full-integer int8, per-channel kernels, float softmax; {len(content) / 1e6:.2f} MB"
    if (remembered := exemplars.unpack(file, labels)) is not None:
        counts = np.bincount(remembered[1], minlength=len(labels)).tolist()
        of = ", ".join(f"{count} of {label}" for label, count in zip(labels, counts, strict=True))
        said += f", with features of training pictures for `catdog-edge teach`: {of}"
    return f"{said}; runs in LiteRT |"


def _changed(card: str, changes: Mapping[str, str]) -> str:
    for pattern, text in changes.items():
        card, found = re.subn(pattern, lambda _, text=text: text, card, count=1, flags=re.MULTILINE)  # type: ignore[misc]
        if not found:
            raise ValueError(f"Expected a card with {pattern}. Received: {card[:200]}")
    return card


def _rows(artifacts: Sequence[Artifact], classes: Sequence[str]) -> Iterator[str]:
    """One row for the pets together, then one for each label and folder."""
    measured = [*(artifact.verification.artifact for artifact in artifacts), artifacts[0].verification.reference]
    columns = [each.per_label for each in measured if each is not None]
    pets = {f"accuracy on {label}" for label in classes}
    together = [_together([figure for figure in column if figure.name in pets]) for column in columns]
    for figures in [together, *zip(*columns, strict=True)]:
        cells = [f"{figure.value:.2%} ({figure.low:.2%} to {figure.high:.2%})" for figure in figures]
        yield f"| {figures[0].name.removeprefix('accuracy on ')} | {' | '.join(cells)} | {figures[0].n:,} |"


def _together(figures: Sequence[Figure]) -> Figure:
    hits = sum(round(figure.value * figure.n) for figure in figures)
    return Figure.share("pets", hits, sum(figure.n for figure in figures))


def _held_out(record: StageRecord) -> str:
    found = record.held_out
    if found is None:
        raise ValueError("Expected a run with --held-out. Received: one without")
    return (
        f"On {found.accuracy.data}, Keras is right on {found.accuracy}; expected calibration error "
        f"{found.calibration_error:.2%} at temperature {record.temperature:.3f}, which was fitted there."
    )
