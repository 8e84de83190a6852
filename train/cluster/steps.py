"""Steps of fine-tuning on the machines of a Ray cluster: each computes the gradients of its part of a batch.

The weights go to each machine before a step, and gradients come back; their sum over the parts is that of the whole batch, so
what is learnt is what one machine learns from the same batches, but for the last digits. A step knows nothing of the one
before: where a machine is gone, the others do it again.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from catdog.edge.bulk.cluster import Node, nodes
from catdog.edge.bulk.job import as_error, told
from catdog.edge.errors import CatdogError, ClusterError

from ..data.dataset import Dataset
from ..options import TrainOptions
from .process import Recipe, use_cores, weights_of

if TYPE_CHECKING:
    import keras

    from ..model import StageModel

LOG = logging.getLogger(__name__)
_SEEDS_APART = 7919  # of the machines' augmentation and dropout: each alters other pictures


Apply = Callable[[Sequence[Any]], object]  # changes variables by their gradients


def applied_by(optimizer: "keras.optimizers.Optimizer", variables: "Sequence[keras.Variable]") -> Apply:
    """Return what has an optimizer change variables; traced once for all epochs."""
    import tensorflow as tf

    apply: Apply = tf.function(lambda gradients: optimizer.apply(gradients, variables))
    return apply


class Part(NamedTuple):
    """What a machine found of its part of a batch: sums over its pictures."""

    gradients: list[NDArray[np.float32]]  # of the loss, by trainable variable
    loss: float
    right: int  # answers


Answer = Part | dict[str, str]  # or an error as it travels


class Replica:
    """A machine's copy of the network, which computes gradients.

    Args:
        recipe: what it is built from.
        weights: all of it.
        dataset: what is learnt from.
        counts: how much a picture of each label counts; None for the same.
        number: of this copy, which decides how it alters pictures where no camera does.
    """

    def __init__(
        self,
        recipe: Recipe,
        weights: Sequence[NDArray[np.float32]],
        dataset: Dataset,
        counts: Mapping[int, float] | None,
        number: int,
    ) -> None:
        import tensorflow as tf

        from ..learner import Learner
        from ..model import transfer_parts, unfreeze_backbone

        model = recipe.build(recipe.options.data.seed + _SEEDS_APART * number)
        model.core.set_weights(list(weights))
        unfreeze_backbone(transfer_parts(model).backbone)
        self._learner = Learner.of(model, dataset, recipe.options, fine_tunes=True)
        loss = type(self._learner.loss)(from_logits=True, reduction="none")
        self._counts = np.array([(counts or {}).get(label, 1.0) for label in range(recipe.classes)], np.float32)
        variables = self._learner.trained.trainable_variables

        def differentiate(
            pixels: tf.Tensor, targets: tf.Tensor, counted: tf.Tensor
        ) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                logits = self._learner.trained(pixels, training=True)
                total = tf.reduce_sum(counted * loss(targets, logits))
            return tape.gradient(total, [variable.value for variable in variables]), total, logits

        self._differentiate = tf.function(differentiate, reduce_retracing=True)

    def gradients(self, values: Sequence[NDArray[np.float32]], chosen: NDArray[np.int64], seed: int) -> Part:
        """Compute the gradients of some pictures.

        Args:
            values: of the trainable variables.
            chosen: int64 ``[n]``, which training pictures.
            seed: of what a camera does with each.
        """
        for variable, value in zip(self._learner.trained.trainable_variables, values, strict=True):
            variable.assign(value)
        pixels, targets = self._learner.batches.make(chosen, seed)
        labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
        gradients, loss, logits = self._differentiate(pixels, targets, self._counts[labels])
        right = int((logits.numpy().argmax(axis=1) == labels).sum())
        return Part([each.numpy() for each in gradients], float(loss), right)


class _There:
    """A `Replica` in a worker's process, which answers with an error where it has one."""

    def __init__(self, cores: int, *given: Any) -> None:  # noqa: ANN401 - what a `Replica` takes
        self._trouble = None
        use_cores(cores)
        try:
            self._replica = Replica(*given)
        except CatdogError as error:
            self._trouble = told(error)

    def gradients(self, values: Sequence[NDArray[np.float32]], chosen: NDArray[np.int64], seed: int) -> Answer:
        return self._trouble or self._replica.gradients(values, chosen, seed)


