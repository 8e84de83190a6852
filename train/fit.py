"""Fitting a stage: pictures through the whole network, or cached features through the head, then, if asked, fine-tuning."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from catdog.edge.common.progress import progress_bar
from catdog.edge.errors import TrainingError

from .balance import class_weights
from .checkpoint import Checkpoint, Progress
from .data.conditions import Camera
from .data.dataset import Dataset
from .data.pictures import Pictures
from .distill import distill
from .features import FORWARD_BATCH, fit_head, predict
from .history import DISTILL, FINE_TUNE, HEAD, PLAIN, Epoch, require_finite
from .interruption import step_ended
from .model import StageModel, logits_model, release_backbone
from .options import CAMERA, EACH_EPOCH, TrainOptions
from .pipelines import OURS
from .rate import rise_and_fall
from .stopping import EarlyStopping
from .teacher import Teacher

_RATE = 1e-3  # Adam's default, which the published pipelines use
_WEIGHT_DECAY = 1e-4
_ALIKE = 1e-4  # nats, to which logits are rounded to tell whether they are the same answer
_BLIND = 1 / 3  # share of different pictures that get the very same answer, above which a network is begun anew
_PATIENCE = 5  # epochs after which a network must do better than guess
_GUESSING = 0.995  # of the loss of always answering with the labels' shares; more is guessing
_OWN_THREADS = 2  # of batches that ask a teacher: in TensorFlow's own pool they would wait for the threads that they hold
_STALLS = 3  # starts that may be given up for that; a fourth goes on, since some pictures have nothing to be learnt


class DeadNetworkError(TrainingError):
    """The network is dead, blind to many pictures, or does not learn."""


def fit(
    model: StageModel, dataset: Dataset, options: TrainOptions, checkpoint: Checkpoint | None = None, restarts: int = 0
) -> list[Epoch]:
    """Train a stage's model in place.

    Args:
        model: what to train.
        dataset: what it learns from and is measured on.
        options: how.
        checkpoint: where to keep what is learnt after every epoch, and where to go on from; None for nowhere.
        restarts: how often it was begun anew.

    Returns:
        The history, one entry per epoch. The validation pictures are only measured on; with `options.patience` they decide
        which epoch's weights stay.

    Raises:
        OutputError: the checkpoint cannot be written.
        TrainingError: the loss is no number, or (`DeadNetworkError`) the network is dead, blind or does not learn.
    """
    progress = checkpoint.read() if checkpoint else None
    job = _Job(model, dataset, options, checkpoint, progress, may_stall=restarts >= _STALLS)
    history: list[Epoch] = []
    if model.transfer is not None and options.distill_epochs:
        if job.progress is None or job.progress.phase == DISTILL:
            history = distill(model, dataset, options, checkpoint, job.progress)
        else:
            history = list(job.progress.history[: options.distill_epochs])
    if model.transfer is not None and options.cache_features and options.start is None:
        history = _fit_head(job, history)
    elif options.start is None:  # else it has learnt all of this elsewhere
        epochs = options.epochs_of(len(dataset.train))
        steps = epochs * -(-len(dataset.train) // options.batch_size)
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_RATE, steps) if _decays(options) else _RATE)
        history = _fit_whole(job, _Phase(PLAIN, epochs, optimizer), history)
    if model.transfer is not None and options.fine_tune_epochs:
        release_backbone(model.transfer.backbone, statistics=options.is_blank)
        steps = options.fine_tune_epochs * -(-len(dataset.train) // options.batch_size)
        rate = rise_and_fall(options.fine_tune_rate, steps)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY)
        history = _fit_whole(job, _Phase(FINE_TUNE, options.fine_tune_epochs, optimizer), history)
        model.transfer.backbone.trainable = False
    return history


@dataclass(frozen=True)
class _Job:
    """What every phase of a stage's training works on, as `fit` got it, and how far an earlier process had come.

    With `may_stall` a network that does not learn is trained to the end.
    """

    model: StageModel
    dataset: Dataset
    options: TrainOptions
    checkpoint: Checkpoint | None
    progress: Progress | None
    may_stall: bool

    def keep(self, phase: str, history: list[Epoch], variables: Sequence[Any]) -> None:
        if self.checkpoint:
            self.checkpoint.write(phase, history, variables)


@dataclass(frozen=True)
class _Phase:
    """Epochs of the pictures themselves through everything that is trainable."""

    name: str
    epochs: int
    optimizer: keras.optimizers.Optimizer


def _decays(options: TrainOptions) -> bool:
    # At a constant rate the last epochs differ by half a point, and which one is last is luck; the write-ups leave it so.
    return options.pipeline in OURS


def _fit_head(job: _Job, before: list[Epoch]) -> list[Epoch]:
    """Train the head on cached features; seconds, so it is kept as a whole."""
    transfer, progress = job.model.transfer, job.progress
    if transfer is None:
        raise ValueError("Expected a transfer model. Received: one without a backbone")
    # The augmentation has drawn its views, and goes on from there.
    kept = [*job.model.core.variables, *transfer.augment.variables]
    if progress is not None and progress.phase != DISTILL:
        if progress.phase == HEAD:
            progress.restore(kept)
        return [epoch for epoch in progress.history if epoch.phase in (DISTILL, HEAD)]
    learnt = fit_head(transfer, job.dataset, job.options, _RATE, decay=_decays(job.options))
    history = [*before, *(replace(epoch, number=epoch.number + len(before)) for epoch in learnt)]
    job.keep(HEAD, history, kept)
    return history


def _fit_whole(job: _Job, phase: _Phase, before: list[Epoch]) -> list[Epoch]:
    """Train everything that is trainable on the pictures themselves; return the history of this phase and those before."""
    model, dataset, options, progress = job.model, job.dataset, job.options, job.progress
    whole = logits_model(model.core)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    pixels = model.core.input
    camera = Camera.of(dataset) if options.conditions == CAMERA and phase.name == FINE_TUNE else None
    augment = None if camera is not None else model.augment
    trained = keras.Model(pixels, whole(pixels if augment is None else augment(pixels)))
    teacher = Teacher.of(dataset, options) if phase.name == FINE_TUNE else None
    taught = loss if teacher is None else keras.losses.CategoricalCrossentropy(from_logits=True)
    trained.compile(phase.optimizer, taught, metrics=["accuracy"])
    whole.compile(loss=loss, metrics=["accuracy"])
    phase.optimizer.build(trained.trainable_variables)
    stopping = EarlyStopping(trained.variables, options.patience, len(before))
    kept = [*trained.variables, *phase.optimizer.variables, *stopping.kept]
    history = before
    last = len(before) + phase.epochs
    if progress is not None and progress.phase == phase.name:
        progress.restore(kept)
        history = list(progress.history)
    elif progress is not None and progress.phase == FINE_TUNE:
        return [epoch for epoch in progress.history if epoch.phase != FINE_TUNE]  # done; the later phase restores everything
    steps = -(-len(dataset.train) // options.batch_size)
    weights = class_weights(dataset.train.targets, options)
    # One bar for all epochs, so that its remaining time is that of the phase.
    with progress_bar(total=steps * (last - len(history)), unit=" steps") as bar:

        def step_done() -> None:
            bar.update()
            step_ended()

        each_step = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs=None: step_done())
        for number in range(len(history) + 1, last + 1):
            if stopping.is_over(history):
                break
            bar.set_description(f"{phase.name}, epoch {number} of {last}", refresh=False)
            start = time.monotonic()
            seed = options.data.seed + number
            batches = _batches(dataset.train, options.batch_size, seed=seed, camera=camera, teacher=teacher)
            log = trained.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[each_step], class_weight=weights).history
            figures = {name: values[-1] for name, values in log.items()}
            if options.validate == EACH_EPOCH:
                measured = whole.evaluate(_batches(dataset.validation, FORWARD_BATCH), verbose=0, return_dict=True)
                figures |= {f"val_{name}": value for name, value in measured.items()}
                bar.set_postfix_str(f"validation {measured['accuracy']:.1%}", refresh=False)
            require_finite(figures["loss"], phase.name, number)
            if phase.name == PLAIN:
                _require_progress(whole, job, figures["loss"], number - len(before), phase.epochs)
            history = [*history, Epoch.of(phase.name, number, figures, time.monotonic() - start)]
            stopping.see(history)
            job.keep(phase.name, history, kept)
    stopping.restore_best()
    return history


def _require_progress(model: keras.Model, job: _Job, loss: float, done: int, epochs: int) -> None:
    """Look after the first epoch whether the network is alive, and after some whether it learns.

    Raises:
        DeadNetworkError: it is not, or does not.
    """
    pictures = job.dataset.train
    if done == 1:
        _require_alive(model, pictures)
    if done == _PATIENCE < epochs and not job.may_stall:
        _require_learning(loss, pictures, class_weights(pictures.targets, job.options))


def _require_alive(model: keras.Model, pictures: Pictures) -> None:
    """Refuse a network that gives many different pictures the very same answer after an epoch: none of its units sees them.

    Unscaled pixels and Adam's first steps leave many starts of the write-ups' stages 1 and 2 like that, and units that see no
    picture learn from none. Where all of these pictures have the same label, that answer may be right.

    Raises:
        DeadNetworkError: it is dead, for these pictures at least.
    """
    some = pictures[range(0, len(pictures), max(1, len(pictures) // 256))]
    _, different = np.unique(some.pixels.reshape(len(some), -1), axis=0, return_index=True)
    logits = np.round(predict(model, some.pixels[different]) / _ALIKE)
    _, answer, counts = np.unique(logits, axis=0, return_inverse=True, return_counts=True)
    blind = answer.ravel() == counts.argmax()
    if blind.mean() > _BLIND and np.ptp(some.targets[different][blind]):
        raise DeadNetworkError(
            "a network that tells pictures apart",
            got=f"the same answer to {blind.mean():.0%} of the pictures",
            fix="Try another --seed or pipeline.",
        )


def _require_learning(loss: float, pictures: Pictures, weights: dict[int, float] | None) -> None:
    """Refuse a network that after some epochs is no better than guessing: some of the same starts lose all they had learnt.

    Args:
        loss: cross-entropy of the epoch in nats.
        pictures: those it learns from.
        weights: of the labels' pictures in that loss; None for all the same.

    Raises:
        DeadNetworkError: it guesses.
    """
    found, counts = np.unique(pictures.targets, return_counts=True)
    shares = counts * np.array([1.0 if weights is None else weights[label] for label in found.tolist()]) / len(pictures)
    guessing = -float(np.sum(shares * np.log(shares)))
    if loss > _GUESSING * guessing:
        raise DeadNetworkError(
            f"a loss clearly below {guessing:.3f}, that of guessing",
            got=f"a loss of {loss:.3f} after {_PATIENCE} epochs",
            fix="Try another --seed or pipeline.",
        )


def _batches(
    pictures: Pictures, size: int, *, seed: int | None = None, camera: Camera | None = None, teacher: Teacher | None = None
) -> tf.data.Dataset:
    """Return batches of (float32 pixels, targets), shuffled if a seed is given, made while the network computes.

    Args:
        pictures: what they are made of.
        size: pictures a batch.
        seed: of their order, and of what the camera does; None leaves them in order.
        camera: alters the pictures; None for none.
        teacher: gives rows for targets in place of indices; None for the labels.
    """
    data = tf.data.Dataset.from_tensor_slices(np.arange(len(pictures)))
    if seed is not None:
        data = data.shuffle(len(pictures), seed=seed)

    def make(chosen: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64] | NDArray[np.float32]]:
        made = pictures.pixels[chosen]
        if camera is not None:
            for place, index in enumerate(chosen.tolist()):
                made[place] = camera(made[place], np.random.default_rng([seed or 0, index]))
        targets = pictures.targets[chosen] if teacher is None else teacher.targets(chosen, seed or 0)
        return made.astype(np.float32), targets

    def take(batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        kind, shape = (tf.int64, (None,)) if teacher is None else (tf.float32, (None, teacher.classes))
        pixels, targets = tf.numpy_function(make, [batch], (tf.float32, kind))
        pixels.set_shape((None, *pictures.pixels.shape[1:]))
        targets.set_shape(shape)
        return pixels, targets

    own = tf.data.Options()
    if teacher is not None:
        own.threading.private_threadpool_size = _OWN_THREADS
    return data.batch(size).map(take, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE).with_options(own)
