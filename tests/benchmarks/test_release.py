from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

from dataclasses import replace

import keras
import numpy as np
from commands import run

from benchmarks.project.release import main, require_blind
from catdog.edge.contract.artifact import read_model_file
from catdog.edge.errors import UsageError
from catdog.edge.models import BUNDLED, bundled_backbone, bundled_tflite
from catdog.edge.teach import exemplars
from catdog.train.model_file import load_bundled
from catdog.train.options import AT_END, DataOptions, TrainOptions

OPTIONS = TrainOptions(
    DataOptions(data="synthetic", negatives="synthetic"), Path("runs/default"), validate=AT_END, held_out=0.05
)


def test_run_that_did_not_look_at_the_validation_pictures_may_be_released() -> None:
    assert require_blind(OPTIONS) is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"validate": "epoch"}, "--validate end"),
        ({"held_out": 0.0}, "--held-out"),
        ({"held_out": 0.0, "temperature": 1.5}, "--held-out"),
        ({"pipeline": "compact"}, "tuned"),
        ({"stage": "all"}, "transfer"),
        ({"data": DataOptions(data="synthetic")}, "--negatives"),
    ],
)
def test_card_would_not_be_true(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        require_blind(replace(OPTIONS, **changes))


def test_exporting_again_needs_what_it_is_measured_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--again", "default", "--negatives", "scenes.zip"]) == 2
    assert "--data" in capsys.readouterr().err


def test_bundled_backbone_is_written_from_a_keras_file(tmp_path: Path) -> None:
    whole = keras.applications.MobileNetV2((224, 224, 3), include_top=False, weights=None)
    whole.save_weights(tmp_path / "some.weights.h5")
    assert main(["--backbone", str(tmp_path / "some.weights.h5"), "--output", str(tmp_path)]) == 0
    with np.load(tmp_path / "backbone.weights.npz") as written, np.load(bundled_backbone()) as bundled:
        assert {name: written[name].shape for name in written} == {name: bundled[name].shape for name in bundled}
        assert np.array_equal(written["Conv1/kernel"], whole.get_layer("Conv1").kernel.numpy().astype(np.float16))


@pytest.mark.slow
def test_of_a_run_of_drawn_pictures_weights_int8_and_card_are_made(tmp_path: Path) -> None:
    trained = run(
        "catdog-train", "--data", "synthetic", "--negatives", "synthetic", "--backbone-weights", "bundled",
        "--synthetic-count", "80", "--image-size", "96", "--epochs", "10", "--views", "1", "--held-out", "0.2",
        "--validate", "end", "--output", "run", cwd=tmp_path,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    assert "at temperature" in trained.stderr
    finished = str(tmp_path / "run")  # whose mean with itself is itself
    assert main(["--run", finished, "--average", finished, "--name", "fast", "--output", str(tmp_path / "models")]) == 0
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["fast.md", "fast.tflite", "fast.weights.npz"]
    int8 = read_model_file(tmp_path / "models" / "fast.tflite")
    remembered = exemplars.unpack(int8, ("cats", "dogs", "neither"))
    assert remembered is not None and set(remembered[1].tolist()) == {0, 1, 2}
    card = (tmp_path / "models" / "fast.md").read_text()
    assert "training pictures that were held out, Keras is right on" in card
    assert "weights averaged with those of the run before the last" in card


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_weights_are_the_model_of_their_card(name: str) -> None:
    source = load_bundled(name)
    assert source.contract.name == name
    assert source.core.output_shape == (None, 3)
    assert bundled_tflite(name).with_suffix(".md").read_text().startswith(f"# Model card: `{name}`")
