import json
import os
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import pytest
from commands import run

from catdog.edge.contract.artifact import read_model_file
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import LABELS, DemoFilm, draw_picture


def lines(*arguments: str) -> list[dict[str, Any]]:
    finished = run("catdog-edge", *arguments, "--json")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_json_line_is_the_documented_one(picture: Path) -> None:
    (line,) = lines(str(picture))
    assert set(line) == {"source", "frame", "label", "score", "scores", "age_ms", "latency_ms"}
    assert line["source"] == str(picture)
    assert line["frame"] == 0
    assert set(line["latency_ms"]) == {"capture", "decode", "preprocess", "invoke"}
    assert line["score"] == line["scores"][line["label"]] == max(line["scores"].values())
    assert line["age_ms"] >= sum(line["latency_ms"].values()) * 0.9


def test_text_line_is_for_readers(picture: Path) -> None:
    finished = run("catdog-edge", str(picture))
    (line,) = finished.stdout.splitlines()
    assert line.startswith(f"{picture}: ")
    assert line.endswith(" ms")


def test_demo_camera_sees_the_films_animals() -> None:
    film = DemoFilm()
    found = lines("--camera", "demo", "--buffer", "all", "--max-frames", str(film.frames_per_cycle))
    assert [line["frame"] for line in found] == list(range(film.frames_per_cycle))
    pets = [(line["label"], film.truth(line["frame"])) for line in found if film.truth(line["frame"]) in LABELS]
    assert {truth for _, truth in pets} == set(LABELS)
    assert sum(label == truth for label, truth in pets) >= 0.9 * len(pets)
    told = [event for line in found for event in line.get("events", ())]
    assert {f"{label} appeared" for label in LABELS} <= set(told)


@pytest.mark.slow
def test_two_runs_over_every_frame_differ_in_times_only() -> None:
    def answers() -> list[dict[str, Any]]:
        found = lines("--camera", "demo", "--buffer", "all", "--max-frames", "300", "--smooth", "1", "--motion-gate")
        return [{key: value for key, value in line.items() if key not in ("age_ms", "latency_ms")} for line in found]

    first = answers()
    assert first == answers()
    assert any(line.get("held") for line in first)
    assert any(line.get("events") for line in first)


def test_one_bad_picture_of_many_is_reported_and_the_rest_classified(tmp_path: Path) -> None:
    for seed in range(3):
        cv2.imwrite(str(tmp_path / f"{seed}.jpg"), draw_picture("dogs", seed))
    (tmp_path / "1b.jpg").write_text("this is text")
    finished = run("catdog-edge", str(tmp_path), "--json")
    assert finished.returncode == 11
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert ["label" in line for line in found] == [True, True, False, True]
    assert "1b.jpg" in found[2]["error"]
    first, last = finished.stderr.splitlines()
    assert "1b.jpg" in first
    assert "all 4 pictures; got 1" in last


def test_folder_is_shared_by_all_cores_and_told_in_order(tmp_path: Path) -> None:
    for seed in range(20):
        cv2.imwrite(str(tmp_path / f"{seed:02}.jpg"), draw_picture(("cats", "dogs")[seed % 2], seed))
    (tmp_path / "07b.jpg").write_text("this is text")
    together = run("catdog-edge", str(tmp_path), "--json")
    assert together.returncode == 11
    found = [json.loads(line) for line in together.stdout.splitlines()]
    assert [Path(line["source"]).name for line in found] == sorted(path.name for path in tmp_path.iterdir())
    alone = run("catdog-edge", str(tmp_path), "--json", "--max-fps", "1000", "--threads", "1")
    scores = [json.loads(line).get("scores") for line in alone.stdout.splitlines()]
    assert [line.get("scores") for line in found] == scores
    assert len(run("catdog-edge", str(tmp_path), "--max-frames", "12").stdout.splitlines()) == 11


def test_paths_on_stdin(tmp_path: Path) -> None:
    for seed in range(3):
        cv2.imwrite(str(tmp_path / f"a cat {seed}.jpg"), draw_picture("cats", seed))
    finished = shell(f"cd {tmp_path} && (ls *.jpg; echo; echo none.jpg) | catdog-edge - --json")
    assert finished.returncode == 11
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [line["source"] for line in found] == ["a cat 0.jpg", "a cat 1.jpg", "a cat 2.jpg", "none.jpg"]
    assert ["label" in line for line in found] == [True, True, True, False]
    odd = shell(f"cd {tmp_path} && printf '%s\\n' 'a cat 0.jpg' $'\\xff.jpg' /dev/zero . | catdog-edge - --json")
    assert odd.returncode == 11
    assert ["label" in json.loads(line) for line in odd.stdout.splitlines()] == [True, False, False, False]


