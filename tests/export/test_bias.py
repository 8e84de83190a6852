"""What quantizing shifts is shifted back."""

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

import keras
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from catdog.edge.tflite.graph import pack
from catdog.export import bias, quantization
from catdog.export.quantization import quantize, ranges_of, to_be_calibrated
from catdog.train.features import predict
from catdog.train.model import LOGITS, SCORES, logits_model

SIZE = 32


@pytest.fixture(scope="module")
def core() -> keras.Model:
    """Blocks as MobileNetV2 has them, with biases."""
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    tensor = layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    for _ in range(4):
        tensor = layers.Conv2D(24, 1, use_bias=False)(tensor)
        tensor = layers.ReLU(6.0)(layers.BatchNormalization(gamma_initializer="ones")(tensor))
        tensor = layers.ReLU(6.0)(layers.DepthwiseConv2D(3, padding="same")(tensor))
        tensor = layers.Conv2D(8, 1)(tensor)
    logits = layers.Dense(3, name=LOGITS)(layers.GlobalAveragePooling2D()(tensor))
    model = keras.Model(pixels, layers.Softmax(name=SCORES)(logits), name="core")
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense) and layer.use_bias:
            kernel, offset = layer.get_weights()
            layer.set_weights([kernel, rng.normal(0, 0.05, offset.shape)])
    return model


def logits_of(content: bytes, pictures: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    rows = []
    for picture in pictures:
        interpreter.set_tensor(taken["index"], picture[np.newaxis])
        interpreter.invoke()
        rows.append(np.log(np.maximum(interpreter.get_tensor(given["index"])[0], 1e-37)))
    found = np.array(rows)
    return found - found.mean(axis=1, keepdims=True)


@pytest.mark.slow
def test_shifted_layers_are_shifted_back(core: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (48, 4, 4, 3), np.uint8)
    pictures = np.repeat(np.repeat(small, SIZE // 4, axis=1), SIZE // 4, axis=2)
    learnt, others = pictures[:24], pictures[24:]
    expected = predict(logits_model(core), others)
    expected -= expected.mean(axis=1, keepdims=True)
    ranges = ranges_of(to_be_calibrated(core), learnt)

    def shifted(content: bytes, exact: bytes, pictures: np.ndarray) -> bytes:
        """Shift the outputs of two layers, as rounding before a ReLU does."""
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        for place in (2, -1):
            layer = bias._layers(model)[place]
            (mean,) = bias._means(content, [int(layer.outputs[0])], pictures[:4])
            bias._shift(model, layer, -0.4 * mean)  # inside their ranges
        return pack(model, len(content))

    def error(how: Callable[[bytes, bytes, np.ndarray], bytes]) -> float:
        monkeypatch.setattr(quantization, "correct", how)
        return float(np.abs((logits_of(quantize(ranges, learnt), others) - expected).mean(axis=0)).max())

    plain = error(lambda content, exact, pictures: content)
    spoilt = error(shifted)
    mended = error(lambda content, exact, pictures: bias.correct(shifted(content, exact, pictures), exact, pictures))
    assert spoilt > 5 * plain
    assert mended < 0.25 * spoilt


def test_layers_that_were_not_quantized_are_left_alone(core: keras.Model) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)
    ranges = ranges_of(to_be_calibrated(core), pictures)
    assert bias.correct(ranges, ranges, pictures) == ranges  # nothing in it is int8
