"""Sinks with real files and programs; a slow or failing one never holds up the camera."""

import csv
import json
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

from catdog.edge.errors import OutputError, UsageError
from catdog.edge.inference.classifier import Prediction, Timings
from catdog.edge.regions.boxes import Box
from catdog.edge.regions.watch import Pet
from catdog.edge.runner.events import APPEARED, Event
from catdog.edge.runner.observation import Observation
from catdog.edge.runner.results import Result
from catdog.edge.sinks.command import CommandSink
from catdog.edge.sinks.drawing import annotate
from catdog.edge.sinks.queue import QueuedSink
from catdog.edge.sinks.record import RecordSink
from catdog.edge.sinks.table import CsvSink
from catdog.edge.sinks.uncertain import UncertainSink
from catdog.edge.sources import Change, Frame, State
from catdog.edge.synthetic import draw_picture

NOON = 1_700_000_000.0


def seen(number: int, score: float = 0.9, events: tuple[Event, ...] = ()) -> Observation:
    picture = draw_picture("cats", number, width=160, height=120)
    scores = {"cats": score, "dogs": 1 - score}
    answer = Prediction("cats", score, scores, Timings(0.0, 0.0, 0.0))
    frame = Frame("camera", number, float(number), 0.0, 0.0, picture, scene_s=float(number))
    return Observation(Result(frame, 5.0, answer), events, NOON + number)


APPEARANCE = Event("camera", APPEARED, "cats", 0.93, 3.0, 3)


class Probe:
    """A sink that waits until it is let go, and may fail."""

    name, wants_pictures, only_events = "probe", False, False

    def __init__(self, error: Exception | None = None) -> None:
        self.gate, self.taken, self.error, self.closed = threading.Event(), 0, error, False

    def take(self, what: Observation) -> None:
        self.gate.wait(30)
        self.taken += 1
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed = True


def test_boxes_are_drawn_where_the_pets_are() -> None:
    result = seen(1).result
    assert isinstance(result, Result)
    assert result.frame.picture is not None
    before = result.frame.picture.copy()
    pet = Pet("cats", 0.98, Box(60, 50, 40, 30), {})
    drawn = annotate(result._replace(pets=(pet,))).astype(int)
    plain = annotate(result._replace(pets=())).astype(int)
    rows, columns = np.nonzero(np.abs(drawn - plain).max(axis=2))
    assert (columns.min(), rows.max()) == (pytest.approx(60, abs=1), pytest.approx(79, abs=1))
    assert np.array_equal(drawn[60:70, 70:90], before[60:70, 70:90])  # the pet itself is not painted over
    assert np.array_equal(result.frame.picture, before)
    whole = Pet("cats", 0.98, Box(0, 0, 160, 120), {})
    assert np.array_equal(annotate(result._replace(pets=(whole,))), plain)


def test_doubtful_frame_keeps_its_boxes(tmp_path: Path) -> None:
    sink = UncertainSink(tmp_path, lambda line: None, most=1)
    pets = (Pet("cats", 0.6, Box(60, 50, 40, 30), {}),)
    for number in (1, 9):
        step = seen(number, score=0.6)
        assert isinstance(step.result, Result)
        sink.take(step._replace(result=step.result._replace(pets=pets)))
    (picture,), (known,) = tmp_path.rglob("*.jpg"), tmp_path.rglob("*.json")
    assert picture.stem == known.stem
    assert json.loads(known.read_text())["pets"] == [{"label": "cats", "score": 0.6, "box": [60, 50, 40, 30]}]


def test_sink_that_blocks_loses_frames_and_holds_up_nothing() -> None:
    probe, said = Probe(), list[str]()
    queued = QueuedSink(probe, said.append, waiting=8)
    step = seen(0)
    for number in range(1000):
        queued.take(step._replace(at=number))
    assert queued.dropped >= 900  # a loaded machine lets it take some
    probe.gate.set()
    queued.close()
    assert probe.closed
    assert probe.taken + queued.dropped == 1000
    assert probe.taken > 0
    assert f"{queued.dropped:,} dropped" in said[-1]


def test_sink_that_fails_is_counted_told_once_and_asked_again() -> None:
    probe, said = Probe(OSError(28, "No space left on device")), list[str]()
    probe.gate.set()
    queued = QueuedSink(probe, said.append, waiting=100)
    for _ in range(50):
        queued.take(seen(0))
    queued.close()
    assert (probe.taken, queued.failed) == (50, 50)
    assert ["No space left" in line for line in said] == [True, False]


