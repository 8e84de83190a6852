"""How good would these settings be? Asked of the training pictures alone, each judged by a model that has not seen it."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import write_text
from catdog.edge.errors import UsageError

from .data.dataset import Dataset, load_dataset, training_only
from .data.items import whole_of
from .data.pictures import Pictures
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


class Fold(NamedTuple):
    """One part of the training pictures, to be judged by a model that has not seen it."""

    options: TrainOptions  # with the seed of the fold's division
    number: int  # from 1
    others: tuple[int, ...]  # places of what is learnt from
    held: tuple[int, ...]  # places of what is judged


JudgeFolds = Callable[[Dataset, Sequence[Fold]], Iterable[NDArray[np.float32]]]


def one_by_one(dataset: Dataset, folds_: Sequence[Fold]) -> Iterator[NDArray[np.float32]]:
    """Give each fold's logits, float32 ``[n, classes]``, in order: here, one after another."""
    for fold in folds_:
        LOG.info(f"fold {fold.number} of {len(folds_)}")
        with interrupted_between_steps():
            yield judge_fold(dataset, fold)


class Plan(NamedTuple):
    """A cross-validation that can be begun."""

    options: TrainOptions
    parts: int  # how many
    dataset: Dataset
    learnt: Pictures  # the training pictures that are judged: wholes, as a camera would see them
    folds: tuple[Fold, ...]  # of all seeds, in turn
    division: tuple[tuple[int, ...], ...]  # places in `learnt` that each fold judges


def cross_validate(
    options: TrainOptions, count: int, seeds: int = 1, judge_folds: JudgeFolds = one_by_one
) -> list[CrossValidation]:
    """Train a stage `count` times, each time without one part of the training pictures, and judge that part.

    The validation and test pictures are not looked at, so that settings can be chosen without spending them.

    Args:
        options: what to train and how.
        count: parts.
        seeds: how often all of that, each time divided and trained by the next seed.
        judge_folds: trains on all folds of all seeds and gives their logits in order.

    Returns:
        What was found, for each seed.

    Raises:
        CatdogError: data or weights cannot be had, or the result cannot be written.
    """
    dataset = load_dataset(options.data)
    log_dataset(dataset)
    made = plan(options, dataset, count, seeds)
    return conclude(made, judge_folds(dataset, made.folds))


def plan(options: TrainOptions, dataset: Dataset, count: int, seeds: int) -> Plan:
    """Divide the training pictures.

    Args:
        options: what to train and how.
        dataset: of these options.
        count: parts.
        seeds: how often all of that.

    Raises:
        UsageError: a label has fewer pictures than there are parts.
    """
    everything = dataset.train
    origins = np.array([whole_of(name) for name in everything.names])
    # Parts are learnt from beside their wholes, but judged is what a camera would see.
    wholes = np.flatnonzero(origins == np.array(everything.names))
    learnt = everything[wholes.tolist()]
    rarest = min(learnt.counts(dataset.labels).values())
    if rarest < count:
        raise UsageError(f"at most {rarest} parts, as the rarest label has pictures", got=str(count), fix="Use fewer parts.")
    work: list[Fold] = []
    division: list[tuple[int, ...]] = []
    for seed in range(options.data.seed, options.data.seed + seeds):
        seeded = replace(options, data=replace(options.data, seed=seed))
        for held in folds(learnt.targets.tolist(), count, seed):
            others = np.flatnonzero(~np.isin(origins, origins[wholes[held]]))
            work.append(Fold(seeded, len(work) + 1, tuple(others.tolist()), tuple(wholes[held].tolist())))
            division.append(tuple(held))
    return Plan(options, count, dataset, learnt, tuple(work), tuple(division))


def conclude(made: Plan, judged: Iterable[NDArray[np.float32]]) -> list[CrossValidation]:
    """Measure what the folds have answered, and write it into the folder of the options.

    Args:
        made: the plan.
        judged: each fold's logits, float32 ``[n, classes]``, in order.

    Raises:
        CatdogError: a fold failed, or the result cannot be written.
    """
    seeds = len(made.folds) // made.parts
    logits = np.empty((seeds, len(made.learnt), len(made.dataset.labels)), np.float32)
    for place, answers in enumerate(judged):
        logits[place // made.parts, list(made.division[place])] = answers
    found = [_found(made.dataset, made.learnt, each, made.parts) for each in logits]
    _write(made.options, made.parts, found)
    return found


def judge_fold(dataset: Dataset, fold: Fold) -> NDArray[np.float32]:
    """Return float32 ``[n, classes]`` logits of a fold's held-back pictures, by a model that has learnt from the others."""
    part = training_only(dataset, list(fold.others), list(fold.held))
    # Nothing needs measuring before the end.
    model = fit_stage(fold.options.stage, part, replace(fold.options, validate=AT_END)).model
    logits = predict(logits_model(model.core), part.validation.pixels)
    keras.utils.clear_session()
    return logits


def _found(dataset: Dataset, learnt: Pictures, logits: NDArray[np.float32], count: int) -> CrossValidation:
    temperature = fit_temperature(logits, learnt.targets)
    on = f"{len(learnt):,} training pictures of {dataset.name}, {count}-fold"
    scores = keras.ops.convert_to_numpy(keras.ops.softmax(logits / temperature))
    return CrossValidation(dataset, evaluate(scores, learnt, dataset.labels, on), temperature)


def _write(options: TrainOptions, count: int, found: Sequence[CrossValidation]) -> None:
    """Write what was found; of several seeds the first is where a single one is, and all are in a list."""
    first = options.data.seed
    each = [
        {"seed": first + place, "temperature": one.temperature, "evaluation": one.evaluation.to_dict()}
        for place, one in enumerate(found)
    ]
    result = {
        "folds": count,
        "temperature": found[0].temperature,
        "evaluation": found[0].evaluation.to_dict(),
        "options": asdict(options) | {"output": options.output.name},
    }
    if len(found) > 1:
        result["seeds"] = each
    write_text(options.output / CROSS_VALIDATION_FILE, json.dumps(result, indent=2) + "\n")
