"""Learning from a larger model's answers beside the labels: what it is unsure of, a small one need not be sure of.

The teacher sees the same picture at its own size, altered by the same chance.

Source: G. Hinton et al., "Distilling the knowledge in a neural network", 2015.

May import: TensorFlow, Keras, this room's `data`, `features`, `model_file` and `options`.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from catdog.edge.errors import UsageError

from .data.conditions import Camera
from .data.dataset import Dataset, load_dataset
from .model_file import TrainedModel, read_model
from .options import CAMERA, TrainOptions

_TRUST = 0.7  # share of a target that is the teacher's answer; the rest is the label


class Teacher:
    """A finished model, and the training pictures as it sees them.

    Attributes:
        classes: number of labels.
    """

    def __init__(self, model: TrainedModel, dataset: Dataset, *, alters: bool) -> None:
        self._core, self._pictures = model.core, dataset.train
        self._camera = Camera.of(dataset) if alters else None
        self.classes = len(dataset.labels)

        def ask(batch: tf.Tensor) -> tf.Tensor:
            return self._core(tf.cast(batch, tf.float32), training=False)

        self._ask = tf.function(ask, reduce_retracing=True)

    @classmethod
    def of(cls, dataset: Dataset, options: TrainOptions) -> "Teacher | None":
        """Read the teacher that the options name, and the pictures again at its size; None where there is none.

        Raises:
            CatdogError: there is no such model, or the pictures cannot be read again.
            UsageError: it has other labels.
        """
        if options.teacher is None:
            return None
        model = read_model(Path(options.teacher))
        if model.contract.labels != dataset.labels:
            raise UsageError(
                f"a --teacher with the labels {', '.join(dataset.labels)}",
                got=", ".join(model.contract.labels),
                fix="Name another.",
            )
        size = model.contract.input.height
        again = load_dataset(replace(options.data, image_size=size)).train if size != options.data.image_size else dataset.train
        places = {name: index for index, name in enumerate(again.names)}
        pictures = again[[places[name] for name in dataset.train.names]]
        return cls(model, replace(dataset, train=pictures), alters=options.conditions == CAMERA)

    def targets(self, chosen: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        """Return what is to be answered, float32 ``[n, classes]``: the labels and the teacher's answers, mixed.

        Args:
            chosen: int64 ``[n]``, index into the training pictures.
            seed: of what the camera does with each, with its index.
        """
        pixels = self._pictures.pixels[chosen]
        if self._camera is not None:
            for place, index in enumerate(chosen.tolist()):
                pixels[place] = self._camera(pixels[place], np.random.default_rng([seed, index]))
        labels = np.eye(self.classes, dtype=np.float32)[self._pictures.targets[chosen]]
        return (1 - _TRUST) * labels + np.float32(_TRUST) * self._ask(tf.constant(pixels)).numpy()
