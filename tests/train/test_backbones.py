"""Backbones beside MobileNetV2: trained, read back, exported and run on the edge."""

import base64
import hashlib
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

from commands import run

from catdog.edge import Classifier
from catdog.edge.errors import DatasetError, InputNotFoundError, ModelError, UsageError
from catdog.edge.synthetic import draw_picture
from catdog.train.backbone_weights import load_backbone_weights
from catdog.train.backbones import BACKBONES, MOBILENETV2
from catdog.train.features import predict
from catdog.train.model import build_model, unfreeze_backbone
from catdog.train.model_file import read_model
from catdog.train.options import DataOptions, TrainOptions

if TYPE_CHECKING:
    from tests.conftest import Site

if TYPE_CHECKING:
    from tests.conftest import Site

SMALL = "mobilenetv3-small"
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def other_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on another backbone, from random weights."""
    folder = tmp_path_factory.mktemp("runs") / "other"
    finished = run(
        "catdog-train", *("--data", "synthetic", "--synthetic-count", "24", "--image-size", "64", "--backbone", SMALL),
        *("--backbone-weights", "random", "--views", "1", "--epochs", "2", "--least-steps", "0", "--fine-tune-epochs", "1"),
        *("--output", str(folder)),
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.mark.slow
def test_run_reads_back_and_names_its_backbone(other_run: Path) -> None:
    model = read_model(other_run)
    assert model.contract.name == f"{SMALL}-transfer-64"
    assert (
        "; pixels scaled to -1 to 1; backbone: MobileNetV3 Small, random weights, fine-tuned end to end"
        in model.contract.trained_on
    )
    assert json.loads((other_run / "options.json").read_text())["options"]["backbone"] == SMALL
    scores = predict(model.core, PIXELS)
    assert scores.shape == (3, 3)  # cats, dogs, neither
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_int8_and_onnx_answer_on_the_edge_as_keras_does(other_run: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra export is not installed")
    asked = ("--int8", "--onnx", "--calibration-count", "24", "--max-drop", "100", "--output", str(tmp_path))
    finished = run("catdog-export", "--model", str(other_run), *asked)
    assert finished.returncode == 0, finished.stderr
    core = read_model(other_run).core
    pixels = np.stack([draw_picture("cats", seed, width=64, height=64) for seed in range(6)])
    exact = predict(core, pixels[..., ::-1])
    for ending, tolerance in (("int8.tflite", 0.1), ("float32.onnx", 1e-4)):
        classifier = Classifier(tmp_path / f"{SMALL}-transfer-64-{ending}")
        ours = np.array([list(answer.scores.values()) for answer in classifier.classify_all(pixels)])
        assert np.abs(ours - exact).mean() < tolerance


@pytest.mark.slow
def test_weights_come_from_a_file_of_keras(tmp_path: Path) -> None:
    row = BACKBONES.find(SMALL)
    known = row.build(96)
    known.save_weights(tmp_path / "known.weights.h5")
    parts = build_model("transfer", image_size=64, backbone=SMALL).transfer
    assert parts is not None
    assert load_backbone_weights(parts.backbone, str(tmp_path / "known.weights.h5"), row) == (
        "MobileNetV3 Small, weights from known.weights.h5"
    )
    for ours, theirs in zip(parts.backbone.get_weights(), known.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    with pytest.raises(InputNotFoundError, match="backbone weights"):
        load_backbone_weights(parts.backbone, str(tmp_path / "absent.h5"), row)
    BACKBONES.find(MOBILENETV2).build(64).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ModelError, match="MobileNetV3 Small"):
        load_backbone_weights(parts.backbone, str(tmp_path / "other.weights.h5"), row)


# What Keras calls the files that it publishes.
PUBLISHED = {
    "mobilenetv2-0.35": ("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5", None),
    "mobilenetv2-1.4": ("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_96_no_top.h5", None),
    "mobilenetv3-small": ("mobilenet_v3", "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5", "small_224_1.0_float"),
    "mobilenetv3-large": ("mobilenet_v3", "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5", "large_224_1.0_float"),
    "efficientnetv2-b0": ("efficientnet_v2", "efficientnetv2-b0_notop.h5", "b0"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_imagenet_weights_are_kerass_own_and_their_hash_is_looked_at(
    name: str, site: "Site", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    module, file, key = PUBLISHED[name]
    published = importlib.import_module(f"keras.src.applications.{module}")
    place = "BASE_WEIGHTS_PATH" if module == "efficientnet_v2" else "BASE_WEIGHT_PATH"
    monkeypatch.setattr(published, place, f"{site.url}/{module}/")
    row = BACKBONES.find(name)
    known = row.build(96)
    with h5py.File(tmp_path / "weights.h5", "w") as stream:  # Keras publishes in the format of Keras 1
        save_weights_to_hdf5_group(stream, known)
    content = (tmp_path / "weights.h5").read_bytes()
    right = hashlib.md5(content).digest()  # noqa: S324
    site.pages[f"/{module}/{file}"] = (200, {"x-goog-hash": f"md5={base64.b64encode(bytes(16)).decode()}"}, content)
    network = build_model("transfer", "deep", image_size=96, backbone=name).transfer.backbone
    with pytest.raises(DatasetError, match=r"expected the file with MD5 .* got one with .* --backbone-weights PATH"):
        load_backbone_weights(network, "imagenet", row)
    if key is None:
        site.pages[f"/{module}/{file}"] = (200, {"x-goog-hash": f"md5={base64.b64encode(right).decode()}"}, content)
    else:
        monkeypatch.setitem(published.WEIGHTS_HASHES, key, ("", right.hex()))
    assert load_backbone_weights(network, "imagenet", row) == f"{row.title}, ImageNet weights of Keras Applications"
    assert all(np.array_equal(a, b) for a, b in zip(network.get_weights(), known.get_weights(), strict=True))


def test_random_weights_learn_their_statistics_and_imagenets_are_kept() -> None:
    import keras

    backbone = build_model("transfer", image_size=64, backbone=SMALL).transfer.backbone
    norms = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for statistics in (True, False):
        unfreeze_backbone(backbone, statistics=statistics)
        assert {layer.trainable for layer in norms} == {statistics}
    assert {layer.momentum for layer in norms} == {0.9}  # what came first is soon forgotten


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"backbone_weights": "bundled"}, "--backbone-weights of imagenet, random, or a file, for mobilenetv3-small"),
        ({"pipeline": "small"}, "--backbone mobilenetv2 for a pipeline that cuts it off"),
        ({"backbone": "alexnet"}, "a backbone of mobilenetv2, mobilenetv2-0.35"),
    ],
)
def test_what_a_backbone_does_not_do_is_refused(options: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        TrainOptions(DataOptions(), tmp_path, **{"backbone": SMALL} | options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"stage": "cnn"}, {"start": "fast", "fine_tune_epochs": 1}])
def test_weights_that_nobody_asks_for_are_not_looked_at(options: dict[str, object], tmp_path: Path) -> None:
    asked = TrainOptions(DataOptions(), tmp_path, backbone=SMALL, backbone_weights="bundled", **options)  # type: ignore[arg-type]
    assert asked.backbone == SMALL
