"""A model that int8 ruins: refused, nothing half-published; with diagnosis the layer is named and the rest still quantized."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

import keras
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from catdog.edge import Classifier, InputSpec, ModelContract
from catdog.edge.errors import VerificationError
from catdog.edge.synthetic import draw_picture
from catdog.export.bundle import export, require_all_published
from catdog.export.options import ExportOptions
from catdog.train.logs import lines_to
from catdog.train.model import LOGITS, SCORES
from catdog.train.model_file import TrainedModel

SIZE = 32
LOUD = "loud"  # the layer whose one channel drowns the others in int8


@pytest.fixture(scope="module")
def fragile() -> TrainedModel:
    """Tells bright from dark by a channel that shares its tensor, and so its 256 steps, with one a thousand times as large."""
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    loud = layers.Conv2D(2, 1, name=LOUD)
    after = layers.Conv2D(2, 1, name="after")
    dense = layers.Dense(2, name=LOGITS)
    small = layers.AveragePooling2D(SIZE // 2)(pixels)
    logits = dense(layers.GlobalAveragePooling2D()(after(layers.ReLU(name="relu")(loud(small)))))
    core = keras.Model(pixels, layers.Softmax(name=SCORES)(logits), name="core")
    quiet, loudness = 1 / 255 / 3, 1000 / 255 / 3
    loud.set_weights([np.array([[[[quiet, loudness]] * 3]]).reshape(1, 1, 3, 2), np.zeros(2)])
    after.set_weights([np.array([[1.0, 0.0], [0.0, 1e-9]]).reshape(1, 1, 2, 2), np.zeros(2)])
    dense.set_weights([np.array([[-40.0, 40.0], [0.0, 0.0]]), np.array([18.0, -18.0])])
    contract = ModelContract("fragile", ("dark", "bright"), InputSpec(SIZE, SIZE, dtype="float32"))
    return TrainedModel(core, contract, None)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn pictures around the brightness where the answer turns, labelled by the side they are on."""
    import cv2

    folder = tmp_path_factory.mktemp("pictures")
    for number in range(60):
        label = ("dark", "bright")[number % 2]
        picture = draw_picture("cats", number).astype(np.float32)
        level = 255 * (0.45 + (0.02 if label == "bright" else -0.02) * (1 + number % 5))
        picture *= level / picture.mean()
        (folder / "validation" / label).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "validation" / label / f"{number}.png"), np.clip(picture, 0, 255).astype(np.uint8))
    return folder


def options(pictures: Path, output: Path, *, diagnose: bool) -> ExportOptions:
    return ExportOptions(calibration=str(pictures / "validation"), verify=str(pictures), output=output, diagnose=diagnose)


def test_gate_refuses_and_publishes_nothing(fragile: TrainedModel, pictures: Path, tmp_path: Path) -> None:
    found = export(fragile, options(pictures, tmp_path / "out", diagnose=False))
    with pytest.raises(VerificationError) as refusal:
        require_all_published(found, tmp_path / "out")
    assert refusal.value.exit_code == 9
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "report.json"}
    assert "accuracy falls" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.slow
def test_diagnosis_names_the_layer_and_publishes_what_passes(fragile: TrainedModel, pictures: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with lines_to(said.append):
        found = export(fragile, options(pictures, tmp_path / "out", diagnose=True))
    (artifact,) = found.artifacts
    assert artifact.objections == ()
    assert artifact.quantized is not None
    first, *_, last = artifact.quantized.attempts
    assert first.objections
    assert not last.objections
    assert "in float" in last.what
    page = (tmp_path / "out" / "report.html").read_text()
    assert LOUD in page
    assert any(LOUD in layer.name for layer in artifact.quantized.layers)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert len(manifest["artifacts"][0]["attempts"]) == len(artifact.quantized.attempts)
    # It still takes bytes, and it works.
    classifier = Classifier(tmp_path / "out" / "fragile-int8.tflite")
    assert classifier.contract.input.dtype == "uint8"
    interpreter = Interpreter(model_path=str(tmp_path / "out" / "fragile-int8.tflite"))
    assert interpreter.get_input_details()[0]["quantization"] == (1.0, 0)  # though no picture has a white pixel
    photographs = list(pictures.rglob("*.png"))
    right = sum(classifier.classify(path).label == path.parent.name for path in photographs)
    assert right >= len(photographs) - 1
