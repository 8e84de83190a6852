"""Keras to TFLite with float activations: float32, float16 weights, int8 weights (dynamic range)."""

import keras
import tensorflow as tf

from catdog.edge.common.quiet import STDERR, STDOUT, native_output_dropped

from .graph import frozen_function
from .interpreting import warnings_dropped


def to_float32(core: keras.Model) -> bytes:
    """Convert without quantization: float32 ``[1, size, size, 3]`` RGB 0-255 in, scores out."""
    return convert(converter_of(core))


def to_float16(core: keras.Model) -> bytes:
    """Convert with float16 weights; on a CPU they are widened once, when the file is loaded."""
    converter = converter_of(core)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return convert(converter)


def to_dynamic(core: keras.Model) -> bytes:
    """Convert with int8 weights; activations are quantized picture by picture, so that no calibration is needed."""
    converter = converter_of(core)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return convert(converter)


def converter_of(model: keras.Model) -> tf.lite.TFLiteConverter:
    """Return TensorFlow's converter for the frozen graph of a model."""
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen_function(model)], trackable_obj=model)


def convert(converter: tf.lite.TFLiteConverter) -> bytes:
    """Run a converter without what it prints to both streams, and without its warning that float pixels have no range."""
    with native_output_dropped(STDOUT, STDERR), warnings_dropped():
        content: bytes = converter.convert()
    return content
