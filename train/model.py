"""From a cell of the pipelines to a Keras model, and to the augmentation that it is trained behind.

`core` is what is exported: pixels in, scores out. `augment` stays outside of it, because Keras' augmentation layers are
active by default whenever they are called, and would be baked into an export. Training composes the two. The write-ups
scale the pixels before they augment; scaling is affine, so flips and reflected rotations commute with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from catdog.edge.errors import PluginError, UsageError

from .backbones import BACKBONES, MOBILENETV2, Level
from .backbones import Backbone as BackboneRow
from .pipelines import TUNED, Augmentation, find_cell

BACKBONE, FEATURES, LOGITS, ONE_LOGIT, SCORES = "backbone", "features", "logits", "one_logit", "scores"
LEVELS = "levels"
SOFTMAX, ONE_UNIT = "softmax", "one-unit"
HEADS = (SOFTMAX, ONE_UNIT)
_QUICK_MOMENTUM = 0.9  # of batch normalisation that has no statistics yet


@dataclass(frozen=True)
class TransferParts:
    """The two halves of a transfer model, with a cut where the frozen part ends."""

    # a network without its top, or its first blocks, scaled pixels in (MobileNetV2: -1 to 1); gives its last map, and earlier
    # ones where the head sees them
    backbone: keras.Model
    # pixels to pooled maps, float32 [n, features]: of the last one (MobileNetV2: 1,280), then of the others
    features: keras.Model
    head: keras.Model  # features to logits [n, classes]
    augment: keras.Model  # as in `StageModel`


@dataclass(frozen=True)
class StageModel:
    """The parts of a stage's model; they share their weights.

    Attributes:
        core: float32 ``[n, size, size, 3]`` RGB 0-255 to scores ``[n, classes]`` that sum to 1.
        augment: pixels to randomly altered pixels, when called with ``training=True``; None for the plain stage.
        transfer: the halves of the transfer stage; None for the others.
    """

    core: keras.Model
    augment: keras.Model | None
    transfer: TransferParts | None = None


def build_model(
    stage: str,
    pipeline: str = TUNED,
    classes: int = 2,
    image_size: int = 160,
    backbone_weights: str | None = None,
    *,
    backbone: str = MOBILENETV2,
    head: str = SOFTMAX,
    levels: bool = True,
    seed: int = 0,
) -> StageModel:
    """Build one stage of a pipeline.

    Args:
        stage: ``"cnn"``, ``"augmented"``, ``"preprocessed"`` or ``"transfer"``.
        pipeline: one of `catdog.train.pipelines.PIPELINES`.
        classes: number of labels, at least 2.
        image_size: side of the input in pixels.
        backbone_weights: ``"imagenet"``, ``"bundled"`` or a path, for the transfer stage; None leaves random weights.
        backbone: one of `catdog.train.backbones.BACKBONES`, for the transfer stage.
        head: ``"softmax"``, or ``"one-unit"``: for two classes a single logit that a sigmoid turns into the second score.
        levels: let the head see earlier maps of the backbone, where the pipeline has it so.
        seed: for the augmentation and dropout.

    Raises:
        UsageError: no such stage, pipeline, backbone or head, or too small an input for it.
        CatdogError: the backbone weights cannot be had.
    """
    cell = find_cell(stage, pipeline, image_size)
    _check_head(head, classes)
    augment = None if cell.augmentation is None else build_augmentation(cell.augmentation, seed)
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    row = BACKBONES.find(backbone) if cell.backbone else None
    scaled = _scaled(pixels, (-1.0, 1.0) if row is None else row.scale) if cell.preprocess else pixels
    hidden, output = _hidden_layers(cell.layers, seed), _output_layers(classes, head)
    if row is None:
        logits = _chain([*hidden, *output], scaled)
        return StageModel(keras.Model(pixels, layers.Softmax(name=SCORES)(logits), name="core"), augment)

    network = _network(row, image_size, cell.cut, earlier=levels and LEVELS in cell.layers.split())
    if backbone_weights is not None:
        from .backbone_weights import load_backbone_weights

        load_backbone_weights(network, backbone_weights, row)
    return _transfer_model(network, row, pixels, scaled, (*hidden, *output), augment)


def _check_head(head: str, classes: int) -> None:
    if head not in HEADS or (head == ONE_UNIT and classes != 2):
        raise UsageError(
            f"a head of {', '.join(HEADS)}, the latter for 2 classes",
            got=f"{head} for {classes}",
            fix=f"Take the head {SOFTMAX}.",
        )


def _transfer_model(
    network: keras.Model,
    row: BackboneRow,
    pixels: Any,  # noqa: ANN401 - Keras tensors have no public type
    scaled: Any,  # noqa: ANN401 - as above
    behind: Sequence[Callable[[Any], Any]],
    augment: keras.Model | None,
) -> StageModel:
    """Put a pooling and a head behind a backbone, with a cut between them."""
    pool, *rest = behind
    last, *earlier = keras.tree.flatten(network(scaled, training=False))
    features = _with_levels(pool(last), earlier, tuple(row.levels.values()))
    vector = keras.Input((features.shape[-1],), name="vector")
    core = keras.Model(pixels, layers.Softmax(name=SCORES)(_chain(rest, features)), name="core")
    parts = TransferParts(
        backbone=network,
        features=keras.Model(pixels, features, name="feature_extractor"),
        head=keras.Model(vector, _chain(rest, vector), name="head"),
        augment=augment,
    )
    return StageModel(core, augment, parts)


def transfer_parts(model: StageModel) -> TransferParts:
    """Return the halves of a transfer model.

    Raises:
        ValueError: it is of another stage.
    """
    if model.transfer is None:
        raise ValueError("Expected a transfer model. Received: one without a backbone")
    return model.transfer


def _scaled(pixels: Any, scale: tuple[Level, Level]) -> Any:  # noqa: ANN401 - Keras tensors have no public type
    """Bring pixels from 0-255 to what a network takes for black and white."""
    black, white = (np.array(level) for level in scale)
    steps = (white - black) / 255
    return layers.Rescaling(steps.tolist(), offset=black.tolist(), name="preprocess")(pixels)


def _network(row: BackboneRow, image_size: int, cut: str | None, *, earlier: bool) -> keras.Model:
    """Build a backbone, frozen: up to its last map or the layer `cut`, with the maps before it if the head is to see them."""
    with BACKBONES.blaming(row.name):
        whole = row.build(image_size)
    if whole.output_shape[-1] != row.features or len(whole.output_shape) != 4:
        expected = f"the backbone {row.name} to give maps of {row.features} channels"
        raise PluginError(expected, got=f"an output of shape {whole.output_shape}", fix="Tell its authors.")
    maps = [whole.output if cut is None else whole.get_layer(cut).output]
    if earlier and cut is None:
        maps += [whole.get_layer(name).output for name in row.levels]
    network = keras.Model(whole.input, maps if len(maps) > 1 else maps[0], name=BACKBONE)
    network.trainable = False
    return network


def _with_levels(pooled: Any, earlier: Sequence[Any], factors: Sequence[float]) -> Any:  # noqa: ANN401 - as above
    """Put the means of earlier maps beside what is pooled of the last map."""
    if not earlier:
        return pooled
    means = [
        layers.Rescaling(factor, name=f"{LEVELS}_{number}")(layers.GlobalAveragePooling2D(name=f"mean_{number}")(given))
        for number, (given, factor) in enumerate(zip(earlier, factors, strict=True), start=1)
    ]
    return layers.Concatenate(name=LEVELS)([pooled, *means])


def unfreeze_backbone(backbone: keras.Model, *, statistics: bool = False) -> None:
    """Make a backbone trainable, but for its batch normalisation: the statistics of small sets would replace ImageNet's.

    With `statistics` that, too: random weights have none to be kept, and without any a deep network's values fade away. They
    then follow what comes a hundred times as fast as Keras has it for ImageNet: at 0.999 a hundredth of the first values is
    left only after 4,600 steps, and a network that has learnt would answer as if it had not.

    Calling the backbone with ``training=False`` is not enough: Keras (3.15, `functional.operation_fn`) hands ``training=True``
    of a fit down to every layer, whatever it was called with. Only a layer that is not trainable keeps its statistics.
    """
    backbone.trainable = True
    for layer in backbone._flatten_layers(include_self=False):  # those within layers, too
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = statistics
            if statistics:
                layer.momentum = min(layer.momentum, _QUICK_MOMENTUM)


def build_augmentation(what: Augmentation, seed: int) -> keras.Model:
    """Build the random alterations: pixels 0-255 to pixels 0-255, active when called with ``training=True``."""
    # One layer a direction: Keras 3's RandomFlip("horizontal_and_vertical") flips both ways or neither.
    altering = [layers.RandomFlip(direction, seed=seed + 100 * i) for i, direction in enumerate(what.flip.split("_and_"))]
    altering.append(layers.RandomRotation(what.rotation, fill_mode="reflect", seed=seed + 1))
    if what.zoom:
        altering.append(layers.RandomZoom((-what.zoom, 0.0), fill_mode="reflect", seed=seed + 2))
    if what.light:
        altering.append(layers.RandomBrightness(what.light, value_range=(0, 255), seed=seed + 3))
        altering.append(layers.RandomContrast(what.light, value_range=(0, 255), seed=seed + 4))
    return keras.Sequential(altering, name="augment")


def logits_model(core: keras.Model) -> keras.Model:
    """Return the part of `core` up to its logits: pixels ``[n, size, size, 3]`` to ``[n, classes]``."""
    return keras.Model(core.input, core.get_layer(SCORES).input, name="logits_model")


def pooled_model(core: keras.Model) -> keras.Model:
    """Return the part of a transfer stage's `core` up to what is pooled of the last map: pixels to ``[n, features]``."""
    return keras.Model(core.input, core.get_layer(FEATURES).output, name="pooled_model")


