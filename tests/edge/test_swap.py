"""Another model while the program runs: no frame without an answer, whatever the other model is."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from catdog.edge.common.files import write_text
from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.errors import ModelError, OutputError, UsageError
from catdog.edge.inference.classifier import Classifier, Prediction, Timings
from catdog.edge.inference.smoothing import UNSURE
from catdog.edge.models import bundled_tflite
from catdog.edge.program.cli import main
from catdog.edge.regions.options import OFF, RegionOptions
from catdog.edge.runner.comparison import Comparison, SwapOptions
from catdog.edge.runner.loop import RunOptions, run
from catdog.edge.runner.observation import Observation
from catdog.edge.runner.results import Result
from catdog.edge.runner.swapping import Swapping
from catdog.edge.runner.trial import judging_of
from catdog.edge.sinks.mqtt.discovery import device_document
from catdog.edge.sinks.mqtt.known import Known
from catdog.edge.sources import Change, InUse, Source, SourceOptions, State, open_sources
from catdog.edge.sources.demo import DemoSource
from catdog.edge.store import ModelStore
from catdog.edge.synthetic import draw_picture

PETS = ("cats", "dogs", "neither")
QUICK = SwapOptions(compare_s=0.3, look_s=0.02)
WHOLE_FRAMES = RunOptions(threads=1, regions=RegionOptions(OFF))
PATIENCE_S = 30.0  # of a busy machine


def load(path: Path, threads: int) -> Classifier:
    return Classifier(path, threads=threads)


def relabelled(*labels: str) -> bytes:
    """The bundled `fast` under other labels, sealed anew."""
    file = read_model_file(bundled_tflite("fast"))
    assert file.contract is not None
    return append_to_tflite(file.data[: file.model_bytes], replace(file.contract, labels=labels))


class Running:
    """A program that runs: its store, what it says, and every frame's answer."""

    def __init__(
        self,
        folder: Path,
        source: Source | None = None,
        options: SwapOptions = QUICK,
        how: RunOptions = WHOLE_FRAMES,
        load: Callable[[Path, int], Classifier] = load,
    ) -> None:
        self.store, self.said = ModelStore(folder), list[str]()
        self.swapping = Swapping(ModelStore(folder, self.said.append), bundled_tflite(), load, options, self.said.append)
        self.results: list[Result] = []
        sources = [source or DemoSource(paced=False)]
        self._steps = run(sources, self.swapping.load, how, judging_of(self.swapping))

    def until_news(self) -> InUse:
        """Run on until something becomes of a model, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        for step in self._steps:
            if isinstance(step, Change) and step.model is not None:
                return step.model
            if isinstance(step, Result):
                self.results.append(step._replace(frame=step.frame._replace(picture=None)))
            assert time.monotonic() < deadline, self.said
        raise AssertionError("it ended")

    def on(self, frames: int) -> list[Result]:
        """Run on for so many frames, and return their results."""
        count = len(self.results)
        while len(self.results) < count + frames:
            step = next(self._steps)
            if isinstance(step, Result):
                self.results.append(step._replace(frame=step.frame._replace(picture=None)))
        return self.results[count:]

    def use(self, data: bytes) -> str:
        return self.store.use(self.store.put(data, said="a test").id, why="a test").id

    def in_store(self) -> str:
        current = self.store.current()
        assert current is not None
        return current.id

    def every_frame_has_an_answer(self) -> bool:
        numbers = [result.frame.number for result in self.results]
        return numbers == list(range(len(numbers))) and all(result.prediction is not None for result in self.results)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    program = Running(tmp_path / "models")
    yield program
    program.swapping.close()


def test_models_are_swapped_between_two_frames_and_gone_back_to(running: Running) -> None:
    begun = running.until_news()
    assert (begun.kind, begun.name, begun.id) == ("begun", "default", running.in_store())
    running.on(5)
    for name in ("fast", "tiny"):
        id = running.use(bundled_tflite(name).read_bytes())
        news = running.until_news()
        assert (news.kind, news.id, news.name) == ("swapped", id, name)
        assert news.compared
        assert news.agreed is not None
        assert news.agreed > 0.5 * news.compared
        running.on(3)
    fast = running.store.back(why="by hand")
    news = running.until_news()
    assert (news.kind, news.id, news.compared) == ("swapped", fast.id, None)  # it was proven when it came in use
    running.on(3)
    assert running.every_frame_has_an_answer()
    assert running.said == []


def test_a_swap_with_regions_smoothing_and_motion_gate_to_other_labels(tmp_path: Path) -> None:
    how = RunOptions(threads=1, smooth_s=1.0, motion_gate=True, threshold=0.6)
    program = Running(tmp_path, how=how)
    assert program.until_news().kind == "begun"
    program.on(10)
    id = program.use(relabelled("cats", "wolves", "neither"))
    news = program.until_news()
    assert (news.kind, news.id, news.labels) == ("swapped", id, ("cats", "wolves", "neither"))
    for result in program.on(40):
        assert result.prediction is not None
        assert tuple(result.prediction.scores) == news.labels
    program.store.back()
    assert program.until_news().labels == ("cats", "dogs", "neither")
    program.on(5)
    assert program.every_frame_has_an_answer()
    program.swapping.close()


def test_answers_that_go_astray_are_not_taken(running: Running) -> None:
    default = running.until_news().id
    turned = running.use(relabelled("neither", "cats", "dogs"))
    news = running.until_news()
    assert (news.kind, news.id, news.other) == ("refused", default, turned)
    assert news.compared
    running.on(3)
    running.swapping.close()  # by then the store has been told
    assert running.in_store() == default
    choice = running.store.choice()
    assert choice is not None
    assert "same answer on" in choice.why
    assert running.every_frame_has_an_answer()
    assert {result.prediction.label for result in running.results if result.prediction} <= {"cats", "dogs", "neither"}


def test_a_file_that_is_damaged_is_not_taken(running: Running) -> None:
    default = running.until_news().id
    fast = running.store.put(bundled_tflite("fast").read_bytes(), said="a test")
    fast.path.write_bytes(bundled_tflite("fast").read_bytes()[:100_000])
    with pytest.raises(ModelError):
        running.store.use(fast.id)
    write_text(running.store.folder / "current.json", json.dumps({"current": fast.id, "before": [default]}))
    while len(running.said) < 2:
        running.on(1)
    assert "cut short" in running.said[0]
    assert f"going on with {default}" in running.said[1]
    tiny = running.use(bundled_tflite("tiny").read_bytes())  # it goes on looking
    assert running.until_news().id == tiny
    assert running.every_frame_has_an_answer()


class Failing(Classifier):
    """A model that fails on what shows something, and not on a blank picture."""

    def classify(self, picture: object, *, colours: str = "bgr") -> Prediction:
        if np.any(picture):  # type: ignore[call-overload]
            raise RuntimeError("the runtime has crashed")
        return super().classify(picture, colours=colours)


def load_failing_fast(path: Path, threads: int) -> Classifier:
    is_fast = path.read_bytes() == bundled_tflite("fast").read_bytes()
    return Failing(path, threads=threads) if is_fast else Classifier(path, threads=threads)


@pytest.mark.parametrize("compare_s", [0.0, 0.3], ids=["in use", "while compared"])
def test_what_fails_on_frames_is_given_up_and_no_frame_is_lost(tmp_path: Path, compare_s: float) -> None:
    program = Running(tmp_path, options=replace(QUICK, compare_s=compare_s), load=load_failing_fast)
    default = program.until_news().id
    program.on(3)
    fast = program.use(bundled_tflite("fast").read_bytes())
    news = program.until_news()
    if not compare_s:
        assert (news.kind, news.id) == ("swapped", fast)
        news = program.until_news()
    assert (news.kind, news.id, news.other) == ("refused" if compare_s else "back", default, fast)
    program.on(3)
    assert program.every_frame_has_an_answer()
    program.swapping.close()
    assert program.in_store() == default
    assert program.store.choice().before == ()  # type: ignore[union-attr]


class Wrong(Classifier):
    """A model whose numbers are none, for what shows something."""

    def classify(self, picture: object, *, colours: str = "bgr") -> Prediction:
        if np.any(picture):  # type: ignore[call-overload]
            raise ModelError("scores that are numbers", got="[nan]", fix="Export or train the model again.")
        return super().classify(picture, colours=colours)


def test_one_that_fails_is_replaced_at_once(tmp_path: Path) -> None:
    def load_wrong_default(path: Path, threads: int) -> Classifier:
        is_default = path.read_bytes() == bundled_tflite().read_bytes()
        return Wrong(path, threads=threads) if is_default else Classifier(path, threads=threads)

    program = Running(tmp_path, options=SwapOptions(compare_s=3600, look_s=0.02), load=load_wrong_default)
    assert program.until_news().kind == "begun"
    program.use(bundled_tflite("fast").read_bytes())
    assert program.until_news().name == "fast"
    assert all(result.prediction for result in program.on(3))
    program.swapping.close()


def test_swap_in_a_folder_of_frames(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    pictures = [draw_picture(label, 1) for label in ("cats", "dogs")]
    for number in range(24):
        cv2.imwrite(str(folder / f"{number:03}.png"), pictures[number % 2])
    with open_sources(SourceOptions(inputs=(str(folder),))) as (source,):
        program = Running(
            tmp_path / "models", source, SwapOptions(compare_s=0, look_s=0.005), replace(WHOLE_FRAMES, max_fps=30)
        )
        assert program.until_news().kind == "begun"
        program.on(3)
        id = program.use(bundled_tflite("tiny").read_bytes())
        assert program.until_news().id == id
        program.on(24 - len(program.results))
        program.swapping.close()
    assert [Path(result.frame.source).name for result in program.results] == [f"{number:03}.png" for number in range(24)]
    assert all(result.prediction for result in program.results)


def test_a_start_with_a_model_that_cannot_be_used_goes_back(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    fast, tiny = (store.put(bundled_tflite(name).read_bytes(), said="") for name in ("fast", "tiny"))
    store.use(fast.id)
    store.use(tiny.id)

    def refuse_tiny(path: Path, threads: int) -> Classifier:
        if path == tiny.path:
            raise ModelError("a model for this runtime", got="a newer one", fix="Update.")
        return load(path, threads)

    program = Running(store.folder, load=refuse_tiny)
    assert program.until_news().id == fast.id == program.in_store()
    program.store.use(tiny.id)
    news = program.until_news()
    assert (news.kind, news.id, news.other) == ("refused", fast.id, tiny.id)
    program.swapping.close()
    assert program.in_store() == fast.id
    fast.path.write_bytes(b"")
    tiny.path.write_bytes(b"")
    program = Running(store.folder)  # nothing whole is left
    assert program.until_news().name == "default"
    program.swapping.close()


def test_an_empty_folder_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(OutputError):
        Running(Path("/proc/models"))


def said(label: str, score: float = 0.95) -> Prediction:
    return Prediction(label, score, {label: score}, Timings(0, 0, 0))


@pytest.mark.parametrize(
    ("answers", "astray"),
    [
        ([("cats", "cats"), ("dogs", "dogs")] * 5 + [("dogs", "cats")] * 10, False),  # half
        ([("cats", "cats")] * 9 + [("dogs", "cats")] * 11, True),
        ([("cats", "dogs")] * 9, False),  # too few to tell
        ([("neither", "robin")] * 20, False),  # which the old one could not have said
        ([("cats", "robin")] * 10 + [("neither", "robin")] * 10, True),  # whatever comes
        ([("cats", "robin")] * 10 + [("neither", "neither")] * 10, False),
        ([("unsure", "cats")] * 20, False),  # the old one has not said anything
    ],
)
def test_what_is_astray(answers: list[tuple[str, str]], astray: bool) -> None:
    comparison = Comparison(("cats", "dogs", "neither"), ("cats", "dogs", "robin", "neither"), SwapOptions())
    taken = Comparison(("cats", "dogs", "neither"), ("cats", "dogs", "robin", "neither"), SwapOptions(min_agreement=0))
    for number, (old, new) in enumerate(answers):
        comparison.see(said(old), said(new), 60.0 * number)
        taken.see(said(old), said(new), 60.0 * number)
    assert bool(comparison.objection()) == astray
    assert taken.objection() == ""
    assert comparison.seconds == len(answers) - 1  # pauses are no time that was compared


def test_options_are_checked(tmp_path: Path) -> None:
    for options in ({"compare_s": -1}, {"compare_s": float("nan")}, {"min_agreement": 1.1}):
        with pytest.raises(UsageError):
            SwapOptions(**options)  # type: ignore[arg-type]
    for words in (("--labels", "a,b"), ("--compare-s", "-1"), ("--min-agreement", "2")):
        assert main(["x.jpg", "--models", str(tmp_path / "m"), *words]) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_broker_is_told_of_the_model() -> None:
    known = Known(("cats", "dogs", "neither"))
    before = known.essence
    assert "model" not in json.loads(known.state())
    model = InUse("swapped", "0123456789ab", "garden", ("cats", "robin", "neither"), "", "", "")
    known.see(Observation(Change("camera 0", State.ONLINE, "model garden is in use", 0.0, model), (), 0.0))
    assert json.loads(known.state())["model"] == {"id": "0123456789ab", "name": "garden"}
    assert known.essence != before
    document = json.loads(device_document("catdog/x", model.labels, "1", gone=("dogs",)))
    assert document["components"]["present_dogs"] == {"platform": "binary_sensor"}  # which takes it away
    assert document["components"]["present_robin"]["name"] == "robin"


def test_a_running_command_takes_another_model_and_tells(tmp_path: Path) -> None:
    """Results, log line, page and metrics; the CSV file goes on with the columns that it has."""
    pytest.importorskip("aiohttp", reason="the extra web is not installed")
    errors = tmp_path / "errors"
    with errors.open("w") as stderr, subprocess.Popen(
        [str(Path(sys.executable).parent / "catdog-edge"), "--camera", "demo", "--models", "m", "--compare-s", "0.5", "--json",
         "--regions", "off", "--csv", "day.csv", "--serve", "127.0.0.1:0"],
        cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, stderr=stderr, text=True,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert json.loads(program.stdout.readline())["model"]["kind"] == "begun"
        store = ModelStore(tmp_path / "m")
        id = store.put(relabelled("cats", "wolves", "neither"), said="a test").id
        store.use(id)
        news = next(line for line in map(json.loads, program.stdout) if "model" in line)
        assert (news["model"]["kind"], news["model"]["id"], news["state"]) == ("swapped", id, "ONLINE")
        line = json.loads(program.stdout.readline())
        assert list(line["scores"]) == ["cats", "wolves", "neither"]
        page = next(word for word in errors.read_text().split() if word.startswith("http://"))
        metrics = urllib.request.urlopen(f"{page}metrics").read().decode()  # noqa: S310
        assert f'id="{id}"' in metrics
        assert 'catdog_model_changes_total{kind="swapped"} 1.0' in metrics
        with urllib.request.urlopen(f"{page}events") as events:  # noqa: S310
            hello = next(json.loads(text[6:]) for text in events if text.startswith(b"data: "))
        assert hello["model"]["labels"] == ["cats", "wolves", "neither"]
        assert any(happening["kind"] == "model" and id in happening["text"] for happening in hello["happenings"])
        program.terminate()
    assert f"model {id}" in errors.read_text()
    assert "going on without" not in errors.read_text()  # no sink has failed
    rows = (tmp_path / "day.csv").read_text().splitlines()
    assert {row.count(",") for row in rows[:1]} == {rows[-1].count(",")}
    assert not [step for step in rows if "Traceback" in step]


def test_nothing_of_it_is_loaded_without_the_option(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), draw_picture("cats", 1))
    script = (
        "import sys; from catdog.edge.program.cli import main; main(['a.png']);"
        "print([name for name in sys.modules if name.startswith(('catdog.edge.store', 'catdog.edge.runner.swapping'))])"
    )
    finished = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"


def test_slow_camera_is_compared_until_a_verdict_can_be_given() -> None:
    """At a frame in two seconds, ten seconds were over before there were ten frames, and any model was taken."""
    comparison = Comparison(PETS, PETS, SwapOptions(compare_s=3.0))
    for frame in range(10):
        assert not comparison.took(3.0), frame
        comparison.see(said("cats", 0.8), said("dogs", 0.8), 2.0 * frame)
    assert comparison.took(3.0)
    assert "same answer on 0 of 10" in comparison.objection()


def test_camera_that_shows_nothing_is_not_waited_for_without_end() -> None:
    comparison = Comparison(PETS, PETS, SwapOptions(compare_s=3.0))
    for frame in range(32):
        comparison.see(said(UNSURE, 0.4), said("cats", 0.8), float(frame))
    assert comparison.took(3.0)
    assert comparison.compared == 0
