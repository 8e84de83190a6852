"""How much of the features and of the presence check is left in int8 ONNX."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catdog.edge.synthetic import draw_picture

onnx = pytest.importorskip("onnx", reason="the extra export is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def inside(file: Path, layer: str) -> NDArray[np.float32]:
    """Return what a layer gives for some pictures that nothing was calibrated on."""
    model = onnx.load(file)
    (value,) = {name for node in model.graph.node for name in node.output if name.endswith(f"/{layer}")}
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(value))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pictures = [cv2.resize(draw_picture(("cats", "dogs")[seed % 2], 70_000 + seed), (64, 64)) for seed in range(24)]
    batch = np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in pictures]).astype(np.float32)
    return np.asarray(session.run([value], {"pixels": batch})[0], np.float32)


@pytest.mark.slow
def test_what_relus_cut_off_takes_no_steps_from_what_they_leave(exported: Path) -> None:
    exact, rounded = (inside(exported / f"transfer-64-{kind}.onnx", "features_1/Mean:0") for kind in ("float32", "int8"))
    assert np.abs(exact - rounded).mean() < 0.3 * exact.mean()


def test_similarities_are_right_on_average(exported: Path) -> None:
    """The factor that weighs them makes up for what rounding takes from them."""
    exact, rounded = (inside(exported / f"transfer-64-{kind}.onnx", "absence_1/mul:0") for kind in ("float32", "int8"))
    assert rounded.mean() == pytest.approx(exact.mean(), rel=0.02)
