"""Fitting: the head on cached features of the frozen backbone, then, if asked, the whole network gently.

The frozen backbone gives the same features for the same pixels in every epoch, so they are computed once per altered
view of each picture; an epoch of the head then costs milliseconds instead of a pass through MobileNetV2.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from .dataset import Dataset
from .model import TransferModel, logits_model
from .options import TrainOptions

HEAD, FINE_TUNE = "head", "fine-tune"
_HEAD_RATE = 1e-3
_WEIGHT_DECAY = 1e-4
_FORWARD_BATCH = 32


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        phase: ``"head"`` or ``"fine-tune"``.
        number: from 1, counted through all phases.
        loss: mean cross-entropy on the altered training pictures, in nats.
        accuracy: share of those that were right, 0-1.
        val_loss: the same on the unaltered validation pictures.
        val_accuracy: the same on the unaltered validation pictures.
        seconds: wall time.
    """

    phase: str
    number: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


def fit(model: TransferModel, dataset: Dataset, options: TrainOptions) -> list[Epoch]:
    """Train a model whose backbone weights are loaded; its parts are changed in place.

    Returns:
        The history, one entry per epoch. The validation pictures are only measured on: nothing is chosen by them.
    """
    history = _fit_head(model, dataset, options)
    if options.fine_tune_epochs:
        history += _fine_tune(model, dataset, options, first_number=len(history) + 1)
    return history


def _fit_head(model: TransferModel, dataset: Dataset, options: TrainOptions) -> list[Epoch]:
    views = [
        _features(model, dataset.train.pixels, altered=view > 0, title=f"features of view {view + 1} of {options.views}")
        for view in range(options.views)
    ]
    validation = _features(model, dataset.validation.pixels, altered=False, title="features of validation pictures")
    stacked = np.stack(views)  # [views, n, 1280]
    rng = np.random.default_rng(options.data.seed)
    # Decaying to nothing: at a constant rate the last epochs differ by half a point, and which one is last is luck.
    steps = options.epochs * -(-len(dataset.train) // options.batch_size)
    model.head.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_HEAD_RATE, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = []
    for number in tqdm(range(1, options.epochs + 1), desc="training the head", unit=" epochs", disable=None):
        start = time.monotonic()
        # Each epoch sees one view of every picture, drawn at random, as if it had been altered anew.
        chosen = stacked[rng.integers(options.views, size=len(dataset.train)), np.arange(len(dataset.train))]
        order = rng.permutation(len(dataset.train))
        log = model.head.fit(
            chosen[order],
            dataset.train.targets[order],
            batch_size=options.batch_size,
            shuffle=False,
            validation_data=(validation, dataset.validation.targets),
            validation_batch_size=256,
            verbose=0,
        ).history
        history.append(_epoch(HEAD, number, log, start))
    return history


def _fine_tune(model: TransferModel, dataset: Dataset, options: TrainOptions, *, first_number: int) -> list[Epoch]:
    whole = logits_model(model.core)
    trained = keras.Model(model.core.input, whole(model.augment(model.core.input)))
    optimizer = keras.optimizers.AdamW(options.fine_tune_rate, weight_decay=_WEIGHT_DECAY)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.backbone.trainable = True
    trained.compile(optimizer, loss, metrics=["accuracy"])
    whole.compile(loss=loss, metrics=["accuracy"])
    rng = np.random.default_rng(options.data.seed + 1)
    steps = -(-len(dataset.train) // options.batch_size)
    history = []
    for number in range(first_number, first_number + options.fine_tune_epochs):
        start = time.monotonic()
        order = rng.permutation(len(dataset.train))
        with tqdm(total=steps, desc=f"fine-tuning, epoch {number}", unit=" steps", disable=None) as bar:
            for batch in _batches(order, options.batch_size):
                log = trained.train_on_batch(
                    dataset.train.pixels[batch].astype(np.float32), dataset.train.targets[batch], return_dict=True
                )
                bar.update()
        pixels = tf.data.Dataset.from_tensor_slices((dataset.validation.pixels, dataset.validation.targets))
        validated = whole.evaluate(pixels.batch(_FORWARD_BATCH), verbose=0, return_dict=True)
        log = {name: [value] for name, value in log.items()} | {f"val_{n}": [v] for n, v in validated.items()}
        history.append(_epoch(FINE_TUNE, number, log, start))
        trained.reset_metrics()
    model.backbone.trainable = False
    return history


def _features(model: TransferModel, pixels: NDArray[np.uint8], *, altered: bool, title: str) -> NDArray[np.float32]:
    """Return float32 ``[n, 1280]`` for uint8 ``[n, size, size, 3]``."""

    def forward(batch: tf.Tensor) -> tf.Tensor:
        batch = tf.cast(batch, tf.float32)
        return model.features(model.augment(batch, training=True) if altered else batch, training=False)

    forward = tf.function(forward, reduce_retracing=True)
    parts = []
    with tqdm(total=len(pixels), desc=title, unit=" pictures", disable=None) as bar:
        for batch in _batches(np.arange(len(pixels)), _FORWARD_BATCH):
            parts.append(forward(tf.constant(pixels[batch])).numpy())
            bar.update(len(batch))
    return np.concatenate(parts)


def predict(core: keras.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run a Keras model over pictures.

    Args:
        core: pixels to scores.
        pixels: uint8 ``[n, size, size, 3]``, RGB 0-255.

    Returns:
        float32 ``[n, classes]``.
    """
    forward = tf.function(lambda batch: core(tf.cast(batch, tf.float32), training=False), reduce_retracing=True)
    batches = _batches(np.arange(len(pixels)), _FORWARD_BATCH)
    return np.concatenate([forward(tf.constant(pixels[batch])).numpy() for batch in batches])


def _batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _epoch(phase: str, number: int, log: dict[str, list[float]], start: float) -> Epoch:
    last = {name: float(values[-1]) for name, values in log.items()}
    return Epoch(
        phase=phase,
        number=number,
        loss=last["loss"],
        accuracy=last["accuracy"],
        val_loss=last["val_loss"],
        val_accuracy=last["val_accuracy"],
        seconds=time.monotonic() - start,
    )
