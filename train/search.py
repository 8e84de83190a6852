"""Which settings are better? Several cross-validations on the same training pictures, each held against the first.

May import: numpy, `catdog.edge`'s files and errors; this room's `crossvalidate`, `data`, `options`, `run`,
`side_by_side`, `stages` and `trials`.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import write_text
from catdog.edge.errors import UsageError

from .crossvalidate import CrossValidation, JudgeFolds, Plan, conclude, plan
from .data.dataset import Dataset, load_dataset
from .options import TrainOptions
from .run import SEARCH_FILE
from .side_by_side import LETTERS, Difference, differences
from .stages import log_dataset
from .trials import Trial

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """A trial that has been made.

    Attributes:
        trial: which.
        found: of each seed.
    """

    trial: Trial
    found: tuple[CrossValidation, ...]

    @property
    def mean_accuracy(self) -> float:
        """Over the seeds, 0-1."""
        return float(np.mean([each.evaluation.accuracy.value for each in self.found]))


def search(asked: Sequence[Trial], count: int, seeds: int, judge_folds: JudgeFolds) -> tuple[list[Tried], list[Difference]]:
    """Cross-validate each trial, and hold it against the first on the pictures of the first seed.

    Args:
        asked: two trials or more.
        count: parts of each cross-validation.
        seeds: how often, each.
        judge_folds: trains on folds and gives their logits in order.

    Returns:
        What each trial came to, and the differences of all but the first from it.

    Raises:
        CatdogError: data or weights cannot be had, or a result cannot be written.
        UsageError: the trials learn from other pictures, so that they cannot be compared.
    """
    plans: list[Plan] = []
    for trial in asked:
        plans.append(plan(trial.options, _dataset(trial.options, plans), count, seeds))
        if plans[-1].learnt.names != plans[0].learnt.names:
            got = f"other pictures with {' '.join(trial.words)}"
            raise UsageError("settings that are judged on the same pictures", got=got, fix="Try what changes none of these.")
    # All are begun before the first is waited for: on a cluster they share its machines.
    begun = [judge_folds(each.dataset, each.folds) for each in plans]
    judged = []
    for letter, trial, made, logits in zip(LETTERS, asked, plans, begun, strict=False):
        LOG.info(f"{letter}: {' '.join(trial.words)}")
        judged.append(Tried(trial, tuple(conclude(made, logits))))
    apart = list(differences([_right(made, each) for made, each in zip(plans, judged, strict=True)]))
    _write(judged, apart, count)
    return judged, apart


def lines(judged: Sequence[Tried], apart: Sequence[Difference]) -> Iterator[str]:
    """Say what came of a search, a line each."""
    for letter, each in zip(LETTERS, judged, strict=False):
        accuracy = each.found[0].evaluation.accuracy
        over = "" if len(each.found) == 1 else f"; {each.mean_accuracy:.2%} over {len(each.found)} seeds"
        yield f"{letter}      {' '.join(each.trial.words)}: {accuracy}{over}"
    for one in apart:
        yield f"{LETTERS[one.run]} - A  {one}"


def _dataset(options: TrainOptions, before: Sequence[Plan]) -> Dataset:
    """Return the data set, read once for all trials of the same."""
    for each in before:
        if each.options.data == options.data:
            return each.dataset
    found = load_dataset(options.data)
    if not before:
        log_dataset(found)
    return found


def _right(made: Plan, judged: Tried) -> NDArray[np.bool_]:
    wrong = {mistake.name for mistake in judged.found[0].evaluation.mistakes}
    return np.array([name not in wrong for name in made.learnt.names])


def _write(judged: Sequence[Tried], apart: Sequence[Difference], count: int) -> None:
    first = judged[0].trial.options
    document = {
        "folds": count,
        "trials": [
            {
                "trial": letter,
                "options": list(each.trial.words),
                "accuracy": asdict(each.found[0].evaluation.accuracy),
                "calibration_error": each.found[0].evaluation.calibration_error,
                "temperature": each.found[0].temperature,
                "mean_accuracy": each.mean_accuracy,
                "seeds": len(each.found),
            }
            for letter, each in zip(LETTERS, judged, strict=False)
        ],
        "differences": [each.to_dict() for each in apart],
    }
    write_text(first.output.parent / SEARCH_FILE, json.dumps(document, indent=2) + "\n")