def test_signal_that_interrupts_a_step_leaves_a_queue_that_still_ends() -> None:
    program = """if True:
        import signal, sys, threading
        from catdog.edge.sinks.queue import QueuedSink

        class Sink:
            name, wants_pictures, only_events = "probe", False, False
            take = close = staticmethod(lambda *seen: None)

        class Interrupted(BaseException):
            pass

        def interrupt(*_):
            raise Interrupted

        signal.signal(signal.SIGALRM, interrupt)
        for number in range(100):
            queued = QueuedSink(Sink(), print, waiting=8)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                while True:
                    queued.take("a step")
            except Interrupted:
                queued.close()
        print(number + 1, "ended,", sum(thread.name == "sink probe" for thread in threading.enumerate()), "left")
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.splitlines()[-1:] == ["100 ended, 0 left"], ended.stderr


def test_csv_has_a_line_a_frame_and_goes_on_with_an_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    for start in (0, 2):
        sink = CsvSink(path, ("cats", "dogs"))
        sink.take(seen(start))
        sink.take(seen(start + 1, events=(APPEARANCE,)))
        sink.take(Observation(Change("camera", State.OFFLINE, "unplugged", 2.0), (), NOON))
        sink.close()
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["frame"] for row in rows] == ["0", "1", "", "2", "3", ""]
    assert rows[1]["events"] == "cats appeared"
    assert (rows[2]["state"], rows[2]["message"]) == ("OFFLINE", "unplugged")
    assert float(rows[0]["score of cats"]) == 0.9
    assert rows[0]["time"] == "2023-11-14T22:13:20.000+00:00"
    pets = tuple(Pet(label, 0.98, Box(left, 220, 96, 80), {}) for label, left in (("cats", 410), ("dogs", 20)))
    sink = CsvSink(tmp_path / "two.csv", ("cats", "dogs"))
    whole = seen(0)
    sink.take(whole._replace(result=whole.result._replace(pets=pets)))
    sink.close()
    (row,) = csv.DictReader((tmp_path / "two.csv").read_text().splitlines())
    assert row["pets"] == "cats 0.98 410 220 96 80; dogs 0.98 20 220 96 80"
    with pytest.raises(OutputError, match="columns"):
        CsvSink(path, ("cats", "dogs", "birds"))
    with pytest.raises(OutputError):
        CsvSink(tmp_path / "none" / "day.csv", ("cats",))


def test_doubtful_frames_are_kept_apart_and_capped(tmp_path: Path) -> None:
    told: list[str] = []
    sink = UncertainSink(tmp_path / "doubtful", told.append, below=0.8, most=3, apart_s=2.0)
    for number, score in enumerate([0.9, 0.6, 0.6, 0.9, 0.55, 0.7, 0.6, 0.7, 0.75]):
        sink.take(seen(number, score))
    sink.close()
    assert told == [f"4 with a score below 0.8 kept in {tmp_path / 'doubtful'}"]
    names = sorted(path.relative_to(tmp_path / "doubtful").as_posix() for path in (tmp_path / "doubtful").rglob("*.jpg"))
    assert [name.split("-", 1)[1] for name in names] == ["0.60.jpg", "0.60.jpg", "0.75.jpg"]  # spread over the time
    assert all(name.startswith("unlabelled/cats/") for name in names)
    assert cv2.imread(str(tmp_path / "doubtful" / names[0])).shape == (120, 160, 3)
    # A later start knows what is there.
    again = UncertainSink(tmp_path / "doubtful", told.append, most=3)
    again.take(seen(100, 0.5))
    assert len(list((tmp_path / "doubtful").rglob("*.jpg"))) == 3
    for wrong in ({"most": 0}, {"below": 0.0}, {"below": 1.5}, {"most_mb": 0.0}, {"every_s": -1.0}):
        with pytest.raises(UsageError):
            UncertainSink(tmp_path / "doubtful", told.append, **wrong)  # type: ignore[arg-type]


def test_who_appears_and_a_frame_now_and_then_are_kept_too(tmp_path: Path) -> None:
    told: list[str] = []
    sink = UncertainSink(tmp_path, told.append, every_s=30.0)
    for number in range(0, 100, 10):
        sink.take(seen(number, 0.95, (APPEARANCE,) if number == 20 else ()))
    sink.close()
    assert told == [f"1 where somebody appeared, 2 at steady times kept in {tmp_path}"]
    kept = sorted(tmp_path.rglob("*.json"), key=lambda path: path.name)
    assert [json.loads(path.read_text())["why"] for path in kept] == ["appeared", "steady", "steady"]
    assert [path.name[9:15] for path in kept] == ["221340", "221410", "221440"]


def test_near_copies_and_what_is_over_the_size_are_not_kept_and_nothing_labelled_goes(tmp_path: Path) -> None:
    labelled = tmp_path / "cats" / "20231114T221000.000-0.50.jpg"
    labelled.parent.mkdir()
    labelled.write_bytes(bytes(50_000))
    sink = UncertainSink(tmp_path, lambda line: None, most_mb=0.03)
    picture = draw_picture("dogs", 3, width=160, height=120)
    noise = np.random.default_rng(1)
    for number in range(0, 40, 4):  # the same scene, with a camera's noise: one look
        step = seen(number, 0.5)
        assert isinstance(step.result, Result)
        noisy = np.clip(picture + noise.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
        sink.take(step._replace(result=step.result._replace(frame=step.result.frame._replace(picture=noisy))))
    assert len(list((tmp_path / "unlabelled").rglob("*.jpg"))) == 1
    for number in range(40, 80, 4):
        sink.take(seen(number, 0.5))
    left = list((tmp_path / "unlabelled").rglob("*.jpg"))
    assert 1 < len(left) < 10
    assert sum(path.stat().st_size for path in left) <= 30_000
    assert {path.with_suffix(".json") for path in left} == set((tmp_path / "unlabelled").rglob("*.json"))
    assert labelled.exists()


def test_every_doubtful_picture_of_a_folder_is_kept_as_it_is_under_its_guess(tmp_path: Path) -> None:
    for number, folder in enumerate(("a", "b", "c")):
        for name in ("1.jpg", f"only-{folder}.png"):
            path = tmp_path / "photos" / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), draw_picture("cats", 10 * number + len(name)))
    command = ("catdog-edge", "photos", "--json", "--save-uncertain", "doubtful", "--uncertain-below", "1", "--save-limit", "1")
    finished = run(*command, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    originals = {path.read_bytes() for path in (tmp_path / "photos").rglob("*.*")}
    kept = sorted((tmp_path / "doubtful").rglob("*.*"))
    assert {path.read_bytes() for path in kept} == originals
    assert len(kept) == 6
    assert {path.parent.name for path in kept} == {json.loads(line)["label"] for line in finished.stdout.splitlines()}
    assert sum(path.name == "1.jpg" for path in kept) >= 1
    assert "6 with a score below 1 kept in doubtful" in finished.stderr
    assert run(*command, cwd=tmp_path).returncode == 0  # the same again: nothing is there twice
    assert len(list((tmp_path / "doubtful").rglob("*.*"))) == 6


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_video_is_recorded_in_pieces_with_the_answer_in_it(tmp_path: Path, suffix: str) -> None:
    sink = RecordSink(tmp_path / f"yard{suffix}", fps=1.0, piece_s=10.0)
    for number in range(25):
        sink.take(seen(number))
    sink.close()
    pieces = sorted(tmp_path.glob(f"yard-*{suffix}"))
    assert [path.stem for path in pieces] == [f"yard-20231114T{time}.000" for time in ("221320", "221330", "221340")]
    capture = cv2.VideoCapture(str(pieces[0]))
    frames = []
    while (frame := capture.read())[0]:
        frames.append(frame[1])
    assert len(frames) == 10
    original = draw_picture("cats", 0, width=160, height=120)
    assert frames[0][:12, :40].mean() < original[:12, :40].mean() - 20  # the label's dark ground
    assert np.abs(frames[0][60:].astype(int) - original[60:]).mean() < 20


def test_what_is_around_events_is_recorded_and_the_oldest_pieces_go(tmp_path: Path) -> None:
    sink = RecordSink(tmp_path / "yard.avi", fps=1.0, only_events=True, before_s=2.0, around_s=3.0, most_mb=0.05, piece_s=1e9)
    for number in range(60):
        sink.take(seen(number, events=(APPEARANCE,) if number % 20 == 10 else ()))
    sink.close()
    pieces = sorted(tmp_path.glob("yard-*.avi"))
    assert pieces[-1].stem == "yard-20231114T221408.000"  # two seconds before the event at 50
    assert len(pieces) < 3
    assert cv2.VideoCapture(str(pieces[-1])).get(cv2.CAP_PROP_FRAME_COUNT) == 6
    with pytest.raises(UsageError, match="mkv"):
        RecordSink(tmp_path / "yard.gif")
    with pytest.raises(UsageError, match="limit"):
        RecordSink(tmp_path / "yard.avi", most_mb=float("nan"))


def test_film_plays_at_the_speed_of_life_whatever_the_cameras_rate(tmp_path: Path) -> None:
    for name, rate in (("slow", 2), ("fast", 30)):
        sink = RecordSink(tmp_path / f"{name}.avi", fps=10.0)
        for number in range(4 * rate):
            step = seen(number)
            assert isinstance(step.result, Result)
            frame = step.result.frame._replace(scene_s=number / rate)
            sink.take(step._replace(result=step.result._replace(frame=frame)))
        sink.close()
        (piece,) = tmp_path.glob(f"{name}-*.avi")
        assert 35 <= cv2.VideoCapture(str(piece)).get(cv2.CAP_PROP_FRAME_COUNT) <= 41


def test_program_gets_the_event_but_no_shell_and_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = pytest.importorskip("catdog.edge.sinks.mqtt.broker", reason="the extra [mqtt] is not installed")
    token = pytest.importorskip("catdog.edge.sinks.web.access", reason="the extra [web] is not installed").TOKEN_VARIABLE
    for name in (token, broker.USER, broker.PASSWORD):
        monkeypatch.setenv(name, "open sesame")
    script = tmp_path / "feeder.sh"
    script.write_text('#!/bin/sh\nenv | grep ^CATDOG_ > "$1"; echo "$2" >> "$1"; echo noise\n')
    script.chmod(0o755)
    CommandSink(f"{script} {tmp_path / 'out'} '$(touch evil)'").take(seen(3, events=(APPEARANCE,)))
    told = (tmp_path / "out").read_text().splitlines()
    assert {"CATDOG_EVENT=appeared", "CATDOG_LABEL=cats", "CATDOG_SCORE=0.9300", "CATDOG_SOURCE=camera"} <= set(told)
    assert told[-1] == "$(touch evil)"
    assert not [line for line in told if "sesame" in line]


def test_one_failing_event_does_not_keep_the_next_from_its_program(tmp_path: Path) -> None:
    script = tmp_path / "feeder.sh"
    script.write_text(f"#!/bin/sh\necho $CATDOG_LABEL >> {tmp_path / 'out'}\nexit 3\n")
    script.chmod(0o755)
    sink = CommandSink(str(script))
    with pytest.raises(OutputError, match="got 3"):
        sink.take(seen(3, events=(APPEARANCE, APPEARANCE._replace(label="dogs"))))
    assert (tmp_path / "out").read_text().split() == ["cats", "dogs"]


def test_sink_that_breaks_in_ways_of_its_own_goes_on(tmp_path: Path) -> None:
    probe, said = Probe(ValueError("odd")), list[str]()
    probe.gate.set()
    queued = QueuedSink(probe, said.append)
    for _ in range(5):
        queued.take(seen(0))
    queued.close()
    assert (probe.taken, queued.failed) == (5, 5)
    assert "odd" in said[0]


def test_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    script = tmp_path / "hang.sh"
    script.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path / 'child'}\nwait\n")
    script.chmod(0o755)
    with pytest.raises(OutputError, match=r"0\.5 s"):
        CommandSink(str(script), limit_s=0.5).take(seen(3, events=(APPEARANCE,)))
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")

    def is_gone() -> bool:
        try:
            return state.read_text().split()[2] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    deadline = time.monotonic() + 10  # a signal takes effect when its process is next run
    while not is_gone():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("command", ["", "no-such-program-here", "'unclosed"])
def test_program_that_cannot_be_run_is_told_at_once(command: str) -> None:
    with pytest.raises(UsageError):
        CommandSink(command)


def test_window_without_an_opencv_that_has_any() -> None:
    if cv2.currentUIFramework():
        pytest.skip("this OpenCV has windows")
    finished = run("catdog-edge", "--camera", "demo", "--show", "--max-frames", "1")
    assert finished.returncode == 7
    (line,) = finished.stderr.splitlines()
    assert "pip install opencv-python" in line


def test_all_of_them_on_the_demo_camera(tmp_path: Path) -> None:
    script = tmp_path / "note.sh"
    script.write_text(f'#!/bin/sh\necho "$CATDOG_LABEL $CATDOG_EVENT" >> {tmp_path / "events"}\n')
    script.chmod(0o755)
    finished = run(
        "catdog-edge", "--camera", "demo", "--max-frames", "60", "--json", "--csv", "day.csv", "--record", "film.avi",
        "--save-uncertain", "doubtful", "--on-event", str(script), cwd=tmp_path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    assert len((tmp_path / "day.csv").read_text().splitlines()) >= 61
    (film,) = tmp_path.glob("film-*.avi")
    assert film.stat().st_size > 10_000
    events = [event for line in lines for event in line.get("events", ())]
    assert events == ((tmp_path / "events").read_text().splitlines() if (tmp_path / "events").exists() else [])


def test_full_disk_is_told_and_inference_goes_on(tmp_path: Path) -> None:
    finished = subprocess.run(
        [str(Path(sys.executable).parent / "catdog-edge"), "--camera", "demo", "--buffer", "all", "--max-frames", "100",
         "--csv", "day.csv"],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) >= 100
    told, counted = finished.stderr.splitlines()
    assert "File too large; going on without" in told
    assert "failed" in counted
    assert (tmp_path / "day.csv").stat().st_size == 4096
    assert run("catdog-edge", "--camera", "demo", "--csv", "/dev/full", cwd=tmp_path).returncode == 10
