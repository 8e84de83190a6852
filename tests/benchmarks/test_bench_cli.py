"""The command from arguments to files and exit codes."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from catdog.benchmarks.cli import COMMANDS, _options, build_parser, main
from catdog.benchmarks.options import QUICK, THOROUGH
from catdog.edge.models import bundled_tflite

for _package in ("matplotlib", "jinja2", "tqdm"):
    pytest.importorskip(_package, reason="needs the extra bench")
psutil = pytest.importorskip("psutil", reason="needs the extra bench")

FEW = ("--warmup", "1", "--rounds", "2", "--runs", "4", "--seconds", "0", "--longest", "30", "--scenario", "single")


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def document(folder: str = "reports/bench") -> dict[str, Any]:
    return json.loads((Path(folder) / "bench.json").read_text())  # type: ignore[no-any-return]


def test_a_benchmark_prints_the_table_and_the_paths(
    tiny_onnx: Path, picture_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tiny_onnx), "--threads", "1,2", "--picture", str(picture_file), *FEW]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("INVALID: ")  # 4 runs
    assert "runs (4 of tiny.onnx" in lines[0]
    assert lines[2].startswith("Fastest: tiny.onnx")
    assert sum(line.startswith("| tiny.onnx") for line in lines) == 1 + 2
    assert lines[-4:] == [f"wrote reports/bench/bench.{kind}" for kind in ("json", "csv", "md", "html")]
    assert all(Path(line.removeprefix("wrote ")).is_file() for line in lines[-4:])
    assert [case["threads"] for case in document()["cases"]] == [1, 2]
    assert document()["picture"] == {"name": "noise.png", "width": 64, "height": 48}
    for case in document()["cases"]:
        result = case["scenarios"]["single"]
        assert result["end_to_end"]["n"] == 4
        assert result["end_to_end"]["p50_ms"]["value"] >= result["invoke"]["min_ms"] > 0
        assert case["first_result_ms"] > case["load_ms"] > 0


def test_all_scenarios_of_a_bundled_model_fill_every_column(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["fast", "--threads", "1", "--output", "out", *FEW, "--scenario", "single,camera,offline", "--fps", "100"]
    assert main([*arguments, "--target-fps", "0.1"]) == 0
    recommended = "catdog-edge --camera 0 --model fast --threads 1 --max-fps 0.1"
    assert re.search(f"^(Recommended|INVALID.* until then): {recommended}$", capfd.readouterr().out, re.MULTILINE)
    made = document("out")
    assert made["picture"] == {"name": "a drawn cat", "width": 640, "height": 480}
    (case,) = made["cases"]
    (artifact,) = made["artifacts"]
    assert artifact["file_bytes"] == bundled_tflite("fast").stat().st_size
    assert artifact["claimed"]["n"] == 1173
    assert artifact["delegation"]["taken"] > 60
    assert set(case["scenarios"]) == {"single", "camera", "offline"}
    for result in case["scenarios"].values():
        assert result["cpu_ms"] > 0
        assert result["per_second"] > 0
        assert result["memory_peak_bytes"] >= result["memory_bytes"] > 20 << 20
        assert len(result["rounds"]["end_to_end_ms"]) == 2
        energy = result["energy_mj"]
        assert energy["missing"] if isinstance(energy, dict) else energy > 0
    assert case["scenarios"]["camera"]["missed"]["n"] >= 4
    empty = {line.split(":")[0] for line in made["missing"]}
    assert {"accuracy", "agreement"} <= empty <= {"accuracy", "agreement", "energy"}


@pytest.mark.slow
def test_a_case_that_cannot_be_run_is_a_row(tiny_onnx: Path, picture_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bad = tiny_onnx.with_name("bad.tflite")
    bad.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    (tiny_onnx.parent / "text.onnx").write_text("no model")
    assert main([str(tiny_onnx.parent), "--threads", "1", "--picture", str(picture_file), *FEW]) == 11
    out, err = capfd.readouterr()
    assert re.search(r"\| bad\.tflite *\| *1 \| *not run", out)
    assert "3 cases" in err
    assert "not run: bad.tflite (threads: 1): expected a whole model" in err
    assert "not run: text.onnx (threads: 1): expected a whole model" in err
    assert [case["error"] is None for case in document()["cases"]] == [False, False, True]
    assert str(tiny_onnx.parent) not in Path("reports/bench/bench.json").read_text() + out


def test_an_absent_runtime_is_the_error_of_the_only_case(
    tiny_onnx: Path, picture_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The case's process looks for it in its own path: there it finds a package that is as good as none.
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "onnxruntime.py").write_text("raise ModuleNotFoundError(name='onnxruntime')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'absent'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(str(tmp_path / "absent"))
    assert main([str(tiny_onnx), "--picture", str(picture_file), *FEW]) == 7
    assert "catdog-edge[onnx]" in capfd.readouterr().err


@pytest.mark.slow
def test_the_wrong_backend_is_a_row(tiny_onnx: Path, picture_file: Path) -> None:
    arguments = [str(tiny_onnx), "--threads", "1", "--picture", str(picture_file), *FEW]
    assert main([*arguments, "--backend", "onnxruntime,litert"]) == 11
    cases = document()["cases"]
    assert [(case["backend"], case["error"] is None) for case in cases] == [("onnxruntime", True), ("litert", False)]


@pytest.mark.slow
def test_one_model_twice(tiny_onnx: Path, picture_file: Path) -> None:
    arguments = [str(tiny_onnx), str(tiny_onnx), "--threads", "1", "--picture", str(picture_file), *FEW]
    assert main([*arguments, "--scenario", "offline,camera,single", "--fps", "100"]) == 0
    cases = document()["cases"]
    assert [case["artifact"] for case in cases] == ["tiny.onnx #1", "tiny.onnx #2"]
    for scenario in ("single", "camera", "offline"):
        assert cases[0]["scenarios"][scenario]["versus"] is None
        assert cases[1]["scenarios"][scenario]["versus"]["verdict"] == "cannot tell"  # of two rounds
    assert "agreement: nothing else to agree with; name a --reference" in document()["missing"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--threads", "0"], 2, "--threads of 1 to 256"),
        (["--threads", "1,x"], 2, "no list of whole numbers"),
        (["--runs", "0"], 2, "--runs of 1"),
        (["--backend", "tensorflow"], 2, "--backend out of"),
        (["--scenario", "batch"], 2, "--scenario out of single, camera, offline"),
        (["--target-fps", "-3"], 2, "--target-fps of"),
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
    said = capfd.readouterr().err
    assert f"the package {package}; got an environment without it. Run: " in said
    assert said.endswith("pip install 'catdog-edge[bench]'\n")
    assert not Path("reports").exists()


@pytest.mark.slow
def test_exports_are_found(tiny_onnx: Path, picture_file: Path) -> None:
    shutil.copytree(tiny_onnx.parent, "exports/today")
    assert main(["--threads", "1", "--picture", str(picture_file), "--quick", *FEW]) == 0
    made = document()
    assert [case["artifact"] for case in made["cases"]] == ["default.tflite", "fast.tflite", "tiny.tflite", "tiny.onnx"]
    assert made["options"]["warmup"] == 1  # what is given wins over what --quick stands for


def test_quick_shares_its_time_out(tiny_onnx: Path, picture_file: Path) -> None:
    assert main([str(tiny_onnx), "--threads", "1", "--picture", str(picture_file), "--quick", "--scenario", "single"]) == 0
    made = document()
    assert made["options"]["rounds"] == 8
    (case,) = made["cases"]
    assert case["scenarios"]["single"]["end_to_end"]["n"] >= 400
    assert "runs" not in {check["name"] for check in made["checks"] if check["passed"] is False}


@pytest.mark.parametrize(
    ("arguments", "seconds", "longest_s", "budget_s"),
    [
        ([], THOROUGH.seconds, THOROUGH.longest_s, None),
        (["--seconds", "300"], 300.0, 300.0, None),
        (["--longest", "7"], THOROUGH.seconds, 7.0, None),
        (["--quick"], QUICK.seconds, QUICK.longest_s, QUICK.budget_s),
        (["--quick", "--seconds", "9"], 9.0, 9.0, None),
        (["--quick", "--longest", "3"], QUICK.seconds, 3.0, None),
    ],
)
def test_how_long_is_what_was_asked_for(arguments: list[str], seconds: float, longest_s: float, budget_s: float | None) -> None:
    effort = _options(build_parser().parse_args(arguments)).effort
    assert (effort.seconds, effort.longest_s, effort.budget_s) == (seconds, longest_s, budget_s)


def test_help_has_examples_and_every_other_bench(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 0
    out = capsys.readouterr().out
    assert "catdog-bench --quick" in out
    for name in COMMANDS:
        assert f"\n  {name} " in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_other_bench_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main([name, "--help"])
    assert leaving.value.code == 0
    assert f"usage: catdog-bench {name}" in capsys.readouterr().out


def test_the_command_ends_its_processes_when_it_is_told_to_end(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "catdog-bench"), "fast", "--threads", "1", "--scenario", "single"]
    process = subprocess.Popen([*command, "--seconds", "300", "--longest", "600", "--rounds", "600"], cwd=tmp_path)
    watched = psutil.Process(process.pid)
    deadline = time.monotonic() + 60
    children: list[Any] = []
    while not any("spawn_main" in " ".join(child.cmdline()) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
        children = watched.children(recursive=True)
    assert children
    process.terminate()
    assert process.wait(timeout=60) == 143
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
