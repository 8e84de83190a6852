"""The pictures that a training holds back, written for a bench."""

from pathlib import Path

import pytest
from drawn_classes import class_folders_of

from benchmarks.project.held_back import main
from benchmarks.project.release import NEGATIVES_SHARE
from catdog.train.data.dataset import load_dataset
from catdog.train.data.items import whole_of
from catdog.train.options import DataOptions


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return class_folders_of(tmp_path / "pets", {1: 20, 2: 20}), class_folders_of(tmp_path / "rooms", {5: 10, 6: 10})


def written(places: tuple[Path, Path], folder: Path, *options: str) -> dict[str, bytes]:
    data, negatives = map(str, places)
    assert main(["--data", data, "--negatives", negatives, "--output", str(folder), *options]) == 0
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_training_learns_from_none_of_them(places: tuple[Path, Path], tmp_path: Path) -> None:
    data, negatives = map(str, places)
    options = DataOptions(data=data, negatives=negatives, negatives_share=NEGATIVES_SHARE, image_size=96)
    learnt = {whole_of(name) for name in load_dataset(options).train.names}
    names = {name.partition("/")[2] for name in learnt if name.startswith("neither/")}
    found = written(places, tmp_path / "held-back")
    assert len(names) + len(found) == 20
    assert not names & set(found)


def test_files_are_as_they_were(places: tuple[Path, Path], tmp_path: Path) -> None:
    _, negatives = places
    found = written(places, tmp_path / "held-back")
    assert found
    assert all((negatives / name).read_bytes() == content for name, content in found.items())


def test_other_animals_are_known_by_their_names(places: tuple[Path, Path], tmp_path: Path) -> None:
    _, negatives = places
    for number, path in enumerate(sorted((negatives / "thing-05").iterdir())):
        path.rename(path.with_name(f"{'kangaroo' if number % 2 else 'camera'}_image_{number:04}.png"))
    everything, animals = written(places, tmp_path / "all"), written(places, tmp_path / "animals", "--animals")
    assert animals
    assert animals == {name: content for name, content in everything.items() if "kangaroo" in name}


def test_folder_in_a_file_is_refused(places: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, negatives = map(str, places)
    (tmp_path / "file").write_text("")
    assert main(["--data", data, "--negatives", negatives, "--output", str(tmp_path / "file" / "held-back")]) != 0
    assert "file" in capsys.readouterr().err
