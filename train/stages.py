"""From options to the folders of a run: one stage, or all of a pipeline's in turn."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras

from catdog.edge.contract import InputSpec, ModelContract
from catdog.edge.figures import Figure

from .dataset import Dataset, load_dataset
from .evaluate import Evaluation, evaluate
from .fit import fit, predict
from .history import Epoch
from .model import build_model
from .options import ALL, TrainOptions
from .pipelines import STAGES, TRANSFER, TUNED
from .run import write_run
from .weights import load_backbone_weights


@dataclass(frozen=True)
class Outcome:
    """What training one stage came to.

    Attributes:
        stage: which.
        folder: where its files are.
        history: one entry per epoch.
        evaluation: how right it is.
        seconds: wall time, without loading the data.
    """

    stage: str
    folder: Path
    history: Sequence[Epoch]
    evaluation: Evaluation
    seconds: float


def train(options: TrainOptions, report: Callable[[str], None]) -> tuple[Dataset, list[Outcome]]:
    """Load the data, train, measure, write the run's folders.

    Of several stages the transfer stage's files lie in the run's folder itself, since it is the one to export, and each of the
    others' in a folder of its name below.

    Args:
        options: what to train and how.
        report: told what is going on, a line at a time.

    Raises:
        CatdogError: data or weights cannot be had, or the folder cannot be written.
    """
    dataset = load_dataset(options.data)
    for line in dataset.skipped:
        report(f"skipped: {line}")
    outcomes = []
    for stage in STAGES if options.stage == ALL else (options.stage,):
        if options.stage == ALL:
            report(f"training stage {stage} of {options.pipeline}")
        folder = options.output if options.stage != ALL or stage == TRANSFER else options.output / stage
        outcomes.append(_train_stage(stage, folder, dataset, options))
    return dataset, outcomes


def _train_stage(stage: str, folder: Path, dataset: Dataset, options: TrainOptions) -> Outcome:
    start = time.monotonic()
    keras.utils.set_random_seed(options.data.seed)
    size = options.data.image_size
    model = build_model(stage, options.pipeline, classes=len(dataset.labels), image_size=size, seed=options.data.seed)
    parts = model.transfer
    backbone = None if parts is None else load_backbone_weights(parts.backbone, options.backbone_weights)
    history = fit(model, dataset, options)
    evaluation = evaluate(predict(model.core, dataset.validation.pixels), dataset)
    write_run(
        model.core,
        _contract(stage, dataset, options, backbone, evaluation.accuracy),
        folder=folder,
        dataset=dataset,
        evaluation=evaluation,
        history=history,
        options=options,
        seconds=time.monotonic() - start,
    )
    outcome = Outcome(stage, folder, history, evaluation, time.monotonic() - start)
    keras.utils.clear_session()
    return outcome


def _contract(stage: str, dataset: Dataset, options: TrainOptions, backbone: str | None, accuracy: Figure) -> ModelContract:
    size = options.data.image_size
    learnt = f"{len(dataset.train):,} training pictures of {dataset.name}"
    if backbone is not None:
        learnt += f"; backbone: {backbone}"
        learnt += (
            f", fine-tuned end to end for {options.fine_tune_epochs} epochs at {options.fine_tune_rate:g}"
            if options.fine_tune_epochs
            else ", frozen"
        )
    return ModelContract(
        name=f"{stage}-{size}" if options.pipeline == TUNED else f"{options.pipeline}-{stage}-{size}",
        labels=dataset.labels,
        input=InputSpec(size, size, dtype="float32"),
        trained_on=learnt,
        figures=(accuracy,),
        made_by=f"catdog {version('catdog')}",
    )
