import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from commands import run

from catdog.edge import Classifier, InputSpec, ModelContract
from catdog.edge.artifact import append_to_tflite
from catdog.edge.synthetic import draw_picture
from catdog.export.tflite import to_float32
from catdog.export.verify import edge_scores
from catdog.train.features import predict
from catdog.train.model import build_model
from catdog.train.model_file import read_model
from catdog.train.pipelines import PIPELINES, STAGES

NAMES = ("transfer-64-int8.tflite", "transfer-64-float32.tflite", "transfer-64-float32.onnx")


@pytest.fixture(scope="module")
def exported(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    finished = run(
        "catdog-export", "--int8", "--onnx", "--float32", "--model", str(small_run), "--output", str(folder),
        "--calibration-count", "40", "--min-agreement", "0.7",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("file ")
    assert len(finished.stdout.splitlines()) == 5
    assert all(line.startswith("catdog-export: ") for line in finished.stderr.splitlines())
    return folder


def test_manifest_tells_of_every_file(exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert sorted(entry["file"] for entry in manifest["artifacts"]) == sorted(NAMES)
    assert {path.name for path in exported.iterdir()} == {*NAMES, "manifest.json"}
    for entry in manifest["artifacts"]:
        data = (exported / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert entry["agreement"]["n"] == 14
    assert manifest["calibrated_on"].startswith("40 drawn pictures")


@pytest.mark.parametrize("name", NAMES)
def test_artifact_answers_as_keras_does(exported: Path, small_run: Path, name: str) -> None:
    classifier = Classifier(exported / name)
    core = read_model(small_run).core
    pictures = [draw_picture(label, 50_000 + seed) for label in ("cats", "dogs") for seed in range(5)]
    pixels = np.stack([cv2.resize(p, (64, 64), interpolation=cv2.INTER_LINEAR)[..., ::-1] for p in pictures])
    ours = np.array([list(classifier.classify(picture).scores.values()) for picture in pictures])
    difference = np.abs(ours - predict(core, pixels))
    assert ours.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # At 64 px and trained for seconds, scores are near the middle, where int8 moves them most.
    assert difference.mean() < (0.1 if "int8" in name else 1e-5)
    assert difference.max() < (0.35 if "int8" in name else 1e-4)


def test_int8_takes_uint8_and_keeps_a_float_softmax(exported: Path) -> None:
    classifier = Classifier(exported / NAMES[0])
    assert classifier.contract.input.dtype == "uint8"
    content = (exported / NAMES[0]).read_bytes()
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    (output,) = interpreter.get_output_details()
    assert output["dtype"] == np.float32
    assert output["quantization"] == (0.0, 0)
    # A score quantized to 1/256 would be a multiple of it.
    scores = [classifier.classify(draw_picture("cats", seed)).score * 256 for seed in range(10)]
    assert any(abs(score - round(score)) > 0.01 for score in scores)


def test_onnx_file_stands_on_its_own(exported: Path) -> None:
    import onnx
    import onnxruntime

    model = onnx.load(exported / NAMES[2])
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(exported / NAMES[2], providers=["CPUExecutionProvider"])
    assert [(i.name, i.shape[1:]) for i in session.get_inputs()] == [("pixels", [64, 64, 3])]
    assert [output.name for output in session.get_outputs()] == ["scores"]
    (rows,) = session.run(None, {"pixels": np.zeros((3, 64, 64, 3), np.float32)})
    assert rows.shape == (3, 3)  # cats, dogs, neither


def test_what_does_not_agree_is_not_published(small_run: Path, tmp_path: Path) -> None:
    # Ranges taken from one class of blank pictures cannot fit; the gate has to see it.
    for label in ("cats", "dogs"):
        (tmp_path / "blank" / label).mkdir(parents=True)
        for number in range(5):
            cv2.imwrite(str(tmp_path / "blank" / label / f"{number}.png"), np.zeros((64, 64, 3), np.uint8))
    finished = run(
        "catdog-export", "--int8", "--model", str(small_run), "--calibration", "blank", "--min-agreement", "1",
        "--output", "out", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"),
    )  # fmt: skip
    assert finished.returncode == 9, finished.stderr
    assert finished.stdout == ""
    assert "Nothing was published" in finished.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_without_a_run_the_bundled_model_is_exported(tmp_path: Path) -> None:
    finished = run("catdog-export", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "the bundled model" in finished.stderr
    (file,) = (tmp_path / "exports").glob("*.tflite")
    assert file.stat().st_size < 3e6
    pictures = [draw_picture(label, seed) for label in ("cats", "dogs") for seed in range(10)]
    bundled, exported = Classifier(), Classifier(file)
    same = [bundled.classify(picture).label == exported.classify(picture).label for picture in pictures]
    assert sum(same) >= 18  # calibrated on other pictures


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_core_of_every_cell_exports(stage: str, pipeline: str) -> None:
    core = build_model(stage, pipeline, image_size=64, classes=3).core
    contract = ModelContract("cell", ("a", "b", "c"), InputSpec(64, 64, dtype="float32"))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    scores = edge_scores(append_to_tflite(to_float32(core), contract), ".tflite", pixels)
    assert scores == pytest.approx(predict(core, pixels), abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--model", "none"), 3), (("--model", __file__), 6), (("--calibration-count", "0"), 2), (("--int4",), 2)],
)
def test_wrong_input_is_one_line_and_a_code(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    finished = run("catdog-export", *arguments, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (code, "")
    assert finished.stderr.splitlines()[-1].startswith("catdog-export: expected ")
    assert list(tmp_path.iterdir()) == []
