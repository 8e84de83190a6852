"""From options to the folders of a run: one stage, or all of a pipeline's in turn."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from catdog.edge.common.files import sweep
from catdog.edge.contract.learnt import MOST as MOST_MARKS
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import CatdogError, OutputError
from catdog.edge.teach.suspects import LEAST as LEAST_TO_JUDGE

from .backbone_weights import load_backbone_weights
from .backbones import BACKBONES, MOBILENETV2
from .checkpoint import Checkpoint
from .data.dataset import Dataset, held_out, load_dataset
from .data.items import whole_ones
from .data.names import TEST, VALIDATION
from .data.pictures import Pictures
from .evaluate import evaluate
from .features import predict
from .fit import fit
from .history import Epoch
from .interruption import interrupted_between_steps, step_ended
from .model import BACKBONE, StageModel, build_model, logits_model, pooled_model, unfreeze_backbone
from .model_file import read_model
from .options import TrainOptions
from .outcome import Outcome, write_outcome
from .pipelines import OURS, TRANSFER, TUNED
from .presence import attach_presence_check, fit_presence_check
from .record import Parameters, StageRecord, Suspect
from .report.write import write_report
from .run import Run
from .suspects import MOST as MOST_LOOKED_THROUGH
from .suspects import find_suspects
from .temperature import apply_temperature, fit_temperature
from .trackers import track
from .weights import copy_common_weights, copy_weights
from .writeups.restarts import with_restarts

if TYPE_CHECKING:
    from .cluster.training import Cluster

_TOLD = 20  # contradictions or labels, by name
_ENOUGH = 10  # validation pictures of a label, below which its share of right answers says little
_SEEDS_APART = 1_000_003

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """A stage that was trained, before its scores are calibrated."""

    model: StageModel  # its parts
    backbone: str | None  # where the backbone's weights came from; None without one
    parameters: Parameters  # how large it is
    history: Sequence[Epoch]  # one entry per epoch
    restarts: int  # how often it was restarted because the network was dead, blind to many pictures or no better than guessing


def train(run: Run, cluster: "Cluster | None" = None) -> tuple[Dataset, list[StageRecord]]:
    """Load the data, train what is not done yet, measure, write the run's folders and its report.

    Args:
        run: that was begun.
        cluster: machines that share what can be shared; None for this one alone.

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
        log_dataset(dataset)
        run.require_same_pictures(dataset.digest)
        with interrupted_between_steps():
            records = [run.finished(stage) or _train_stage(stage, dataset, run, cluster) for stage in run.stages]
            step_ended()
            LOG.info("writing the report")
            write_report(run.options.output, dataset, records, run.options)
    except (KeyboardInterrupt, MemoryError, CatdogError, tf.errors.ResourceExhaustedError) as error:
        if not isinstance(error, CatdogError) or not run.withdraw():
            LOG.warning(f"stopped; what is done is kept. To go on: catdog-train --resume {run.options.output}")
        if isinstance(error, tf.errors.ResourceExhaustedError):
            raise OutputError(
                "enough memory", got="none left", fix="Close other programs, or begin again with a smaller --batch-size."
            ) from error
        raise
    return dataset, records


def log_dataset(dataset: Dataset) -> None:
    """Say what a data set holds and what was left out."""
    if dataset.left_out:
        LOG.info(f"left out: {', '.join(dataset.left_out)}")
    for line in dataset.skipped:
        LOG.warning(f"skipped: {line}")
    if dataset.contradictions:
        LOG.warning(f"under two labels, of which one is wrong: {len(dataset.contradictions):,} pictures; both are learnt from")
        for line in dataset.contradictions[:_TOLD]:
            LOG.warning(f"under two labels: {line}")
    for part, pictures in dataset.parts.items():
        if len(pictures):
            LOG.info(f"{part}: " + ", ".join(f"{count:,} {label}" for label, count in pictures.counts(dataset.labels).items()))
    few = [f"{count:,} {label}" for label, count in dataset.validation.counts(dataset.labels).items() if count < _ENOUGH]
    if few:
        named = ", ".join(few[:_TOLD])
        LOG.warning(
            f"measured on few pictures: {named}; --cross-validate 5 measures on the training pictures, too, and keeps no model"
        )
    LOG.info(f"always the most frequent label would be right on {dataset.baseline:.1%} of the validation pictures")


def fit_stage(
    stage: str,
    dataset: Dataset,
    options: TrainOptions,
    checkpoint: Checkpoint | None = None,
    cluster: "Cluster | None" = None,
) -> Fitted:
    """Build a stage's model and train it; the same seed gives the same weights.

    Raises:
        CatdogError: the backbone weights cannot be had, the checkpoint cannot be written, or the training came to nothing.
    """
    return with_restarts(partial(_fit_once, stage, dataset, options, checkpoint, cluster), stage, checkpoint)


