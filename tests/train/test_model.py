import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

import keras

from catdog.train.features import predict
from catdog.train.model import build_model, logits_model, pooled_model, unfreeze_backbone


@pytest.fixture(scope="module")
def model() -> object:
    return build_model("transfer", image_size=64)


PIXELS = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)


def test_parameter_counts_are_mobilenets(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    assert model.transfer.backbone.count_params() == 2_257_984  # the frozen parameters of the published write-ups
    assert model.core.count_params() == 2_257_984 + 2 * (1280 + 3 * 960 + 1)  # and of our head, which sees earlier maps as well


def test_core_is_free_of_augmentation(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    first, second = (np.array(model.core(PIXELS)) for _ in range(2))
    assert np.array_equal(first, second)
    names = {type(layer).__name__ for layer in model.core.layers}
    assert not any(name.startswith("Random") for name in names)


def test_augmentation_alters_and_stays_in_range(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    altered = np.array(model.augment(PIXELS, training=True))
    assert altered.shape == PIXELS.shape
    assert not np.allclose(altered, PIXELS)
    assert altered.min() >= 0
    assert altered.max() <= 255


def test_scores_are_the_softmax_of_the_logits(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    logits = np.array(logits_model(model.core)(PIXELS))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.array(model.core(PIXELS)) == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-6)


def test_head_on_features_is_the_whole_model(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    logits = np.array(model.transfer.head(model.transfer.features(PIXELS)))
    assert logits == pytest.approx(np.array(logits_model(model.core)(PIXELS)), abs=1e-5)


@pytest.mark.slow
def test_fine_tuning_learns_but_keeps_the_batch_statistics() -> None:
    import keras

    model = build_model("transfer", image_size=64)
    unfreeze_backbone(model.transfer.backbone)
    whole = keras.Model(model.core.input, logits_model(model.core)(model.augment(model.core.input)))
    whole.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    names = [weight.path for weight in model.transfer.backbone.weights]
    before = model.transfer.backbone.get_weights()
    whole.fit(PIXELS, np.array([0, 1]), verbose=0)
    changed = {
        name.rpartition("/")[2]
        for name, old, new in zip(names, before, model.transfer.backbone.get_weights(), strict=True)
        if not np.array_equal(old, new)
    }
    assert changed == {"kernel"}


@pytest.mark.slow
def test_our_head_sees_earlier_maps_behind_the_last(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    pooled, features = predict(pooled_model(model.core), PIXELS), predict(model.transfer.features, PIXELS)
    assert np.array_equal(features[:, :1280], pooled)
    backbone = model.transfer.backbone
    for number, (block, factor) in enumerate(((14, 5.0), (15, 10.0), (16, 2.0))):
        level = keras.Model(backbone.input, backbone.get_layer(f"block_{block}_depthwise_relu").output)
        means = predict(level, PIXELS / 127.5 - 1).mean(axis=(1, 2))
        assert features[:, 1280 + 960 * number : 2240 + 960 * number] == pytest.approx(factor * means, abs=1e-3)


@pytest.mark.slow
def test_teacher_gives_of_the_last_map_what_the_student_is_to_give(model) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    teacher = build_model("transfer", image_size=64, levels=False, seed=1).transfer
    assert teacher is not None
    teacher.backbone.set_weights(model.transfer.backbone.get_weights())
    asked = pooled_model(model.core)
    assert asked.output_shape == teacher.features.output_shape == (None, 1280)
    assert np.array_equal(predict(teacher.features, PIXELS), predict(asked, PIXELS))
