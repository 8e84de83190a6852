"""The folds of a cross-validation on two Ray nodes, against one machine's figures."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import run
from marks import mostly_slow

from benchmarks.project.ray_nodes import RayCluster
from catdog.train.cluster.folds import cores_of_a_fold

needs_ray = [
    pytest.mark.slow,
    pytest.mark.skipif("not __import__('importlib').util.find_spec('ray')", reason="the extra ray is not installed"),
    pytest.mark.skipif("not __import__('importlib').util.find_spec('tensorflow')", reason="the extra train is not installed"),
]
SMALL = (
    *("--data", "synthetic", "--synthetic-count", "16", "--image-size", "64", "--backbone-weights", "bundled", "--views", "1"),
    *("--epochs", "3", "--least-steps", "0"),
)
FINE_TUNING = ("--negatives", "synthetic", "--fine-tune-epochs", "2", "--batch-size", "8")
UNEVEN = {0: 2.0, 1: 0.5, 2: 0.5}
FOLDS = ("--cross-validate", "5", "--seeds", "3")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    with RayCluster(tmp_path_factory.mktemp("for-nodes"), nodes=2) as started:
        yield started


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one machine finds."""
    folder = tmp_path_factory.mktemp("alone")
    finished = run("catdog-train", *SMALL, *FOLDS, "--output", "cv", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    assert "over 3 seeds" in finished.stdout
    return found(folder / "cv")


def found(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "cross-validation.json").read_text())
    return result


def figures(result: dict[str, Any]) -> list[tuple[int, int, float]]:
    """Seed, right answers of all, and temperature; the first two are to be equal, the last to rounding."""
    return [
        (
            each["seed"],
            round(each["evaluation"]["accuracy"]["value"] * each["evaluation"]["accuracy"]["n"]),
            each["temperature"],
        )
        for each in result["seeds"]
    ]