def _fit_once(
    stage: str,
    dataset: Dataset,
    options: TrainOptions,
    checkpoint: Checkpoint | None,
    cluster: "Cluster | None",
    restarts: int,
) -> Fitted:
    seed, size = options.data.seed + restarts * _SEEDS_APART, options.data.image_size
    keras.utils.set_random_seed(seed % 2**31)
    model = build_model(stage, options.pipeline, len(dataset.labels), size, backbone=options.backbone, seed=seed)
    parts = model.transfer
    backbone: str | None
    if options.start is not None:
        backbone = _continue_from(model, options, Path(options.start))
    else:
        backbone = None if parts is None else _fill(parts.backbone, options)
    if checkpoint:
        checkpoint.restarts = restarts
    history = fit(model, dataset, options, checkpoint, restarts, cluster)
    if parts is not None and (options.fine_tune_epochs or options.distill_epochs):
        unfreeze_backbone(parts.backbone, statistics=options.is_blank)  # to count what was changed
    total = model.core.count_params()
    trainable = sum(int(np.prod(weight.shape)) for weight in model.core.trainable_weights)
    return Fitted(model, backbone, Parameters(total, trainable, total - trainable), history, restarts)


def _fill(network: keras.Model, options: TrainOptions) -> str:
    return load_backbone_weights(network, options.backbone_weights, BACKBONES.find(options.backbone))


def _continue_from(model: StageModel, options: TrainOptions, start: Path) -> str:
    """Fill a model with what a finished run has learnt; returns where that came from, in words.

    A run whose backbone was cut off earlier gives the layers that it has. Those behind them are of the backbone's own weights,
    and the head begins anew: it sees other features.

    Raises:
        CatdogError: there is no such run, or it is of another network.
    """
    earlier = read_model(start)
    parts = model.transfer
    if parts is not None and _is_cut_earlier(earlier.core, parts.backbone):
        _fill(parts.backbone, options)
        copy_common_weights(earlier.core.get_layer(BACKBONE), parts.backbone)
    else:
        copy_weights(earlier.core, model.core)
    _, _, source = earlier.contract.trained_on.partition("backbone: ")
    return source or "an earlier run"


def _is_cut_earlier(earlier: keras.Model, backbone: keras.Model) -> bool:
    """Whether another model's backbone is the beginning of this one."""
    if not any(layer.name == BACKBONE for layer in earlier.layers):
        return False
    # Without the input, whose name Keras counts up.
    theirs, ours = ([layer.name for layer in each.layers[1:]] for each in (earlier.get_layer(BACKBONE), backbone))
    return len(theirs) < len(ours) and theirs == ours[: len(theirs)]


def _train_stage(stage: str, dataset: Dataset, run: Run, cluster: "Cluster | None") -> StageRecord:
    start = time.monotonic()
    options, folder = run.options, run.folder(stage)
    LOG.info(f"training the stage {stage} of {options.pipeline}")
    checkpoint = Checkpoint(folder, run.key)
    kept_out = None
    if options.held_out:
        dataset, kept_out = held_out(dataset, options.held_out, options.data.seed)
    fitted = fit_stage(stage, dataset, options, checkpoint, cluster)
    summary = _summary(fitted.model.core)
    temperature = options.temperature
    if temperature is None:
        unseen = dataset.validation if kept_out is None else kept_out
        temperature = fit_temperature(predict(logits_model(fitted.model.core), unseen.pixels), unseen.targets)
    apply_temperature(fitted.model.core, temperature)
    core, labels = _with_presence_check(stage, fitted.model, dataset, options)
    scores = {part: predict(core, pictures.pixels) for part, pictures in _measured(dataset).items()}
    found = {
        part: evaluate(scores[part], pictures, labels, f"{len(pictures):,} {part} pictures of {dataset.name}")
        for part, pictures in _measured(dataset).items()
    }
    on_kept_out = None
    if kept_out is not None:
        where = f"{len(kept_out):,} training pictures that were held out"
        on_kept_out = evaluate(predict(core, kept_out.pixels), kept_out, labels, where)
        LOG.info(f"on {where}: {on_kept_out.accuracy}, at temperature {temperature:.3f}")
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
        held_out=on_kept_out,
        suspects=_suspects(stage, fitted.model, dataset, options),
    )
    if len(whole_ones(dataset.train.names)) > MOST_MARKS:
        LOG.warning(f"more than {MOST_MARKS:,} training pictures: the model keeps no marks of them, so measure it on others")
    write_outcome(folder, Outcome(record, core, labels, fitted.backbone, scores), dataset, run)
    checkpoint.remove()
    track(record, options, folder)
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


def _suspects(stage: str, model: StageModel, dataset: Dataset, options: TrainOptions) -> tuple[Suspect, ...]:
    """Look through the whole training pictures of a transfer stage, where there are not too many to compare."""
    wholes = whole_ones(dataset.train.names)
    if stage != TRANSFER or model.transfer is None:
        return ()
    if len(wholes) > MOST_LOOKED_THROUGH:
        said = f"{len(wholes):,} training pictures, {MOST_LOOKED_THROUGH:,} at most"
        LOG.warning(f"not looked through for wrong labels and copies: {said}")
        return ()
    LOG.info(f"looking through {len(wholes):,} training pictures for wrong labels and copies")
    pictures = dataset.train[wholes]
    few = [label for label, count in pictures.counts(dataset.labels).items() if count < LEAST_TO_JUDGE]
    if few:
        LOG.warning(f"too few pictures to look for wrong labels among: {', '.join(few[:_TOLD])}")
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
