"""Fitting a stage: pictures through the whole network, or cached features through the head, then, if asked, fine-tuning."""

import time

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from .dataset import Dataset, Pictures
from .features import FORWARD_BATCH, fit_head
from .history import FINE_TUNE, PLAIN, Epoch
from .model import StageModel, logits_model
from .options import TrainOptions
from .pipelines import TUNED

_RATE = 1e-3  # Adam's default, which the published pipelines use
_WEIGHT_DECAY = 1e-4


def fit(model: StageModel, dataset: Dataset, options: TrainOptions) -> list[Epoch]:
    """Train a stage's model in place.

    Returns:
        The history, one entry per epoch. The validation pictures are only measured on: nothing is chosen by them.
    """
    # At a constant rate the last epochs differ by half a point, and which one is last is luck; the write-ups leave it so.
    decay = options.pipeline == TUNED
    if model.transfer is not None and options.cache_features:
        history = fit_head(model.transfer, dataset, options, _RATE, decay=decay)
    else:
        steps = options.epochs * -(-len(dataset.train) // options.batch_size)
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_RATE, steps) if decay else _RATE)
        history = _fit_whole(model, dataset, options, optimizer, PLAIN, range(1, options.epochs + 1))
    if model.transfer is not None and options.fine_tune_epochs:
        model.transfer.backbone.trainable = True
        optimizer = keras.optimizers.AdamW(options.fine_tune_rate, weight_decay=_WEIGHT_DECAY)
        numbers = range(len(history) + 1, len(history) + 1 + options.fine_tune_epochs)
        history += _fit_whole(model, dataset, options, optimizer, FINE_TUNE, numbers)
        model.transfer.backbone.trainable = False
    return history


def _fit_whole(
    model: StageModel,
    dataset: Dataset,
    options: TrainOptions,
    optimizer: keras.optimizers.Optimizer,
    phase: str,
    numbers: range,
) -> list[Epoch]:
    """Train everything that is trainable on the pictures themselves."""
    whole = logits_model(model.core)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    pixels = model.core.input
    trained = keras.Model(pixels, whole(pixels if model.augment is None else model.augment(pixels)))
    trained.compile(optimizer, loss, metrics=["accuracy"])
    whole.compile(loss=loss, metrics=["accuracy"])
    steps = -(-len(dataset.train) // options.batch_size)
    history = []
    for number in numbers:
        start = time.monotonic()
        batches = _batches(dataset.train, options.batch_size, seed=options.data.seed + number)
        with tqdm(total=steps, desc=f"{phase}, epoch {number} of {numbers[-1]}", unit=" steps", disable=None) as bar:
            progress = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs=None, bar=bar: bar.update())
            log = trained.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[progress]).history
        validated = whole.evaluate(_batches(dataset.validation, FORWARD_BATCH), verbose=0, return_dict=True)
        figures = {name: values[-1] for name, values in log.items()} | {f"val_{name}": v for name, v in validated.items()}
        history.append(Epoch.of(phase, number, figures, time.monotonic() - start))
    return history


def _batches(pictures: Pictures, size: int, *, seed: int | None = None) -> tf.data.Dataset:
    """Return batches of (float32 pixels, targets), shuffled if a seed is given, made while the network computes."""
    data = tf.data.Dataset.from_tensor_slices(np.arange(len(pictures)))
    if seed is not None:
        data = data.shuffle(len(pictures), seed=seed)

    def take(batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels, targets = tf.numpy_function(
            lambda i: (pictures.pixels[i].astype(np.float32), pictures.targets[i]), [batch], (tf.float32, tf.int64)
        )
        pixels.set_shape((None, *pictures.pixels.shape[1:]))
        targets.set_shape((None,))
        return pixels, targets

    return data.batch(size).map(take, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def predict(core: keras.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run a Keras model over pictures.

    Args:
        core: pixels to scores.
        pixels: uint8 ``[n, size, size, 3]``, RGB 0-255.

    Returns:
        float32 ``[n, classes]``.
    """
    forward = tf.function(lambda batch: core(tf.cast(batch, tf.float32), training=False), reduce_retracing=True)
    starts = range(0, len(pixels), FORWARD_BATCH)
    return np.concatenate([forward(tf.constant(pixels[start : start + FORWARD_BATCH])).numpy() for start in starts])
