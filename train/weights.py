"""Weights of Keras models in files of catdog's own, as float16; those that come with the package among them."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from catdog.edge.common.files import replacing
from catdog.edge.errors import DatasetError, InputNotFoundError, ModelError, UsageError
from catdog.edge.models import bundled_backbone

_MAX_FLOAT16 = float(np.finfo(np.float16).max)


def fill_with_bundled(network: keras.Model) -> str:
    """Fill MobileNetV2 1.0 without its top with the weights that come with the package."""
    # Not that of a bundled model, which has learnt to see pets: a linear head on it, learnt from 12 pictures each of 88
    # other classes, is right on 87 % of 1,056 more, one on ImageNet's on 91 %.
    load_weights(bundled_backbone(), network)
    return "catdog's bundled ImageNet weights"


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
        expected = "a run of the same pipeline and backbone with as many labels"
        raise UsageError(expected, got="another network", fix="Name another --start.")
    for name, variable in ours:
        variable.assign(theirs[name])


def copy_common_weights(source: keras.Model, target: keras.Model) -> None:
    """Fill those weights of a backbone that another has, too.

    Args:
        source: a backbone, cut off at any of its layers.
        target: the same, cut off elsewhere.
    """
    theirs = dict(_named_weights(source))
    for name, variable in _named_weights(target):
        if name in theirs:
            variable.assign(theirs[name])


def _named_weights(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Name weights by layer: a variable's own path changes when its model is nested or read back from disk."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from ((f"{layer.name}/{name}", variable) for name, variable in _named_weights(layer))
        else:
            yield from ((f"{layer.name}/{variable.name}", variable) for variable in layer.weights)
