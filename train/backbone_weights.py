"""The weights that a backbone begins with: Keras' download, a file, the bundled ones, or random ones."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from catdog.edge.errors import InputNotFoundError, ModelError

from .backbones import BACKBONES, MOBILENETV2, RANDOM, Backbone


def load_backbone_weights(network: keras.Model, which: str, row: Backbone | None = None) -> str:
    """Fill a backbone.

    Args:
        network: what `row` builds, or a part of it.
        which: one of the row's words, such as ``"imagenet"``, ``"random"`` for what it has, or the path of a Keras
            `.weights.h5` / `.h5` file.
        row: which backbone it is; None for MobileNetV2.

    Returns:
        What was loaded, in words: the backbone's title and where its weights are from, without a path.

    Raises:
        DatasetError: the download failed.
        InputNotFoundError: there is no such file.
        ModelError: the file does not hold this backbone's weights.
    """
    row = row or BACKBONES.find(MOBILENETV2)
    if which == RANDOM:
        return f"{row.title}, random weights"
    with BACKBONES.blaming(row.name):
        whole = row.build(network.input_shape[1])
    if row.fill is not None and which in row.weights:
        with BACKBONES.blaming(row.name), _refusing(f"the {which} weights", row.title, "Name a file of them."):
            said = row.fill(whole, which)
    else:
        path = _existing(Path(which), f"Name one of {row.title}, or take --backbone-weights {RANDOM}.")
        with _refusing(path, row.title, "Name another file."), warnings.catch_warnings(action="error", category=UserWarning):
            whole.load_weights(path)  # Keras warns, and goes on, where layers have nothing in the file
        said = f"weights from {path.name}"
    _copy_by_layer(whole, network)
    return f"{row.title}, {said}"


def _existing(path: Path, fix: str) -> Path:
    if not path.is_file():
        raise InputNotFoundError("a file of backbone weights", got=f"{path}, which does not exist", fix=fix)
    return path


@contextmanager
def _refusing(path: Path | str, title: str, fix: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise ModelError(f"weights of {title} without its top", got=f"{path}: {str(error)[:200]}", fix=fix) from error


def _copy_by_layer(whole: keras.Model, part: keras.Model) -> None:
    if [weight.shape for weight in whole.weights] == [weight.shape for weight in part.weights]:
        part.set_weights(whole.get_weights())  # all of it, whatever Keras has called its layers this time
        return
    for layer in part.layers:
        if layer.weights:
            layer.set_weights(whole.get_layer(layer.name).get_weights())
