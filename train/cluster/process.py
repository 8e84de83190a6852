"""What a worker's process does before it trains, and what it gives.

May import: TensorFlow, when a worker asks for it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Given = NDArray[np.float32] | dict[str, str]  # what was asked for, or an error as it travels


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
