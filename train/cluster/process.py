"""What a worker's process does before it trains: TensorFlow on its cores, and the network that the training has.

May import: TensorFlow and this room's `model`, when a worker asks for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..options import TrainOptions

if TYPE_CHECKING:
    from ..model import StageModel

Given = NDArray[np.float32] | dict[str, str]  # what was asked for, or an error as it travels


@dataclass(frozen=True)
class Recipe:
    """What a worker builds a transfer network from; its weights travel beside it."""

    key: str  # tells it from that of another training, whose network the process may still have
    options: TrainOptions
    classes: int

    def build(self, seed: int) -> "StageModel":
        """Build the network, with random weights.

        Args:
            seed: of its augmentation and dropout.
        """
        from ..model import build_model
        from ..pipelines import TRANSFER

        options = self.options
        size = options.data.image_size
        return build_model(TRANSFER, options.pipeline, self.classes, size, backbone=options.backbone, seed=seed)


def weights_of(model: "StageModel") -> Sequence[NDArray[np.float32]]:
    """Return all weights of a network that was built by the same recipe, in their order."""
    return [np.asarray(weight) for weight in model.core.get_weights()]


def use_cores(cores: int) -> None:
    """Load TensorFlow, on so many cores; the process may have worked before."""
    from ..tensorflow_setup import import_tensorflow

    import_tensorflow()
    import tensorflow as tf

    threading = tf.config.threading
    set_threads: Callable[[int], None]
    for asked, set_threads in (
        (threading.get_intra_op_parallelism_threads, threading.set_intra_op_parallelism_threads),
        (threading.get_inter_op_parallelism_threads, threading.set_inter_op_parallelism_threads),
    ):
        if asked() != cores:
            set_threads(cores)