def test_folder_is_watched(tmp_path: Path) -> None:
    whole = cv2.imencode(".jpg", draw_picture("cats", 1))[1].tobytes()
    (tmp_path / "1.jpg").write_bytes(whole)
    program = [str(Path(sys.executable).parent / "catdog-edge"), "--watch", str(tmp_path), "--json"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["source"].endswith("1.jpg")
    (tmp_path / "2.jpg").write_bytes(whole[:-100])  # still being written
    (tmp_path / "3.jpg").write_bytes(whole)
    assert json.loads(process.stdout.readline())["source"].endswith("3.jpg")
    (tmp_path / "2.jpg").write_bytes(whole)
    line = json.loads(process.stdout.readline())
    assert line["source"].endswith("2.jpg")
    assert "label" in line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


def test_pattern_is_watched(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        cv2.imwrite(str(tmp_path / name), draw_picture("cats", 1))
    program = [str(Path(sys.executable).parent / "catdog-edge"), "--watch", str(tmp_path / "*.jpg"), "--json"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["source"].endswith("a.jpg")
    cv2.imwrite(str(tmp_path / "c.jpg"), draw_picture("dogs", 1))
    assert json.loads(process.stdout.readline())["source"].endswith("c.jpg")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    nowhere = run("catdog-edge", "--watch", str(tmp_path / "none" / "*.jpg"))
    assert nowhere.returncode == 3


def test_cameras_are_listed() -> None:
    finished = run("catdog-edge", "--list-cameras")
    assert finished.returncode == 0
    if not list(Path("/dev").glob("video*")):
        assert (finished.stdout, "no cameras" in finished.stderr) == ("", True)


def test_pictures_can_be_turned_and_cut(picture: Path) -> None:
    turned = picture.with_name("turned.png")
    cv2.imwrite(str(turned), cv2.rotate(cv2.imread(str(picture)), cv2.ROTATE_90_COUNTERCLOCKWISE))
    (line,), (straight,) = lines(str(turned), "--rotate", "90"), lines(str(picture))
    assert line["scores"] == straight["scores"]
    assert lines(str(picture), "--crop", "10,10,100,100")[0]["scores"] != straight["scores"]
    assert run("catdog-edge", str(picture), "--crop", "0,0,9000,10").returncode == 4


def test_weak_answer_is_unsure(picture: Path) -> None:
    assert lines(str(picture), "--threshold", "0")[0]["label"] == "cats"
    (line,) = lines(str(picture), "--threshold", "1")
    assert line["label"] == "unsure"
    assert line["score"] == max(line["scores"].values())


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_signals_end_it_at_once_with_what_was_said_in_place(name: str, code: int) -> None:
    program = [str(Path(sys.executable).parent / "catdog-edge"), "--camera", "demo", "--json"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["source"] == "demo"
    process.send_signal(getattr(signal, name))
    rest, trouble = process.communicate(timeout=30)
    assert process.returncode == code
    assert all(json.loads(line)["source"] == "demo" for line in rest.splitlines())
    assert len(trouble.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_program_is_out_after_a_signal_whatever_it_waits_for(number: signal.Signals) -> None:
    program = f"""if True:
        import signal, threading
        from catdog.edge.program import cli

        def hang():
            taken = threading.Lock()
            taken.acquire()
            try:
                signal.raise_signal({number})
            finally:
                taken.acquire()

        cli.main, cli._GRACE_S = hang, 0.2
        cli.program()
    """
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 128 + number


@pytest.fixture
def bad_inputs(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jpg").write_text("this is text")
    whole = cv2.imencode(".jpg", draw_picture("cats", 1))[1].tobytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "whole.jpg").write_bytes(whole)
    (tmp_path / "no.tflite").write_text("this is text")
    bundled = read_model_file(bundled_tflite())
    (tmp_path / "bare.tflite").write_bytes(bundled.data[: bundled.model_bytes])
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--camera", "63"), 5),
        (("--camera", "-1"), 2),
        (("--camera", "kitchen"), 2),
        (("none.jpg",), 3),
        (("empty",), 3),
        (("*.png",), 3),
        (("text.jpg",), 4),
        (("cut.jpg",), 4),
        (("whole.jpg", "--model", "no.tflite"), 6),
        (("whole.jpg", "--model", "none.tflite"), 3),
        (("whole.jpg", "--model", "bare.tflite"), 6),
        (("whole.jpg", "--labels", "a,b"), 2),
        (("whole.jpg", "--threads", "0"), 2),
        (("whole.jpg", "--threads", "100000"), 2),
        (("",), 3),
        (("/dev/zero",), 4),
        (("whole.jpg", "--camera", "demo"), 2),
        (("http://a..b/x",), 2),
        (("http://127.0.0.1:1/b\u00fc.jpg",), 5),
        (("whole.jpg", "--max-frames", "0"), 2),
        (("whole.jpg", "--threads", "many"), 2),
        (("whole.jpg", "--threshold", "2"), 2),
        (("whole.jpg", "--smooth", "-1"), 2),
        (("whole.jpg", "--max-fps", "0"), 2),
        (("whole.jpg", "--rotate", "45"), 2),
        (("--camera", "0", "--resolution", "640"), 2),
        (("--camera", "0", "--resolution", "1x1"), 2),
        (("--camera", "0", "--fps", "0"), 2),
        (("whole.jpg", "--crop", "1,2"), 2),
        (("--watch", "none"), 3),
        (("--watch",), 2),
        (("http://127.0.0.1:1/stream",), 5),
        (("rtsp://127.0.0.1:1/stream",), 5),
        (("http://no.such.host.invalid/stream",), 5),
        ((), 2),
    ],
)
def test_bad_input_is_one_clear_line_and_a_code(bad_inputs: Path, arguments: tuple[str, ...], code: int) -> None:
    finished = run("catdog-edge", *arguments, cwd=bad_inputs)
    assert (finished.returncode, finished.stdout) == (code, "")
    (line,) = finished.stderr.splitlines()
    assert line.startswith("catdog-edge: expected ")
    assert "; got " in line
    assert "Traceback" not in line


def test_stream_that_accepts_and_says_nothing_is_given_up(bad_inputs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        finished = run("catdog-edge", f"http://127.0.0.1:{server.getsockname()[1]}/s", "--timeout", "0.2")
    assert finished.returncode == 5
    assert len(finished.stderr.splitlines()) == 1


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "catdog-edge"
    line = command.replace("catdog-edge", str(program))
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_closed_and_full_streams_keep_the_exit_code(picture: Path) -> None:
    assert shell(f"catdog-edge {picture} >&-").returncode == 10
    assert shell(f"catdog-edge {picture} > /dev/full").returncode == 10
    assert shell(f"catdog-edge {picture} 2>&-").returncode == 0
    assert shell("catdog-edge none.jpg 2> /dev/full").returncode == 3


def test_names_the_terminal_has_no_signs_for(picture: Path) -> None:
    named = picture.rename(picture.with_name("Kätzchen \u732b.jpg"))
    for option in ("", "--json"):
        finished = shell(f"catdog-edge '{named}' {option}", PYTHONIOENCODING="ascii")
        assert (finished.returncode, finished.stderr) == (0, "")


def test_a_broken_video_does_not_hide_the_pictures(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), draw_picture("dogs", 1))
    (tmp_path / "b.mp4").write_bytes(b"no video")
    finished = run("catdog-edge", str(tmp_path))
    assert finished.returncode == 11
    assert len(finished.stdout.splitlines()) == 1
    assert "b.mp4" in finished.stderr


def test_reader_that_leaves_early_is_no_error() -> None:
    finished = shell("catdog-edge --camera demo --buffer all --max-frames 200 | head -n 1")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert len(finished.stdout.splitlines()) == 1


def test_help_has_examples_and_exit_codes() -> None:
    finished = run("catdog-edge", "--help")
    assert finished.returncode == 0
    assert "examples:" in finished.stdout
    assert "exit codes:" in finished.stdout


def test_version() -> None:
    assert run("catdog-edge", "--version").stdout == f"catdog {version('catdog-edge')}\n"


def test_edge_never_imports_tensorflow() -> None:
    program = "import catdog.edge, catdog.edge.program.classify, sys; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


# Sends itself a signal when a module is looked for, and else starts a command as the shell does.
SIGNALLED_WHILE_LOADING = """
import os, runpy, sys
number, room, module, picture = sys.argv[1:]
class Finder:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), int(number))
sys.meta_path.insert(0, Finder())
sys.argv[1:] = [picture]
runpy.run_module(f"catdog.{room}", run_name="__main__")
"""
MODULES = [
    *(
        ("edge", "catdog-edge", module)
        for module in (
            *("catdog.edge.program.cli", "catdog.edge.common.command", "argparse", "catdog.edge.program.classify"),
            *("numpy", "cv2", "simplejpeg", "ai_edge_litert"),
        )
    ),
    ("train", "catdog-train", "catdog.train.cli"),
    ("train", "catdog-train", "catdog.train.options"),
    ("export", "catdog-export", "catdog.export.cli"),
    ("benchmarks", "catdog-bench", "catdog.benchmarks.cli"),
]


@pytest.mark.parametrize(("number", "says"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "ended by SIGTERM")])
@pytest.mark.parametrize(("room", "command", "module"), MODULES)
def test_signal_while_it_loads_is_one_line(
    room: str, command: str, module: str, number: signal.Signals, says: str, picture: Path
) -> None:
    arguments = [sys.executable, "-c", SIGNALLED_WHILE_LOADING, str(int(number)), room, module, str(picture)]
    finished = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout, finished.stderr) == (128 + number, "", f"{command}: {says}\n")
