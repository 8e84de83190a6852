"""Distillation: the backbone learns to see in small pictures what it already sees in larger ones.

The same frozen backbone at a larger input is the teacher. The student gets a part of each picture at the model's own size and
is to give the features that the teacher gives of the same part at the larger size; directions that the teacher's head looks at
count more. Features are far more to learn from than labels: fine-tuning on 2,000 labels learns them by heart.

Sources: A. Romero et al., "FitNets: hints for thin deep nets", ICLR 2015 (learning from features); G. Hinton et al.,
"Distilling the knowledge in a neural network", 2015 (learning from soft answers).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from .checkpoint import Checkpoint, Progress
from .data.dataset import Dataset, load_dataset
from .features import fit_head, predict
from .history import DISTILL, Epoch, require_finite
from .model import StageModel, TransferParts, build_model, release_backbone
from .options import AT_END, TrainOptions
from .pipelines import TRANSFER

_HEAD_RATE = 1e-3
_WHOLE = 0.3  # share of the pictures that are shown whole; of the others a part
_SMALLEST_PART = 0.35  # of the picture's area
_STRETCH = 0.2  # of a part's sides against one another, at most, as a logarithm
_CONTRAST, _BRIGHTNESS = 0.15, 20.0  # largest changes that the student sees: a factor off 1, and levels of 255


@dataclass(frozen=True)
class Teacher:
    """What is to be learnt from.

    Attributes:
        features: float32 ``[n, larger, larger, 3]`` pixels to ``[n, 1280]``.
        head: features to logits.
        spread: mean variance of a feature over the training pictures; the unit of the loss.
    """

    features: keras.Model
    head: keras.Model
    spread: float


def distill(
    model: StageModel, dataset: Dataset, options: TrainOptions, checkpoint: Checkpoint | None, progress: Progress | None
) -> list[Epoch]:
    """Train the backbone of a transfer model in place; its head stays as it is.

    Args:
        model: a transfer model whose backbone weights are loaded.
        dataset: its training pictures are learnt from; their labels by the teacher's head alone.
        options: how, and where the larger pictures come from.
        checkpoint: where to keep what is learnt after every epoch; None for nowhere.
        progress: where to go on from; None for the beginning.

    Returns:
        The history: the loss, and the share of parts of the training pictures that the teacher's head gets right by the
        student's features.

    Raises:
        DatasetError: the pictures cannot be read again.
        OutputError: the checkpoint cannot be written.
        TrainingError: the loss is no number.
    """
    parts = model.transfer
    if parts is None:
        raise ValueError("Expected a transfer model. Received: one without a backbone")
    larger = _larger_pictures(dataset, options)
    teacher = _teach(parts, replace(dataset, train=replace(dataset.train, pixels=larger)), options)
    release_backbone(parts.backbone)
    steps = len(dataset.train) // options.batch_size or 1
    optimizer = keras.optimizers.Adam(_rate(options.distill_rate, steps * options.distill_epochs))
    optimizer.build(parts.backbone.trainable_variables)
    kept = [*parts.backbone.variables, *optimizer.variables]
    history: list[Epoch] = []
    if progress is not None:
        progress.restore(kept)
        history = list(progress.history)
    learn = _learner(parts, teacher, optimizer, options.data.seed)
    with tqdm(total=steps * (options.distill_epochs - len(history)), unit=" steps", disable=None) as bar:
        for number in range(len(history) + 1, options.distill_epochs + 1):
            bar.set_description(f"{DISTILL}, epoch {number} of {options.distill_epochs}")
            start = time.monotonic()
            seen = []
            for batch in _batches(dataset, larger, options, number).take(steps):
                seen.append([float(value) for value in learn(*batch)])
                bar.update()
            loss, accuracy = np.mean(seen, axis=0).tolist()
            require_finite(loss, DISTILL, number)
            history.append(Epoch.of(DISTILL, number, {"loss": loss, "accuracy": accuracy}, time.monotonic() - start))
            if checkpoint:
                checkpoint.write(DISTILL, history, kept)
    parts.backbone.trainable = False
    return history


def _larger_pictures(dataset: Dataset, options: TrainOptions) -> NDArray[np.uint8]:
    """Read the training pictures again, at the teacher's size: uint8 ``[n, larger, larger, 3]``."""
    again = load_dataset(replace(options.data, image_size=options.distill_size)).train
    places = {name: index for index, name in enumerate(again.names)}
    return again.pixels[[places[name] for name in dataset.train.names]]


