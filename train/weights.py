"""Backbone weights: Keras' download, a file, or the float16 weights that come with the package."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from catdog.edge.errors import DatasetError, InputNotFoundError, ModelError, UsageError
from catdog.edge.files import replacing
from catdog.edge.models import bundled_backbone

from .data.download import download
from .options import BUNDLED, IMAGENET

_OFFLINE_WAYS = (
    "Without a network, name a weights file with --backbone-weights PATH, or use the package's own: --backbone-weights bundled."
)
# Keras publishes ImageNet weights for these input sizes; others start from the largest.
_IMAGENET_SIZES = (96, 128, 160, 192, 224)
_MAX_FLOAT16 = float(np.finfo(np.float16).max)


def load_backbone_weights(backbone: keras.Model, which: str) -> str:
    """Fill a MobileNetV2 backbone.

    Args:
        backbone: a Keras MobileNetV2 (alpha 1.0) without its top, or its first blocks.
        which: ``"imagenet"``, ``"bundled"``, or the path of a Keras `.weights.h5` / `.h5` file.

    Returns:
        What was loaded, in words, without a path.

    Raises:
        DatasetError: the download failed.
        InputNotFoundError: there is no such file.
        ModelError: the file does not hold this backbone's weights.
    """
    if which == BUNDLED:
        # Not that of a bundled model, which has learnt to see pets: a linear head on it, learnt from 12 pictures each of 88
        # other classes, is right on 87 % of 1,056 more, one on ImageNet's on 91 %.
        load_weights(bundled_backbone(), backbone)
        return "catdog's bundled ImageNet weights"
    path = download(_imagenet_url(backbone.input_shape[1]), offline_ways=_OFFLINE_WAYS) if which == IMAGENET else Path(which)
    if not path.is_file():
        raise InputNotFoundError("a file of backbone weights", got=f"{path}, which does not exist", fix=_OFFLINE_WAYS)
    try:
        _load_file(backbone, path)
    except (ValueError, OSError, KeyError) as error:
        raise ModelError(
            "weights of MobileNetV2 1.0 without its top", got=f"{path}: {str(error)[:200]}", fix=_OFFLINE_WAYS
        ) from error
    return "ImageNet weights of Keras Applications" if which == IMAGENET else f"weights from {path.name}"


def _load_file(backbone: keras.Model, path: Path) -> None:
    whole = keras.applications.MobileNetV2(backbone.input_shape[1:], include_top=False, weights=None)
    if len(whole.weights) == len(backbone.weights):
        backbone.load_weights(path)
        return
    whole.load_weights(path)  # a file holds all of it
    for layer in backbone.layers:
        if layer.weights:
            layer.set_weights(whole.get_layer(layer.name).get_weights())


def save_weights(path: Path, core: keras.Model) -> None:
    """Store the weights of a Keras model as float16 in one npz file, under ``<layer>/<weight>``.

    Raises:
        DatasetError: a weight does not fit float16.
        OutputError: the file cannot be written.
    """
    arrays = {}
    for name, variable in _named_weights(core):
        values = keras.ops.convert_to_numpy(variable)
        if not np.abs(values).max(initial=0) <= _MAX_FLOAT16:  # so that NaN is refused, too
            raise DatasetError(f"weights of at most {_MAX_FLOAT16:g}", got=f"more in {name}", fix="Train with a smaller rate.")
        arrays[name] = values.astype(np.float16)
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def load_weights(path: Path, model: keras.Model) -> None:
    """Fill a Keras model from a file that `save_weights` wrote.

    Args:
        path: the npz file.
        model: the model; every one of its weights must be there in its shape.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it is damaged or does not fit.
    """
    if not path.is_file():
        raise InputNotFoundError("a weights file", got=f"{path}, which does not exist", fix="Install catdog again.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            for name, variable in _named_weights(model):
                variable.assign(stored[name].astype(np.float32))
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelError("weights that fit the model", got=f"{path}: {error}", fix="Install catdog again.") from error


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Fill a Keras model with the weights of another of the same layers.

    Raises:
        UsageError: it is another network.
    """
    theirs = dict(_named_weights(source))
    ours = list(_named_weights(target))
    if [(name, variable.shape) for name, variable in ours] != [
        (name, theirs[name].shape) for name, _ in ours if name in theirs
    ]:
        raise UsageError("a run of the same pipeline with as many labels", got="another network", fix="Name another --start.")
    for name, variable in ours:
        variable.assign(theirs[name])


def _named_weights(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Name weights by layer: a variable's own path changes when its model is nested or read back from disk."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from ((f"{layer.name}/{name}", variable) for name, variable in _named_weights(layer))
        else:
            yield from ((f"{layer.name}/{variable.name}", variable) for variable in layer.weights)


def _imagenet_url(size: int) -> str:
    from keras.src.applications.mobilenet_v2 import BASE_WEIGHT_PATH

    nearest = size if size in _IMAGENET_SIZES else _IMAGENET_SIZES[-1]
    return f"{BASE_WEIGHT_PATH}mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{nearest}_no_top.h5"
