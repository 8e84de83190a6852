"""From a cell of the pipelines to a Keras model, and to the augmentation that it is trained behind.

`core` is what is exported: pixels in, scores out. `augment` stays outside of it, because Keras' augmentation layers are
active by default whenever they are called, and would be baked into an export. Training composes the two. The write-ups
scale the pixels before they augment; scaling is affine, so flips and reflected rotations commute with it.

Source of the backbone: M. Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from catdog.edge.errors import UsageError

from .pipelines import TUNED, Augmentation, find_cell

BACKBONE, FEATURES, LOGITS, ONE_LOGIT, SCORES = "backbone", "features", "logits", "one_logit", "scores"
LEVELS = "levels"
SOFTMAX, ONE_UNIT = "softmax", "one-unit"
HEADS = (SOFTMAX, ONE_UNIT)
# Maps that a head may see beside the last one, and factors that spread their means as widely: the last keeps what ImageNet
# asks for, those before it have more. Errors of a head on frozen features of 2,410 training pictures of cats, dogs and neither,
# 5-fold, mean of three seeds, without and with them: about 84 and 62 at 160 px, 42 and 31 at 224 px. Cross-entropy falls by a
# third.
_EARLIER = {"block_14_depthwise_relu": 5.0, "block_15_depthwise_relu": 10.0, "block_16_depthwise_relu": 2.0}


@dataclass(frozen=True)
class TransferParts:
    """The two halves of a transfer model, with a cut where the frozen part ends.

    Attributes:
        backbone: MobileNetV2 without its top, or its first blocks, -1 to 1 in; gives its last map, and earlier ones where the
            head sees them.
        features: pixels to pooled maps, float32 ``[n, features]``: 1,280 of the last one, then those of the others.
        head: features to logits ``[n, classes]``.
        augment: as in `StageModel`.
    """

    backbone: keras.Model
    features: keras.Model
    head: keras.Model
    augment: keras.Model


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
        head: ``"softmax"``, or ``"one-unit"``: for two classes a single logit that a sigmoid turns into the second score.
        levels: let the head see earlier maps of the backbone, where the pipeline has it so.
        seed: for the augmentation and dropout.

    Raises:
        UsageError: no such stage, pipeline or head, or too small an input for it.
        CatdogError: the backbone weights cannot be had.
    """
    cell = find_cell(stage, pipeline, image_size)
    if head not in HEADS or (head == ONE_UNIT and classes != 2):
        raise UsageError(
            f"a head of {', '.join(HEADS)}, the latter for 2 classes", got=f"{head} for {classes}", fix="Change it."
        )
    augment = None if cell.augmentation is None else build_augmentation(cell.augmentation, seed)
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess")(pixels) if cell.preprocess else pixels
    hidden, output = _hidden_layers(cell.layers, seed), _output_layers(classes, head)
    if not cell.backbone:
        logits = _chain([*hidden, *output], scaled)
        return StageModel(keras.Model(pixels, layers.Softmax(name=SCORES)(logits), name="core"), augment)

    words = cell.layers.split()
    backbone = _backbone(image_size, cell.cut, earlier=levels and LEVELS in words)
    if backbone_weights is not None:
        from .weights import load_backbone_weights

        load_backbone_weights(backbone, backbone_weights)
    pool, *rest = hidden
    last, *earlier = keras.tree.flatten(backbone(scaled, training=False))
    features = _with_levels(pool(last), earlier)
    vector = keras.Input((features.shape[-1],), name="vector")
    core = keras.Model(pixels, layers.Softmax(name=SCORES)(_chain([*rest, *output], features)), name="core")
    parts = TransferParts(
        backbone=backbone,
        features=keras.Model(pixels, features, name="feature_extractor"),
        head=keras.Model(vector, _chain([*rest, *output], vector), name="head"),
        augment=augment,
    )
    return StageModel(core, augment, parts)


def _backbone(image_size: int, cut: str | None, *, earlier: bool) -> keras.Model:
    whole = keras.applications.MobileNetV2((image_size, image_size, 3), include_top=False, weights=None, name=BACKBONE)
    whole.trainable = False
    if cut is not None:
        part = keras.Model(whole.input, whole.get_layer(cut).output, name=BACKBONE)
        part.trainable = False
        return part
    if not earlier:
        return whole
    maps = [whole.output, *(whole.get_layer(name).output for name in _EARLIER)]
    several = keras.Model(whole.input, maps, name=BACKBONE)
    several.trainable = False
    return several


def _with_levels(pooled: Any, earlier: Sequence[Any]) -> Any:  # noqa: ANN401 - Keras tensors have no public type
    """Put the means of earlier maps beside what is pooled of the last one."""
    if not earlier:
        return pooled
    means = [
        layers.Rescaling(factor, name=f"{LEVELS}_{number}")(layers.GlobalAveragePooling2D(name=f"mean_{number}")(given))
        for number, (given, factor) in enumerate(zip(earlier, _EARLIER.values(), strict=True), start=1)
    ]
    return layers.Concatenate(name=LEVELS)([pooled, *means])


def release_backbone(backbone: keras.Model) -> None:
    """Make a backbone trainable, but for its batch normalisation: the statistics of small sets would replace ImageNet's.

    Calling the backbone with ``training=False`` is not enough: Keras (3.15, `functional.operation_fn`) hands ``training=True``
    of a fit down to every layer, whatever it was called with. Only a layer that is not trainable keeps its statistics.
    """
    backbone.trainable = True
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


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
    """Return the part of a transfer stage's `core` up to what is pooled of the last map: pixels to ``[n, 1280]``."""
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
    nought, pair = layers.Rescaling(0.0, name="nought"), layers.Concatenate(name=LOGITS)
    return [layers.Dense(1, name=ONE_LOGIT), lambda z: pair([nought(z), z])]


def _chain(steps: Sequence[Callable[[Any], Any]], tensor: Any) -> Any:  # noqa: ANN401 - Keras tensors have no public type
    for step in steps:
        tensor = step(tensor)
    return tensor
