"""The transfer stage from options to a run's folder."""

import time
from dataclasses import dataclass
from importlib.metadata import version

import keras

from catdog.edge.contract import InputSpec, ModelContract

from .dataset import Dataset, load_dataset
from .evaluate import Evaluation, evaluate
from .fit import fit, predict
from .model import build_transfer_model
from .options import TrainOptions
from .run import write_run
from .weights import load_backbone_weights


@dataclass(frozen=True)
class Outcome:
    """What a training run came to.

    Attributes:
        dataset: what it was trained and measured on.
        evaluation: how right it is.
        seconds: wall time of everything.
    """

    dataset: Dataset
    evaluation: Evaluation
    seconds: float


def train_transfer(options: TrainOptions) -> Outcome:
    """Load the data, train, measure, write the run's folder.

    Raises:
        CatdogError: data or weights cannot be had, or the folder cannot be written.
    """
    start = time.monotonic()
    keras.utils.set_random_seed(options.data.seed)
    dataset = load_dataset(options.data)
    size = options.data.image_size
    model = build_transfer_model(classes=len(dataset.labels), image_size=size, seed=options.data.seed)
    backbone = load_backbone_weights(model.backbone, options.backbone_weights)
    history = fit(model, dataset, options)
    evaluation = evaluate(predict(model.core, dataset.validation.pixels), dataset)
    tuned = f", fine-tuned end to end for {options.fine_tune_epochs} epochs at {options.fine_tune_rate:g}"
    contract = ModelContract(
        name=f"{options.stage}-{size}",
        labels=dataset.labels,
        input=InputSpec(size, size, dtype="float32"),
        trained_on=f"{len(dataset.train):,} training pictures of {dataset.name}; backbone: {backbone}"
        + (tuned if options.fine_tune_epochs else ", frozen"),
        figures=(evaluation.accuracy,),
        made_by=f"catdog {version('catdog')}",
    )
    seconds = time.monotonic() - start
    write_run(
        model.core,
        contract,
        dataset=dataset,
        evaluation=evaluation,
        history=history,
        options=options,
        seconds=seconds,
    )
    return Outcome(dataset, evaluation, seconds)
