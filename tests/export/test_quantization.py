import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

import keras
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from catdog.export.quantization import cut_ranges, plain_name, quantize, ranges_of, to_be_calibrated
from catdog.train.features import predict
from catdog.train.model import FEATURES, LOGITS, SCORES
from catdog.train.presence import PresenceCheck, attach_presence_check

SIZE = 16


@pytest.fixture(scope="module")
def core() -> keras.Model:
    """A network with an addition that a runtime may carry out in place: x + 5 x."""
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    first = layers.Conv2D(2, 1, name="first", use_bias=False)
    second = layers.Conv2D(2, 1, name="second", use_bias=False)
    one = first(pixels)
    total = layers.Add(name="total")([one, second(one)])
    logits = layers.Dense(2, name=LOGITS)(layers.GlobalAveragePooling2D()(total))
    core = keras.Model(pixels, layers.Softmax(name=SCORES)(logits), name="core")
    first.set_weights([np.full((1, 1, 3, 2), 1 / 3 / 255)])
    second.set_weights([5 * np.eye(2).reshape(1, 1, 2, 2)])
    return core


def ranges(calibrated: bytes) -> dict[str, tuple[float, float]]:
    tensors = schema.ModelT.InitFromPackedBuf(calibrated, 0).subgraphs[0].tensors
    return {
        tensor.name.decode(): (float(tensor.quantization.min[0]), float(tensor.quantization.max[0]))
        for tensor in tensors
        if tensor.quantization is not None and tensor.quantization.min is not None
    }


def range_of(found: dict[str, tuple[float, float]], word: str) -> tuple[float, float]:
    (name,) = [name for name in found if word in name and "pixels" not in name]
    return found[name]


def test_ranges_are_those_of_the_values_themselves(core: keras.Model) -> None:
    # The brightest picture comes last, none is white.
    pictures = np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in (10, 60, 204)])
    found = ranges(ranges_of(to_be_calibrated(core), pictures))
    assert range_of(found, "total") == pytest.approx((0.0, 6 * 0.8), rel=1e-4)
    assert range_of(found, "second") == pytest.approx((0.0, 5 * 0.8), rel=1e-4)
    assert range_of(found, "first") == pytest.approx((0.0, 0.8), rel=1e-4)
    (pixels,) = [value for name, value in found.items() if "pixels" in name]
    assert pixels == (0.0, 255.0)


def test_cut_ranges_leave_out_the_outliers(core: keras.Model) -> None:
    pictures = np.full((4, SIZE, SIZE, 3), 51, np.uint8)
    pictures[:, 0, 0] = 255  # one pixel of 256
    whole = ranges_of(to_be_calibrated(core), pictures)
    assert range_of(ranges(whole), "total") == pytest.approx((0.0, 6.0), rel=1e-4)
    assert range_of(ranges(cut_ranges(whole, pictures, 0.01)), "total") == pytest.approx((0.0, 1.2), rel=1e-4)


def test_what_has_one_value_a_channel_keeps_its_range(core: keras.Model) -> None:
    # Means differ from picture to picture; the mean of their ends would cut off the brightest and the darkest.
    pictures = np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in (10, 60, 204)])
    whole = ranges_of(to_be_calibrated(core), pictures)
    cut = ranges(cut_ranges(whole, pictures, 0.01))
    assert range_of(cut, "global_average_pooling2d") == range_of(ranges(whole), "global_average_pooling2d")
    assert range_of(cut, "total")[1] < range_of(ranges(whole), "total")[1]


def test_neither_can_win_in_int8_though_the_ranges_come_from_pictures_of_the_classes() -> None:
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    scaled = layers.Conv2D(3, 1, use_bias=False, name="scaled")
    to_logits = layers.Dense(2, name=LOGITS)
    features = layers.GlobalAveragePooling2D(name=FEATURES)(scaled(pixels))
    classes = keras.Model(pixels, layers.Softmax(name=SCORES)(to_logits(features)), name="core")
    scaled.set_weights([np.eye(3).reshape(1, 1, 3, 3) / 255])
    to_logits.set_weights([np.array([[5.0, -5.0], [-5.0, 5.0], [0.0, 0.0]]), np.zeros(2)])
    red, green, blue = (np.full((SIZE, SIZE, 3), colour, np.uint8) for colour in ((200, 30, 10), (30, 200, 10), (10, 30, 200)))
    unit = np.array([(200, 30, 10), (30, 200, 10)], np.float32)
    check = PresenceCheck(unit / np.linalg.norm(unit, axis=1, keepdims=True), threshold=0.8, slope=20.0)
    core = attach_presence_check(classes, check)
    learnt = np.stack([red, green])
    interpreter = Interpreter(model_content=quantize(ranges_of(to_be_calibrated(core), learnt), learnt))
    interpreter.allocate_tensors()
    for picture, label in ((red, 0), (green, 1), (blue, 2)):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[np.newaxis])
        interpreter.invoke()
        scores = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        expected = predict(core, picture[np.newaxis])[0]
        assert scores.argmax() == expected.argmax() == label
        assert scores == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        (
            "backbone_1/block_1_expand_relu_1/Relu6;backbone_1/block_1_expand_BN_1/batchnorm/add_1",
            "block_1_expand",
        ),
        ("logits_model_1/backbone_1/block_2_add_1/Add", "block_2_add"),
        ("logits_model_1/backbone_1/block_16_project_BN_1/batchnorm/add_1", "block_16_project"),
        ("logits_model_1/dense_1/MatMul;logits_model_1/dense_1/Add", "dense"),
        ("logits_model_1/relu_1/Relu;logits_model_1/loud_1/Conv2D", "relu + loud"),
        ("backbone_1/Conv1_relu_1/Relu6;backbone_1/bn_Conv1_1/batchnorm/add_1;", "Conv1"),
        ("alone", "alone"),
    ],
)
def test_layers_are_called_as_in_keras(tensor: str, layer: str) -> None:
    assert plain_name(tensor) == layer
