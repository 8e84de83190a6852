"""Every backbone: built, with a head trained on drawn pictures, exported as int8 through the gate, run on the edge."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from marks import mostly_slow
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="the extra train is not installed")

from catdog.edge import Classifier
from catdog.train.api import train
from catdog.train.backbones import BACKBONES
from catdog.train.model import build_model

SIZE = 64  # pixels
# Added by batch normalisation to values of spread 1: activations are nearly linear there. Layers of random weights would
# otherwise make noise of any difference.
_LIFT = 3.0
COLOURS = {"rust": (20, 50, 220), "sea": (220, 130, 20)}  # BGR


def draw(label: str, seed: int) -> NDArray[np.uint8]:
    """A cloudy picture of one colour: what a network with random weights learns in a minute."""
    rng = np.random.default_rng([seed, len(label)])
    clouds = cv2.resize(rng.normal(0, 4, (6, 6, 3)), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    light = rng.uniform(0.98, 1.02)
    return np.clip(light * np.array(COLOURS[label]) + clouds, 0, 255).astype(np.uint8)


def weights_with_statistics(name: str, path: Path) -> Path:
    """Write random weights whose batch normalisation fits the pictures: to train all of them would take many minutes."""
    import keras

    row = BACKBONES.find(name)
    keras.utils.set_random_seed(1)
    network = row.build(SIZE)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.beta.assign(np.full(layer.beta.shape, _LIFT))
    black, white = (np.array(level) for level in row.scale)
    pictures = np.stack([draw(label, seed) for label in COLOURS for seed in range(40)])[..., ::-1]
    network((pictures / 255 * (white - black) + black).astype(np.float32), training=True)
    network.save_weights(path)
    return path


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 60 pictures."""
    folder = tmp_path_factory.mktemp("colours")
    for label in COLOURS:
        (folder / label).mkdir()
        for seed in range(60):
            cv2.imwrite(str(folder / label / f"{seed}.png"), draw(label, seed))
    return folder


@pytest.mark.parametrize("name", mostly_slow(BACKBONES.own, "mobilenetv2-0.35", "mobilenetv3-small"))
def test_row_says_what_is_built(name: str) -> None:
    row = BACKBONES.find(name)
    parts = build_model("transfer", "deep", image_size=row.smallest, backbone=name).transfer
    assert parts is not None
    assert parts.features.output_shape == (None, row.features)
    assert not parts.backbone.trainable_weights
    black, white = (np.full((1, row.smallest, row.smallest, 3), level, np.float32) for level in (0, 255))
    scaled = parts.features.get_layer("preprocess")
    for pixels, level in zip((black, white), row.scale, strict=True):
        assert np.allclose(scaled(pixels)[0, 0, 0], level, atol=1e-5)


def test_efficientnet_takes_what_keras_gives_it() -> None:
    import keras

    whole = keras.applications.EfficientNetV2B0(False, None, input_shape=(64, 64, 3))
    ours = build_model("transfer", "deep", image_size=64, backbone="efficientnetv2-b0").transfer
    assert ours is not None
    ours.backbone.set_weights([weight for weight in whole.get_weights() if weight.shape != (3,)])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    assert np.allclose(ours.features(pixels), np.mean(whole(pixels), axis=(1, 2)), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES.own)
def test_each_passes_the_gate_and_answers_on_the_edge(name: str, colours: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra export is not installed")
    from catdog.export import export

    weights = weights_with_statistics(name, tmp_path / "some.weights.h5")
    trained = train(
        colours, output=tmp_path / "run", backbone=name, backbone_weights=weights, image_size=SIZE, batch_size=16,
        epochs=20, least_steps=0, views=1, presence_check=False,
    )  # fmt: skip
    assert trained.accuracy.value > 0.9
    exported = export(trained.folder, formats=["int8"], calibration_count=40, output=tmp_path / "out")
    (path,) = exported.files
    classifier = Classifier(path)
    assert BACKBONES.find(name).title in classifier.contract.trained_on
    assert f"pixels scaled to {BACKBONES.find(name).scale_said}" in classifier.contract.trained_on
    seeds = range(1000, 1020)
    right = [classifier.classify(draw(label, seed)).label == label for label in COLOURS for seed in seeds]
    assert np.mean(right) > 0.85
