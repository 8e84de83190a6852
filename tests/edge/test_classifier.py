from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from catdog.edge import CatdogError, Classifier, InputSpec, ModelContract
from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.errors import InputNotFoundError, ModelError, UnreadableInputError, UsageError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import draw_picture


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


@pytest.fixture
def bare_model(tmp_path: Path) -> Path:
    """The bundled model without its contract, as a stranger's file."""
    path = tmp_path / "stranger.tflite"
    bundled = read_model_file(bundled_tflite())
    path.write_bytes(bundled.data[: bundled.model_bytes])
    return path


def test_names_the_file_in_use(classifier: Classifier) -> None:
    assert classifier.model_path == bundled_tflite()
    assert classifier.model_path.is_file()
    assert classifier.backend_name.startswith(("ai-edge-litert ", "tflite-runtime "))


def test_file_and_array_give_the_same_answer(classifier: Classifier, picture: Path) -> None:
    from_file = classifier.classify(picture)
    from_array = classifier.classify(cv2.imread(str(picture)))
    assert from_file.scores == from_array.scores
    assert from_file.label == from_array.label == max(from_file.scores, key=from_file.scores.__getitem__)
    assert from_file.score == max(from_file.scores.values())
    assert sum(from_file.scores.values()) == pytest.approx(1, abs=1e-5)
    assert tuple(from_file.scores) == classifier.contract.labels


def test_timings_are_milliseconds_of_what_was_done(classifier: Classifier, picture: Path) -> None:
    timings = classifier.classify(picture).latency_ms
    assert 0 < timings.decode < 5000
    assert 0 < timings.preprocess < 5000
    assert 0 < timings.invoke < 5000


def test_answers_do_not_depend_on_what_was_asked_before(classifier: Classifier, picture: Path) -> None:
    first = classifier.classify(picture).scores
    classifier.classify(np.full((50, 40, 3), 255, np.uint8))
    assert classifier.classify(picture).scores == first


def test_several_threads_may_ask(classifier: Classifier) -> None:
    pictures = [draw_picture("cats", seed, width=64, height=64) for seed in range(4)]
    alone = [classifier.classify(picture).scores for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: classifier.classify(pictures[i % 4]).scores, range(80)))
    assert together == alone * 20


def test_bundled_int8_model_is_small(classifier: Classifier) -> None:
    assert classifier.contract.input == InputSpec(224, 224, dtype="uint8")
    assert classifier.model_path.stat().st_size <= 3_000_000
    assert classifier.contract.figures


def test_file_without_contract_needs_labels(bare_model: Path, classifier: Classifier, picture: Path) -> None:
    with pytest.raises(ModelError, match="--labels"):
        Classifier(bare_model)
    with pytest.raises(UsageError, match="3 labels"):
        Classifier(bare_model, labels=["a", "b"])
    assert Classifier(bare_model, labels=["a", "b", "c"]).classify(picture).scores == pytest.approx(
        dict(zip("abc", classifier.classify(picture).scores.values(), strict=True))
    )


def test_labels_are_refused_where_the_file_has_its_own() -> None:
    with pytest.raises(UsageError, match="no --labels"):
        Classifier(labels=["x", "y"])


def test_contract_that_does_not_fit_its_model(tmp_path: Path, bare_model: Path) -> None:
    for contract in (
        ModelContract("m", ("a", "b", "c"), InputSpec(96, 96)),
        ModelContract("m", ("a", "b"), InputSpec(224, 224)),
        ModelContract("m", ("a", "b", "c"), InputSpec(224, 224, dtype="float32")),
    ):
        path = tmp_path / "m.tflite"
        path.write_bytes(append_to_tflite(bare_model.read_bytes(), contract))
        with pytest.raises(ModelError, match="as its contract says"):
            Classifier(path)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"model": "nowhere.tflite"}, InputNotFoundError),
        ({"model": __file__}, ModelError),
        ({"threads": 0}, UsageError),
        ({"threads": 1.5}, UsageError),
        ({"labels": "cats,dogs"}, UsageError),
        ({"model": None}, UsageError),
        ({"backend": "onnxruntime"}, UsageError),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], kind: type[CatdogError]) -> None:
    with pytest.raises(kind):
        Classifier(**arguments)  # type: ignore[arg-type]


def test_truncated_model_is_refused(tmp_path: Path, bare_model: Path) -> None:
    whole = bundled_tflite().read_bytes()
    path = tmp_path / "m.tflite"
    for length in (8, 100, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            Classifier(path)


def test_wrong_pictures(classifier: Classifier, tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError):
        classifier.classify(tmp_path / "none.jpg")
    with pytest.raises(UnreadableInputError):
        classifier.classify(np.zeros((5, 5, 2), np.uint8))


def test_right_on_real_photographs(validation_photographs: Path, classifier: Classifier) -> None:
    photographs = sorted(validation_photographs.rglob("*.jpg"))
    assert len(photographs) == 1000
    hits = sum(classifier.classify(path).label == path.parent.name for path in photographs)
    assert hits >= 989  # 991 where it was measured for its card; runtimes round differently
