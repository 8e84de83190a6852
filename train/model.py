"""The transfer model: MobileNetV2 with a new head, and the augmentation that it is trained behind.

`core` is what is exported: pixels in, scores out. `augment` stays outside of it, because Keras' augmentation layers are
active by default whenever they are called, and would be baked into an export. Training composes the two.

Source of the network: M. Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018.
"""

from dataclasses import dataclass

import keras
from keras import layers

BACKBONE, FEATURES, LOGITS = "backbone", "features", "logits"


@dataclass(frozen=True)
class TransferModel:
    """The parts of a transfer model; they share their weights.

    Attributes:
        core: float32 ``[n, size, size, 3]`` RGB 0-255 to scores ``[n, classes]`` that sum to 1.
        backbone: MobileNetV2 without its top; -1 to 1 in, ``[n, size / 32, size / 32, 1280]`` out.
        features: pixels to average-pooled backbone output, float32 ``[n, 1280]``.
        head: features to logits ``[n, classes]``.
        augment: pixels to randomly altered pixels, when called with ``training=True``.
    """

    core: keras.Model
    backbone: keras.Model
    features: keras.Model
    head: keras.Model
    augment: keras.Model


def build_transfer_model(*, classes: int, image_size: int, seed: int = 0, dropout: float = 0.2) -> TransferModel:
    """Build the model with random weights; `catdog.train.weights` fills the backbone.

    Args:
        classes: number of labels, at least 2.
        image_size: side of the input in pixels.
        seed: for the augmentation.
        dropout: share of features dropped while the head is trained, 0-1.
    """
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    # Called with training=False throughout: the batch statistics of small fine-tuning sets would replace ImageNet's.
    backbone = keras.applications.MobileNetV2(
        input_shape=(image_size, image_size, 3), include_top=False, weights=None, name=BACKBONE
    )
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess")(pixels)
    pooled = layers.GlobalAveragePooling2D(name=FEATURES)(backbone(scaled, training=False))
    dropped = layers.Dropout(dropout, seed=seed, name="dropout")(pooled)
    dense = layers.Dense(classes, name=LOGITS)
    core = keras.Model(pixels, layers.Softmax(name="scores")(dense(dropped)), name="core")
    vector = keras.Input((pooled.shape[-1],), name="vector")
    return TransferModel(
        core=core,
        backbone=backbone,
        features=keras.Model(pixels, pooled, name="feature_extractor"),
        head=keras.Model(vector, dense(core.get_layer("dropout")(vector)), name="head"),
        augment=build_augmentation(seed),
    )


def build_augmentation(seed: int) -> keras.Model:
    """Build the random alterations: what a camera's place and light change, and nothing that makes another animal."""
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal", seed=seed),
            layers.RandomRotation(0.04, fill_mode="reflect", seed=seed + 1),
            layers.RandomZoom((-0.15, 0.0), fill_mode="reflect", seed=seed + 2),
            layers.RandomBrightness(0.1, value_range=(0, 255), seed=seed + 3),
            layers.RandomContrast(0.1, value_range=(0, 255), seed=seed + 4),
        ],
        name="augment",
    )


def logits_model(core: keras.Model) -> keras.Model:
    """Return the part of `core` up to its logits: pixels ``[n, size, size, 3]`` to ``[n, classes]``."""
    return keras.Model(core.input, core.get_layer(LOGITS).output, name="logits_model")
