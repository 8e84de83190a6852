"""What of a single training the machines of a cluster share: the features of a frozen backbone, and the steps of fine-tuning.

Connected only while there is something to share.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from catdog.edge.bulk.cluster import connected

from ..data.dataset import Dataset
from ..options import TrainOptions

if TYPE_CHECKING:
    from ..model import StageModel, TransferParts
    from .steps import Steps


@dataclass(frozen=True)
class Cluster:
    """Machines that share a training.

    Attributes:
        address: of their cluster, as `catdog.edge.bulk.cluster.connected` takes it.
    """

    address: str

    def features(
        self, model: "TransferParts", dataset: Dataset, options: TrainOptions
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Give the features as `catdog.train.features.features_here` does.

        Raises:
            ClusterError: nobody answers, or no machine is left.
            CatdogError: what a worker raised.
        """
        from .features import shared_features

        with connected(self.address):
            return shared_features(model, dataset, options)

    @contextmanager
    def steps(
        self, model: "StageModel", dataset: Dataset, options: TrainOptions, weights: Mapping[int, float] | None
    ) -> "Iterator[Steps]":
        """Give what computes the steps of fine-tuning, until the end of the context.

        Args:
            model: what is fine-tuned.
            dataset: what it learns from.
            options: how.
            weights: how much a picture of each label counts; None for the same.

        Raises:
            ClusterError: nobody answers, or no machine is left.
            CatdogError: what a worker raised.
        """
        from .steps import Steps

        with connected(self.address):
            yield Steps(model, dataset, options, weights)
