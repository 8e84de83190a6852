"""Fitting a stage: pictures through the whole network, or cached features through the head, then, if asked, fine-tuning."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras

from catdog.edge.common.progress import progress_bar

from .balance import class_weights
from .checkpoint import Checkpoint, Progress
from .data.dataset import Dataset
from .distill import distill
from .features import FORWARD_BATCH, features_here, fit_head
from .history import DISTILL, FINE_TUNE, HEAD, PLAIN, Epoch, require_finite
from .interruption import step_ended
from .learner import Batches, Learner
from .model import StageModel, transfer_parts, unfreeze_backbone
from .options import EACH_EPOCH, TrainOptions
from .pipelines import OURS
from .rate import rise_and_fall
from .stopping import EarlyStopping
from .writeups.restarts import require_progress

if TYPE_CHECKING:
    from .cluster.training import Cluster

HEAD_RATE = 1e-3  # Adam's default, which the published pipelines use
_WEIGHT_DECAY = 1e-4


def fit(
    model: StageModel,
    dataset: Dataset,
    options: TrainOptions,
    checkpoint: Checkpoint | None = None,
    restarts: int = 0,
    cluster: "Cluster | None" = None,
) -> list[Epoch]:
    """Train a stage's model in place.

    Args:
        model: what to train.
        dataset: what it learns from and is measured on.
        options: how.
        checkpoint: where to keep what is learnt after every epoch, and where to go on from; None for nowhere.
        restarts: how often it was restarted.
        cluster: machines that share what can be shared; None for this one alone.

    Returns:
        The history, one entry per epoch. The validation pictures are only measured on; with `options.patience` they decide
        which epoch's weights stay.

    Raises:
        OutputError: the checkpoint cannot be written.
        TrainingError: the loss is no number, or (`DeadNetworkError`) the network is dead, blind or does not learn.
    """
    progress = checkpoint.read() if checkpoint else None
    job = _Job(model, dataset, options, checkpoint, progress, restarts, cluster)
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
    cluster: "Cluster | None"

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
    transfer, progress = transfer_parts(job.model), job.progress
    # The augmentation has drawn its views, and goes on from there.
    kept = [*job.model.core.variables, *transfer.augment.variables]
    if progress is not None and progress.phase != DISTILL:
        if progress.phase == HEAD:
            progress.restore(kept)
        return [epoch for epoch in progress.history if epoch.phase in (DISTILL, HEAD)]
    decay, give_features = _decays(job.options), features_here if job.cluster is None else job.cluster.features
    learnt = fit_head(transfer, job.dataset, job.options, HEAD_RATE, decay=decay, give_features=give_features)
    history = [*before, *(replace(epoch, number=epoch.number + len(before)) for epoch in learnt)]
    job.keep(HEAD, history, kept)
    return history


def _compiled(job: _Job, phase: _Phase) -> Learner:
    learner = Learner.of(job.model, job.dataset, job.options, fine_tunes=phase.name == FINE_TUNE)
    learner.trained.compile(phase.optimizer, learner.loss, metrics=["accuracy"])
    learner.whole.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    phase.optimizer.build(learner.trained.trainable_variables)
    return learner


def _fit_whole(job: _Job, phase: _Phase, before: list[Epoch]) -> list[Epoch]:
    """Train everything that is trainable on the pictures themselves; return the history of this phase and those before."""
    learner, pictures, options, progress = _compiled(job, phase), job.dataset.train, job.options, job.progress
    stopping = EarlyStopping(learner.trained.variables, options.patience, len(before))
    kept = [*learner.trained.variables, *phase.optimizer.variables, *stopping.kept]
    history, last = before, len(before) + phase.epochs
    if progress is not None and progress.phase == phase.name:
        history = progress.restore(kept)
    elif progress is not None and progress.phase == FINE_TUNE:
        return [epoch for epoch in progress.history if epoch.phase != FINE_TUNE]  # done; the later phase restores everything
    steps, weights = -(-len(pictures) // options.batch_size), class_weights(pictures.targets, options)
    # One bar for all epochs, so that its remaining time is that of the phase.
    with (
        progress_bar(total=steps * (last - len(history)), unit=" steps") as bar,
        _epochs(job, phase, learner, weights) as learn,
    ):

        def step_done(batch: int, logs: object = None) -> None:
            bar.update()
            step_ended()

        for number in range(len(history) + 1, last + 1):
            if stopping.is_over(history):
                break
            bar.set_description(f"{phase.name}, epoch {number} of {last}", refresh=False)
            start, seed = time.monotonic(), options.data.seed + number
            figures = learn(seed, step_done) | _measured(learner.whole, job)
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


_Learn = Callable[[int, Callable[..., object]], dict[str, float]]


@contextmanager
def _epochs(job: _Job, phase: _Phase, learner: Learner, weights: dict[int, float] | None) -> Iterator[_Learn]:
    """Give what learns from every picture once: here, or on the machines of a cluster."""

    def learn_here(seed: int, step_done: Callable[..., object]) -> dict[str, float]:
        batches = learner.batches.all(job.options.batch_size, seed)
        each_step = keras.callbacks.LambdaCallback(on_train_batch_end=step_done)
        log = learner.trained.fit(batches, shuffle=False, verbose=0, callbacks=[each_step], class_weight=weights).history
        return {name: values[-1] for name, values in log.items()}

    # Statistics of batch normalisation, which a blank backbone gathers, are no gradients.
    if job.cluster is None or phase.name != FINE_TUNE or job.options.is_blank:
        yield learn_here
        return
    from .cluster.steps import applied_by

    variables = learner.trained.trainable_variables
    apply = applied_by(phase.optimizer, variables)
    with job.cluster.steps(job.model, job.dataset, job.options, weights) as steps:

        def learn_there(seed: int, step_done: Callable[..., object]) -> dict[str, float]:
            order = learner.batches.order(job.options.batch_size, seed)
            return steps.epoch(variables, apply, order.as_numpy_iterator, seed, step_done)

        yield learn_there


def _measured(whole: keras.Model, job: _Job) -> dict[str, float]:
    """Measure on the validation pictures, where they are looked at after each epoch."""
    if job.options.validate != EACH_EPOCH:
        return {}
    found = whole.evaluate(Batches(job.dataset.validation).all(FORWARD_BATCH), verbose=0, return_dict=True)
    return {f"val_{name}": value for name, value in found.items()}
