"""Runs that are stopped - by Ctrl-C, a kill, a full disk - and gone on with."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

from commands import run

from catdog.edge.errors import DatasetError, InputNotFoundError, TrainingError, UsageError
from catdog.train.checkpoint import Checkpoint
from catdog.train.history import Epoch
from catdog.train.logs import lines_to
from catdog.train.options import DataOptions, TrainOptions
from catdog.train.run import begin_run, find_run, require_same_options

if TYPE_CHECKING:
    from catdog.train.data.dataset import Dataset

# The acceptance of a release kills 20 times; every test run a few.
KILLS, SEED = int(os.environ.get("CATDOG_KILLS", "2")), int(os.environ.get("CATDOG_SEED", "0"))

SMALL = ("--stage", "all", "--pipeline", "compact", "--data", "synthetic", "--synthetic-count", "8", "--image-size", "40",
         "--backbone-weights", "bundled", "--epochs", "3", "--least-steps", "0", "--views", "1")  # fmt: skip


def _start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).parent / "catdog-train"), *arguments]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _histories(folder: Path) -> dict[str, list[dict[str, str]]]:
    """What was learnt, epoch by epoch, without the seconds."""
    found = {}
    for path in sorted(folder.rglob("history.csv")):
        with path.open() as stream:
            found[path.parent.name] = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(stream)]
    return {("transfer" if name == folder.name else name): rows for name, rows in found.items()}


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    finished = run("catdog-train", *SMALL, "--output", str(folder))
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.mark.slow
def test_interrupted_run_says_how_to_go_on_and_comes_to_the_same(whole_run: Path, tmp_path: Path) -> None:
    process = _start(*SMALL, "--output", "run", cwd=tmp_path)
    _wait_for((tmp_path / "run" / "augmented" / "checkpoint.npz").exists, process)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert "catdog-train --resume run" in complaint
    assert complaint.splitlines()[-1] == "catdog-train: interrupted"
    finished = run("catdog-train", "--resume", "run", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "training the stage cnn" not in finished.stderr  # it was done
    # Same seed, same machine: the same figures, however often it was stopped.
    assert _histories(tmp_path / "run") == _histories(whole_run)
    assert not list((tmp_path / "run").rglob("checkpoint.npz"))
    assert not [path for path in (tmp_path / "run").rglob(".*") if path.is_file()]  # temporary files


@pytest.mark.slow
def test_killed_at_any_moment(whole_run: Path, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    command = (*SMALL, "--output", "run", "--resume")
    start = time.monotonic()
    for number in range(KILLS):
        process = _start(*command, cwd=tmp_path)
        try:
            process.communicate(timeout=chance.uniform(0.1, 25 if number % 2 else 12))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        for path in (tmp_path / "run").rglob("*.json"):
            if not path.name.startswith("."):
                json.loads(path.read_text())
        for path in (tmp_path / "run").rglob("*.npz"):
            if not path.name.startswith("."):
                with np.load(path) as stored:
                    assert "state" in stored.files
    finished = run("catdog-train", *command, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    print(f"killed {KILLS} times in {time.monotonic() - start:.0f} s")  # noqa: T201
    assert _histories(tmp_path / "run") == _histories(whole_run)
    # Nothing is left of what was being written when the kills came.
    assert _files(tmp_path / "run") == _files(whole_run)
    exported = run("catdog-export", "--model", "run", "--float32", "--output", "exports", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr


def test_finished_run_is_left_alone(whole_run: Path) -> None:
    before = (whole_run / "model.keras").read_bytes()
    finished = run("catdog-train", "--resume", str(whole_run))
    assert finished.returncode == 0, finished.stderr
    assert "training the stage" not in finished.stderr
    assert (whole_run / "model.keras").read_bytes() == before
    assert finished.stdout.startswith("trained on")


@pytest.mark.slow
def test_disk_that_fills_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    process = _start(*SMALL, "--output", "run", cwd=tmp_path)
    kept = tmp_path / "run" / "cnn" / "checkpoint.npz"
    _wait_for(kept.exists, process)
    process.kill()
    process.communicate()
    size = kept.stat().st_size
    catdog_train = Path(sys.executable).parent / "catdog-train"
    # A limit on the size of files in place of a full disk: both are an OSError in the middle of writing.
    limited = f"ulimit -f {size // 1024 - 1}; exec {catdog_train} --resume run"
    finished = subprocess.run(["bash", "-c", limited], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 10, finished.stderr
    assert "--resume run" in finished.stderr
    assert "Traceback" not in finished.stderr
    with np.load(kept) as stored:
        assert "state" in stored.files
    assert run("catdog-train", "--resume", "run", cwd=tmp_path).returncode == 0


def test_other_options_are_refused(whole_run: Path, tmp_path: Path) -> None:
    finished = run("catdog-train", "--resume", str(whole_run), "--epochs", "7")
    assert finished.returncode == 2
    assert "epochs 3" in finished.stderr
    # Also where what is asked for is the default.
    assert run("catdog-train", "--resume", str(whole_run), "--epochs", "20").returncode == 2
    assert run("catdog-train", "--resume", str(whole_run), "--epochs", "3").returncode == 0
    assert run("catdog-train", "--resume", str(tmp_path / "none")).returncode == 3
    assert run("catdog-train", "--resume").returncode == 2


@pytest.mark.slow
def test_run_is_not_gone_on_with_on_other_pictures(class_folders: Path, tmp_path: Path) -> None:
    small = ("--stage", "preprocessed", "--pipeline", "compact", "--image-size", "32", "--epochs", "2")
    options = ("--data", str(class_folders), *small, "--output", "run")
    assert run("catdog-train", *options, cwd=tmp_path).returncode == 0
    begun = (tmp_path / "run" / "options.json").read_text()
    gone_on = run("catdog-train", "--resume", "run", cwd=tmp_path)
    assert gone_on.returncode == 0, gone_on.stderr
    next((class_folders / "cats").iterdir()).unlink()
    refused = run("catdog-train", "--resume", "run", cwd=tmp_path)
    assert refused.returncode == DatasetError.exit_code
    assert "pictures that the run was begun with" in refused.stderr.splitlines()[-1]
    assert (tmp_path / "run" / "options.json").read_text() == begun


def test_options_come_back_and_belong_to_the_folder(tmp_path: Path) -> None:
    options = TrainOptions(DataOptions(data="synthetic", seed=5), tmp_path / "a", epochs=7)
    begun = begin_run(options)
    (tmp_path / "a").rename(tmp_path / "b")
    found = find_run(tmp_path / "b")
    assert (found.key, found.options.epochs, found.options.data) == (begun.key, 7, options.data)
    assert found.options.output == tmp_path / "b"
    require_same_options(found, {"epochs": 7, "seed": 5})
    with pytest.raises(UsageError, match="seed 5"):
        require_same_options(found, {"seed": 6})
    assert not found.withdraw()  # another process began it


def test_run_that_comes_to_nothing_leaves_its_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new" / "run"):
        begun = begin_run(TrainOptions(DataOptions(data="synthetic"), folder))
        assert find_run(folder).key == begun.key
        assert begun.withdraw()
        with pytest.raises(InputNotFoundError):
            find_run(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_stage_that_is_done_keeps_its_run(whole_run: Path, tmp_path: Path) -> None:
    begun = begin_run(TrainOptions(DataOptions(data="synthetic"), tmp_path / "run", stage="all"))
    assert begun.withdraw()
    begun = begin_run(TrainOptions(DataOptions(data="synthetic"), tmp_path / "run", stage="all"))
    done = json.loads((whole_run / "metrics.json").read_text()) | {"run": begun.key}
    begun.folder("cnn").mkdir()
    (begun.folder("cnn") / "metrics.json").write_text(json.dumps(done))
    assert begun.finished("cnn")
    assert not begun.withdraw()
    assert find_run(tmp_path / "run").key == begun.key


def test_unfinished_run_is_not_overwritten_by_a_slip(tmp_path: Path) -> None:
    options = TrainOptions(DataOptions(data="synthetic"), tmp_path / "run")
    first = begin_run(options)
    second = begin_run(options)  # nothing had been learnt
    assert second.key != first.key
    Checkpoint(tmp_path / "run", second.key).write("plain", [], [np.arange(3.0)])
    with pytest.raises(UsageError, match="--resume"):
        begin_run(options)
    assert find_run(tmp_path / "run").key == second.key
    assert not second.withdraw()


def test_checkpoint_of_another_run_or_a_damaged_one_is_not_taken(tmp_path: Path) -> None:
    epoch = Epoch("plain", 1, 0.5, 0.5, None, None, 1.0)
    Checkpoint(tmp_path, "mine").write("plain", [epoch], [np.arange(3.0)])
    progress = Checkpoint(tmp_path, "mine").read()
    assert progress is not None
    assert progress.history == (epoch,)
    assert np.array_equal(progress.values[0], np.arange(3.0))
    assert Checkpoint(tmp_path, "another").read() is None
    whole = (tmp_path / "checkpoint.npz").read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PK\x03\x04 and no more"):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        assert Checkpoint(tmp_path, "mine").read() is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cached", "distilled"),
    [(True, 0), pytest.param(False, 0, marks=pytest.mark.slow), pytest.param(True, 2, marks=pytest.mark.slow)],
    ids=["cached", "plain", "distilled"],
)
def test_training_goes_on_to_the_same_weights_from_any_epoch(cached: bool, distilled: int, tmp_path: Path) -> None:
    from catdog.train.data.dataset import load_dataset
    from catdog.train.stages import fit_stage

    data = DataOptions(data="synthetic", image_size=32, synthetic_count=8)
    options = TrainOptions(
        data, tmp_path, backbone_weights="bundled", epochs=2, least_steps=0, fine_tune_epochs=2, fine_tune_rate=1e-3,
        cache_features=cached, distill_epochs=distilled, distill_size=64,
    )  # fmt: skip
    dataset = load_dataset(data)

    class Kept(Checkpoint):
        """Remembers the file after every epoch."""

        def write(self, *arguments: Any) -> None:
            super().write(*arguments)
            files.append((tmp_path / "checkpoint.npz").read_bytes())

    files: list[bytes] = []
    whole = fit_stage("transfer", dataset, options, Kept(tmp_path, "run"))
    assert len(files) == (3 if cached else 4) + distilled  # the head is kept as a whole
    expected = [(epoch.phase, epoch.number, epoch.loss, epoch.val_loss) for epoch in whole.history]
    for content in list(files):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        again = fit_stage("transfer", dataset, options, Checkpoint(tmp_path, "run"))
        assert [(epoch.phase, epoch.number, epoch.loss, epoch.val_loss) for epoch in again.history] == expected
        for one, other in zip(whole.model.core.get_weights(), again.model.core.get_weights(), strict=True):
            assert np.array_equal(one, other)
    assert whole.parameters.trainable > 2_000_000


@pytest.mark.slow
def test_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    from catdog.train.data.dataset import load_dataset
    from catdog.train.model import build_model
    from catdog.train.stages import fit_stage

    parts = build_model("transfer", image_size=32).transfer
    assert parts is not None
    parts.backbone.set_weights([np.full_like(weights, np.nan) for weights in parts.backbone.get_weights()])
    parts.backbone.save_weights(tmp_path / "damaged.weights.h5")
    data = DataOptions(data="synthetic", image_size=32, synthetic_count=8)
    options = TrainOptions(data, tmp_path, backbone_weights=str(tmp_path / "damaged.weights.h5"), epochs=2, views=1)
    with pytest.raises(TrainingError, match="weights are whole"):
        fit_stage("transfer", load_dataset(data), options, Checkpoint(tmp_path, "run"))
    assert Checkpoint(tmp_path, "run").read() is None


@pytest.mark.parametrize(
    ("dark", "one_label", "refused"), [(24, False, "to 100%"), (10, False, "to 42%"), (10, True, None), (4, False, None)]
)
def test_network_that_sees_nothing_in_many_pictures_is_refused(dark: int, one_label: bool, refused: str | None) -> None:
    import keras

    from catdog.train.fit import fit
    from catdog.train.model import LOGITS, SCORES, StageModel

    brightness = np.array([*range(1, dark + 1), *range(200, 224 - dark)], np.uint8)
    targets = np.arange(24) % 2
    if one_label:
        targets[:dark] = 0
    dataset = in_memory(np.broadcast_to(brightness[:, None, None, None], (24, 8, 8, 3)), targets)
    # One hidden unit that the dark ones leave silent, and that does not learn.
    hidden = keras.layers.Dense(
        1, "relu", kernel_initializer="ones", bias_initializer=keras.initializers.Constant(-100 * 192), trainable=False
    )
    pixels = keras.Input((8, 8, 3))
    logits = keras.layers.Dense(2, name=LOGITS)(hidden(keras.layers.Flatten()(pixels)))
    model = StageModel(keras.Model(pixels, keras.layers.Softmax(name=SCORES)(logits)), augment=None)
    options = TrainOptions(DataOptions(data="synthetic", image_size=32), Path(), epochs=1, least_steps=0)
    with nullcontext() if refused is None else pytest.raises(TrainingError, match=refused):
        assert len(fit(model, dataset, options)) == 1


@pytest.mark.slow
def test_dead_network_is_begun_anew_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from catdog.train.stages import fit_stage

    monkeypatch.setattr("catdog.train.writeups.restarts._STARTS", 3)
    monkeypatch.setattr("catdog.train.writeups.restarts._ALIKE", 1e9)  # then every answer is the same
    dataset = in_memory(np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8), np.arange(8) % 2)
    said: list[str] = []
    options = TrainOptions(DataOptions(data="synthetic", image_size=32), Path(), stage="cnn", pipeline="compact", epochs=3)
    with pytest.raises(TrainingError, match="tells pictures apart"), lines_to(said.append):
        fit_stage("cnn", dataset, options)
    assert len(said) == 2
    assert all("same answer to 100% of the pictures; restarted" in line for line in said)


def small_stage() -> "tuple[Dataset, TrainOptions]":
    dataset = in_memory(np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8), np.arange(8) % 2)
    return dataset, TrainOptions(
        DataOptions(data="synthetic", image_size=32), Path(), stage="cnn", pipeline="compact", epochs=6, batch_size=2
    )


@pytest.mark.slow
def test_network_that_only_guesses_is_begun_anew_three_times_and_then_trained_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from catdog.train.stages import fit_stage

    monkeypatch.setattr("catdog.train.writeups.restarts._GUESSING", 0.0)  # then every loss is
    monkeypatch.setattr("catdog.train.writeups.restarts._BLIND", 1.0)
    dataset, options = small_stage()
    said: list[str] = []
    with lines_to(said.append):
        fitted = fit_stage("cnn", dataset, options)
    assert (fitted.restarts, len(fitted.history)) == (3, 6)
    assert len(said) == 3
    assert all("after 5 epochs; restarted" in line for line in said)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("epochs_before", "said_after"),
    [(3, 3), (7, 2), (15, 0)],
)
def test_run_that_was_stopped_begins_anew_where_it_would_have_without(
    epochs_before: int, said_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catdog.train.stages import fit_stage

    monkeypatch.setattr("catdog.train.writeups.restarts._GUESSING", 0.0)
    monkeypatch.setattr("catdog.train.writeups.restarts._BLIND", 1.0)
    dataset, options = small_stage()
    expected = fit_stage("cnn", dataset, options)
    write, calls = Checkpoint.write, iter(range(1, 100))

    def stop(checkpoint: Checkpoint, *arguments: Any) -> None:
        write(checkpoint, *arguments)
        if next(calls) == epochs_before:  # each start keeps four epochs before it is given up
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "write", stop)
        fit_stage("cnn", dataset, options, Checkpoint(tmp_path, "run"))
    said: list[str] = []
    with lines_to(said.append):
        fitted = fit_stage("cnn", dataset, options, Checkpoint(tmp_path, "run"))
    assert len(said) == said_after
    assert fitted.restarts == expected.restarts == 3
    for found, wanted in zip(fitted.model.core.get_weights(), expected.model.core.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def in_memory(pixels: np.ndarray, targets: np.ndarray) -> "Dataset":
    """Return a data set of cats and dogs that is measured on what it learns from."""
    from catdog.train.data.dataset import Dataset
    from catdog.train.data.pictures import Pictures

    pictures = Pictures(pixels, targets, tuple(f"{number}/{number}" for number in range(len(pixels))))
    return Dataset("in memory", ("cats", "dogs"), pictures, pictures, pictures[[]], ())


def test_a_run_of_before_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    begin_run(TrainOptions(DataOptions(data="synthetic", image_size=32), tmp_path / "run"))
    path = tmp_path / "run" / "options.json"
    begun = json.loads(path.read_text())
    del begun["options"]["class_weights"]
    path.write_text(json.dumps(begun))
    assert find_run(tmp_path / "run").options.class_weights == "none"
