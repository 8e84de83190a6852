"""Temperature, presence check and evaluation: what becomes of a model's scores."""

from pathlib import Path

import numpy as np
import pytest
from marks import mostly_slow

pytest.importorskip("tensorflow", reason="the extra train is not installed")

import keras

from catdog.train.data.pictures import Pictures
from catdog.train.evaluate import Evaluation, evaluate
from catdog.train.features import predict
from catdog.train.model import build_model, logits_model, pooled_model
from catdog.train.presence import PresenceCheck, attach_presence_check, fit_presence_check
from catdog.train.temperature import apply_temperature, fit_temperature

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 96, 96, 3), np.uint8)


def _answers(n: int, sharpness: float, classes: int = 3, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits of classes whose truth is drawn from their own softmax, made `sharpness` times too sure."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2 + np.log(classes / 3), (n, classes))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.array([rng.choice(classes, p=row) for row in shares])
    return (sharpness * logits).astype(np.float32), targets


def _error(logits: np.ndarray, targets: np.ndarray, temperature: float) -> float:
    """The expected calibration error, 0-1."""
    scores = np.exp(logits / temperature - (logits / temperature).max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    labels = tuple(str(label) for label in range(logits.shape[1]))
    names = tuple(str(number) for number in range(len(targets)))
    pictures = Pictures(np.zeros((len(targets), 1, 1, 3), np.uint8), targets, names)
    return evaluate(scores.astype(np.float32), pictures, labels, "drawn answers").calibration_error


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_temperature_undoes_overconfidence(sharpness: float) -> None:
    assert fit_temperature(*_answers(5000, sharpness)) == pytest.approx(sharpness, rel=0.06)


@pytest.mark.parametrize("classes", mostly_slow([2, 10, 100], 2, 10))
@pytest.mark.parametrize("n", mostly_slow([20, 114, 300, 1000], 20, 300))
@pytest.mark.parametrize("sharpness", [1.0, 2.5])
def test_temperature_makes_scores_no_worse_however_many_classes_there_are(classes: int, n: int, sharpness: float) -> None:
    """Fitted on n pictures, measured on many others; before, a target of (n + 1) / (n + classes) cost up to 0.3."""
    before, after = [], []
    for seed in range(5):
        temperature = fit_temperature(*_answers(n, sharpness, classes, seed))
        others = _answers(4000, sharpness, classes, 1000 + seed)
        before.append(_error(*others, 1.0))
        after.append(_error(*others, temperature))
    chance = 0.03 if n < 100 else 0.02
    assert np.mean(after) <= np.mean(before) + chance
    if n >= 300:
        assert np.mean(after) <= 0.03


def test_temperature_of_a_model_without_mistakes_stays_sober() -> None:
    targets = np.arange(20) % 2
    logits = np.where(np.eye(2)[targets] > 0, 1.0, -1.0).astype(np.float32)
    assert 0.5 < fit_temperature(logits, targets) < 0.9  # plain likelihood: 0.2, a score of 0.99995
    assert fit_temperature(logits[:2], targets[:2]) > fit_temperature(logits, targets)


def test_recall_of_a_rare_label_counts_as_much_as_that_of_the_others() -> None:
    targets = np.array([0] * 97 + [1] * 2 + [2])
    scores = np.tile(np.array([[0.8, 0.1, 0.1]], np.float32), (100, 1))  # always the same
    names = tuple(str(number) for number in range(100))
    found = evaluate(scores, Pictures(np.zeros((100, 1, 1, 3), np.uint8), targets, names), ("a", "b", "c"), "drawn answers")
    assert found.accuracy.value == pytest.approx(0.97)
    assert found.mean_recall == pytest.approx(1 / 3)
    assert found.is_uneven


def test_temperature_that_does_not_help_others_is_not_applied() -> None:
    rng = np.random.default_rng(3)
    logits, targets = rng.normal(0, 0.01, (6, 3)).astype(np.float32), rng.integers(0, 3, 6)  # nothing to be learnt from
    assert fit_temperature(logits, targets) == pytest.approx(1.0)


@pytest.mark.parametrize("head", ["softmax", "one-unit"])
def test_temperature_divides_the_logits_and_keeps_the_answers(head: str) -> None:
    core = build_model("cnn", "deep", image_size=96, head=head).core
    before = predict(logits_model(core), PIXELS)
    apply_temperature(core, 2.0)
    assert predict(logits_model(core), PIXELS) == pytest.approx(before / 2, abs=1e-5)


def _clouds(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of features around two directions."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 2
    directions = np.zeros((2, 32), np.float32)
    directions[0, :8] = directions[1, 8:16] = 1
    return (directions[targets] + rng.normal(0, 0.15, (n, 32))).astype(np.float32), targets


def test_presence_check_knows_its_classes_from_others() -> None:
    check = fit_presence_check(*_clouds(400, 0), seed=0)
    assert np.linalg.norm(check.prototypes, axis=1) == pytest.approx(1, abs=1e-5)
    assert check.prototypes.shape == (100, 32)  # a quarter of each class

    def refused(features: np.ndarray) -> float:
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        return float(((unit @ check.prototypes.T).max(axis=1) < check.threshold).mean())

    assert refused(_clouds(1000, 1)[0]) < 0.05
    assert refused(np.random.default_rng(2).normal(0, 1, (500, 32))) > 0.95


def test_presence_check_of_a_handful_of_pictures() -> None:
    check = fit_presence_check(*_clouds(4, 0), seed=0)
    assert np.isfinite(check.prototypes).all()
    assert check.slope > 0


@pytest.mark.slow
def test_presence_score_is_part_of_the_graph(tmp_path: Path) -> None:
    model = build_model("transfer", image_size=96)
    features = predict(pooled_model(model.core), PIXELS)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    check = PresenceCheck(unit[:2], threshold=0.9, slope=40.0)
    before = predict(model.core, PIXELS)
    core = attach_presence_check(model.core, check)
    scores = predict(core, PIXELS)
    assert scores.shape == (6, 3)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert scores[:, 0] / scores[:, 1] == pytest.approx(before[:, 0] / before[:, 1], rel=1e-3)
    similarity = (unit @ check.prototypes.T).max(axis=1)
    odds = scores[:, 2] / scores[:, :2].max(axis=1)
    assert np.log(odds) == pytest.approx(40 * (0.9 - similarity), abs=1e-2)
    core.save(tmp_path / "core.keras")
    assert predict(keras.models.load_model(tmp_path / "core.keras", compile=False), PIXELS) == pytest.approx(scores, abs=1e-6)


def _pictures(targets: list[int], names: list[str]) -> Pictures:
    return Pictures(np.zeros((len(targets), 2, 2, 3), np.uint8), np.array(targets), tuple(names))


def test_evaluation_counts() -> None:
    scores = np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.5, 0.1, 0.4]], np.float32)
    names = ["cats/a", "dogs/b", "dogs/c", "neither/coco/d", "neither/rooms/e"]
    found = evaluate(scores, _pictures([0, 1, 1, 2, 2], names), ("cats", "dogs", "neither"), "five pictures")
    assert found.accuracy.value == pytest.approx(3 / 5)
    assert found.confusion == ((1, 0, 0), (1, 1, 0), (1, 0, 1))
    shares = {figure.name.removeprefix("accuracy on "): (figure.value, figure.n) for figure in found.per_label}
    assert shares == {"cats": (1, 1), "dogs": (0.5, 2), "neither": (0.5, 2), "neither/coco": (1, 1), "neither/rooms": (0, 1)}
    assert [(answer.name, answer.truth, answer.label) for answer in found.mistakes] == [
        ("dogs/c", "dogs", "cats"),
        ("neither/rooms/e", "neither", "cats"),
    ]
    assert Evaluation.from_dict(found.to_dict()) == found


def test_calibration_error_is_the_gap_between_score_and_accuracy() -> None:
    scores = np.tile(np.array([[0.8, 0.2]], np.float32), (10, 1))
    found = evaluate(scores, _pictures([0] * 6 + [1] * 4, ["a/b"] * 10), ("cats", "dogs"), "ten pictures")
    assert found.calibration_error == pytest.approx(0.2, abs=1e-6)
    assert sum(each.n for each in found.bins) == 10
    honest = evaluate(scores, _pictures([0] * 8 + [1] * 2, ["a/b"] * 10), ("cats", "dogs"), "ten pictures")
    assert honest.calibration_error == pytest.approx(0, abs=1e-6)
