import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from commands import call, run

from catdog.edge import Classifier, InputSpec, ModelContract
from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.contract.model_contract import parse_contract
from catdog.edge.errors import DatasetError, VerificationError
from catdog.edge.synthetic import draw_picture
from catdog.export.artifact import ask, open_file
from catdog.export.bundle import export, require_all_published
from catdog.export.formats import FLOAT16, FLOAT32, FORMATS, ONNX, ONNX_INT8
from catdog.export.options import ExportOptions
from catdog.export.pictures import verification_pictures
from catdog.export.tflite import to_float32
from catdog.train.features import predict
from catdog.train.model import build_model
from catdog.train.model_file import read_model
from catdog.train.pipelines import PIPELINES, STAGES

NAMES = tuple(f"transfer-64{kind.ending}" for kind in FORMATS.values())


def test_manifest_tells_of_every_file(exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert sorted(entry["file"] for entry in manifest["artifacts"]) == sorted(NAMES)
    assert {path.name for path in exported.iterdir()} == {*NAMES, "manifest.json", "report.html", "report.json"}
    for entry in manifest["artifacts"]:
        data = (exported / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert entry["agreement"]["n"] == 36 + 100  # and drawn scenes
    calibrated = {entry["format"]: entry["calibrated_on"] for entry in manifest["artifacts"]}
    assert [kind for kind, pictures in calibrated.items() if pictures is not None] == ["int8", "onnx-int8"]
    assert calibrated["int8"]["pictures"].startswith("40 drawn pictures")
    assert len(calibrated["int8"]["names"]) == 40


@pytest.mark.parametrize("name", NAMES)
def test_artifact_answers_as_keras_does(exported: Path, small_run: Path, name: str) -> None:
    classifier = Classifier(exported / name)
    core = read_model(small_run).core
    pictures = [draw_picture(label, 50_000 + seed) for label in ("cats", "dogs") for seed in range(5)]
    pixels = np.stack([cv2.resize(p, (64, 64), interpolation=cv2.INTER_LINEAR_EXACT)[..., ::-1] for p in pictures])
    ours = np.array([list(classifier.classify(picture).scores.values()) for picture in pictures])
    difference = np.abs(ours - predict(core, pixels))
    assert ours.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # At 64 px and trained for seconds, scores are near the middle, where int8 moves them most.
    integers = "int8" in name or "dynamic" in name
    assert difference.mean() < (0.1 if integers else 0.01 if "float16" in name else 1e-5)
    assert difference.max() < (0.35 if integers else 0.05 if "float16" in name else 1e-4)


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


@pytest.mark.parametrize("kind", [ONNX, ONNX_INT8])
def test_onnx_file_stands_on_its_own(exported: Path, kind: str) -> None:
    import onnx
    import onnxruntime

    path = exported / f"transfer-64{FORMATS[kind].ending}"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("pixels", ["batch", 64, 64, 3])]
    assert [(output.name, output.shape) for output in session.get_outputs()] == [("scores", ["batch", 3])]
    (rows,) = session.run(None, {"pixels": np.zeros((3, 64, 64, 3), np.float32)})
    assert rows.shape == (3, 3)  # cats, dogs, neither


@pytest.mark.slow
def test_what_does_not_agree_leaves_nothing_but_its_report(small_run: Path, tmp_path: Path) -> None:
    # Ranges taken from blank pictures cannot fit; the gate has to see it.
    for label in ("cats", "dogs"):
        (tmp_path / "blank" / label).mkdir(parents=True)
        for number in range(5):
            cv2.imwrite(str(tmp_path / "blank" / label / f"{number}.png"), np.zeros((64, 64, 3), np.uint8))
    finished = run(
        "catdog-export", "--int8", "--model", str(small_run), "--calibration", "blank", "--max-drop", "0", "--no-diagnosis",
        "--output", "out", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"),
    )  # fmt: skip
    assert finished.returncode == 9, finished.stderr
    assert "refused" in finished.stdout
    assert "Nothing was published" in finished.stderr.splitlines()[-1]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "report.json"}
    assert "was not published" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.slow
