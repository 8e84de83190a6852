"""The cached way: the head of a transfer model on features that its frozen backbone gave once.

A frozen backbone gives the same features for the same pixels in every epoch, so they are computed once per altered view of
each picture; an epoch of the head then costs milliseconds instead of a pass through MobileNetV2.
"""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from catdog.edge.common.progress import progress_bar

from .balance import class_weights
from .data.conditions import Camera
from .data.dataset import Dataset
from .history import HEAD, Epoch, require_finite
from .interruption import step_ended
from .model import TransferParts
from .options import CAMERA, EACH_EPOCH, TrainOptions
from .stopping import EarlyStopping

FORWARD_BATCH = 32

Forward = Callable[[tf.Tensor], tf.Tensor]  # a batch of pixels to its features
# float32 [views, n, features] of the training pictures, and [n, features] of the validation pictures if they are wanted
GiveFeatures = Callable[[TransferParts, Dataset, TrainOptions], tuple[NDArray[np.float32], NDArray[np.float32] | None]]


def features_here(
    model: TransferParts, dataset: Dataset, options: TrainOptions
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Compute the features of every view in this process; see `GiveFeatures`."""
    # Traced once each, however many views there are.
    plain, altered = plain_features(model), altered_features(model)
    camera = Camera.of(dataset) if options.conditions == CAMERA else None
    training = []
    for view in range(options.views):
        title = f"features of view {view + 1} of {options.views}"
        pixels = dataset.train.pixels
        if view and camera is not None:
            training.append(_shown(plain, camera.all_of(pixels, options.data.seed + view), title))
        else:
            training.append(_shown(altered if view else plain, pixels, title))
    if options.validate != EACH_EPOCH:
        return np.stack(training), None
    return np.stack(training), _shown(plain, dataset.validation.pixels, "features of validation pictures")


def plain_features(model: TransferParts) -> Forward:
    """Return what gives the features of pictures as they are."""
    return tf.function(lambda batch: model.features(tf.cast(batch, tf.float32), training=False), reduce_retracing=True)


def altered_features(model: TransferParts) -> Forward:
    """Return what gives the features of pictures that the augmentation has altered; it draws anew for each batch."""

    def forward(batch: tf.Tensor) -> tf.Tensor:
        return model.features(model.augment(tf.cast(batch, tf.float32), training=True), training=False)

    return tf.function(forward, reduce_retracing=True)


def _shown(forward: Forward, pixels: NDArray[np.uint8], title: str) -> NDArray[np.float32]:
    with progress_bar(total=len(pixels), title=title, unit=" pictures") as bar:
        return features_of(forward, pixels, bar.update)


def features_of(
    forward: Forward, pixels: NDArray[np.uint8], step: Callable[[int], object] = lambda _: None
) -> NDArray[np.float32]:
    """Compute features batch by batch.

    Args:
        forward: what gives those of a batch.
        pixels: uint8 ``[n, size, size, 3]``.
        step: told how many more are done.

    Returns:
        float32 ``[n, features]``.
    """
    parts = []
    for start in range(0, len(pixels), FORWARD_BATCH):
        batch = pixels[start : start + FORWARD_BATCH]
        parts.append(forward(tf.constant(batch)).numpy())
        step(len(batch))
        step_ended()
    return np.concatenate(parts)


def fit_head(
    model: TransferParts,
    dataset: Dataset,
    options: TrainOptions,
    rate: float,
    *,
    decay: bool,
    give_features: GiveFeatures = features_here,
) -> list[Epoch]:
    """Train the head of a transfer model in place.

    Args:
        model: the halves of a transfer model whose backbone weights are loaded.
        dataset: what it learns from and is measured on.
        options: epochs, views, batch size and seed.
        rate: Adam's learning rate.
        decay: let the rate fall to nothing over the epochs, as a cosine.
        give_features: computes the features.
    """
    training, validation = give_features(model, dataset, options)
    targets, weights = dataset.train.targets, class_weights(dataset.train.targets, options)
    epochs = options.epochs_of(len(targets))
    steps = epochs * -(-len(targets) // options.batch_size)
    _compile(model.head, keras.optimizers.schedules.CosineDecay(rate, steps) if decay else rate)
    rng = np.random.default_rng(options.data.seed)
    history: list[Epoch] = []
    stopping = EarlyStopping(model.head.variables, options.patience)
    for number in progress_bar(range(1, epochs + 1), title="training the head", unit=" epochs"):
        start = time.monotonic()
        # Each epoch sees one view of every picture, drawn at random, as if it had been altered anew.
        chosen = training[rng.integers(len(training), size=len(targets)), np.arange(len(targets))]
        order = rng.permutation(len(targets))
        log = model.head.fit(
            chosen[order],
            targets[order],
            batch_size=options.batch_size,
            class_weight=weights,
            shuffle=False,
            validation_data=None if validation is None else (validation, dataset.validation.targets),
            validation_batch_size=256,
            verbose=0,
        ).history
        step_ended()
        require_finite(log["loss"][-1], HEAD, number)
        history.append(Epoch.of(HEAD, number, {key: values[-1] for key, values in log.items()}, time.monotonic() - start))
        stopping.see(history)
        if stopping.is_over(history):
            break
    stopping.restore_best()
    return history


def _compile(head: keras.Model, rate: float | keras.optimizers.schedules.LearningRateSchedule) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    head.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])


def predict(core: keras.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run a Keras model over pictures.

    Args:
        core: pixels to scores, or to whatever it gives.
        pixels: uint8 ``[n, size, size, 3]``, RGB 0-255.

    Returns:
        float32 ``[n, classes]``.
    """
    forward = tf.function(lambda batch: core(tf.cast(batch, tf.float32), training=False), reduce_retracing=True)
    parts = []
    for start in range(0, len(pixels), FORWARD_BATCH):
        parts.append(forward(tf.constant(pixels[start : start + FORWARD_BATCH])).numpy())
        step_ended()
    return np.concatenate(parts)
