"""Options are refused or complete."""

from dataclasses import replace
from pathlib import Path

import pytest

from catdog.benchmarks.artifacts import display_names, find_artifacts, newest_export
from catdog.benchmarks.options import QUICK, THOROUGH, BenchOptions, Effort, Target, default_threads
from catdog.edge.common.cores import usable_cores
from catdog.edge.errors import InputNotFoundError, UsageError
from catdog.edge.models import bundled_tflite


def test_default_threads_are_one_and_all_cores_once() -> None:
    assert default_threads() == ((1,) if usable_cores() == 1 else (1, usable_cores()))


def effort(**fields: float) -> Effort:
    return replace(THOROUGH, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"threads": (0,)}, "--threads of 1"),
        ({"threads": ()}, "got nothing"),
        ({"threads": (2, 2)}, "that differ"),
        ({"effort": effort(warmup=-1)}, "--warmup of 0"),
        ({"effort": effort(rounds=0)}, "--rounds of 1"),
        ({"effort": effort(runs=0)}, "--runs of 1"),
        ({"effort": effort(seconds=-1)}, "--seconds of 0"),
        ({"effort": effort(longest_s=1e9)}, "--longest of 0"),
        ({"backends": ("tensorflow",)}, "--backend out of auto"),
        ({"backends": ()}, "--backend out of auto"),
        ({"scenarios": ("batch",)}, "--scenario out of single, camera, offline"),
        ({"scenarios": ("single", "single")}, "that differ"),
        ({"fps": 0.0}, "--fps of 0.1"),
        ({"data_limit": 0}, "--data-limit of 1"),
        ({"target": Target(fps=-1.0)}, "--target-fps of"),
        ({"target": Target(latency_ms=0.0)}, "--max-latency of"),
    ],
)
def test_values_out_of_range_are_refused(fields: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        BenchOptions(**fields)  # type: ignore[arg-type]


def test_without_arguments_the_bundled_models_and_the_newest_export_are_measured(tmp_path: Path) -> None:
    import os

    for age, folder in ((2000, "old"), (1000, "new")):
        (tmp_path / folder).mkdir()
        for name in ("b.onnx", "a.tflite", "manifest.json"):
            file = tmp_path / folder / name
            file.touch()
            os.utime(file, (10_000 - age, 10_000 - age))
    found = find_artifacts((), tmp_path)
    assert found == [
        bundled_tflite("default"),
        bundled_tflite("fast"),
        bundled_tflite("tiny"),
        tmp_path / "new" / "a.tflite",
        tmp_path / "new" / "b.onnx",
    ]
    (tmp_path / "latest.tflite").touch()
    assert newest_export(tmp_path) == [tmp_path / "latest.tflite"]
    assert newest_export(tmp_path / "absent") == []


def test_a_folder_stands_for_the_models_directly_in_it(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    for name in ("b.tflite", "a.ONNX", "notes.txt", "deeper/c.tflite"):
        (tmp_path / name).touch()
    assert find_artifacts([tmp_path]) == [tmp_path / "a.ONNX", tmp_path / "b.tflite"]
    assert find_artifacts([Path("default")]) == [bundled_tflite()]
    with pytest.raises(InputNotFoundError, match="which does not exist"):
        find_artifacts([tmp_path / "absent.tflite"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputNotFoundError, match="which holds none"):
        find_artifacts([tmp_path / "empty"])


def test_names_tell_no_folder_and_stay_apart() -> None:
    files = [Path("/home/me/one/m.tflite"), Path("other.onnx"), Path("two/m.tflite")]
    assert display_names(files) == ["m.tflite #1", "other.onnx", "m.tflite #2"]


def test_a_budget_is_shared_out_among_cases_and_scenarios() -> None:
    few, many = QUICK.shared_by(3), QUICK.shared_by(36)
    assert QUICK.budget_s is not None
    assert few.longest_s == QUICK.longest_s
    assert many.longest_s == pytest.approx(QUICK.budget_s / 36)
    assert many.seconds <= many.longest_s
    assert THOROUGH.shared_by(100) == THOROUGH


def test_the_stricter_of_two_targets_counts() -> None:
    assert Target().p99_ms is None
    assert Target(fps=20).p99_ms == 50
    assert Target(fps=20, latency_ms=30).p99_ms == 30
    assert Target(fps=50, latency_ms=30).p99_ms == 20
