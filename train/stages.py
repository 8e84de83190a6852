"""From options to the folders of a run: one stage, or all of a pipeline's in turn."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from catdog.edge.contract import NEITHER
from catdog.edge.errors import CatdogError, OutputError
from catdog.edge.files import sweep
from catdog.edge.learnt import MOST as MOST_MARKS

from .backbones import BACKBONES, MOBILENETV2
from .checkpoint import Checkpoint
from .data.dataset import Dataset, held_out, load_dataset
from .data.items import whole_ones
from .data.names import TEST, VALIDATION
from .data.pictures import Pictures
from .evaluate import evaluate
from .features import predict
from .fit import DeadNetworkError, fit
from .history import Epoch
from .interruption import interrupted_between_steps, step_ended
from .model import StageModel, build_model, logits_model, pooled_model, release_backbone
from .model_file import read_model
from .options import TrainOptions
from .outcome import Outcome, write_outcome
from .pipelines import OURS, TRANSFER, TUNED
from .presence import attach_presence_check, fit_presence_check
from .record import Parameters, StageRecord, Suspect
from .report.write import write_report
from .run import Run
from .suspects import LEAST as LEAST_TO_JUDGE
from .suspects import MOST as MOST_LOOKED_THROUGH
from .suspects import find_suspects
from .temperature import apply_temperature, fit_temperature
from .trackers import track
from .weights import copy_weights, load_backbone_weights

_TOLD = 20  # contradictions or labels, by name
_ENOUGH = 10  # validation pictures of a label, below which its share of right answers says little
_STARTS, _SEEDS_APART = 10, 1_000_003

Log = Callable[[str], None]


@dataclass(frozen=True)
class Fitted:
    """A stage that was trained, before its scores are made honest.

    Attributes:
        model: its parts.
        backbone: where the backbone's weights came from; None without one.
        parameters: how large it is.
        history: one entry per epoch.
        restarts: how often it was begun anew because the network was dead, blind to many pictures or no better than
            guessing.
    """

    model: StageModel
    backbone: str | None
    parameters: Parameters
    history: Sequence[Epoch]
    restarts: int


def train(run: Run, log: Log) -> tuple[Dataset, list[StageRecord]]:
    """Load the data, train what is not done yet, measure, write the run's folders and its report.

    Args:
        run: what to train and how.
        log: told what is going on, a line at a time.

    Raises:
        CatdogError: data or weights cannot be had, or the folder cannot be written. What was done before is kept.
    """
    for stage in run.stages:
        sweep(run.folder(stage))
        if run.finished(stage):
            Checkpoint(run.folder(stage), run.key).remove()  # a kill may have come in between
    sweep(run.options.output / "figures")
    try:
        dataset = load_dataset(run.options.data)
        describe(dataset, log)
        run.require_same_pictures(dataset.digest)
        with interrupted_between_steps():
            records = [run.finished(stage) or _train_stage(stage, dataset, run, log) for stage in run.stages]
            step_ended()
            log("drawing the report")
            write_report(run.options.output, dataset, records, run.options)
    except (KeyboardInterrupt, MemoryError, CatdogError, tf.errors.ResourceExhaustedError) as error:
        if not isinstance(error, CatdogError) or not run.withdraw():
            log(f"stopped; what is done is kept. To go on: catdog-train --resume {run.options.output}")
        if isinstance(error, tf.errors.ResourceExhaustedError):
            raise OutputError(
                "enough memory", got="none left", fix="Close other programs, or begin anew with a smaller --batch-size."
            ) from error
        raise
    return dataset, records


def describe(dataset: Dataset, log: Log) -> None:
    """Say what a data set holds and what was left out."""
    if dataset.left_out:
        log(f"left out: {', '.join(dataset.left_out)}")
    for line in dataset.skipped:
        log(f"skipped: {line}")
    if dataset.contradictions:
        log(f"under two labels, of which one is wrong: {len(dataset.contradictions):,} pictures; both are learnt from")
        for line in dataset.contradictions[:_TOLD]:
            log(f"under two labels: {line}")
    for part, pictures in dataset.parts.items():
        if len(pictures):
            log(f"{part}: " + ", ".join(f"{count:,} {label}" for label, count in pictures.counts(dataset.labels).items()))
    few = [f"{count:,} {label}" for label, count in dataset.validation.counts(dataset.labels).items() if count < _ENOUGH]
    if few:
        named = ", ".join(few[:_TOLD])
        log(f"measured on few pictures: {named}; --cross-validate 5 measures on the training pictures, too, and keeps no model")
    log(f"always the most frequent label would be right on {dataset.baseline:.1%} of the validation pictures")


def fit_stage(
    stage: str, dataset: Dataset, options: TrainOptions, checkpoint: Checkpoint | None = None, log: Log | None = None
) -> Fitted:
    """Build a stage's model and train it; the same seed gives the same weights.

    A network that is dead after its first epoch, or blind to many pictures, is begun anew from other weights, up to ten times;
    one that still guesses after five epochs, if it is one of the first three. That is decided by the training pictures alone,
    said, and kept in the record.

    Args:
        stage: which.
        dataset: what it learns from and is measured on.
        options: how.
        checkpoint: where to keep what is learnt, and where to go on from; None for nowhere.
        log: told of new beginnings.

    Raises:
        CatdogError: the backbone weights cannot be had, the checkpoint cannot be written, or the training came to nothing.
    """
    # A run that goes on is seeded as the start that was stopped.
    restarts = checkpoint.restarts if checkpoint and checkpoint.read() else 0
    while True:
        try:
            return _fit_once(stage, dataset, options, checkpoint, restarts)
        except DeadNetworkError as error:
            if checkpoint:
                checkpoint.remove()  # the next start must not go on from this one
            restarts += 1
            if restarts == _STARTS:
                raise
            if log:
                log(f"the network of the stage {stage}: {error.got}; begun anew from other weights")


def _fit_once(stage: str, dataset: Dataset, options: TrainOptions, checkpoint: Checkpoint | None, restarts: int) -> Fitted:
    seed, size = options.data.seed + restarts * _SEEDS_APART, options.data.image_size
    keras.utils.set_random_seed(seed % 2**31)
    model = build_model(stage, options.pipeline, len(dataset.labels), size, backbone=options.backbone, seed=seed)
    parts = model.transfer
    backbone: str | None
    if options.start is not None:
        backbone = _go_on_with(model, Path(options.start))
    else:
        backbone = None if parts is None else _fill(parts.backbone, options)
    if checkpoint:
        checkpoint.restarts = restarts
    history = fit(model, dataset, options, checkpoint, restarts)
    if parts is not None and (options.fine_tune_epochs or options.distill_epochs):
        release_backbone(parts.backbone, statistics=options.is_blank)  # to count what was changed
    total = model.core.count_params()
    trainable = sum(int(np.prod(weight.shape)) for weight in model.core.trainable_weights)
    return Fitted(model, backbone, Parameters(total, trainable, total - trainable), history, restarts)


def _fill(network: keras.Model, options: TrainOptions) -> str:
    return load_backbone_weights(network, options.backbone_weights, BACKBONES.find(options.backbone))


def _go_on_with(model: StageModel, start: Path) -> str:
    """Fill a model with what a finished run has learnt; returns where that came from, in words.

    Raises:
        CatdogError: there is no such run, or it is of another network.
    """
    earlier = read_model(start)
    copy_weights(earlier.core, model.core)
    _, _, source = earlier.contract.trained_on.partition("backbone: ")
    return source or "an earlier run"


def _train_stage(stage: str, dataset: Dataset, run: Run, log: Log) -> StageRecord:
    start = time.monotonic()
    options, folder = run.options, run.folder(stage)
    log(f"training the stage {stage} of {options.pipeline}")
    checkpoint = Checkpoint(folder, run.key)
    apart = None
    if options.held_out:
        dataset, apart = held_out(dataset, options.held_out, options.data.seed)
    fitted = fit_stage(stage, dataset, options, checkpoint, log)
    summary = _summary(fitted.model.core)
    temperature = options.temperature
    if temperature is None:
        honest = dataset.validation if apart is None else apart
        temperature = fit_temperature(predict(logits_model(fitted.model.core), honest.pixels), honest.targets)
    apply_temperature(fitted.model.core, temperature)
    core, labels = _with_presence_check(stage, fitted.model, dataset, options)
    scores = {part: predict(core, pictures.pixels) for part, pictures in _measured(dataset).items()}
    found = {
        part: evaluate(scores[part], pictures, labels, f"{len(pictures):,} {part} pictures of {dataset.name}")
        for part, pictures in _measured(dataset).items()
    }
    on_apart = None
    if apart is not None:
        where = f"{len(apart):,} training pictures that were held out"
        on_apart = evaluate(predict(core, apart.pixels), apart, labels, where)
        log(f"on {where}: {on_apart.accuracy}, at temperature {temperature:.3f}")
    record = StageRecord(
        stage=stage,
        model=_name(stage, options),
        parameters=fitted.parameters,
        summary=summary,
        history=tuple(fitted.history),
        restarts=fitted.restarts,
        temperature=temperature,
        validation=found[VALIDATION],
        test=found.get(TEST),
        seconds=round(time.monotonic() - start, 1),
        held_out=on_apart,
        suspects=_suspects(stage, fitted.model, dataset, options, log),
    )
    if len(whole_ones(dataset.train.names)) > MOST_MARKS:
        log(f"more than {MOST_MARKS:,} training pictures: the model keeps no marks of them, so measure it on others")
    write_outcome(folder, Outcome(record, core, labels, fitted.backbone, scores), dataset, run)
    checkpoint.remove()
    track(record, options, folder, log)
    keras.utils.clear_session()
    return record


def _name(stage: str, options: TrainOptions) -> str:
    if options.name is not None and stage == options.stages[-1]:
        return options.name
    usual = f"{stage}-{options.data.image_size}"
    if stage == TRANSFER and options.backbone != MOBILENETV2:
        usual = f"{options.backbone}-{usual}"
    return usual if options.pipeline == TUNED else f"{options.pipeline}-{usual}"


def _measured(dataset: Dataset) -> dict[str, Pictures]:
    return {part: pictures for part, pictures in dataset.parts.items() if part in (VALIDATION, TEST) and len(pictures)}


def _suspects(stage: str, model: StageModel, dataset: Dataset, options: TrainOptions, log: Log) -> tuple[Suspect, ...]:
    """Look through the whole training pictures of a transfer stage, where there are not too many to compare."""
    wholes = whole_ones(dataset.train.names)
    if stage != TRANSFER or model.transfer is None:
        return ()
    if len(wholes) > MOST_LOOKED_THROUGH:
        said = f"{len(wholes):,} training pictures, {MOST_LOOKED_THROUGH:,} at most"
        log(f"not looked through for wrong labels and copies: {said}")
        return ()
    log(f"looking through {len(wholes):,} training pictures for wrong labels and copies")
    pictures = dataset.train[wholes]
    few = [label for label, count in pictures.counts(dataset.labels).items() if count < LEAST_TO_JUDGE]
    if few:
        log(f"too few pictures to look for wrong labels among: {', '.join(few[:_TOLD])}")
    return find_suspects(predict(pooled_model(model.core), pictures.pixels), pictures, dataset.labels)


def _with_presence_check(
    stage: str, model: StageModel, dataset: Dataset, options: TrainOptions
) -> tuple[keras.Model, tuple[str, ...]]:
    """Give the model the answer `neither` where no negatives taught it; return it and its labels."""
    wanted = options.presence_check and stage == TRANSFER and options.pipeline in OURS and not dataset.has_negatives
    if not wanted or model.transfer is None:
        return model.core, dataset.labels
    features = predict(pooled_model(model.core), dataset.train.pixels)
    check = fit_presence_check(features, dataset.train.targets, options.data.seed)
    return attach_presence_check(model.core, check), (*dataset.labels, NEITHER)


def _summary(core: keras.Model) -> str:
    lines: list[str] = []
    core.summary(print_fn=lambda line, line_break=True: lines.append(line), line_length=100)
    return "\n".join(lines).strip()