def _hidden_layers(words: str, seed: int) -> list[keras.Layer]:
    return [_layer(word, seed + 10 + number) for number, word in enumerate(words.split()) if word != LEVELS]


def _layer(word: str, seed: int) -> keras.Layer:
    kind = word.rstrip("0123456789.")
    size = word.removeprefix(kind)
    match kind:
        case "c":
            return layers.Conv2D(int(size), 3, activation="relu")
        case "p":
            return layers.MaxPooling2D()
        case "d":
            return layers.Dense(int(size), activation="relu")
        case "drop":
            return layers.Dropout(float(size), seed=seed)
        case "flatten":
            return layers.Flatten()
        case "gmp":
            return layers.GlobalMaxPooling2D(name=FEATURES)
        case "gap":
            return layers.GlobalAveragePooling2D(name=FEATURES)
    raise ValueError(f"Expected a layer word of catdog.train.pipelines. Received: {word!r}")


def _output_layers(classes: int, head: str) -> list[Callable[[Any], Any]]:
    if head == SOFTMAX:
        return [layers.Dense(classes, name=LOGITS)]
    # sigmoid(z) is the second share of softmax([0, z]): so a one-unit head ends in a row of two scores like any other.
    zero, pair = layers.Rescaling(0.0, name="zero"), layers.Concatenate(name=LOGITS)
    return [layers.Dense(1, name=ONE_LOGIT), lambda z: pair([zero(z), z])]


def _chain(steps: Sequence[Callable[[Any], Any]], tensor: Any) -> Any:  # noqa: ANN401 - Keras tensors have no public type
    for step in steps:
        tensor = step(tensor)
    return tensor
