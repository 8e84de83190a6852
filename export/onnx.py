"""Keras to ONNX."""

import logging

import keras

from catdog.edge.artifact import ONNX_PROPERTY
from catdog.edge.contract import ModelContract
from catdog.edge.quiet import STDERR, STDOUT, native_output_dropped
from catdog.edge.seal import seal_onnx

OPSET = 17


def to_onnx(core: keras.Model) -> bytes:
    """Convert to float32 ONNX, opset 17: ``pixels`` float32 ``[batch, size, size, 3]`` RGB 0-255 in, ``scores`` out."""
    import tensorflow as tf

    with native_output_dropped(STDOUT, STDERR):
        import tf2onnx

        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        _, height, width, channels = core.input_shape
        signature = [tf.TensorSpec((None, height, width, channels), tf.float32, name="pixels")]
        # A dict names the output in the graph.
        function = tf.function(lambda pixels: {"scores": core(pixels, training=False)}, input_signature=signature)
        model, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    content: bytes = model.SerializeToString()
    return content


def attach_contract(content: bytes, contract: ModelContract) -> bytes:
    """Return the ONNX file with the contract among its metadata properties, sealed."""
    import onnx

    model = onnx.load_model_from_string(content)
    onnx.helper.set_model_props(model, {ONNX_PROPERTY: contract.to_json()})
    onnx.checker.check_model(model)
    return seal_onnx(model.SerializeToString())
