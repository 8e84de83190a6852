import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

import keras
from ai_edge_litert.interpreter import Interpreter

from catdog.edge.tflite.graph import append_softmax, pack
from catdog.export.tflite import to_float32

CLASSES = 5


def row(content: bytes, pixels: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_appended_softmax_is_a_softmax_and_weights_stay() -> None:
    inputs = keras.Input((8, 8, 3))
    logits = keras.layers.Dense(CLASSES)(keras.layers.Flatten()(keras.layers.Conv2D(4, 3)(inputs)))
    content = to_float32(keras.Model(inputs, logits))
    pixels = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype(np.float32)
    before = row(content, pixels)
    after = row(append_softmax(content), pixels)
    powers = np.exp(before - before.max())
    assert after.shape == (1, CLASSES)
    assert after == pytest.approx(powers / powers.sum(), abs=1e-6)


def test_tensor_data_stays_aligned() -> None:
    from ai_edge_litert import schema_py_generated as schema

    inputs = keras.Input((8, 8, 3))
    content = append_softmax(to_float32(keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))))
    model = schema.Model.GetRootAs(content)
    starts = []
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.DataLength():
            starts.append(buffer._tab.Vector(buffer._tab.Offset(4)))
    assert starts
    assert all(start % 16 == 0 for start in starts)


def test_equal_data_is_written_once() -> None:
    from ai_edge_litert import schema_py_generated as schema

    inputs = keras.Input((8, 8, 3))
    model = schema.ModelT.InitFromPackedBuf(
        to_float32(keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))), 0
    )
    zeros = np.zeros(10_000, np.int64)
    once = pack(model, 100_000)
    for tensor in model.subgraphs[0].tensors[:2]:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.zeroPoint = zeros
    twice = pack(model, 100_000)
    assert zeros.nbytes < len(twice) - len(once) < 2 * zeros.nbytes
    back = schema.ModelT.InitFromPackedBuf(twice, 0)
    for tensor in back.subgraphs[0].tensors[:2]:
        np.testing.assert_array_equal(tensor.quantization.zeroPoint, zeros)
