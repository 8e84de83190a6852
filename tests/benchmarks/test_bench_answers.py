"""How right, and how much alike: on labelled pictures, on those that cannot be read, and on drawn ones."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from catdog.benchmarks import BenchOptions, run_benchmark
from catdog.benchmarks.measure.answers import Answers, Question, answer_all, drawn_pictures, thinned
from catdog.benchmarks.measure.case import Case
from catdog.benchmarks.measure.frames import frames_of
from catdog.benchmarks.options import Effort
from catdog.benchmarks.report.results import Missing
from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.learnt import marks_of
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import DatasetError
from catdog.edge.models import bundled_tflite

FEW = Effort(warmup=0, rounds=1, runs=1, seconds=0.0, longest_s=30.0)


def case(path: Path) -> Case:
    return Case(path.name, path, "auto", 1)


def test_shares_are_counted_on_what_both_have_judged() -> None:
    truth = {"a": "cats", "b": "dogs", "c": "dogs"}
    ours = Answers(truth, {"a": "cats", "b": "dogs", "c": "cats"}, 0)
    theirs = Answers(truth, {"b": "cats", "c": "cats", "d": "cats"}, 0)
    assert ours.accuracy == Figure.share("accuracy", 2, 3)
    assert ours.agreement(theirs) == Figure.share("same answers", 1, 2)
    assert ours.agreement(Answers({}, {}, 0)) is None
    assert Answers({}, {"a": "cats"}, 0).accuracy is None


def test_what_was_learnt_from_is_left_out_of_the_accuracy() -> None:
    truth, said = {"a": "cats", "b": "dogs"}, {"a": "cats", "b": "cats"}
    assert Answers(truth, said, 0, frozenset("a")).accuracy == Figure.share("accuracy", 0, 1)
    assert Answers(truth, said, 0, frozenset("ab")).accuracy is None


def test_what_one_has_learnt_from_is_left_out_for_all(class_folders: Path, tmp_path: Path) -> None:
    before = read_model_file(bundled_tflite("fast"))
    spec = before.contract.input
    pixels = [Preprocessor(spec)(cv2.imread(str(class_folders / "cats" / f"{number}.jpg")))[0].copy() for number in range(4)]
    marked = tmp_path / "marked.tflite"
    marked.write_bytes(append_to_tflite(before.data[: before.model_bytes], replace(before.contract, learnt=marks_of(pixels))))
    options = BenchOptions((Path("fast"), marked), threads=(1,), scenarios=("single",), effort=FEW, data=class_folders)
    found = run_benchmark(options).artifacts
    assert [each.accuracy.n for each in found if isinstance(each.accuracy, Figure)] == [16, 16]
    assert "4 that were learnt from left out" in found[0].accuracy.data


def test_pictures_are_thinned_evenly() -> None:
    assert thinned(range(10), None) == thinned(range(10), 10) == range(10)
    assert thinned(range(10), 5) == [0, 2, 4, 6, 8]
    assert len(thinned(range(7), 3)) == 3


def test_a_folder_is_judged_and_what_cannot_be_read_is_counted(class_folders: Path) -> None:
    (class_folders / "cats" / "broken.jpg").write_bytes(b"no picture")
    found = answer_all(case(bundled_tflite("fast")), Question(class_folders))
    assert len(found.said) == 20
    assert found.unread == 1
    right = sum(Path(name).parent.name == said for name, said in found.said.items())
    assert found.accuracy == Figure.share("accuracy", right, 20)
    limited = answer_all(case(bundled_tflite("fast")), Question(class_folders, limit=6))
    assert len(limited.said) + limited.unread == 6


def test_drawn_pictures_are_compared_and_are_no_test() -> None:
    drawn = dict(list(drawn_pictures().items())[:4])
    found = answer_all(case(bundled_tflite("fast")), Question(None, drawn=drawn))
    assert set(found.said) == set(drawn)
    assert found.accuracy is None


def test_the_report_has_accuracy_and_agreement(class_folders: Path) -> None:
    options = BenchOptions(
        (Path("default"), Path("fast")), threads=(1,), scenarios=("offline",), effort=FEW, data=class_folders, data_limit=10
    )
    report = run_benchmark(options)
    first, second = report.artifacts
    assert isinstance(first.accuracy, Figure)
    assert first.accuracy.n == 10
    assert first.accuracy.data.startswith("photographs of pets, 10 of them")
    assert first.agreement == Missing("of the reference with itself says nothing")
    assert isinstance(second.agreement, Figure)
    assert second.agreement.n == 10
    assert [artifact.command for artifact in report.artifacts] == ["default", "fast"]
    assert first.claimed is not None
    assert first.claimed.n == 1173
    assert report.recommendation.command is not None
    assert report.recommendation.command.startswith("catdog-edge --camera 0 --model ")


def test_a_reference_of_its_own(picture_file: Path) -> None:
    options = BenchOptions(
        (Path("fast"),), threads=(1,), scenarios=("single",), effort=FEW, picture=picture_file, reference=Path("default")
    )
    report = run_benchmark(options)
    (artifact,) = report.artifacts
    assert report.reference == "default.tflite"
    assert isinstance(artifact.agreement, Figure)
    assert artifact.agreement.n == len(drawn_pictures())
    assert artifact.accuracy == Missing("no photographs were named with --data")


@pytest.mark.parametrize("trouble", ["absent", "other names"])
def test_photographs_that_are_not_there_are_told_before_the_measuring(
    trouble: str, class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object, **__: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr("catdog.benchmarks.run.measure", too_late)
    for label in ("cats", "dogs"):
        (class_folders / label).rename(class_folders / f"my {label}")
    data = class_folders if trouble == "other names" else class_folders / "absent"
    with pytest.raises(DatasetError):
        run_benchmark(BenchOptions((Path("fast"),), threads=(1,), scenarios=("single",), effort=FEW, data=data))


def test_real_photographs(validation_photographs: Path) -> None:
    found = answer_all(case(bundled_tflite("default")), Question(validation_photographs, limit=100))
    assert found.accuracy is not None
    assert found.accuracy.low > 0.9


def test_an_unreadable_photograph_is_left_out_of_the_folder_scenario(class_folders: Path) -> None:
    (class_folders / "cats" / "broken.jpg").write_bytes(b"no picture")
    picture = np.zeros((8, 8, 3), np.uint8)
    assert len(frames_of("offline", picture, class_folders)) == 20
    assert len(frames_of("offline", picture, None)) == 1
    for path in class_folders.rglob("*.jpg"):
        path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="photographs that can be read"):
        frames_of("offline", picture, class_folders)
