from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

from catdog.edge import InputSpec, ModelContract
from catdog.export.pictures import calibration_pictures, verification_pictures
from catdog.train.data.dataset import load_dataset
from catdog.train.model_file import TrainedModel
from catdog.train.options import DataOptions


def rows(pixels: np.ndarray) -> set[bytes]:
    return {picture.tobytes() for picture in pixels}


@pytest.mark.parametrize("named", [False, True], ids=["by default", "by name"])
def test_the_runs_split_holds_in_export_whatever_its_seed(class_folders: Path, named: bool) -> None:
    data = DataOptions(data=str(class_folders), image_size=32, seed=3)
    source = TrainedModel(None, ModelContract("m", ("cats", "dogs"), InputSpec(32, 32, dtype="float32")), data)
    split = load_dataset(data)
    where = str(class_folders) if named else None
    calibration = calibration_pictures(where, 100, source, seed=0)
    verification = verification_pictures(where, source, seed=0)
    assert rows(calibration.pixels) == rows(split.train.pixels)
    held_back = split.validation + split.test
    assert rows(verification.pixels) == rows(held_back.pixels)
    assert verification.truth.targets is not None
    assert verification.truth.targets.tolist() == held_back.targets.tolist()


@pytest.mark.slow
def test_data_that_is_gone_is_replaced_by_drawn_pictures_and_said(tmp_path: Path) -> None:
    gone = DataOptions(data=str(tmp_path / "gone"), image_size=32)
    source = TrainedModel(None, ModelContract("m", ("cats", "dogs"), InputSpec(32, 32, dtype="float32")), gone)
    assert "drawn" in calibration_pictures(None, 4, source, seed=0).description
    assert "drawn" in verification_pictures(None, source, seed=0).description


def test_pictures_of_neither_are_left_out_of_a_model_without_it(class_folders: Path) -> None:
    data = DataOptions(data=str(class_folders), image_size=32, negatives="synthetic", synthetic_count=8)
    source = TrainedModel(None, ModelContract("m", ("cats", "dogs"), InputSpec(32, 32, dtype="float32")), data)
    found = verification_pictures(None, source, seed=0)
    assert found.counts(("cats", "dogs")) == {"cats": 3, "dogs": 3}
    assert calibration_pictures(None, 100, source, seed=0).counts(("cats", "dogs")) == {"cats": 7, "dogs": 7}


def test_model_that_knows_neither_is_asked_about_scenes_without_a_pet(class_folders: Path) -> None:
    data = DataOptions(data=str(class_folders), image_size=32)
    source = TrainedModel(None, ModelContract("m", ("cats", "dogs", "neither"), InputSpec(32, 32, dtype="float32")), data)
    found = verification_pictures(None, source, seed=0)
    assert found.truth.targets is not None
    known = found.truth.targets[found.truth.targets >= 0]
    assert sorted(set(known.tolist())) == [0, 1]
    assert len(found.pixels) == len(found.truth.names) == len(found.truth.targets) == len(known) + 100
    assert "100 drawn scenes" in found.description
