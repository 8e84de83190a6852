"""The doctor on this machine, on made-up trees of /proc and /sys, and with real faults of the demo camera."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import run

from catdog.edge import Claims
from catdog.edge.backends.delegation import Delegation, delegation_of
from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.contract.golden import HEIGHT, WIDTH, golden_input_sha256, golden_picture
from catdog.edge.contract.model_contract import Golden, ModelContract
from catdog.edge.errors import SourceError, UsageError
from catdog.edge.inference.classifier import Classifier
from catdog.edge.models import bundled_tflite
from catdog.edge.program.doctor.cameras import check_cameras, csi
from catdog.edge.program.doctor.cli import main
from catdog.edge.program.doctor.findings import Finding, Verdict, worst
from catdog.edge.program.doctor.model import check_model, delegate
from catdog.edge.program.doctor.packages import EXTRAS, check_packages, extras, installed, loads, runtime, two_opencvs
from catdog.edge.program.doctor.screen import Terminal, finding_lines, findings_json
from catdog.edge.program.doctor.simulate import Outcome
from catdog.edge.program.doctor.speed import check_speed
from catdog.edge.program.doctor.system import disk, governor, kernel_clock, machine, memory, power, temperature, time_of_day
from catdog.edge.sources import v4l2
from catdog.edge.sources.devices import video_devices
from catdog.edge.sources.faulty import Fault, Switch

PI = "Raspberry Pi 5 Model B Rev 1.0\0"
no_camera = pytest.mark.skipif(bool(video_devices()), reason="this machine has a camera")


def tree(root: Path, **files: str) -> Path:
    """Write files: double underscores are slashes."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


# On this machine


@no_camera
def test_one_screen_names_the_missing_camera_with_its_fix_and_the_delegate() -> None:
    finished = run("catdog-edge", "doctor")
    assert (finished.returncode, finished.stderr) == (0, "")
    lines = finished.stdout.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    (camera,) = (number for number, line in enumerate(lines) if " camera " in line)
    assert lines[camera].startswith("! warning  camera")
    assert "no video devices" in lines[camera]
    assert lines[camera + 1].strip().startswith("Fix: Plug in a USB camera")
    (used,) = (line for line in lines if " delegate " in line)
    assert "XNNPACK" in used or "tflite-runtime" in used
    for name in ("machine", "memory", "disk", "governor", "temperature", "clock", "packages", "model", "seal", "speed"):
        assert any(line[11:].startswith(name) for line in lines), name
    assert "\x1b" not in finished.stdout


def test_json_has_what_the_screen_has_and_no_home(tmp_path: Path) -> None:
    model = tmp_path / "models" / "mine.tflite"
    model.parent.mkdir()
    model.write_bytes(bundled_tflite("fast").read_bytes())
    finished = run("catdog-edge", "doctor", "--json", "--camera", "demo", "--model", str(model), HOME=str(tmp_path))
    assert (finished.returncode, finished.stderr) == (0, "")
    report = json.loads(finished.stdout)
    assert set(report) == {"verdict", "findings"}
    for finding in report["findings"]:
        assert set(finding) == {"name", "verdict", "found", "fix", "values"}
        assert finding["verdict"] in list(Verdict)
        assert finding["found"]
        assert isinstance(finding["values"], dict)
    values = {finding["name"]: finding["values"] for finding in report["findings"]}
    assert values["model"]["file"] == str(model)  # as it was typed, and nowhere else
    assert finished.stdout.count(str(tmp_path)) == 1
    assert values["model"]["labels"] == ["cats", "dogs", "neither"]
    assert values["delegate"]["operations"] >= values["delegate"]["taken"]
    assert values["speed"]["threads_1_p50_ms"] > 0
    assert len(values["seal"]["sha256"]) == 64