class TestOnTwoNodes:
    pytestmark = needs_ray

    def test_gives_the_figures_of_one_machine(self, tmp_path: Path, cluster: RayCluster, alone: dict[str, Any]) -> None:
        command = ("catdog-train", *SMALL, *FOLDS, "--ray", cluster.address, "--output", "cv")
        finished = run(*command, cwd=tmp_path, **cluster.environment)
        assert finished.returncode == 0, finished.stderr
        assert "15 folds on 2 machines, each on 1 core" in finished.stderr
        assert "over 3 seeds" in finished.stdout
        there = figures(found(tmp_path / "cv"))
        assert [each[:2] for each in there] == [each[:2] for each in figures(alone)]
        assert [each[2] for each in there] == pytest.approx([each[2] for each in figures(alone)], rel=1e-3)

    def test_does_the_folds_of_a_dead_node_again(self, tmp_path: Path, cluster: RayCluster, alone: dict[str, Any]) -> None:
        executable = str(Path(sys.executable).parent / "catdog-train")
        with subprocess.Popen(
            [executable, *SMALL, *FOLDS, "--ray", cluster.address, "--output", "cv"],
            cwd=tmp_path,
            env=os.environ | cluster.environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stderr or ():
                if "; 1 of 15" in line:
                    cluster.kill()
        cluster.add()  # for the tests behind this one
        assert process.returncode == 0
        assert [each[:2] for each in figures(found(tmp_path / "cv"))] == [each[:2] for each in figures(alone)]

    def test_tries_settings_at_once(self, tmp_path: Path, cluster: RayCluster) -> None:
        tried = ("catdog-train", *SMALL, "--cross-validate", "2", "--try", "batch-size=8,16")
        here = run(*tried, "--output", "here", cwd=tmp_path)
        there = run(*tried, "--ray", cluster.address, "--output", "there", cwd=tmp_path, **cluster.environment)
        assert (here.returncode, there.returncode) == (0, 0), there.stderr
        first, second = (json.loads((tmp_path / name / "search.json").read_text()) for name in ("here", "there"))
        assert second["differences"] == first["differences"]
        assert [each["accuracy"] for each in second["trials"]] == [each["accuracy"] for each in first["trials"]]

    @pytest.mark.parametrize("conditions", ["camera", "none"])
    def test_computes_the_features_of_a_training(self, tmp_path: Path, cluster: RayCluster, conditions: str) -> None:
        training = ("catdog-train", *SMALL, "--views", "3", "--conditions", conditions)
        here = run(*training, "--output", "here", cwd=tmp_path)
        there = run(*training, "--output", "there", "--ray", cluster.address, cwd=tmp_path, **cluster.environment)
        assert (here.returncode, there.returncode) == (0, 0), there.stderr
        assert "features of 4 pieces on 2 machines" in there.stderr
        first, second = (json.loads((tmp_path / name / "metrics.json").read_text())["record"] for name in ("here", "there"))
        assert second["validation"]["accuracy"] == first["validation"]["accuracy"]
        assert second["temperature"] == pytest.approx(first["temperature"], rel=1e-3)

    def test_fine_tunes_together(self, tmp_path: Path, cluster: RayCluster) -> None:
        training = ("catdog-train", *SMALL, *FINE_TUNING)
        here = run(*training, "--output", "here", cwd=tmp_path)
        there = run(*training, "--output", "there", "--ray", cluster.address, cwd=tmp_path, **cluster.environment)
        assert (here.returncode, there.returncode) == (0, 0), there.stderr
        assert "fine-tuning on 2 machines" in there.stderr
        first, second = (json.loads((tmp_path / name / "metrics.json").read_text())["record"] for name in ("here", "there"))
        losses = [[epoch["loss"] for epoch in record["history"]] for record in (first, second)]
        assert len(losses[0]) == 3 + 2
        assert losses[1][:3] == pytest.approx(losses[0][:3], rel=1e-3)
        assert losses[1][3:] == pytest.approx(losses[0][3:], rel=0.1)  # each machine draws for itself what its dropout drops

    def test_fine_tunes_without_a_dead_node(self, tmp_path: Path, cluster: RayCluster) -> None:
        executable = str(Path(sys.executable).parent / "catdog-train")
        command = [executable, *SMALL, *FINE_TUNING, "--ray", cluster.address, "--output", "there"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | cluster.environment, stderr=subprocess.PIPE, text=True
        ) as process:
            said = []
            for line in process.stderr or ():
                said.append(line)
                if "s a step" in line and not any("is gone" in each for each in said):
                    cluster.kill()
        cluster.add()
        assert process.returncode == 0
        assert any("fine-tuning goes on with 1" in line for line in said)


@pytest.mark.skipif("not __import__('importlib').util.find_spec('tensorflow')", reason="the extra train is not installed")
@pytest.mark.parametrize("conditions", mostly_slow(["camera", "none"], "none"))
def test_pieces_have_the_features_of_the_whole(monkeypatch: pytest.MonkeyPatch, conditions: str) -> None:
    from catdog.train.cluster import features as there
    from catdog.train.data.conditions import Camera
    from catdog.train.data.dataset import load_dataset
    from catdog.train.features import FORWARD_BATCH, features_here
    from catdog.train.model import build_model, transfer_parts
    from catdog.train.options import DataOptions, TrainOptions

    monkeypatch.setattr(there, "PIECE", 2 * FORWARD_BATCH)
    data = DataOptions(data="synthetic", synthetic_count=75, image_size=64, negatives="synthetic")
    options = TrainOptions(data, Path("runs/never"), views=3, conditions=conditions)
    dataset = load_dataset(data)
    one, other = (transfer_parts(build_model("transfer", classes=3, image_size=64, seed=7)) for _ in range(2))
    weights = one.features.get_weights()
    training, validation = features_here(one, dataset, options)
    camera = Camera.of(dataset) if conditions == "camera" else None
    recipe = there.Recipe(conditions, options, 3)
    pieces = list(there.pieces(other, dataset, options, camera))
    assert len(pieces) > 2 * 3
    for piece in pieces:
        given = there.features_of_piece(recipe, weights, dataset.parts[piece.part].pixels, camera, piece)
        expected = training[piece.view] if piece.part == "train" else validation
        assert np.allclose(given, expected[piece.start : piece.stop], atol=1e-5)
    for mine, theirs in zip(one.augment.variables, other.augment.variables, strict=True):
        assert np.array_equal(mine, theirs)  # what it draws next is the same


@pytest.mark.skipif("not __import__('importlib').util.find_spec('tensorflow')", reason="the extra train is not installed")
@pytest.mark.parametrize("counts", mostly_slow([None, UNEVEN], UNEVEN), ids=["all count the same", "labels have weights"])
def test_machines_learn_together_what_one_learns(counts: dict[int, float] | None) -> None:
    import keras

    from catdog.train.cluster.process import Recipe, weights_of
    from catdog.train.cluster.steps import Part, Replica, Steps, applied_by
    from catdog.train.data.dataset import load_dataset
    from catdog.train.learner import Learner
    from catdog.train.model import build_model, transfer_parts, unfreeze_backbone
    from catdog.train.options import DataOptions, TrainOptions

    data = DataOptions(data="synthetic", synthetic_count=8, image_size=64, negatives="synthetic")
    options = TrainOptions(data, Path("runs/never"), conditions="camera", batch_size=5, fine_tune_epochs=1)
    dataset, models = load_dataset(data), [build_model("transfer", classes=3, image_size=64, seed=7) for _ in range(2)]
    models[1].core.set_weights(models[0].core.get_weights())
    replicas = [Replica(Recipe("key", options, 3), weights_of(models[0]), dataset, counts, number) for number in range(2)]

    class Together(Steps):
        def __init__(self) -> None:
            pass

        def _parts(self, values: Any, chosen: Any, seed: int) -> list[Part]:
            shares = np.array_split(chosen, [2])
            return [each.gradients(values, part, seed) for each, part in zip(replicas, shares, strict=True) if len(part)]

    for model in models:
        unfreeze_backbone(transfer_parts(model).backbone)
    one, other = (Learner.of(model, dataset, options, fine_tunes=True) for model in models)
    ways = [keras.optimizers.SGD(0.05) for _ in models]
    one.trained.compile(ways[0], one.loss, metrics=["accuracy"])
    fitted = one.trained.fit(one.batches.all(5, 3), shuffle=False, verbose=0, class_weight=counts).history
    learnt = other.trained.trainable_variables
    ways[1].build(learnt)
    done: list[int] = []
    found = Together().epoch(learnt, applied_by(ways[1], learnt), other.batches.order(5, 3).as_numpy_iterator, 3, done.append)
    assert len(done) == -(-len(dataset.train) // 5)
    assert found["accuracy"] == pytest.approx(fitted["accuracy"][-1], abs=0.05)  # random weights: one may be on the edge
    assert found["loss"] == pytest.approx(fitted["loss"][-1], rel=1e-4)
    before, after = (model.core.get_weights() for model in models)
    assert max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True)) < 1e-4


@pytest.mark.parametrize(
    "training", [("--stage", "cnn"), ("--no-feature-cache",)], ids=["no frozen backbone", "features are not cached"]
)
def test_ray_is_refused_where_it_is_of_no_use(tmp_path: Path, training: tuple[str, ...]) -> None:
    finished = run("catdog-train", "--data", "synthetic", *training, "--ray", cwd=tmp_path)
    assert finished.returncode == 2
    assert "--ray with the transfer stage's cached features" in finished.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("cores", "folds", "each"), [([1, 1], 6, 1), ([16, 16], 5, 6), ([4, 4], 1, 4), ([], 3, 1)])
def test_cores_of_a_fold(cores: list[int], folds: int, each: int) -> None:
    assert cores_of_a_fold(cores, folds) == each


def test_seeds_are_for_cross_validation(tmp_path: Path) -> None:
    finished = run("catdog-train", "--data", "synthetic", "--seeds", "3", cwd=tmp_path)
    assert finished.returncode == 2
    assert "--cross-validate beside --seeds and --try" in finished.stderr
