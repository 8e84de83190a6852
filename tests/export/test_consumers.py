"""Programs that know nothing of us read our files as `catdog-edge` does: the same labels on 50 pictures."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run
from environments import python_with

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from catdog.edge.synthetic import draw_picture
from catdog.export.formats import FORMATS

COUNT, SIZE = 50, 64

BARE_LITERT = """
import sys, zipfile
import cv2, numpy as np
from ai_edge_litert.interpreter import Interpreter
file, *pictures = sys.argv[1:]
labels = zipfile.ZipFile(file).read("labels.txt").decode().split("\\n")
interpreter = Interpreter(model_path=file)
interpreter.allocate_tensors()
pixels, = interpreter.get_input_details()
scores, = interpreter.get_output_details()
_, height, width, _ = pixels["shape"]
for path in pictures:
    resized = cv2.resize(cv2.imread(path), (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    picture = cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)
    interpreter.set_tensor(pixels["index"], picture[np.newaxis].astype(pixels["dtype"]))
    interpreter.invoke()
    print(labels[int(interpreter.get_tensor(scores["index"])[0].argmax())])
"""

MEDIAPIPE = """
import sys
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
file, *pictures = sys.argv[1:]
options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=file), max_results=1)
with vision.ImageClassifier.create_from_options(options) as classifier:
    for path in pictures:
        answer = classifier.classify(mp.Image.create_from_file(path))
        print(answer.classifications[0].categories[0].category_name)
"""


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photographs where there are some, else drawn ones; at the model's size, for programs that resize in ways of their own."""
    folder = tmp_path_factory.mktemp("pictures")
    try:
        photographs = sorted(request.getfixturevalue("validation_photographs").rglob("*.jpg"))[:: 1000 // COUNT]
        originals = [cv2.imread(str(path)) for path in photographs]
    except pytest.skip.Exception:
        originals = [draw_picture(("cats", "dogs")[seed % 2], seed) for seed in range(COUNT)]
    paths = []
    for number, original in enumerate(originals[:COUNT]):
        paths.append(folder / f"{number:02}.png")
        cv2.imwrite(str(paths[-1]), cv2.resize(original, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR_EXACT))
    assert len(paths) == COUNT
    return paths


def answers_of_the_edge(file: Path, pictures: list[Path]) -> list[str]:
    finished = run("catdog-edge", "--json", "--model", str(file), *map(str, pictures))
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line)["label"] for line in finished.stdout.splitlines()]


def answers_of_a_script(python: Path, script: str, file: Path, pictures: list[Path]) -> list[str]:
    command = [str(python), "-c", script, str(file), *map(str, pictures)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


def pixels_of(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)[np.newaxis].astype(np.float32)


@pytest.mark.parametrize("kind", [kind for kind, each in FORMATS.items() if each.suffix == ".tflite"])
def test_bare_litert(exported: Path, pictures: list[Path], kind: str) -> None:
    file = exported / f"transfer-64{FORMATS[kind].ending}"
    found = answers_of_a_script(Path(sys.executable), BARE_LITERT, file, pictures)
    assert found == answers_of_the_edge(file, pictures)


@pytest.mark.parametrize("kind", ["onnx", "onnx-int8"])
def test_bare_onnxruntime_in_one_batch(exported: Path, pictures: list[Path], kind: str) -> None:
    import onnxruntime

    file = exported / f"transfer-64{FORMATS[kind].ending}"
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    labels = json.loads(session.get_modelmeta().custom_metadata_map["catdog"])["labels"]
    (rows,) = session.run(["scores"], {"pixels": np.concatenate([pixels_of(path) for path in pictures])})
    assert [labels[best] for best in rows.argmax(axis=1)] == answers_of_the_edge(file, pictures)


def test_opencvs_own_network(exported: Path, pictures: list[Path]) -> None:
    file = exported / f"transfer-64{FORMATS['onnx'].ending}"
    network = cv2.dnn.readNetFromONNX(str(file))
    found = []
    for path in pictures:
        network.setInput(pixels_of(path), "pixels")
        found.append(("cats", "dogs", "neither")[int(network.forward().ravel().argmax())])
    assert found == answers_of_the_edge(file, pictures)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["int8", "float32"])
def test_mediapipe_tasks(exported: Path, pictures: list[Path], kind: str) -> None:
    file = exported / f"transfer-64{FORMATS[kind].ending}"
    found = answers_of_a_script(python_with("mediapipe", "mediapipe>=0.10.20"), MEDIAPIPE, file, pictures)
    assert found == answers_of_the_edge(file, pictures)
