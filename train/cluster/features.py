"""The features of a frozen backbone on the machines of a Ray cluster.

The views of the training pictures, and the validation pictures, are divided into pieces, each a task. Pictures and weights
travel once to each machine. What is random is decided by the picture's number, or by a state that travels with the piece, so
that the features are those of one machine, and the augmentation is left as one machine would leave it.

May import: Ray and TensorFlow, where they are used, and `catdog.edge.bulk`'s way to the cluster.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from catdog.edge.bulk.cluster import nodes
from catdog.edge.bulk.job import as_error, told
from catdog.edge.common.progress import progress_bar
from catdog.edge.errors import CatdogError

from ..data.conditions import Camera
from ..data.dataset import Dataset
from ..data.names import TRAIN, VALIDATION
from ..options import CAMERA, EACH_EPOCH, TrainOptions
from .process import Given, Recipe, use_cores

if TYPE_CHECKING:
    from ..model import TransferParts

LOG = logging.getLogger(__name__)
PIECE = 512  # pictures: whole batches of `FORWARD_BATCH`, few enough that many machines have one
_TRIES = 5  # of a piece whose machine or process dies

State = tuple[NDArray[Any], ...]  # of the augmentation's random numbers


@dataclass(frozen=True)
class Piece:
    """Pictures whose features are a task."""

    part: str  # `TRAIN` or `VALIDATION`
    view: int  # of the training pictures; the first shows them as they are
    start: int
    stop: int
    state: State | None = None  # of the augmentation, before it alters them; None where it does not


_built: "dict[str, TransferParts]" = {}  # in a worker: the network of the last training, by its recipe's key


def shared_features(
    model: "TransferParts", dataset: Dataset, options: TrainOptions
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Compute features on the cluster that is connected; see `catdog.train.features.features_here`."""
    camera = Camera.of(dataset) if options.conditions == CAMERA else None
    wanted = list(pieces(model, dataset, options, camera))
    width = model.features.output_shape[-1]
    training = np.empty((options.views, len(dataset.train), width), np.float32)
    validation = np.empty((len(dataset.validation), width), np.float32) if options.validate == EACH_EPOCH else None
    recipe = Recipe(uuid4().hex, options, len(dataset.labels))
    with progress_bar(total=sum(piece.stop - piece.start for piece in wanted), title="features", unit=" pictures") as bar:
        for piece, features in _computed(recipe, model, dataset, camera, wanted):
            (training[piece.view] if piece.part == TRAIN else validation)[piece.start : piece.stop] = features  # type: ignore[index]
            bar.update(len(features))
    return training, validation


def pieces(model: "TransferParts", dataset: Dataset, options: TrainOptions, camera: Camera | None) -> Iterator[Piece]:
    """Divide the views of the training pictures, and the validation pictures where each epoch asks for them.

    The augmentation draws what it would draw if it altered the pictures here, and is left in that state.
    """
    count = len(dataset.train)
    for view in range(options.views):
        states = _states(model, count) if view and camera is None else {}
        for start in range(0, count, PIECE):
            yield Piece(TRAIN, view, start, min(start + PIECE, count), states.get(start))
    if options.validate == EACH_EPOCH:
        for start in range(0, len(dataset.validation), PIECE):
            yield Piece(VALIDATION, 0, start, min(start + PIECE, len(dataset.validation)))


def _states(model: "TransferParts", count: int) -> Mapping[int, State]:
    """Return the augmentation's state before each piece of a view, by the piece's start; it is left behind the last.

    What it draws depends on how often it was called, not on how many pictures it was given: one is enough.
    """
    import tensorflow as tf

    from ..features import FORWARD_BATCH

    size = model.features.input_shape[1]
    draw = tf.function(lambda picture: model.augment(picture, training=True))
    picture, states = tf.zeros((1, size, size, 3)), {}
    for start in range(0, count, FORWARD_BATCH):
        if start % PIECE == 0:
            states[start] = tuple(variable.numpy() for variable in model.augment.variables)
        draw(picture)
    return states


def _computed(
    recipe: Recipe, model: "TransferParts", dataset: Dataset, camera: Camera | None, wanted: list[Piece]
) -> Iterator[tuple[Piece, NDArray[np.float32]]]:
    """Send pieces to the cluster; give each with its features as it is done."""
    import ray

    from ..interruption import step_ended

    LOG.info(f"features of {len(wanted)} pieces on {len(nodes())} machines")
    task: Any = ray.remote(num_cpus=1, max_retries=_TRIES)(_features_there)
    weights, by_camera = ray.put(model.features.get_weights()), ray.put(camera)
    pixels = {part: ray.put(dataset.parts[part].pixels) for part in {piece.part for piece in wanted}}
    waiting = {task.remote(recipe, weights, pixels[piece.part], by_camera, piece): piece for piece in wanted}
    while waiting:
        (ready,), _ = ray.wait(list(waiting))
        given: Given = ray.get(ready)
        if isinstance(given, dict):
            raise as_error(given)
        yield waiting.pop(ready), given
        step_ended()


def _features_there(
    recipe: Recipe, weights: list[NDArray[np.float32]], pixels: NDArray[np.uint8], camera: Camera | None, piece: Piece
) -> Given:
    """Compute the features of a piece in a worker's process."""
    use_cores(1)
    try:
        return features_of_piece(recipe, weights, pixels, camera, piece)
    except CatdogError as error:
        return told(error)


def features_of_piece(
    recipe: Recipe, weights: list[NDArray[np.float32]], pixels: NDArray[np.uint8], camera: Camera | None, piece: Piece
) -> NDArray[np.float32]:
    """Compute the features of a piece.

    Args:
        recipe: of the network.
        weights: of its frozen part.
        pixels: uint8 ``[n, size, size, 3]``, all of the piece's part of the data set.
        camera: alters the views behind the first; None where the augmentation does.
        piece: which of the pictures.

    Returns:
        float32 ``[n, features]``.
    """
    from ..features import altered_features, features_of, plain_features

    model = _network(recipe, weights)
    pixels = pixels[piece.start : piece.stop]
    if piece.state is not None:
        for variable, value in zip(model.augment.variables, piece.state, strict=True):
            variable.assign(value)
        return features_of(altered_features(model), pixels)
    if piece.view and camera is not None:
        pixels = camera.all_of(pixels, recipe.options.data.seed + piece.view, first=piece.start)
    return features_of(plain_features(model), pixels)


def _network(recipe: Recipe, weights: list[NDArray[np.float32]]) -> "TransferParts":
    if recipe.key not in _built:
        from ..model import transfer_parts

        _built.clear()
        _built[recipe.key] = transfer_parts(recipe.build(recipe.options.data.seed))
        _built[recipe.key].features.set_weights(weights)
    return _built[recipe.key]