def _teach(parts: TransferParts, dataset: Dataset, options: TrainOptions) -> Teacher:
    """Give the larger copy of the backbone a head."""
    size = options.distill_size
    copy = build_model(TRANSFER, options.pipeline, len(dataset.labels), size, seed=options.data.seed)
    if copy.transfer is None:
        raise ValueError("Expected a transfer model. Received: one without a backbone")
    copy.transfer.backbone.set_weights(parts.backbone.get_weights())
    fit_head(copy.transfer, dataset, replace(options, validate=AT_END), _HEAD_RATE, decay=True)
    spread = predict(copy.transfer.features, dataset.train.pixels).var(axis=0).mean()
    return Teacher(copy.transfer.features, copy.transfer.head, float(spread))


def _rate(largest: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Rise over the first tenth, then fall as a cosine."""
    warm_up = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), alpha=0.02, warmup_target=largest, warmup_steps=warm_up
    )


def _learner(
    parts: TransferParts, teacher: Teacher, optimizer: keras.optimizers.Optimizer, seed: int
) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """Return a step of learning: (pixels, larger pixels, targets, number of the step) to (loss, share of right answers)."""
    variables = parts.backbone.trainable_variables

    def learn(pixels: tf.Tensor, larger: tf.Tensor, targets: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        wanted = teacher.features(larger, training=False)
        answers = tf.nn.softmax(teacher.head(wanted, training=False))
        with tf.GradientTape() as tape:
            features = parts.features(_relit(pixels, seed, number), training=False)
            logits = teacher.head(features, training=False)
            distance = tf.reduce_mean((features - wanted) ** 2) / teacher.spread
            loss = distance + tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(answers, logits))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss, tf.reduce_mean(tf.cast(tf.argmax(logits, axis=1) == targets, tf.float32))

    return tf.function(learn, reduce_retracing=True)


def _relit(pixels: tf.Tensor, seed: int, number: tf.Tensor) -> tf.Tensor:
    """Change contrast and brightness of each picture; by the step's number, so that a run that goes on sees the same."""
    shape = (tf.shape(pixels)[0], 1, 1, 1)
    contrast = tf.random.stateless_uniform(shape, (seed, number), 1 - _CONTRAST, 1 + _CONTRAST)
    brightness = tf.random.stateless_uniform(shape, (seed + 1, number), -_BRIGHTNESS, _BRIGHTNESS)
    return tf.clip_by_value((pixels - 127.5) * contrast + 127.5 + brightness, 0.0, 255.0)


def _batches(dataset: Dataset, larger: NDArray[np.uint8], options: TrainOptions, epoch: int) -> tf.data.Dataset:
    """Return batches of (pixels, larger pixels, targets, number of the step), made while the network computes."""
    size, seed = options.data.image_size, options.data.seed
    count = len(dataset.train)
    order = np.random.default_rng([seed, epoch]).permutation(count)

    def make(step: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        chosen = np.take(order, range(step * options.batch_size, (step + 1) * options.batch_size), mode="wrap")
        small = np.empty((len(chosen), size, size, 3), np.float32)
        large = np.empty((len(chosen), *larger.shape[1:]), np.float32)
        for place, index in enumerate(chosen):
            # By picture and epoch, not by thread.
            rng = np.random.default_rng([seed, epoch, int(index)])
            part = _part(larger[index], rng)
            whole = part.shape == larger[index].shape
            small[place] = dataset.train.pixels[index] if whole else cv2.resize(part, (size, size))
            large[place] = cv2.resize(part, larger.shape[2:0:-1])
            if rng.random() < 0.5:
                small[place], large[place] = small[place, :, ::-1].copy(), large[place, :, ::-1].copy()
        return small, large, dataset.train.targets[chosen]

    def load(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        small, large, targets = tf.numpy_function(make, [step], (tf.float32, tf.float32, tf.int64))
        small.set_shape((None, size, size, 3))
        large.set_shape((None, *larger.shape[1:]))
        targets.set_shape((None,))
        return small, large, targets, tf.cast(step, tf.int32) + epoch * count

    steps = tf.data.Dataset.range(-(-count // options.batch_size))
    return steps.map(load, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _part(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Cut out a part of a picture, sometimes all of it."""
    if rng.random() < _WHOLE:
        return picture
    side = np.sqrt(rng.uniform(_SMALLEST_PART, 1.0))
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH))
    height, width = (
        min(1.0, side * factor) * length for factor, length in zip((stretch, 1 / stretch), picture.shape, strict=False)
    )
    top, left = (int(rng.integers(length - int(cut) + 1)) for length, cut in zip(picture.shape, (height, width), strict=False))
    return picture[top : top + int(height), left : left + int(width)]