class Steps:
    """The machines of the cluster that is connected, each with a copy of the network on all of its cores.

    Args:
        model: what is fine-tuned.
        dataset: what it learns from.
        options: how.
        counts: how much a picture of each label counts; None for the same.
    """

    def __init__(
        self, model: "StageModel", dataset: Dataset, options: TrainOptions, counts: Mapping[int, float] | None
    ) -> None:
        import ray

        recipe = Recipe(uuid4().hex, options, len(dataset.labels))
        weights, pictures = ray.put(weights_of(model)), ray.put(dataset)
        self._machines: list[tuple[Any, int]] = []  # and the cores of each
        for number, node in enumerate(each for each in nodes() if each.cores):
            copy = _on(node).remote(node.cores, recipe, weights, pictures, counts, number)
            self._machines.append((copy, node.cores))
        LOG.info(f"fine-tuning on {len(self._machines)} machines")

    def epoch(
        self,
        variables: "Sequence[keras.Variable]",
        apply: Apply,
        order: Callable[[], Sequence[NDArray[np.int64]]],
        seed: int,
        step_done: Callable[[int], object],
    ) -> dict[str, float]:
        """Learn from every batch once; returns loss and accuracy, as Keras' `fit` tells them.

        Args:
            variables: that are learnt, in the order of the machines' copies.
            apply: takes their gradients, from `applied_by`.
            order: gives the batches, each the indices of its pictures.
            seed: of what a camera does with each.
            step_done: told how many are done, after each.

        Raises:
            ClusterError: no machine is left.
            CatdogError: what a worker raised.
        """
        import tensorflow as tf

        count, loss, right, begun, waited = 0, 0.0, 0, time.monotonic(), 0.0
        for number, chosen in enumerate(order()):
            asked = time.monotonic()
            parts = self._parts([variable.numpy() for variable in variables], chosen, seed)
            waited += time.monotonic() - asked
            summed = [sum(each) for each in zip(*(part.gradients for part in parts), strict=True)]
            apply([tf.constant(gradient / len(chosen)) for gradient in summed])
            count, loss = count + len(chosen), loss + sum(part.loss for part in parts)
            right += sum(part.right for part in parts)
            step_done(number)
        each = (time.monotonic() - begun) / (number + 1)
        LOG.info(f"{each:.2f} s a step, {waited / (number + 1):.2f} s of it until the machines' gradients were there")
        return {"loss": loss / count, "accuracy": right / count}

    def _parts(self, values: Sequence[NDArray[np.float32]], chosen: NDArray[np.int64], seed: int) -> list[Part]:
        """Have a batch's gradients computed, each machine's in the measure of its cores."""
        import ray
        from ray.exceptions import RayActorError

        there = ray.put(values)
        while self._machines:
            cuts = np.cumsum([cores for _, cores in self._machines])
            shares = np.split(chosen, np.round(len(chosen) * cuts[:-1] / cuts[-1]).astype(int))
            asked = [
                (machine, machine[0].gradients.remote(there, share, seed))
                for machine, share in zip(self._machines, shares, strict=True)
                if len(share)
            ]
            parts: list[Part] = []
            for machine, answer in asked:
                try:
                    given: Answer = ray.get(answer)
                except RayActorError:
                    self._machines.remove(machine)
                    LOG.warning(f"a machine is gone; fine-tuning goes on with {len(self._machines)}")
                    continue
                if isinstance(given, dict):
                    raise as_error(given)
                parts.append(given)
            if len(parts) == len(asked):
                return parts
        raise ClusterError("a machine to fine-tune on", got="none that is alive", fix="Go on with --resume when they are back.")


def _on(node: Node) -> Any:  # noqa: ANN401 - Ray's actors have no public type
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    where = NodeAffinitySchedulingStrategy(node.id, soft=False)
    return ray.remote(num_cpus=node.cores, scheduling_strategy=where)(_There)
