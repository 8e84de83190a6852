"""The model card of a bundled model: what it is, what it was made from, how right it is, how to make it again."""

from collections.abc import Sequence
from pathlib import Path

from catdog.train.model_file import TrainedModel

from .bundle import Artifact

_CARD = """\
# Model card: `{name}`

{labels_sentence} Made for cameras that watch one place: a feeder, a door, a living room.

| | |
| --- | --- |
| input | {size} x {size} pixels, RGB, uint8 0-255; pictures are stretched to it, bilinear, without antialiasing |
| output | one float32 score per label ({labels}), summing to 1 |
| `{name}.tflite` | full-integer int8, per-channel kernels, float softmax; {int8_mb:.2f} MB; runs in LiteRT |
| `{name}.weights.npz` | backbone and head as float16, for training and export without a network; {weights_mb:.2f} MB |

## How right it is

Measured through catdog's own edge runner on {data}.
None of them was trained or calibrated on, and no checkpoint was picked by them. Settings were chosen on 400 of the training
photographs, held back; the figures here were seen several times while the project was built. Intervals are Wilson's, 95 %.

| | accuracy | 95 % interval | n |
| --- | --- | --- | --- |
{accuracy_rows}

int8 and Keras give the same answer on {agreement}.

## What it cannot do

- It knows cats and dogs only and has no third answer: a picture of neither gets one of the two labels, often with a high score.
- The photographs are of pets in daylight or indoor light, most of them large in the picture. Infrared cameras, other animals
  and pets far away were not measured.
- Speed was not measured on a board. `catdog-bench` measures it on yours.

## What it was made from

- **Training**: {trained_on}.
- **Photographs**: the public "cats and dogs, filtered" subset of the Kaggle "Dogs vs. Cats" data (originally Microsoft
  Research's Asirra). Only its `train/` folder was learnt from; it is not redistributed here.
- **Backbone**: MobileNetV2 1.0 (M. Sandler et al., 2018) with weights trained on ImageNet by Google, published under the
  Apache License 2.0; the starting weights were recovered from an 8-bit release of that model. See `NOTICE`.
- **Changes**: new head, whole network fine-tuned, weights rounded to float16, then quantized. These files are licensed under
  the Apache License 2.0 like the rest of catdog.

## How to make it again

    make bundled-models DATA=cats_and_dogs_filtered.zip WEIGHTS=mobilenet_v2_1.0_no_top.weights.h5

runs

    catdog-train --stage transfer --data cats_and_dogs_filtered.zip \\
        --backbone-weights mobilenet_v2_1.0_no_top.weights.h5 \\
        --fine-tune-epochs 3 --fine-tune-rate 1e-5 --output runs/bundled
    python -m catdog.export.release --run runs/bundled --data cats_and_dogs_filtered.zip

and the figures above, from an unpacked archive, come from

    catdog-edge --json cats_and_dogs_filtered/validation
"""


def write_card(source: TrainedModel, artifacts: Sequence[Artifact], weights: Path) -> str:
    """Fill in the card.

    Args:
        source: the model with its contract.
        artifacts: int8 first; verified on labelled pictures.
        weights: the float16 file.
    """
    contract, int8 = source.contract, artifacts[0]
    measured = [(f"{artifact.format} TFLite", artifact.verification.accuracy) for artifact in artifacts]
    measured.append(("Keras, float16 weights", int8.verification.keras_accuracy))
    rows = [
        f"| {title} | {figure.value:.2%} | {figure.low:.2%} to {figure.high:.2%} | {figure.n:,} |"
        for title, figure in measured
        if figure is not None
    ]
    return _CARD.format(
        name=contract.name,
        labels_sentence=f"Tells {' from '.join(contract.labels)} in a photograph or camera picture.",
        labels=", ".join(contract.labels),
        size=contract.input.height,
        int8_mb=len(int8.data) / 1e6,
        weights_mb=weights.stat().st_size / 1e6,
        data=int8.verification.agreement.data,
        accuracy_rows="\n".join(rows),
        agreement=int8.verification.agreement,
        trained_on=contract.trained_on,
    )
