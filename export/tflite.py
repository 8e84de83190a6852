"""Keras to TFLite: float32, and full-integer int8 with the last step kept in float."""

from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from catdog.edge.quiet import STDERR, STDOUT, native_output_dropped
from catdog.train.model import logits_model

from .flatbuffer import append_softmax
from .graph import frozen_function


def to_float32(core: keras.Model) -> bytes:
    """Convert without quantization: float32 ``[1, size, size, 3]`` RGB 0-255 in, scores out."""
    return _convert(_converter(core))


def to_int8(core: keras.Model, calibration: Iterable[NDArray[np.uint8]]) -> bytes:
    """Convert to full-integer int8 with per-channel kernels: uint8 pixels in, float32 scores out.

    A softmax in int8 moves in steps of 1/256 and never says more than 0.996. So the network up to its logits is quantized,
    and a float softmax is appended behind them.

    Args:
        core: the Keras model, ending in a softmax over the layer `logits`.
        calibration: uint8 ``[size, size, 3]`` RGB pictures that the ranges of the activations are taken from.
    """
    pictures = list(calibration)
    converter = _converter(logits_model(core))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([picture[np.newaxis].astype(np.float32)] for picture in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.float32
    return append_softmax(_convert(converter))


def _converter(model: keras.Model) -> tf.lite.TFLiteConverter:
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen_function(model)], trackable_obj=model)


def _convert(converter: tf.lite.TFLiteConverter) -> bytes:
    # The converter prints to both streams from C++ and from Python.
    with native_output_dropped(STDOUT, STDERR):
        content: bytes = converter.convert()
    return content
