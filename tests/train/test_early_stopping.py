"""Early stopping: a phase ends where the validation loss no longer falls, and the best epoch's weights stay."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

import keras
from commands import run

from catdog.edge.errors import UsageError
from catdog.train.checkpoint import Checkpoint
from catdog.train.data.dataset import load_dataset
from catdog.train.history import Epoch
from catdog.train.options import AT_END, DataOptions, TrainOptions
from catdog.train.stages import fit_stage
from catdog.train.stopping import EarlyStopping

DATA = DataOptions(data="synthetic", image_size=32, synthetic_count=16)


def options_for(folder: Path, **changes: Any) -> TrainOptions:
    fixed = {"backbone_weights": "bundled", "views": 1, "least_steps": 0, "temperature": 1.0, "presence_check": False}
    return TrainOptions(DATA, folder, **fixed | changes)


def validation_loss(model: Any, dataset: Any) -> float:
    """Return the mean cross-entropy in nats, by the scores that the finished model gives."""
    scores = np.asarray(model.core(dataset.validation.pixels.astype(np.float32)))
    return float(-np.log(scores[np.arange(len(scores)), dataset.validation.targets]).mean())


@pytest.mark.slow
@pytest.mark.parametrize("cached", [True, False], ids=["head on cached features", "whole pictures"])
def test_training_ends_and_the_best_epochs_weights_stay(cached: bool, tmp_path: Path) -> None:
    dataset = load_dataset(DATA)
    patient = options_for(tmp_path, epochs=200, patience=2, cache_features=cached)
    trained = fit_stage("transfer", dataset, patient)
    losses = [epoch.val_loss or 0.0 for epoch in trained.history]
    assert len(losses) < 200
    assert losses.index(min(losses)) == len(losses) - 3
    assert validation_loss(trained.model, dataset) == pytest.approx(min(losses), rel=1e-3)


@pytest.mark.slow
def test_stopped_run_goes_on_to_the_same_weights_and_the_same_end(tmp_path: Path) -> None:
    dataset = load_dataset(DATA)
    patient = options_for(tmp_path, epochs=40, patience=1, cache_features=False, fine_tune_epochs=2, fine_tune_rate=1e-3)
    files: list[bytes] = []

    class Kept(Checkpoint):
        """Remembers the file after every epoch."""

        def write(self, *arguments: Any) -> None:
            super().write(*arguments)
            files.append((tmp_path / "checkpoint.npz").read_bytes())

    whole = fit_stage("transfer", dataset, patient, Kept(tmp_path, "run"))
    phases = [epoch.phase for epoch in whole.history]
    ended = phases.index("fine-tune")
    assert ended < 40
    for place in (ended - 1, ended):
        (tmp_path / "checkpoint.npz").write_bytes(files[place])
        again = fit_stage("transfer", dataset, patient, Checkpoint(tmp_path, "run"))
        assert [epoch.val_loss for epoch in again.history] == [epoch.val_loss for epoch in whole.history]
        for one, other in zip(whole.model.core.get_weights(), again.model.core.get_weights(), strict=True):
            assert np.array_equal(one, other)


def test_patience_needs_something_to_be_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--patience with --validate epoch"):
        options_for(tmp_path, patience=3, validate=AT_END)
    refused = run("catdog-train", "--data", "synthetic", "--cross-validate", "3", "--patience", "2", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--cross-validate or --patience" in refused.stderr


def test_loss_that_is_no_number_is_never_the_best() -> None:
    variable = keras.Variable(np.zeros(1))
    stopping, history = EarlyStopping([variable], patience=2), []
    for number, loss in enumerate((float("nan"), 0.5, float("nan"), 0.6), start=1):
        variable.assign([float(number)])
        history.append(Epoch("plain", number, 1.0, 0.5, loss, 0.5, 1.0))
        stopping.see(history)
    assert stopping.is_over(history)
    stopping.restore_best()
    assert variable.numpy().tolist() == [2.0]
