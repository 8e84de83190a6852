import csv
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

from commands import call, run

from catdog.edge.contract.learnt import Learnt
from catdog.edge.contract.model_contract import parse_contract
from catdog.edge.contract.provenance import Origin
from catdog.edge.errors import DatasetError
from catdog.edge.synthetic import draw_picture
from catdog.train.backbone_weights import load_backbone_weights
from catdog.train.model import build_model
from catdog.train.model_file import read_model

if TYPE_CHECKING:
    from tests.conftest import Site

QUICK = ("--image-size", "64", "--views", "1", "--epochs", "1", "--least-steps", "0", "--backbone-weights", "bundled")


def test_run_folder_is_complete(small_run: Path) -> None:
    assert {path.name for path in small_run.iterdir()} == {
        *("options.json", "model.keras", "metrics.json", "history.csv", "predictions.csv"),
        *("report.html", "report.json", "figures"),
    }
    metrics = json.loads((small_run / "metrics.json").read_text())
    accuracy = metrics["record"]["validation"]["accuracy"]
    assert metrics["data"]["train"] == {"cats": 60, "dogs": 60}
    assert accuracy["n"] == sum(metrics["data"]["validation"].values()) == 30
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    confusion = metrics["record"]["validation"]["confusion"]
    assert sum(map(sum, confusion)) == 30
    assert (confusion[0][0] + confusion[1][1]) / 30 == accuracy["value"]
    with (small_run / "history.csv").open() as stream:
        assert [row["number"] for row in csv.DictReader(stream)] == [str(number) for number in range(1, 11)]
    with (small_run / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    right = [row["truth"] == row["answer"] for row in rows if row["part"] == "validation"]
    assert sum(right) / 30 == accuracy["value"]
    assert all(sum(float(row[f"score of {label}"]) for label in ("cats", "dogs", "neither")) > 0.999 for row in rows)


def test_model_file_carries_its_contract(small_run: Path) -> None:
    with zipfile.ZipFile(small_run / "model.keras") as archive:
        contract = parse_contract(archive.read("catdog.json"))
    assert contract.labels == ("cats", "dogs", "neither")  # no negatives: judged by likeness
    assert (contract.input.height, contract.input.dtype) == (64, "float32")
    assert contract.figures[0].n == 30


@pytest.mark.slow
def test_stdout_holds_results_only_and_any_number_of_classes_works(class_folders: Path, tmp_path: Path) -> None:
    (class_folders / "cats").rename(class_folders / "ants")
    (class_folders / "bees").mkdir()
    (class_folders / "bees" / "broken.jpg").write_bytes(b"broken")
    for path in (class_folders / "ants").iterdir():
        cv2.imwrite(str(class_folders / "bees" / path.name), cv2.imread(str(path))[::-1])
    finished = call("catdog-train", "--data", str(class_folders), "--output", "run", "--name", "pond", *QUICK, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("trained on")
    assert [line.split()[0] for line in finished.stdout.splitlines()] == [
        "trained", "validation", "transfer", "always", "worst", "report", "next",
    ]  # fmt: skip
    assert [line for line in finished.stderr.splitlines() if "skipped" in line and "broken.jpg" in line]
    assert "train: 7 ants, 7 bees, 7 dogs" in finished.stderr
    assert "test: 1 ants, 1 bees, 1 dogs" in finished.stderr
    assert "measured on few pictures: 2 ants, 2 bees, 2 dogs" in finished.stderr
    assert "\r" not in finished.stderr  # no progress bars where there is no terminal
    with zipfile.ZipFile(tmp_path / "run" / "model.keras") as archive:
        contract = parse_contract(archive.read("catdog.json"))
    assert contract.name == "pond"
    assert contract.labels == ("ants", "bees", "dogs", "neither")
    begun = json.loads((tmp_path / "run" / "options.json").read_text())
    assert contract.origin == Origin(contract.origin.date if contract.origin else "", begun["run"], begun["pictures"])
    learnt = Learnt.parse(contract.learnt, contract.input)
    assert sum(cv2.imread(str(path)) in learnt for path in class_folders.rglob("?.jpg")) == len(learnt) == 3 * 7


@pytest.mark.slow
def test_fine_tuning_continues_the_history(class_folders: Path, tmp_path: Path) -> None:
    options = ("--data", str(class_folders), "--output", "run", "--fine-tune-epochs", "1", "--track", "tensorboard", *QUICK)
    finished = call("catdog-train", *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    with (tmp_path / "run" / "history.csv").open() as stream:
        assert [(row["phase"], row["number"]) for row in csv.DictReader(stream)] == [("head", "1"), ("fine-tune", "2")]
    import tensorflow as tf

    (path,) = (tmp_path / "run" / "tensorboard" / "transfer").iterdir()
    events = [
        (event.step, value.tag) for event in tf.compat.v1.train.summary_iterator(str(path)) for value in event.summary.value
    ]
    assert [step for step, tag in events if tag == "loss"] == [1, 2]
    assert (2, "final/validation_accuracy") in events


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="mlflow is installed")
def test_mlflow_that_is_not_there_is_told_before_anything_is_learnt(tmp_path: Path) -> None:
    refused = call("catdog-train", "--data", "synthetic", "--track", "mlflow", "--output", "run", *QUICK, cwd=tmp_path)
    assert refused.returncode == 7
    assert "install mlflow" in refused.stderr
    assert not (tmp_path / "run").exists()


def test_nothing_of_the_extra_is_loaded_to_say_what_is_missing() -> None:
    absent = ["tqdm", "keras", "tensorflow", "matplotlib", "jinja2"]
    code = f"import sys; sys.modules |= dict.fromkeys({absent}); import catdog.train.cli"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
def test_all_stages_of_a_published_pipeline(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--stage", "all", "--pipeline", "compact", "--data", str(class_folders), "--output", "run", *QUICK)
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert [line.split()[0] for line in finished.stdout.splitlines()[2:6]] == ["cnn", "augmented", "preprocessed", "transfer"]
    # The one to export lies at the top, so that `catdog-export --model run` finds it.
    for folder, stage in (("run/cnn", "cnn"), ("run/augmented", "augmented"), ("run", "transfer")):
        with zipfile.ZipFile(tmp_path / folder / "model.keras") as archive:
            assert parse_contract(archive.read("catdog.json")).name == f"compact-{stage}-64"


@pytest.mark.slow
def test_training_accuracy_is_the_epochs_not_the_last_batchs(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--data", str(class_folders), "--output", "run", "--no-feature-cache", "--batch-size", "3", *QUICK)
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    with (tmp_path / "run" / "history.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert row["phase"] == "plain"
    hits = float(row["accuracy"]) * 14  # of all 14 training pictures; of a last batch of two it would be 0, 7 or 14
    assert hits == pytest.approx(round(hits), abs=1e-3)
    assert 0 < hits < 14


def test_failed_download_names_both_offline_ways(site: "Site", tmp_path: Path) -> None:
    address = f"{site.url}/none.zip"
    finished = run("catdog-train", "--data", address, *QUICK, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert finished.returncode == 8
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert "--data PATH" in finished.stderr
    assert "--data synthetic" in finished.stderr
    assert not (tmp_path / "runs").exists()


def test_imagenet_weights_are_downloaded_once_or_the_offline_ways_named(
    site: "Site", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import h5py
    import keras.src.applications.mobilenet_v2 as published
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(published, "BASE_WEIGHT_PATH", f"{site.url}/weights/")
    backbone, original = (build_model("transfer", image_size=96).transfer.backbone for _ in range(2))
    with pytest.raises(DatasetError, match="--backbone-weights bundled"):
        load_backbone_weights(backbone, "imagenet")
    # Keras publishes its weights in the format of Keras 1.
    with h5py.File(tmp_path / "weights.h5", "w") as stream:
        save_weights_to_hdf5_group(stream, original)
    path = "/weights/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"
    site.pages[path] = (200, {}, (tmp_path / "weights.h5").read_bytes())
    for _ in range(2):
        load_backbone_weights(backbone, "imagenet")
    assert all((a == b).all() for a, b in zip(backbone.get_weights(), original.get_weights(), strict=True))
    assert site.requests == [path, path]  # one failure, one success, then the cache


@pytest.mark.slow
def test_negatives_become_a_class_and_are_measured_by_folder(class_folders: Path, tmp_path: Path) -> None:
    for folder in ("rooms", "gardens"):
        (tmp_path / "none" / folder).mkdir(parents=True)
        for seed in range(10):
            picture = draw_picture("neither", seed + 100 * (folder == "rooms"))
            cv2.imwrite(str(tmp_path / "none" / folder / f"{seed}.jpg"), picture)
    arguments = ("--data", str(class_folders), "--negatives", "none", "--output", "run", *QUICK)
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    record = json.loads((tmp_path / "run" / "metrics.json").read_text())["record"]
    measured = {figure["name"]: figure["n"] for figure in record["validation"]["per_label"]}
    assert measured["accuracy on neither"] == 4  # and one of each folder for the test
    assert measured["accuracy on neither/rooms"] == 2
    with zipfile.ZipFile(tmp_path / "run" / "model.keras") as archive:
        contract = parse_contract(archive.read("catdog.json"))
    assert contract.labels == ("cats", "dogs", "neither")
    assert "14 of neither" in contract.trained_on


@pytest.mark.slow
def test_cross_validation_measures_every_training_picture_and_keeps_no_model(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--data", str(class_folders), "--cross-validate", "2", "--output", "cv", *QUICK)
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert [path.name for path in (tmp_path / "cv").iterdir()] == ["cross-validation.json"]
    result = json.loads((tmp_path / "cv" / "cross-validation.json").read_text())
    assert result["evaluation"]["accuracy"]["n"] == 14
    assert f"temperature {result['temperature']:.3f}" in finished.stdout
    assert call("catdog-train", "--cross-validate", "1", cwd=tmp_path).returncode == 2


def test_folders_that_are_no_data_set_are_told_at_once_with_class_count_and_fix(class_folders: Path, tmp_path: Path) -> None:
    def told(folder: Path) -> str:
        command = [sys.executable, "-X", "importtime", "-m", "catdog.train", "--data", str(folder), "--output", "run"]
        finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert finished.returncode == 8, finished.stderr
        imported = {line.split("|")[-1].strip() for line in finished.stderr.splitlines() if line.startswith("import time:")}
        assert "numpy" in imported
        assert not imported & {"tensorflow", "keras", "matplotlib"}  # seconds
        assert not (tmp_path / "run").exists()
        return finished.stderr.splitlines()[-1]

    one = tmp_path / "one"
    shutil.copytree(class_folders / "cats", one / "cats")
    assert "one, 'cats'" in told(one)
    (one / "ferrets").mkdir()
    assert "none in 'ferrets'" in told(one)
    shutil.copy(class_folders / "dogs" / "0.jpg", one / "ferrets")
    assert "at least 2 pictures of each class; got 1 of 'ferrets'" in told(one)
    for part in ("train", "validation"):
        shutil.copytree(class_folders, tmp_path / "split" / part)
    shutil.copytree(class_folders / "dogs", tmp_path / "split" / "train" / "ferrets")
    assert "got ferrets in one of them alone" in told(tmp_path / "split")


@pytest.mark.slow
def test_temperature_is_fitted_on_pictures_that_are_held_out(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--data", str(class_folders), "--held-out", "0.25", "--no-presence-check", "--output", "run", *QUICK)
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    record = json.loads((tmp_path / "run" / "metrics.json").read_text())["record"]
    assert record["held_out"]["accuracy"]["n"] == 4
    assert record["history"][0]["accuracy"] is not None
    assert f"at temperature {record['temperature']:.3f}" in finished.stderr
    both = call("catdog-train", "--held-out", "0.25", "--temperature", "1", cwd=tmp_path)
    assert both.returncode == 2
    assert "--held-out" in both.stderr


@pytest.mark.slow
def test_settings_are_tried_on_the_same_folds(class_folders: Path, tmp_path: Path) -> None:
    data = ("--data", str(class_folders), "--cross-validate", "2", *QUICK)
    tries = ("--try", "image-size=32,64", "--try", "batch-size=4")
    finished = call("catdog-train", *data, *tries, "--output", "search", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "A      --image-size=32 --batch-size=4: " in finished.stdout
    assert "B - A  " in finished.stdout
    found = json.loads((tmp_path / "search" / "search.json").read_text())
    assert [each["options"][0] for each in found["trials"]] == ["--image-size=32", "--image-size=64"]
    alone = call("catdog-train", *data, "--image-size", "64", "--batch-size", "4", "--output", "alone", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    inside, by_itself = (
        json.loads((tmp_path / name / "cross-validation.json").read_text())["evaluation"] for name in ("search/B", "alone")
    )
    assert inside["confusion"] == by_itself["confusion"]
    (difference,) = found["differences"]
    rights = [round(each["accuracy"]["value"] * each["accuracy"]["n"]) for each in found["trials"]]
    assert difference["gained"] - difference["lost"] == rights[1] - rights[0]


@pytest.mark.parametrize(
    ("tries", "said"),
    [
        (("views=2",), "2 to 10 combinations to --try; got 1"),
        (("views",), "--try with an option and its values; got views"),
        (("viewz=1,2",), "--viewz=1"),
        (("views=1,200",), "1 to 100 --views"),
    ],
)
def test_what_cannot_be_tried_is_refused(tries: tuple[str, ...], said: str, tmp_path: Path) -> None:
    asked = [word for each in tries for word in ("--try", each)]
    refused = run("catdog-train", "--data", "synthetic", "--cross-validate", "2", *asked, cwd=tmp_path)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_few_pictures_make_few_steps_and_so_more_epochs(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--data", str(class_folders), "--no-presence-check", "--output", "run", *QUICK, "--least-steps", "40")
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    with (tmp_path / "run" / "history.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 40  # 16 pictures, one step each


@pytest.mark.slow
def test_finished_run_is_gone_on_with(class_folders: Path, tmp_path: Path) -> None:
    data = ("--data", str(class_folders), "--no-presence-check")
    assert call("catdog-train", *data, "--output", "first", *QUICK, cwd=tmp_path).returncode == 0
    more = ("--start", "first", "--fine-tune-epochs", "1", "--fine-tune-rate", "1e-9", "--output", "second", *QUICK)
    finished = call("catdog-train", *data, *more, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    with (tmp_path / "second" / "history.csv").open() as stream:
        assert [row["phase"] for row in csv.DictReader(stream)] == ["fine-tune"]  # the head is the earlier run's
    first, second = (json.loads((tmp_path / name / "metrics.json").read_text())["record"] for name in ("first", "second"))
    assert second["validation"]["confusion"] == first["validation"]["confusion"]
    other = call("catdog-train", *data, *more, "--pipeline", "small", cwd=tmp_path)
    assert other.returncode == 2
    assert "another network" in other.stderr
    assert call("catdog-train", "--start", "first", cwd=tmp_path).returncode == 2


@pytest.mark.slow
def test_run_whose_backbone_was_cut_off_earlier_is_gone_on_with(class_folders: Path, tmp_path: Path) -> None:
    data = ("--data", str(class_folders), "--no-presence-check", *QUICK)
    assert call("catdog-train", *data, "--pipeline", "small", "--output", "first", cwd=tmp_path).returncode == 0
    more = (*data, "--start", "first", "--fine-tune-epochs", "1", "--fine-tune-rate", "1e-9", "--output", "second")
    finished = call("catdog-train", *more, "--pipeline", "medium", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    first, second = (read_model(tmp_path / name).core.get_layer("backbone") for name in ("first", "second"))
    ours = {layer.name: layer for layer in second.layers}
    for layer in first.layers[1:]:
        for theirs, gone_on_with in zip(layer.get_weights(), ours[layer.name].get_weights(), strict=True):
            np.testing.assert_allclose(gone_on_with, theirs, atol=1e-5)
    assert "block_9_depthwise" in ours


@pytest.mark.slow
def test_small_network_learns_from_a_larger_ones_answers(tmp_path: Path) -> None:
    data = ("--data", "synthetic", "--negatives", "synthetic", "--synthetic-count", "16", *QUICK)
    large = call("catdog-train", *data, "--image-size", "80", "--output", "large", cwd=tmp_path)
    assert large.returncode == 0, large.stderr
    small = (*data, "--pipeline", "small", "--fine-tune-epochs", "1")
    taught = call("catdog-train", *small, "--teacher", "large", "--output", "small", cwd=tmp_path)
    assert taught.returncode == 0, taught.stderr
    with zipfile.ZipFile(tmp_path / "small" / "model.keras") as archive:
        assert "taught by a larger model" in parse_contract(archive.read("catdog.json")).trained_on
    alone = call("catdog-train", *small, "--output", "alone", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    losses = []
    for name in ("small", "alone"):
        with (tmp_path / name / "history.csv").open() as stream:
            losses.append(float(list(csv.DictReader(stream))[-1]["loss"]))
    assert losses[0] != losses[1]
    assert call("catdog-train", *data, "--teacher", "large", cwd=tmp_path).returncode == 2
    other = call("catdog-train", "--data", "synthetic", *QUICK, "--teacher", "large", "--fine-tune-epochs", "1", cwd=tmp_path)
    assert other.returncode == 2
    assert "labels" in other.stderr


@pytest.mark.slow
def test_small_pipeline_has_a_part_of_the_backbone(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--data", str(class_folders), "--pipeline", "small", "--no-presence-check", "--output", "run", *QUICK)
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    record = json.loads((tmp_path / "run" / "metrics.json").read_text())["record"]
    assert 150_000 < record["parameters"]["total"] < 250_000


@pytest.mark.slow
def test_validation_pictures_are_measured_on_at_the_end_only(class_folders: Path, tmp_path: Path) -> None:
    arguments = ("--validate", "end", "--temperature", "1.5", "--no-presence-check", "--fine-tune-epochs", "1", *QUICK)
    finished = call("catdog-train", "--data", str(class_folders), "--output", "run", *arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    with (tmp_path / "run" / "history.csv").open() as stream:
        assert [row["val_accuracy"] for row in csv.DictReader(stream)] == ["", ""]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["record"]["temperature"] == 1.5
    with zipfile.ZipFile(tmp_path / "run" / "model.keras") as archive:
        assert parse_contract(archive.read("catdog.json")).labels == ("cats", "dogs")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--data", "nowhere"), 8),
        (("--backbone-weights", "nowhere.h5", "--data", "synthetic", "--synthetic-count", "8"), 3),
        (("--backbone-weights", __file__, "--data", "synthetic", "--synthetic-count", "8"), 6),
        (("--image-size", "7"), 2),
        (("--epochs", "many"), 2),
        (("--stage", "guess"), 2),
    ],
)
def test_wrong_input_is_one_line_and_a_code(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    finished = call("catdog-train", *arguments, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (code, "")
    assert sum("expected" in line for line in finished.stderr.splitlines()) == 1
    assert finished.stderr.splitlines()[-1].startswith("catdog-train: expected")
    assert list(tmp_path.iterdir()) == []
