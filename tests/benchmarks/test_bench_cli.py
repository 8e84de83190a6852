"""The command from arguments to files and exit codes."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from catdog.benchmarks.cli import main

for _package in ("matplotlib", "jinja2", "psutil", "tqdm"):
    pytest.importorskip(_package, reason="needs the extra bench")

FEW = ("--warmup", "1", "--rounds", "2", "--runs", "3")


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_benchmark_prints_the_table_and_the_paths(
    tiny_onnx: Path, picture_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tiny_onnx), "--threads", "1,2", "--picture", str(picture_file), *FEW]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("Fastest: tiny.onnx")
    assert sum(line.startswith("| tiny.onnx") for line in lines) == 2
    assert lines[-4:] == [f"wrote reports/bench/bench.{kind}" for kind in ("json", "csv", "md", "html")]
    assert all(Path(line.removeprefix("wrote ")).is_file() for line in lines[-4:])
    document = json.loads(Path("reports/bench/bench.json").read_text())
    assert [case["threads"] for case in document["cases"]] == [1, 2]
    assert document["picture"] == {"name": "noise.png", "width": 64, "height": 48}
    for case in document["cases"]:
        assert case["end_to_end"]["n"] == 6
        assert case["end_to_end"]["p50_ms"] >= case["invoke"]["min_ms"] > 0


def test_the_bundled_model_is_measured(default_model: Path, picture_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["default", "--threads", "1", "--picture", str(picture_file), "--output", "out", *FEW]) == 0
    assert "default.tflite" in capfd.readouterr().out
    (case,) = json.loads(Path("out/bench.json").read_text())["cases"]
    assert case["file_bytes"] == default_model.stat().st_size


def test_the_drawn_picture_is_the_default(tiny_onnx: Path) -> None:
    pytest.importorskip("catdog.edge.synthetic.pictures", reason="drawn pictures are not in this checkout")
    assert main([str(tiny_onnx), "--threads", "1", *FEW]) == 0
    picture = json.loads(Path("reports/bench/bench.json").read_text())["picture"]
    assert picture == {"name": "a drawn cat", "width": 640, "height": 480}


def test_a_case_that_cannot_be_run_is_a_row(tiny_onnx: Path, picture_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bad = tiny_onnx.with_name("bad.tflite")
    bad.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    (tiny_onnx.parent / "text.onnx").write_text("no model")
    assert main([str(tiny_onnx.parent), "--threads", "1", "--picture", str(picture_file), *FEW]) == 11
    out, err = capfd.readouterr()
    assert "| bad.tflite | not run" in out
    assert "3 cases" in err
    assert "not run: bad.tflite (threads: 1): expected a whole model" in err
    assert "not run: text.onnx (threads: 1): expected a whole model" in err
    errors = [case["error"] for case in json.loads(Path("reports/bench/bench.json").read_text())["cases"]]
    assert [error is None for error in errors] == [False, False, True]
    assert str(tiny_onnx.parent) not in Path("reports/bench/bench.json").read_text() + out


def test_an_absent_runtime_is_a_row(
    tiny_onnx: Path, picture_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main([str(tiny_onnx), "--picture", str(picture_file), *FEW]) == 7  # the only artifact: its error is the command's
    assert ".[onnx]" in capfd.readouterr().err


def test_the_wrong_backend_is_a_row(tiny_onnx: Path, picture_file: Path) -> None:
    arguments = [str(tiny_onnx), "--threads", "1", "--picture", str(picture_file), *FEW]
    assert main([*arguments, "--backend", "onnxruntime,litert"]) == 11
    cases = json.loads(Path("reports/bench/bench.json").read_text())["cases"]
    assert [(case["backend"], case["error"] is None) for case in cases] == [("onnxruntime", True), ("litert", False)]


def test_one_model_twice(tiny_onnx: Path, picture_file: Path) -> None:
    assert main([str(tiny_onnx), str(tiny_onnx), "--threads", "1", "--picture", str(picture_file), *FEW]) == 0
    cases = json.loads(Path("reports/bench/bench.json").read_text())["cases"]
    assert [case["artifact"] for case in cases] == ["tiny.onnx #1", "tiny.onnx #2"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--threads", "0"], 2, "--threads of 1 to 256"),
        (["--threads", "1,x"], 2, "no list of whole numbers"),
        (["--runs", "0"], 2, "--runs of 1"),
        (["--backend", "tensorflow"], 2, "--backend out of"),
        (["--colour"], 2, "unrecognized arguments: --colour"),
        (["absent.tflite"], 3, "absent.tflite, which does not exist"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_nothing_that_can_be_run_is_the_first_error(picture_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("bad.tflite").write_text("no model")
    assert main(["bad.tflite", "--picture", str(picture_file)]) == 6
    assert "expected a TFLite or ONNX model; got bad.tflite" in capfd.readouterr().err


def test_an_output_that_is_a_file(tiny_onnx: Path, picture_file: Path) -> None:
    assert main([str(tiny_onnx), "--output", str(picture_file)]) == 10


@pytest.mark.parametrize("package", ["matplotlib", "jinja2", "psutil", "tqdm"])
def test_an_absent_extra_is_told_before_anything_is_measured(
    package: str, tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main([str(tiny_onnx)]) == 7
    assert f"the package {package}; got an environment without it. In catdog's source folder, run: pip install '.[bench]'" in (
        capfd.readouterr().err
    )
    assert not Path("reports").exists()


def test_exports_are_found(default_model: Path, tiny_onnx: Path, picture_file: Path) -> None:
    shutil.copytree(tiny_onnx.parent, "exports/today")
    assert main(["--threads", "1", "--picture", str(picture_file), "--quick", "--rounds", "1", "--runs", "2"]) == 0
    document = json.loads(Path("reports/bench/bench.json").read_text())
    assert [case["artifact"] for case in document["cases"]] == [default_model.name, "tiny.onnx"]
    assert document["options"]["warmup"] == 2


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 0
    assert "catdog-bench --quick" in capsys.readouterr().out
