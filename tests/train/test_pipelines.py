"""Every cell of the published table builds, with the parameter counts that were published."""

import numpy as np
import pytest
from marks import mostly_slow

pytest.importorskip("tensorflow", reason="the extra train is not installed")


import keras

from catdog.edge.errors import UsageError
from catdog.train.model import HEADS, ONE_UNIT, build_model
from catdog.train.pipelines import OURS, PIPELINES, STAGES, Cell

PUBLISHED = [name for name in PIPELINES if name not in OURS]
CELLS = [(stage, pipeline) for pipeline in PIPELINES for stage in STAGES]
PLAIN_CELLS = [cell for cell in CELLS if cell[0] != "transfer"]


@pytest.mark.parametrize(
    ("stage", "pipeline", "total"),
    mostly_slow(
        [
            ("cnn", "compact", 742_194),
            ("augmented", "compact", 2_967_650),
            ("preprocessed", "compact", 102_562),
            ("transfer", "compact", 2_260_546),
            ("transfer", "deep", 2_260_546),
            ("transfer", "linear-head", 2_260_546),
            ("transfer", "dense-head", 2_340_098),
        ],
        ("cnn", "compact", 742_194),
        ("transfer", "compact", 2_260_546),
    ),
)
def test_parameter_counts_are_the_published_ones(stage: str, pipeline: str, total: int) -> None:
    core = build_model(stage, pipeline).core
    assert core.count_params() == total
    if stage == "transfer":
        frozen = sum(int(np.prod(weight.shape)) for weight in core.non_trainable_weights)
        assert frozen == 2_257_984
        assert total - frozen == {"dense-head": 82_114}.get(pipeline, 2_562)


def test_sixteen_published_cells() -> None:
    assert len(PUBLISHED) * len(STAGES) == 16


@pytest.mark.parametrize(("stage", "pipeline"), mostly_slow(PLAIN_CELLS, ("cnn", "tuned")))
def test_input_that_is_too_small_is_refused_and_none_that_is_not(
    stage: str, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    smallest = PIPELINES[pipeline][stage].smallest_size
    assert build_model(stage, pipeline, image_size=smallest).core.output_shape == (None, 2)
    with pytest.raises(UsageError, match=f"at least {smallest} pixels"):
        build_model(stage, pipeline, image_size=smallest - 1)
    monkeypatch.setattr(Cell, "smallest_size", 1)
    with pytest.raises(ValueError, match="output size would be zero or negative"):
        build_model(stage, pipeline, image_size=smallest - 1)


@pytest.mark.parametrize(("stage", "pipeline"), mostly_slow(CELLS, ("cnn", "tuned"), ("transfer", "tuned")))
def test_cell_trains_a_step_and_comes_back_from_disk(stage: str, pipeline: str, tmp_path) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    model = build_model(stage, pipeline, image_size=96, classes=3)
    pixels = np.random.default_rng(0).uniform(0, 255, (4, 96, 96, 3)).astype(np.float32)
    trained = (
        model.core if model.augment is None else keras.Model(model.core.input, model.core(model.augment(model.core.input)))
    )
    trained.compile("adam", "sparse_categorical_crossentropy")
    before = [weight.numpy() for weight in model.core.trainable_weights]
    trained.train_on_batch(pixels, np.array([0, 1, 2, 0]))
    assert any((weight.numpy() != old).any() for weight, old in zip(model.core.trainable_weights, before, strict=True))
    scores = model.core.predict_on_batch(pixels)
    assert scores.shape == (4, 3)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)
    model.core.save(tmp_path / "core.keras")
    again = keras.models.load_model(tmp_path / "core.keras", compile=False)
    assert again.predict_on_batch(pixels) == pytest.approx(scores, abs=1e-6)


@pytest.mark.parametrize("stage", mostly_slow(STAGES, "cnn"))
def test_one_unit_head_is_a_sigmoid_in_a_row_of_two(stage: str) -> None:
    core = build_model(stage, "deep", image_size=96, head=ONE_UNIT).core
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 96, 96, 3)).astype(np.float32)
    logit = keras.Model(core.input, core.get_layer("one_logit").output).predict_on_batch(pixels)[:, 0]
    scores = core.predict_on_batch(pixels)
    assert scores[:, 1] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert core.get_layer("one_logit").units == 1


def test_stages_differ_as_published() -> None:
    assert build_model("cnn", "deep", image_size=96).augment is None
    for stage in ("augmented", "preprocessed", "transfer"):
        assert build_model(stage, "deep", image_size=96).augment is not None
    names = [layer.name for layer in build_model("preprocessed", "deep", image_size=96).core.layers]
    assert "preprocess" in names
    assert "preprocess" not in [layer.name for layer in build_model("augmented", "deep", image_size=96).core.layers]


@pytest.mark.parametrize("arguments", [("guess", "deep"), ("cnn", "guess")])
def test_unknown_names(arguments: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        build_model(*arguments)


def test_one_unit_is_for_two_classes() -> None:
    assert set(HEADS) == {"softmax", ONE_UNIT}
    with pytest.raises(UsageError):
        build_model("cnn", "deep", classes=3, head=ONE_UNIT)
