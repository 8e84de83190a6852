"""The folds of a cross-validation on the machines of a Ray cluster: `catdog-train --cross-validate 5 --ray`.

The data set travels once to each machine, where its folds share it; a fold is a task, and what it gives are its logits. Ray
does a fold again whose machine is gone.

May import: Ray, where it is used, and `catdog.edge.bulk`'s way to it.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from catdog.edge.bulk.cluster import nodes
from catdog.edge.bulk.job import as_error, told
from catdog.edge.errors import CatdogError

from ..data.dataset import Dataset
from .process import Given, use_cores

if TYPE_CHECKING:
    from ..crossvalidate import Fold

LOG = logging.getLogger(__name__)
_TRIES = 5  # of a fold whose machine or process dies


def on_cluster(dataset: Dataset, folds: "Sequence[Fold]") -> Iterator[NDArray[np.float32]]:
    """Send folds to the cluster that is connected; give each one's logits, float32 ``[n, classes]``, in order.

    They are on their way when this returns, so that those of several settings are trained at once.

    Raises:
        CatdogError: what a fold raised, when its logits are asked for.
    """
    import ray

    cores = cores_of_a_fold([node.cores for node in nodes()], len(folds))
    LOG.info(f"{len(folds)} folds on {len(nodes())} machines, each on {cores} core{'s' if cores > 1 else ''}")
    task: Any = ray.remote(num_cpus=cores, max_retries=_TRIES)(_judge_there)
    there = ray.put(dataset)
    return _in_order([task.remote(there, fold, cores) for fold in folds])


def _in_order(waiting: Sequence[Any]) -> Iterator[NDArray[np.float32]]:
    import ray

    places, left, done = {each: place for place, each in enumerate(waiting)}, list(waiting), 0
    while left:
        ready, left = ray.wait(left)
        done += len(ready)
        LOG.info(f"fold {places[ready[0]] + 1} is done; {done} of {len(waiting)}")
    for each in waiting:
        judged: Given = ray.get(each)
        if isinstance(judged, dict):
            raise as_error(judged)
        yield judged


def cores_of_a_fold(cores: Sequence[int], folds: int) -> int:
    """Return how many cores each of so many folds gets.

    Args:
        cores: of each machine.
        folds: how many there are; with more of them than cores one each, which wastes none.
    """
    return max(1, min(sum(cores) // folds, max(cores, default=1)))


def _judge_there(dataset: Dataset, fold: "Fold", cores: int) -> Given:
    """Train on a fold in a worker's process; as `crossvalidate.judge_fold`."""
    use_cores(cores)
    from ..crossvalidate import judge_fold

    try:
        return judge_fold(dataset, fold)
    except CatdogError as error:
        return told(error)
