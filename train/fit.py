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

from .balance import class_weights
from .checkpoint import Checkpoint, Progress
from .data.conditions import Camera
from .data.dataset import Dataset
from .data.pictures import Pictures
from .distill import distill
from .features import FORWARD_BATCH, GiveFeatures, features_here, fit_head
from .history import DISTILL, FINE_TUNE, HEAD, PLAIN, Epoch, require_finite
from .interruption import step_ended
from .model import StageModel, logits_model, transfer_parts, unfreeze_backbone
from .options import CAMERA, EACH_EPOCH, TrainOptions
from .pipelines import OURS
from .rate import rise_and_fall
from .stopping import EarlyStopping
from .teacher import Teacher
from .writeups.restarts import require_progress

HEAD_RATE = 1e-3  # Adam's default, which the published pipelines use
_WEIGHT_DECAY = 1e-4
_OWN_THREADS = 2  # of batches that ask a teacher: in TensorFlow's own pool they would wait for the threads that they hold


def fit(
    model: StageModel,
    dataset: Dataset,
    options: TrainOptions,
    checkpoint: Checkpoint | None = None,
    restarts: int = 0,
    give_features: GiveFeatures = features_here,
) -> list[Epoch]:
    """Train a stage's model in place.

    Args:
        model: what to train.
        dataset: what it learns from and is measured on.
        options: how.
        checkpoint: where to keep what is learnt after every epoch, and where to go on from; None for nowhere.
        restarts: how often it was restarted.
        give_features: computes those of a frozen backbone.

    Returns:
        The history, one entry per epoch. The validation pictures are only measured on; with `options.patience` they decide
        which epoch's weights stay.

    Raises:
        OutputError: the checkpoint cannot be written.
        TrainingError: the loss is no number, or (`DeadNetworkError`) the network is dead, blind or does not learn.
    """
    progress = checkpoint.read() if checkpoint else None
    job = _Job(model, dataset, options, checkpoint, progress, restarts)
    history: list[Epoch] = []
    if model.transfer is not None and options.distill_epochs:
        if job.progress is None or job.progress.phase == DISTILL:
            history = distill(model, dataset, options, checkpoint, job.progress)
        else:
            history = list(job.progress.history[: options.distill_epochs])
    if model.transfer is not None and options.cache_features and options.start is None:
        history = _fit_head(job, history, give_features)
    elif options.start is None:  # else it has learnt all of this elsewhere
        epochs = options.epochs_of(len(dataset.train))
        steps = epochs * -(-len(dataset.train) // options.batch_size)
        rate = keras.optimizers.schedules.CosineDecay(HEAD_RATE, steps) if _decays(options) else HEAD_RATE
        optimizer = keras.optimizers.Adam(rate)
        history = _fit_whole(job, _Phase(PLAIN, epochs, optimizer), history)
    if model.transfer is not None and options.fine_tune_epochs:
        unfreeze_backbone(model.transfer.backbone, statistics=options.is_blank)
        steps = options.fine_tune_epochs * -(-len(dataset.train) // options.batch_size)
        rate = rise_and_fall(options.fine_tune_rate, steps)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY)
        history = _fit_whole(job, _Phase(FINE_TUNE, options.fine_tune_epochs, optimizer), history)
        model.transfer.backbone.trainable = False
    return history


@dataclass(frozen=True)
class _Job:
    """What every phase of a stage's training works on, as `fit` got it, and how far an earlier process had come."""

    model: StageModel
    dataset: Dataset
    options: TrainOptions
    checkpoint: Checkpoint | None
    progress: Progress | None
    restarts: int

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


def _fit_head(job: _Job, before: list[Epoch], give_features: GiveFeatures) -> list[Epoch]:
    """Train the head on cached features; seconds, so it is kept as a whole."""
    transfer, progress = transfer_parts(job.model), job.progress
    # The augmentation has drawn its views, and goes on from there.
    kept = [*job.model.core.variables, *transfer.augment.variables]
    if progress is not None and progress.phase != DISTILL:
        if progress.phase == HEAD:
            progress.restore(kept)
        return [epoch for epoch in progress.history if epoch.phase in (DISTILL, HEAD)]
    decay = _decays(job.options)
    learnt = fit_head(transfer, job.dataset, job.options, HEAD_RATE, decay=decay, give_features=give_features)
    history = [*before, *(replace(epoch, number=epoch.number + len(before)) for epoch in learnt)]
    job.keep(HEAD, history, kept)
    return history


@dataclass(frozen=True)
class _Learner:
    """The network as it learns and as it is measured, and what its training pictures and their targets go through."""

    trained: keras.Model
    whole: keras.Model
    camera: Camera | None
    teacher: Teacher | None

    @classmethod
    def of(cls, job: _Job, phase: _Phase) -> "_Learner":
        fine_tunes = phase.name == FINE_TUNE
        whole, pixels = logits_model(job.model.core), job.model.core.input
        camera = Camera.of(job.dataset) if job.options.conditions == CAMERA and fine_tunes else None
        augment = None if camera is not None else job.model.augment
        trained = keras.Model(pixels, whole(pixels if augment is None else augment(pixels)))
        teacher = Teacher.of(job.dataset, job.options) if fine_tunes else None
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        taught = loss if teacher is None else keras.losses.CategoricalCrossentropy(from_logits=True)
        trained.compile(phase.optimizer, taught, metrics=["accuracy"])
        whole.compile(loss=loss, metrics=["accuracy"])
        phase.optimizer.build(trained.trainable_variables)
        return cls(trained, whole, camera, teacher)


def _fit_whole(job: _Job, phase: _Phase, before: list[Epoch]) -> list[Epoch]:
    """Train everything that is trainable on the pictures themselves; return the history of this phase and those before."""
    learner, pictures, options, progress = _Learner.of(job, phase), job.dataset.train, job.options, job.progress
    stopping = EarlyStopping(learner.trained.variables, options.patience, len(before))
    kept = [*learner.trained.variables, *phase.optimizer.variables, *stopping.kept]
    history, last = before, len(before) + phase.epochs
    if progress is not None and progress.phase == phase.name:
        history = progress.restore(kept)
    elif progress is not None and progress.phase == FINE_TUNE:
        return [epoch for epoch in progress.history if epoch.phase != FINE_TUNE]  # done; the later phase restores everything
    steps, weights = -(-len(pictures) // options.batch_size), class_weights(pictures.targets, options)
    # One bar for all epochs, so that its remaining time is that of the phase.
    with progress_bar(total=steps * (last - len(history)), unit=" steps") as bar:

        def step_done(batch: int, logs: object = None) -> None:
            bar.update()
            step_ended()

        each_step = keras.callbacks.LambdaCallback(on_train_batch_end=step_done)
        for number in range(len(history) + 1, last + 1):
            if stopping.is_over(history):
                break
            bar.set_description(f"{phase.name}, epoch {number} of {last}", refresh=False)
            start, seed = time.monotonic(), options.data.seed + number
            batches = _batches(pictures, options.batch_size, seed=seed, camera=learner.camera, teacher=learner.teacher)
            log = learner.trained.fit(batches, shuffle=False, verbose=0, callbacks=[each_step], class_weight=weights).history
            figures = {name: values[-1] for name, values in log.items()} | _measured(learner.whole, job)
            if "val_accuracy" in figures:
                bar.set_postfix_str(f"validation {figures['val_accuracy']:.1%}", refresh=False)
            require_finite(figures["loss"], phase.name, number)
            if phase.name == PLAIN:
                at = {"epoch": number - len(before), "epochs": phase.epochs, "restarts": job.restarts}
                require_progress(learner.whole, pictures, figures["loss"], weights, **at)
            history = [*history, Epoch.of(phase.name, number, figures, time.monotonic() - start)]
            stopping.see(history)
            job.keep(phase.name, history, kept)
    stopping.restore_best()
    return history


def _measured(whole: keras.Model, job: _Job) -> dict[str, float]:
    """Measure on the validation pictures, where they are looked at after each epoch."""
    if job.options.validate != EACH_EPOCH:
        return {}
    found = whole.evaluate(_batches(job.dataset.validation, FORWARD_BATCH), verbose=0, return_dict=True)
    return {f"val_{name}": value for name, value in found.items()}


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
