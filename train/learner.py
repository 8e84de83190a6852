"""A network as it learns from whole pictures, and how these are altered and answered before it sees them.

May import: TensorFlow, Keras, this room's `data`, `model`, `options` and `teacher`.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .data.conditions import Camera
from .data.dataset import Dataset
from .data.pictures import Pictures
from .model import StageModel, logits_model
from .options import CAMERA, TrainOptions
from .teacher import Teacher

_OWN_THREADS = 2  # of batches that ask a teacher: in TensorFlow's own pool they would wait for the threads that they hold


@dataclass(frozen=True)
class Batches:
    """Pictures, a batch at a time.

    Attributes:
        pictures: what batches are made of.
        camera: alters the pictures; None for none.
        teacher: gives rows for targets in place of indices; None for the labels.
    """

    pictures: Pictures
    camera: Camera | None = None
    teacher: Teacher | None = None

    def order(self, size: int, seed: int | None = None) -> tf.data.Dataset:
        """Return which pictures each batch has: int64 ``[size]``; shuffled if a seed is given, else in order."""
        data = tf.data.Dataset.from_tensor_slices(np.arange(len(self.pictures)))
        return (data if seed is None else data.shuffle(len(self.pictures), seed=seed)).batch(size)

    def make(
        self, chosen: NDArray[np.int64], seed: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | NDArray[np.float32]]:
        """Make a batch.

        Args:
            chosen: int64 ``[n]``, which pictures.
            seed: of what the camera does with each, with its index.

        Returns:
            (float32 pixels ``[n, size, size, 3]``, targets).
        """
        made = self.pictures.pixels[chosen]
        if self.camera is not None:
            for place, index in enumerate(chosen.tolist()):
                made[place] = self.camera(made[place], np.random.default_rng([seed or 0, index]))
        targets = self.pictures.targets[chosen] if self.teacher is None else self.teacher.targets(chosen, seed or 0)
        return made.astype(np.float32), targets

    def all(self, size: int, seed: int | None = None) -> tf.data.Dataset:
        """Return all batches, made while the network computes; for the arguments see `order` and `make`."""

        def take(batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            kind, shape = (tf.int64, (None,)) if self.teacher is None else (tf.float32, (None, self.teacher.classes))
            pixels, targets = tf.numpy_function(lambda chosen: self.make(chosen, seed), [batch], (tf.float32, kind))
            pixels.set_shape((None, *self.pictures.pixels.shape[1:]))
            targets.set_shape(shape)
            return pixels, targets

        own = tf.data.Options()
        if self.teacher is not None:
            own.threading.private_threadpool_size = _OWN_THREADS
        made = self.order(size, seed).map(take, num_parallel_calls=tf.data.AUTOTUNE)
        return made.prefetch(tf.data.AUTOTUNE).with_options(own)


@dataclass(frozen=True)
class Learner:
    """The network as it learns and as it is measured, and what it learns from.

    Attributes:
        trained: pixels, through the augmentation where there is one, to logits.
        whole: pixels to logits; shares its weights.
        batches: what it learns from.
        loss: of logits, for the targets of `batches`.
    """

    trained: keras.Model
    whole: keras.Model
    batches: Batches
    loss: keras.losses.Loss

    @classmethod
    def of(cls, model: StageModel, dataset: Dataset, options: TrainOptions, *, fine_tunes: bool) -> "Learner":
        """Put it together.

        Raises:
            CatdogError: the teacher that the options name cannot be had.
        """
        whole, pixels = logits_model(model.core), model.core.input
        camera = Camera.of(dataset) if options.conditions == CAMERA and fine_tunes else None
        augment = None if camera is not None else model.augment
        trained = keras.Model(pixels, whole(pixels if augment is None else augment(pixels)))
        teacher = Teacher.of(dataset, options) if fine_tunes else None
        kind = keras.losses.SparseCategoricalCrossentropy if teacher is None else keras.losses.CategoricalCrossentropy
        return cls(trained, whole, Batches(dataset.train, camera, teacher), kind(from_logits=True))