def test_exit_code_tells_scripts_of_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(bundled_tflite().read_bytes()[:-1000])
    assert main(["--camera", "demo", "--model", str(cut), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "problem"
    (model,) = (finding for finding in report["findings"] if finding["name"] == "model")
    assert model["verdict"] == "problem"
    assert "contract" in model["found"]
    assert model["fix"]
    assert "speed" not in {finding["name"] for finding in report["findings"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--threads", "0"),
        ("--threads", "many"),
        ("--camera", "-1"),
        ("--simulate", "fire"),
        ("--simulate", ""),
        ("--simulate", "unplug", "--camera", "0"),
        ("photo.jpg",),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        main(arguments)


def test_help_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "exit codes: 0 no problem" in capsys.readouterr().out


@pytest.mark.parametrize(("wish", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_whose_owner_wants_it(tmp_path: Path, wish: str, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    command = [
        str(Path(sys.executable).parent / "catdog-edge"),
        "doctor",
        "--camera",
        "demo",
        "--model",
        str(tmp_path / "none"),
    ]
    environment = os.environ | {"NO_COLOR": wish, "TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux's way of saying that the other end is closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    assert process.returncode == 1
    assert (b"\x1b[31m" in seen) is coloured
    assert b"problem" in seen  # in words, too


def test_numpy_that_does_not_load_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise ImportError('libopenblas.so.0: no such file')")
    paths = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    finished = subprocess.run(
        [str(Path(sys.executable).parent / "catdog-edge"), "doctor", "--json"],
        env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (1, "")
    found = {finding["name"]: finding for finding in json.loads(finished.stdout)["findings"]}
    assert found["numpy"]["verdict"] == "problem"
    assert "libopenblas" in found["numpy"]["found"]
    assert "pip install" in found["numpy"]["fix"]
    assert found["speed"]["verdict"] == "unknown"


# The machine


WEAK, CAPPED, SLOWED, WARM = "under-voltage", "clock capped", "throttled by heat or voltage", "soft temperature limit reached"


@pytest.mark.parametrize(
    ("bits", "verdict", "now", "since_boot"),
    [
        ("0", Verdict.OK, [], []),
        ("50000", Verdict.WARNING, [], [WEAK, SLOWED]),
        ("50005", Verdict.PROBLEM, [WEAK, SLOWED], [WEAK, SLOWED]),
        ("80008", Verdict.WARNING, [WARM], [WARM]),
        ("20002", Verdict.WARNING, [CAPPED], [CAPPED]),
    ],
)
def test_throttle_bits(tmp_path: Path, bits: str, verdict: Verdict, now: list[str], since_boot: list[str]) -> None:
    root = tree(tmp_path, **{"sys__devices__platform__soc__soc:firmware__get_throttled": f"{bits}\n"})
    finding = power(root, "no-such-command")
    assert finding is not None
    assert finding.verdict is verdict
    assert finding.values["now"] == now
    assert finding.values["since_boot"] == since_boot
    assert bool(finding.fix) is (verdict is not Verdict.OK)
    if WEAK in now + since_boot:
        assert "power supply" in finding.fix


def test_throttle_bits_from_the_firmwares_tool(tmp_path: Path) -> None:
    tool = tmp_path / "vcgencmd"
    tool.write_text("#!/bin/sh\n[ $1 = get_throttled ] && echo throttled=0x50000\n")
    tool.chmod(0o755)
    finding = power(tmp_path, str(tool))
    assert finding is not None
    assert finding.values["throttled"] == "0x50000"
    assert power(tmp_path, "no-such-command") is None  # another machine
    silent = power(tree(tmp_path, **{"proc__device-tree__model": PI}), "no-such-command")
    assert silent is not None
    assert silent.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("names", "driver", "verdict"),
    [
        (["ondemand", "ondemand"], "cpufreq-dt", Verdict.OK),
        (["performance"], "cpufreq-dt", Verdict.OK),
        (["powersave"], "cpufreq-dt", Verdict.WARNING),
        (["powersave"], "intel_pstate", Verdict.OK),
        (["ondemand", "userspace"], "cpufreq-dt", Verdict.WARNING),
        ([], "", Verdict.UNKNOWN),
    ],
)
def test_governor(tmp_path: Path, names: list[str], driver: str, verdict: Verdict) -> None:
    for core, name in enumerate(names):
        folder = f"sys__devices__system__cpu__cpu{core}__cpufreq__"
        tree(tmp_path, **{f"{folder}scaling_governor": f"{name}\n", f"{folder}scaling_driver": f"{driver}\n"})
    finding = governor(tmp_path)
    assert finding.verdict is verdict
    assert bool(finding.fix) is (verdict is Verdict.WARNING)


@pytest.mark.parametrize(
    ("zones", "verdict", "celsius"),
    [
        (["45123", "51000"], Verdict.OK, 51.0),
        (["45123", "81000"], Verdict.WARNING, 81.0),
        (["86000"], Verdict.PROBLEM, 86.0),
        (["", "N/A", "40000"], Verdict.OK, 40.0),
        ([""], Verdict.UNKNOWN, None),
        ([], Verdict.UNKNOWN, None),
    ],
)
def test_temperature(tmp_path: Path, zones: list[str], verdict: Verdict, celsius: float | None) -> None:
    for number, text in enumerate(zones):
        tree(tmp_path, **{f"sys__class__thermal__thermal_zone{number}__temp": text})
    finding = temperature(tmp_path)
    assert finding.verdict is verdict
    assert finding.values.get("celsius") == celsius


@pytest.mark.parametrize(
    ("free", "verdict"), [("7000000 kB", Verdict.OK), ("90000 kB", Verdict.WARNING), ("", Verdict.UNKNOWN)]
)
def test_memory(tmp_path: Path, free: str, verdict: Verdict) -> None:
    root = tree(tmp_path, proc__meminfo=f"MemTotal:        8000000 kB\nMemAvailable:   {free}\n")
    assert memory(root).verdict is verdict


def test_board_is_named_and_what_cannot_be_asked_is_unknown(tmp_path: Path) -> None:
    assert machine(tree(tmp_path, **{"proc__device-tree__model": PI})).found.startswith("Raspberry Pi 5 Model B Rev 1.0, ")
    assert disk(tmp_path).values["free_bytes"]
    assert disk(tmp_path / "none").verdict is Verdict.UNKNOWN


def test_disk_that_has_become_read_only() -> None:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    mounted = [Path(fields[1]) for fields in mounts if "ro" in fields[3].split(",") and os.access(fields[1], os.R_OK)]
    if not mounted:
        pytest.skip("nothing is mounted read-only here")
    finding = disk(mounted[0])
    assert (finding.verdict, finding.found) == (Verdict.PROBLEM, "read-only")


def test_clock() -> None:
    assert time_of_day(lambda: True).verdict is Verdict.OK
    assert time_of_day(lambda: None).verdict is Verdict.UNKNOWN
    adrift = time_of_day(lambda: False)
    assert (adrift.verdict, adrift.fix) == (Verdict.WARNING, "sudo timedatectl set-ntp true")
    assert kernel_clock() in (True, False, None)  # the real one answers


# Packages


def packages(folder: Path, **versions: str) -> dict[str, str]:
    for name, version in versions.items():
        tree(folder, **{f"{name}-{version}.dist-info__METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"})
    return installed([str(folder)])


def test_two_opencvs_overwrite_each_other(tmp_path: Path) -> None:
    found = two_opencvs(packages(tmp_path, opencv_python="4.10.0.84", opencv_python_headless="5.0.0.93"))
    assert found is not None
    assert found.verdict is Verdict.PROBLEM
    assert re.search(
        r"pip uninstall -y opencv-python-headless opencv-python && .*pip install opencv-python-headless$", found.fix
    )
    assert two_opencvs({"opencv-python-headless": "5.0.0.93"}) is None


@pytest.mark.parametrize(
    ("versions", "verdict", "says"),
    [
        ({"ai_edge_litert": "2.3.0", "numpy": "2.4.6"}, None, ""),
        ({"ai_edge_litert": "2.3.0", "tflite_runtime": "2.14.0", "numpy": "2.4.6"}, None, ""),
        ({"tflite_runtime": "2.14.0", "numpy": "2.4.6"}, Verdict.PROBLEM, "does not work with numpy 2.4.6"),
        ({"tflite_runtime": "2.14.0", "numpy": "1.26.4"}, Verdict.WARNING, "slower"),
        ({"numpy": "2.4.6"}, Verdict.PROBLEM, "no TFLite runtime"),
    ],
)
def test_runtime_and_its_numpy(tmp_path: Path, versions: dict[str, str], verdict: Verdict | None, says: str) -> None:
    found = runtime(packages(tmp_path, **versions))
    assert (found.verdict if found else None) is verdict
    assert found is None or (says in found.found and "pip install ai-edge-litert" in found.fix)


def test_half_removed_packages_and_absent_ones_are_no_trouble(tmp_path: Path) -> None:
    tree(
        tmp_path,
        **{"numpy-2.4.6.dist-info__RECORD": "", "paho_mqtt-2.1.0.dist-info__METADATA": "Name: paho-mqtt\nVersion: 2.1.0\n"},
    )
    found = extras(installed([str(tmp_path)]))
    assert (found.verdict, found.values) == (
        Verdict.OK,
        {"installed": ["mqtt"], "absent": ["onnx", "web", "heif", "sign", "ray"]},
    )
    absent = loads("a_package_that_nobody_has", "Install it.")
    assert absent is not None
    assert absent.verdict is Verdict.PROBLEM
    assert loads("json", "") is None
    assert worst(check_packages()) is not Verdict.PROBLEM


def test_extras_are_those_of_the_project() -> None:
    import re
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for extra, names in EXTRAS.items():
        declared = {re.split(r"[<>=~;\[]", line)[0] for line in project["optional-dependencies"][extra]}
        assert declared == set(names), extra


# The model


def rewritten(path: Path, change: Callable[[ModelContract], ModelContract]) -> Path:
    file = read_model_file(bundled_tflite())
    assert file.contract is not None
    path.write_bytes(append_to_tflite(file.data[: file.model_bytes], change(file.contract)))
    return path


def test_answers_are_compared_with_the_exporters(tmp_path: Path) -> None:
    model = Classifier()
    digest = golden_input_sha256(model.contract.input, golden_picture())
    scores = tuple(model.classify(golden_picture()).scores.values())
    kinds = {
        "same": (Golden(digest, scores, WIDTH, HEIGHT), Verdict.OK),
        "other answers": (Golden(digest, (1 - scores[0], 1 - scores[1]), WIDTH, HEIGHT), Verdict.PROBLEM),
        "other pixels": (Golden("0" * 64, scores, WIDTH, HEIGHT), Verdict.WARNING),
        "nothing said": (None, Verdict.UNKNOWN),
    }
    for number, (golden, verdict) in enumerate(kinds.values()):
        path = rewritten(tmp_path / f"{number}.tflite", lambda contract, golden=golden: replace(contract, golden=golden))  # type: ignore[misc]
        findings, usable = check_model(str(path), 1)
        assert usable
        assert by_name(findings)["answers"].verdict is verdict


@pytest.mark.parametrize(
    ("interpolation", "fixes"),
    [
        ("bilinear", ("catdog-export --model RUN", "pip install 'opencv-python-headless<5'")),
        ("bilinear-exact", ("pip install --force-reinstall numpy opencv-python-headless",)),
    ],
)
def test_other_pixels_are_mended_by_what_changes_them(tmp_path: Path, interpolation: str, fixes: tuple[str, ...]) -> None:
    said = Golden("0" * 64, (0.1, 0.2, 0.7), 283, 241)
    path = rewritten(
        tmp_path / "m.tflite",
        lambda contract: replace(contract, golden=said, input=replace(contract.input, interpolation=interpolation)),
    )
    found = by_name(check_model(str(path), 1)[0])["answers"]
    assert found.verdict is Verdict.WARNING
    assert all(fix in found.fix for fix in fixes)
    assert ("reinstall" in found.fix) is (interpolation == "bilinear-exact")


@pytest.mark.parametrize("length", [8, 100, 1_000_000, -100])
def test_truncated_model(tmp_path: Path, length: int) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(bundled_tflite().read_bytes()[:length])
    findings, usable = check_model(str(path), 1)
    assert not usable
    assert [(finding.name, finding.verdict) for finding in findings] == [("model", Verdict.PROBLEM)]
    assert findings[0].fix


def test_delegate_is_counted_in_the_runtimes_own_list() -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="tflite-runtime has no delegate for int8")
    used = Classifier().delegation
    assert used.name == "XNNPACK"
    assert used.taken is not None
    assert used.operations is not None
    assert 0.9 * used.operations < used.taken <= used.operations
    plain = litert.Interpreter(
        str(bundled_tflite()), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    plain.allocate_tensors()
    assert delegation_of(plain._get_ops_details(), "XNNPACK") == Delegation("none", 0, used.operations)


def test_a_model_that_no_delegate_takes_is_a_warning() -> None:
    class Slow:
        backend_name = "tflite-runtime 2.14.0"
        delegation = Delegation("none", 0, 69)

    finding = delegate(Slow())  # type: ignore[arg-type] # such a runtime does not install beside ours
    assert finding.verdict is Verdict.WARNING
    assert finding.fix


def test_execution_provider_of_onnx_runtime_is_told(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra export is not installed")
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    make, kinds = onnx.helper, onnx.TensorProto
    graph = make.make_graph(
        [make.make_node("ReduceMean", ["pixels"], ["row"], axes=[1, 2], keepdims=0)],
        "means",
        [make.make_tensor_value_info("pixels", kinds.FLOAT, [1, 8, 8, 3])],
        [make.make_tensor_value_info("row", kinds.FLOAT, [1, 3])],
    )
    path = tmp_path / "means.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8), path)
    model = Classifier(path, labels=["r", "g", "b"], claims=Claims(input_range="0..255", scores="probabilities"))
    assert model.delegation == Delegation("CPUExecutionProvider")
    assert delegate(model).verdict is Verdict.OK
    assert "CPUExecutionProvider" in delegate(model).found


def test_speed_is_measured_for_each_number_of_threads() -> None:
    finding = check_speed("default", (1, 2), 0.1)
    parts = ("p25_ms", "p50_ms", "p75_ms", "per_s", "n")
    assert set(finding.values) == {"seconds", *(f"threads_{count}_{part}" for count in (1, 2) for part in parts)}
    assert "1 thread " in finding.found
    assert "2 threads " in finding.found


# Cameras


def test_ioctl_numbers_are_those_of_the_kernels_header() -> None:
    # VIDIOC_QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, REQBUFS, G_INPUT, ENUMINPUT as a C compiler has them from linux/videodev2.h
    mine = (v4l2._QUERY, v4l2._ENUMERATE_FORMATS, v4l2._ENUMERATE_SIZES)
    assert mine == (0x80685600, 0xC0405602, 0xC02C564A)
    assert (v4l2._REQUEST_BUFFERS, v4l2._GET_INPUT, v4l2._ENUMERATE_INPUTS) == (0xC0145608, 0x80045626, 0xC050561A)


def test_devices_that_are_no_cameras(tmp_path: Path) -> None:
    for device in (Path("/dev/null"), tmp_path / "none"):
        with pytest.raises(SourceError):
            v4l2.read_capability(device)
    for number in (0, 1, 10):
        (tmp_path / f"video{number}").write_text("")
    (finding,) = check_cameras(None, tmp_path)
    assert (finding.name, finding.verdict) == ("cameras", Verdict.PROBLEM)
    assert finding.found.startswith("3 devices: ")
    (none,) = check_cameras(None, tmp_path / "empty")
    assert (none.verdict, none.values) == (Verdict.WARNING, {"cameras": 0})


def test_a_camera_that_was_asked_for_must_be_there() -> None:
    (finding,) = check_cameras("61")
    assert finding.verdict is Verdict.PROBLEM
    assert "Plug it in" in finding.fix
    assert [finding.verdict for finding in check_cameras("demo")] == [Verdict.OK]


@pytest.mark.parametrize(
    ("says", "verdict", "fix"),
    [
        ("echo noise; echo '[\"imx708\"]'", Verdict.OK, ""),
        ("echo '[]'", Verdict.PROBLEM, "ribbon cable"),
        ("echo \"ModuleNotFoundError: No module named 'picamera2'\" >&2; exit 1", Verdict.PROBLEM, "apt install"),
        ("true", Verdict.PROBLEM, "apt install"),
    ],
)
def test_csi_cameras_are_asked_for_through_the_systems_python(tmp_path: Path, says: str, verdict: Verdict, fix: str) -> None:
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{says}\n")
    python.chmod(0o755)
    finding = csi(needed=True, python=str(python))
    assert finding.verdict is verdict
    assert fix in finding.fix
    assert csi(needed=False, python=str(tmp_path / "none")).verdict is Verdict.UNKNOWN


# The screen


def test_a_finding_says_its_verdict_in_words_and_its_fix_below() -> None:
    finding = Finding("disk", Verdict.PROBLEM, "full " * 30, f"Look into {Path.home()}/recordings.")
    lines = finding_lines(finding, Terminal(columns=60))
    assert lines[0].startswith("✗ problem  disk        full")
    assert max(map(len, lines)) <= 60
    assert any("Fix: Look into ~/recordings." in line for line in lines)
    assert finding_lines(finding, Terminal(unicode=False))[0].startswith("x problem ")
    assert finding_lines(finding, Terminal(colour=True))[0].startswith("\x1b[31m")
    assert json.loads(findings_json([finding]))["findings"][0]["fix"] == "Look into ~/recordings."


def test_what_is_unknown_is_no_reason_to_worry() -> None:
    kinds = [Finding("a", verdict, "b") for verdict in (Verdict.UNKNOWN, Verdict.OK)]
    assert worst(kinds) is Verdict.OK
    assert worst([*kinds, Finding("c", Verdict.WARNING, "d")]) is Verdict.WARNING


# Faults


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    """The lines of all four faults, in real time, on the real live path."""
    finished = run("catdog-edge", "doctor", "--simulate", "--json")
    assert (finished.returncode, finished.stderr) == (0, "")
    return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "states", "causes"),
    [
        ("unplug", ["STALE", "OFFLINE", "RECOVERING", "ONLINE"], ["no frame for", "unplugged", "opening it again"]),
        ("freeze", ["STALE", "ONLINE"], ["the same frame for"]),
        ("slow", ["STALE", "ONLINE"], ["no frame for"]),
        ("corrupt", ["STALE", "ONLINE"], ["truncated", "cannot be decoded", "a black frame", "a frame of one colour"]),
    ],
)  # fmt: skip
def test_each_fault_shows_its_changes_of_state(
    told: list[dict[str, Any]], fault: str, states: list[str], causes: list[str]
) -> None:
    lines = [line for line in told if line["fault"] == fault]
    seen = [line["state"] for line in lines if "state" in line]
    remaining = iter(seen)
    assert all(state in remaining for state in states), seen  # in this order, whatever is between
    text = json.dumps(lines)
    assert all(cause in text for cause in causes), text
    (outcome,) = (line for line in lines if "good" in line)
    assert outcome["good"] is True
    assert outcome["labels_away"] == 0
    if fault in ("unplug", "corrupt"):  # slow frames are true ones, and the same one may come for a while
        assert outcome["labels_unnoticed"] == 0


@pytest.mark.slow
def test_moments_are_in_order_and_outcomes_in_the_order_of_the_faults(told: list[dict[str, Any]]) -> None:
    assert [line["fault"] for line in told if "good" in line] == list(Fault)
    assert all(line["at_s"] >= 0 for line in told if "good" not in line)


def test_an_outcome_is_good_if_noticed_and_over_and_nothing_was_invented() -> None:
    good = Outcome(Fault.FREEZE, 5.1, 0.2, 70, 0)
    assert good.is_good
    for change in ({"noticed_s": None}, {"back_s": None}, {"labels_away": 1}):
        assert not good._replace(**change).is_good  # type: ignore[arg-type]


def test_the_switch_goes_back_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "switch"
    Switch(Fault.SLOW, float("inf")).write(path)
    assert Switch.read(path).fault is Fault.SLOW
    Switch(Fault.SLOW, 0.0).write(path)
    assert Switch.read(path) == Switch()
