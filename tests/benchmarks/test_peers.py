"""The comparison with other ways: real processes, the current interpreter in place of environments where that will do."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="needs the extra bench")
pytest.importorskip("psutil", reason="needs the extra bench")
pytest.importorskip("tqdm", reason="needs the extra bench")

from benchmarks.project.peers.cli import build_sides, run_sides
from benchmarks.project.peers.models import labels, model_file
from benchmarks.project.peers.options import PeerOptions
from benchmarks.project.peers.pictures import Photographs, gather
from benchmarks.project.peers.process import first_cores, run
from benchmarks.project.peers.registry import INT8, PEERS, SCRIPTS, Peer
from benchmarks.project.peers.report import to_html, to_json, to_markdown, write_reports
from benchmarks.project.peers.results import MEASURES, Comparison, ratio, sentences
from benchmarks.project.peers.rounds import Failed, Turn
from benchmarks.project.peers.sides import Side, ours, theirs
from benchmarks.project.peers.venvs import Venv, venv_of_catdog
from catdog.benchmarks.cli import main
from catdog.edge.contract.artifact import read_model_file
from catdog.edge.errors import CatdogError, DatasetError, InputNotFoundError, UsageError
from catdog.edge.models import bundled_tflite

ROOT = Path(__file__).parent.parent.parent
HERE = Venv(Path(sys.executable))  # no environment of its own: it has what LiteRT needs
OPTIONS = PeerOptions(only=("litert",), rounds=2, pictures=6, cores=1)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    return gather(None, OPTIONS.pictures, labels(), 0, tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def sides(photographs: Photographs) -> list[Side]:
    model = str(model_file(INT8, Path("not used for this kind")))
    return [ours(HERE, photographs, 1), theirs(PEERS["litert"], HERE, model, labels(), photographs, 1)]


def failing(side: Side, name: str, program: str) -> Side:
    command = (sys.executable, "-c", program)
    return replace(side, name=name, one=command, in_turn=command, all_at_once=command)


@pytest.fixture(scope="module")
def comparison(photographs: Photographs, sides: list[Side]) -> Comparison:
    """catdog-edge, the bare script, a peer that raises, one that is killed, one that says nothing."""
    broken = [
        failing(sides[1], "raises", "import sys; print('a note', file=sys.stderr); raise ValueError('no such <model>')"),
        failing(sides[1], "killed", "import os, signal, sys; print('last words', file=sys.stderr); os.kill(os.getpid(), 9)"),
        failing(sides[1], "silent", "pass"),
        failing(sides[1], "babbles", "print('hello')"),
    ]
    return run_sides(OPTIONS, photographs, [*sides, *broken], [Failed("unbuilt", "no such package")])


def test_the_bare_script_is_measured_and_gives_our_labels(comparison: Comparison) -> None:
    document = json.loads(to_json(comparison))
    mine, peer = document["sides"]
    assert (mine["name"], peer["name"]) == ("catdog", "litert")
    assert peer["agreement"]["value"] == 1.0
    assert peer["agreement"]["n"] == OPTIONS.pictures
    assert peer["accuracy"] is None  # drawn
    for name in ("start_s", "latency_ms", "pictures_per_s", "peak_bytes"):
        assert len(peer["figures"][name]["rounds"]) == OPTIONS.rounds
        assert 0 < peer["figures"][name]["low"] <= peer["figures"][name]["median"] <= peer["figures"][name]["high"]
        assert peer["ratios"][name]["n"] == OPTIONS.rounds
        assert mine["ratios"][name]["median"] == 1.0
    assert peer["figures"]["installed_bytes"] is None  # the tests' environment is nobody's own
    assert peer["figures"]["latency_ms"]["median"] < 1e3 * peer["figures"]["start_s"]["median"]
    # A process with OpenCV and a model: more than the launcher alone, less than TensorFlow.
    assert 30e6 < peer["figures"]["peak_bytes"]["median"] < 400e6


def test_those_that_fail_are_reported_and_the_others_go_on(comparison: Comparison) -> None:
    reasons = {failed.name: failed.reason for failed in comparison.failed}
    assert reasons["unbuilt"] == "no such package"
    assert reasons["raises"] == "ValueError: no such <model>"
    assert reasons["killed"] == "SIGKILL after: last words"
    assert reasons["silent"] == "no answer"
    assert reasons["babbles"].startswith("output that cannot be read")
    assert [row.side.name for row in comparison.peers] == ["litert"]
    assert "- raises: ValueError: no such <model>" in to_markdown(comparison)
    page = to_html(comparison)
    assert "ValueError: no such &lt;model&gt;" in page
    assert "<model>" not in page


def test_nothing_to_compare_with_is_an_error(photographs: Photographs, sides: list[Side]) -> None:
    mine = failing(sides[0], sides[0].name, "raise SystemExit('out of order')")
    with pytest.raises(CatdogError, match="out of order"):
        run_sides(OPTIONS, photographs, [mine, sides[1]])


def test_reports_are_self_contained_and_name_no_folder(comparison: Comparison, tmp_path: Path) -> None:
    written = write_reports(comparison, tmp_path / "results")
    assert [path.name for path in written] == ["peers.json", "peers.md", "peers.html"]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "bare LiteRT script" in text
        assert str(comparison.photographs.folder) not in text
        assert str(Path(sys.executable).parent) not in text
        assert comparison.options.command in text
        assert path.suffix == ".json" or "not measured on a board" in text
    assert not re.search(r"<script|<link|\bsrc=|https?:", (tmp_path / "results" / "peers.html").read_text())


def with_peer(comparison: Comparison, **changed: float) -> Comparison:
    """The same, as if the bare script had these multiples of our figures in every round."""
    mine = comparison.ours
    turns = tuple(
        Turn(**{name: getattr(turn, name) * changed.get(name, 1.0) for name in Turn.__dataclass_fields__})
        for turn in mine.turns
    )
    idle = replace(comparison.environment, load_before=0.1)
    return replace(comparison, measured=(mine, replace(comparison.peers[0], turns=turns)), environment=idle)


def test_ratios_above_one_mean_that_catdog_is_ahead(comparison: Comparison) -> None:
    found = with_peer(comparison, start_s=2.0, latency_ms=0.5, pictures_per_s=0.25, peak_bytes=1.0)
    ratios = [ratio(found.peers[0], found.ours, measure) for measure in MEASURES]
    assert [each and (each.median, each.low, each.high, each.n) for each in ratios] == [
        (2.0, 2.0, 2.0, 2), (0.5, 0.5, 0.5, 2), (4.0, 4.0, 4.0, 2), (1.0, 1.0, 1.0, 2), None,
    ]  # fmt: skip


def test_whoever_is_ahead_of_us_is_named(comparison: Comparison) -> None:
    found = with_peer(comparison, start_s=2.0, latency_ms=0.5, pictures_per_s=0.25)
    assert sentences(found) == [
        "Of 1 peers, ahead of catdog-edge in cold start none, latency 1, throughput none, peak memory none, installed none",
        "bare LiteRT script (int8 TFLite): ahead in latency 0.50 (0.50 to 0.50); "
        "not told apart in peak memory 1.00 (1.00 to 1.00)",
    ]
    assert "**0.50** (0.50 to 0.50)" in to_markdown(found)
    assert 'class="peer-ahead">0.50' in to_html(found)
    assert len(sentences(with_peer(comparison, start_s=2.0, latency_ms=3.0, pictures_per_s=0.5, peak_bytes=2.0))) == 1


def test_a_busy_machine_is_told(comparison: Comparison) -> None:
    busy = replace(comparison, environment=replace(comparison.environment, load_before=7.0, usable_cores=2))
    assert "load average 7.0 on 2 usable cores" in sentences(busy)[-1]
    assert sentences(busy)[-1] in to_html(busy)


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_reported_with_its_reason(
    photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = {
        "old": Peer("old", "for Python 2.7", INT8, (), "with_litert.py", python="2.7"),
        "gone": Peer("gone", "not to be had", INT8, (f"catdog-gone @ file://{tmp_path}/gone.whl",), "with_litert.py"),
        "bare": Peer("bare", "without packages", INT8, (), "with_litert.py"),
    }
    monkeypatch.setattr("benchmarks.project.peers.cli.PEERS", peers)
    monkeypatch.setattr("benchmarks.project.peers.options.PEERS", peers)
    options = PeerOptions(only=("old", "gone", "bare"), rounds=1, pictures=6, cores=1, environments=tmp_path / "venvs")
    built, failed = build_sides(options, photographs)
    assert [side.name for side in built] == ["bare"]
    reasons = {each.name: each.reason for each in failed}
    assert reasons["old"] == "no Python 2.7 here"
    assert "gone.whl" in reasons["gone"]
    # An environment is its own: nothing of ours is to be seen in it, and it weighs nothing yet.
    assert built[0].venv.installed_bytes == 0
    with pytest.raises(CatdogError, match="No module named 'cv2'"):
        run(built[0].one, first_cores(1))


def test_peak_memory_is_the_commands_own() -> None:
    ballast = bytearray(400_000_000)
    ballast[:: 1 << 12] = b"x" * len(ballast[:: 1 << 12])  # every page is ours now
    assert run([sys.executable, "-c", "pass"], first_cores(1)).peak_bytes < 100_000_000


def test_a_benchmark_that_is_ended_leaves_no_process_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    sleeper = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(f'{{os.getpid()}}.'); time.sleep(600)"
    program = (
        "import signal, sys; from benchmarks.project.peers.process import first_cores, run; "
        "from catdog.edge.common.command import end_like_ctrl_c; end_like_ctrl_c(signal.SIGTERM); "
        f"run([sys.executable, '-c', {sleeper!r}], first_cores(1))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, cwd=ROOT) as benchmark:
        wait_until(lambda: note.is_file() and note.read_text().endswith("."))
        benchmark.terminate()
        benchmark.communicate(timeout=60)
    import psutil

    child = int(note.read_text().rstrip("."))
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert benchmark.returncode not in (0, None)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_nothing_of_our_python_reaches_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    said = run(
        [sys.executable, "-c", "import os, sys; print(os.environ.get('PYTHONPATH'), len(os.sched_getaffinity(0)))"], (0,)
    )
    assert said.stdout.split() == ["None", "1"]


def test_photographs_are_the_held_back_ones_and_of_each_label_as_many(class_folders: Path, tmp_path: Path) -> None:
    (class_folders / "validation").mkdir()
    for label in ("cats", "dogs"):
        (class_folders / label).rename(class_folders / "validation" / label)
    (class_folders / "validation" / "dogs" / "damaged.jpg").write_bytes(b"no picture")
    (class_folders / "train" / "cats").mkdir(parents=True)
    folder = tmp_path / "chosen"
    folder.mkdir()
    found = gather(str(class_folders), 7, ("cats", "dogs"), 0, folder)
    assert len(found.paths) in (6, 7)  # the damaged one may have been drawn
    assert set(found.paths) == set(map(str, folder.iterdir())) == set(found.truth)
    assert sum(label == "cats" for label in found.truth.values()) == 4
    assert found.data.endswith(f"validation pictures of {class_folders.name}")
    with pytest.raises(DatasetError, match="folders named birds"):
        gather(str(class_folders), 7, ("birds",), 0, folder)


def test_scripts_know_nothing_of_catdog() -> None:
    used = {peer.script for peer in PEERS.values()} | {peer.batch_script for peer in PEERS.values() if peer.batch_script}
    assert used <= {path.name for path in SCRIPTS.glob("*.py")}
    for path in SCRIPTS.glob("*.py"):
        assert not [name for name in imported(path) if name.startswith("catdog") or not name]


def test_opencv_is_told_the_models_size() -> None:
    contract = read_model_file(bundled_tflite()).contract
    assert contract is not None
    size = f"SIZE = ({contract.input.width}, {contract.input.height})"
    assert size in (SCRIPTS / "with_opencv.py").read_text().splitlines()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_peers_have_the_versions_that_we_have() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    ours_are = {name.replace("_", "-"): number for name, _, number in (line.partition("==") for line in lines)}
    for peer in PEERS.values():
        pins = dict(requirement.split("==") for requirement in peer.requirements)  # all are exact
        if peer.python is None:
            assert {name: pins[name] for name in pins if name in ours_are} == {
                name: ours_are[name] for name in pins if name in ours_are
            }


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--only", "litert,caffe"], 2, "--only out of litert"),
        (["--rounds", "0"], 2, "--rounds of 1 to 1,000"),
        (["--pictures", "0"], 2, "--pictures of 1"),
        (["--cores", "100000"], 2, "--cores of 1"),
        (["--colour"], 2, "unrecognized arguments: --colour"),
        (["--data", "absent"], 8, "absent, which does not exist"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["peers", *arguments]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_somewhere_else_than_in_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match="--source"):
        venv_of_catdog(tmp_path, tmp_path / "venvs")
    with pytest.raises(UsageError):
        PeerOptions(only=())


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["peers", "--help"])
    assert leaving.value.code == 0
    assert "--only litert,onnxruntime" in capsys.readouterr().out


def test_an_installed_package_says_that_it_needs_a_clone(tmp_path: Path) -> None:
    package = tmp_path / "installed" / "catdog"
    package.mkdir(parents=True)
    for room in ("edge", "train", "export"):
        (package / room).symlink_to(ROOT / room)
    shutil.copytree(ROOT / "benchmarks", package / "benchmarks", ignore=shutil.ignore_patterns("project", "results"))
    program = "import sys; from catdog.benchmarks.cli import main; sys.exit(main(['peers', '--help']))"
    ran = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(package.parent)}, cwd=folder, capture_output=True, text=True, check=False,
        )
        for folder in (tmp_path, ROOT)
    ]  # fmt: skip
    assert [each.returncode for each in ran] == [2, 0]
    assert "expected a clone of catdog for catdog-bench peers" in ran[0].stderr
    assert ran[0].stderr.count("\n") == 1
    assert ran[1].stdout.startswith("usage: catdog-bench peers")
