"""How good would these settings be? Asked of the training pictures alone, each judged by a model that has not seen it."""

import json
import logging
from dataclasses import asdict, dataclass, replace

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import write_text
from catdog.edge.errors import UsageError

from .data.dataset import Dataset, load_dataset, training_only
from .data.items import whole_of
from .data.splits import folds
from .evaluate import Evaluation, evaluate
from .features import predict
from .interruption import interrupted_between_steps
from .model import logits_model
from .options import AT_END, TrainOptions
from .run import CROSS_VALIDATION_FILE
from .stages import fit_stage, log_dataset
from .temperature import fit_temperature

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class CrossValidation:
    """What a cross-validation found."""

    dataset: Dataset  # the data; only its training pictures were used
    evaluation: Evaluation  # of all training pictures, each by the model of the fold that held it back, at that temperature
    temperature: float  # the one that calibrates those scores; to be passed to the final training


def cross_validate(options: TrainOptions, count: int) -> CrossValidation:
    """Train a stage `count` times, each time without one part of the training pictures, and judge that part.

    The validation and test pictures are not looked at, so that settings can be chosen without spending them.

    Raises:
        CatdogError: data or weights cannot be had, or the result cannot be written.
    """
    dataset = load_dataset(options.data)
    log_dataset(dataset)
    everything = dataset.train
    origins = np.array([whole_of(name) for name in everything.names])
    # Parts are learnt from beside their wholes, but judged is what a camera would see.
    wholes = np.flatnonzero(origins == np.array(everything.names))
    learnt = everything[wholes.tolist()]
    rarest = min(learnt.counts(dataset.labels).values())
    if rarest < count:
        raise UsageError(f"at most {rarest} parts, as the rarest label has pictures", got=str(count), fix="Use fewer parts.")
    logits = np.empty((len(learnt), len(dataset.labels)), np.float32)
    for number, held in enumerate(folds(learnt.targets.tolist(), count, options.data.seed), start=1):
        LOG.info(f"fold {number} of {count}")
        others = np.flatnonzero(~np.isin(origins, origins[wholes[held]])).tolist()
        with interrupted_between_steps():
            logits[held] = _judge(training_only(dataset, others, wholes[held].tolist()), options)
    temperature = fit_temperature(logits, learnt.targets)
    on = f"{len(learnt):,} training pictures of {dataset.name}, {count}-fold"
    scores = keras.ops.convert_to_numpy(keras.ops.softmax(logits / temperature))
    found = CrossValidation(dataset, evaluate(scores, learnt, dataset.labels, on), temperature)
    result = {
        "folds": count,
        "temperature": temperature,
        "evaluation": found.evaluation.to_dict(),
        "options": asdict(options) | {"output": options.output.name},
    }
    write_text(options.output / CROSS_VALIDATION_FILE, json.dumps(result, indent=2) + "\n")
    return found


def _judge(fold: Dataset, options: TrainOptions) -> NDArray[np.float32]:
    """Return float32 ``[n, classes]`` logits of a fold's held-back pictures."""
    # Nothing needs measuring before the end.
    model = fit_stage(options.stage, fold, replace(options, validate=AT_END)).model
    logits = predict(logits_model(model.core), fold.validation.pixels)
    keras.utils.clear_session()
    return logits