def test_a_later_export_keeps_what_is_said_of_earlier_files(exported: Path, small_run: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "out")
    (tmp_path / "out" / NAMES[1]).write_bytes(b"changed since")
    finished = run("catdog-export", "--float32", "--model", str(small_run), "--output", "out", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    listed = [entry["file"] for entry in json.loads((tmp_path / "out" / "manifest.json").read_text())["artifacts"]]
    assert listed == [NAMES[2], NAMES[0], *NAMES[3:]]


@pytest.mark.slow
def test_format_that_cannot_be_made_does_not_take_the_others_with_it(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(core: keras.Model, pictures: object) -> bytes:
        raise RuntimeError("a converter's own words")

    monkeypatch.setitem(FORMATS, FLOAT16, replace(FORMATS[FLOAT16], convert=broken))
    found = export(read_model(small_run), ExportOptions(formats=(FLOAT16, FLOAT32), output=tmp_path / "out"))
    assert found.refused == {NAMES[1]: ("a converter's own words",)}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {NAMES[2], "manifest.json", "report.html", "report.json"}
    assert "own words" in (tmp_path / "out" / "report.html").read_text()
    with pytest.raises(VerificationError, match="float16"):
        require_all_published(found, tmp_path / "out")


def test_pictures_of_other_labels_prove_nothing(small_run: Path, class_folders: Path, tmp_path: Path) -> None:
    (class_folders / "birds").mkdir()
    shutil.copy(class_folders / "cats" / "0.jpg", class_folders / "birds" / "0.jpg")
    found = verification_pictures(str(class_folders), read_model(small_run), 0)
    assert found.counts(("cats", "dogs")) == {"cats": 10, "dogs": 10}
    assert "without 1 of birds" in found.description
    for label in ("cats", "dogs"):
        (class_folders / label).rename(class_folders / label.title())
    with pytest.raises(DatasetError, match="cats, dogs"):
        verification_pictures(str(class_folders), read_model(small_run), 0)


@pytest.mark.slow
def test_neither_can_be_left_out(small_run: Path, tmp_path: Path) -> None:
    finished = run(
        "catdog-export", "--no-neither", "--name", "pond", "--model", str(small_run), "--output", "out", cwd=tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    without, core = Classifier(tmp_path / "out" / "pond-int8.tflite"), read_model(small_run).core
    assert without.contract.name == "pond"
    assert without.contract.labels == ("cats", "dogs")
    picture = draw_picture("cats", 5)
    pixels = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_LINEAR_EXACT)[np.newaxis, ..., ::-1]
    cat, dog, _ = predict(core, pixels)[0]
    assert without.classify(picture).scores["cats"] == pytest.approx(cat / (cat + dog), abs=0.15)


def test_info_prints_the_contract(exported: Path) -> None:
    finished = run("catdog-export", "info", str(exported / NAMES[0]))
    assert finished.returncode == 0, finished.stderr
    assert "cats, dogs, neither" in finished.stdout
    assert re.search(r"comes from +run [0-9a-f]{12} of \d{4}-\d\d-\d\d, on the pictures [0-9a-f]{12}\n", finished.stdout)
    printed = run("catdog-export", "info", str(exported / NAMES[4]), "--json").stdout
    assert parse_contract(printed) == Classifier(exported / NAMES[4]).contract


def test_verify_proves_a_file_again(exported: Path, class_folders: Path) -> None:
    finished = run(
        "catdog-export", "verify", str(exported / NAMES[0]), "--data", str(class_folders),
        "--reference", str(exported / NAMES[2]), "--max-drop", "100", "--json",
    )  # fmt: skip
    assert finished.returncode == 13, finished.stderr  # nothing against it, on too few pictures to tell
    found = json.loads(finished.stdout)
    assert found["measured"]["accuracy"]["n"] == 20
    assert found["golden"] == {"same_input": True, "largest_difference": 0.0, "deterministic": True}
    right = sum(
        Classifier(exported / NAMES[0]).classify(path).label == path.parent.name for path in class_folders.rglob("*.jpg")
    )
    assert found["measured"]["accuracy"]["value"] == right / 20
    assert found["verification"]["drop"]["lost"] - found["verification"]["drop"]["gained"] == round(
        20 * found["verification"]["drop"]["value"]
    )


@pytest.mark.parametrize(("others", "measured", "said"), [(3, 6, "left out: 6 of 12 pictures"), (0, 6, "all 6 pictures")])
def test_what_was_learnt_from_is_not_measured_on(exported: Path, tmp_path: Path, others: int, measured: int, said: str) -> None:
    for label in ("cats", "dogs"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for seed in (*range(3), *range(50_000, 50_000 + others)):  # the run has learnt from the first 60 of each
            cv2.imwrite(str(tmp_path / "pets" / label / f"{seed}.png"), draw_picture(label, seed))
    command = ("catdog-export", "verify", str(exported / NAMES[0]), "--data", str(tmp_path / "pets"))
    finished = run(*command)
    assert finished.returncode == (0 if others else 13), finished.stderr
    assert said in finished.stdout
    found = json.loads(run(*command, "--json").stdout)
    assert (found["measured"]["accuracy"]["n"], found["learnt"], found["all_learnt"]) == (measured, 6, not others)
    assert "120 pictures, which verify" in run("catdog-export", "info", str(exported / NAMES[0])).stdout


def test_verify_refuses_what_answers_otherwise(exported: Path, class_folders: Path, tmp_path: Path) -> None:
    file = read_model_file(exported / NAMES[2])
    assert file.contract is not None
    assert file.contract.golden is not None
    other = replace(file.contract, golden=replace(file.contract.golden, scores=(0.0, 0.0, 1.0), input_sha256="0" * 64))
    (tmp_path / "other.tflite").write_bytes(append_to_tflite(file.data[: file.model_bytes], other))
    finished = run("catdog-export", "verify", "other.tflite", "--data", str(class_folders), cwd=tmp_path)
    assert finished.returncode == 9
    assert "other pixels" in finished.stderr
    assert "golden picture are off" in finished.stderr


@pytest.mark.parametrize("command", ["verify", "info"])
def test_verify_and_info_need_the_edges_packages_only(command: str, exported: Path, class_folders: Path) -> None:
    arguments = [command, str(exported / NAMES[0]), *(("--data", str(class_folders)) if command == "verify" else ())]
    script = (
        "import sys; from catdog.export.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'tensorflow', 'keras', 'onnx', 'jinja2', 'matplotlib', 'platformdirs'} & set(sys.modules); "
        "sys.exit(code or ' '.join(heavy) or 0)"
    )
    finished = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_core_of_every_cell_exports(stage: str, pipeline: str) -> None:
    core = build_model(stage, pipeline, image_size=64, classes=3).core
    contract = ModelContract("cell", ("a", "b", "c"), InputSpec(64, 64, dtype="float32"))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    scores = ask(open_file(append_to_tflite(to_float32(core), contract), ".tflite"), pixels, quietly=True)
    assert scores == pytest.approx(predict(core, pixels), abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--model", "none"), 3), (("--model", __file__), 6), (("--calibration-count", "0"), 2), (("--int4",), 2)],
)
def test_wrong_input_is_one_line_and_a_code(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    finished = call("catdog-export", *arguments, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (code, "")
    assert finished.stderr.splitlines()[-1].startswith("catdog-export: expected ")
    assert list(tmp_path.iterdir()) == []
