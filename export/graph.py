"""The inference graph: a Keras model frozen into one function of constants."""

import keras
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from catdog.train.model import SCORES


def frozen_function(model: keras.Model) -> tf.types.experimental.ConcreteFunction:
    """Trace a Keras model for one picture, without training behaviour, and fold its variables in.

    The TFLite converter does not find the variables of nested Keras 3 models by itself.

    Args:
        model: float32 ``[n, size, size, 3]`` to ``[n, classes]``.

    Returns:
        A concrete function of float32 ``[1, size, size, 3]``.
    """
    _, height, width, channels = model.input_shape
    signature = [tf.TensorSpec((1, height, width, channels), tf.float32, name="pixels")]
    traced = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    return convert_variables_to_constants_v2(traced.get_concrete_function())


def without_neither(core: keras.Model) -> keras.Model:
    """Return the model without its last score; the others share what it had."""
    logits = core.get_layer(SCORES).input
    return keras.Model(core.input, layers.Softmax(name=SCORES)(logits[:, :-1]), name="core")
