"""A model with five classes and 96 px takes the same way as any."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from catdog.edge import Classifier

HUES = {"amber": 20, "green": 60, "cyan": 90, "blue": 120, "pink": 160}


@pytest.mark.slow
def test_five_classes_at_96_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label, hue in HUES.items():
        (tmp_path / "colours" / label).mkdir(parents=True)
        for number in range(14):
            hsv = np.empty((120, 160, 3), np.uint8)
            hsv[..., 0], hsv[..., 1] = hue + rng.integers(-4, 5), rng.integers(150, 255)
            hsv[..., 2] = rng.integers(90, 255, (120, 160))
            cv2.imwrite(str(tmp_path / "colours" / label / f"{number}.jpg"), cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR))
    trained = run(
        "catdog-train", "--data", "colours", "--image-size", "96", "--stage", "preprocessed", "--pipeline", "compact",
        "--epochs", "40", "--batch-size", "8", "--output", "run", cwd=tmp_path,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    finished = run(
        "catdog-export", "--all", "--model", "run", "--verify", "colours", "--calibration-count", "40", "--output", "out",
        cwd=tmp_path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["labels"] for entry in manifest["artifacts"]] == [sorted(HUES)] * 6
    pictures = sorted((tmp_path / "colours").rglob("*.jpg"))[::5]
    for entry in manifest["artifacts"]:
        classifier = Classifier(tmp_path / "out" / entry["file"])
        assert classifier.contract.input.height == 96
        right = sum(classifier.classify(path).label == path.parent.name for path in pictures)
        assert right >= 0.9 * len(pictures), entry["file"]
