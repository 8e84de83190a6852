"""The command's live loop as a class: what is seen, states, and nothing left behind."""

import threading
from pathlib import Path

import cv2
import psutil
import pytest
from cameras import Camera, camera_on

from catdog.edge import (
    Change,
    Classifier,
    EventOptions,
    LiveClassifier,
    RegionOptions,
    Result,
    RunOptions,
    SourceOptions,
    State,
)
from catdog.edge.errors import InputNotFoundError, ModelError, SourceError, UsageError
from catdog.edge.synthetic import draw_picture


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    cv2.imwrite(str(path), draw_picture("cats", 3))
    return path


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_network_camera_tells_its_states_and_answers() -> None:
    before, camera = children(), Camera()
    states: list[State] = []
    labels: list[str] = []
    with camera_on(camera), LiveClassifier(camera.url) as live:
        for step in live:
            if isinstance(step.result, Change):
                states.append(step.result.state)
                if step.result.state in (State.OFFLINE, State.RECOVERING):
                    break
            elif step.result.prediction is not None:
                assert step.result.frame.picture is not None
                labels.append(step.result.prediction.label)
                assert children() - before  # it is read by a process of its own
                camera.answers = len(labels) < 3
    assert states[0] is State.ONLINE
    assert len(labels) >= 3
    assert children() <= before


def test_demo_camera_is_a_source() -> None:
    with LiveClassifier("demo", options=RunOptions(max_frames=3)) as live:
        results = [step.result for step in live]
    assert [result.frame.source for result in results if isinstance(result, Result)] == ["demo"] * 3


def test_another_thread_may_end_it() -> None:
    with LiveClassifier("demo") as live:
        for number, _ in enumerate(live):
            if number == 1:
                ending = threading.Thread(target=live.close)
                ending.start()
                ending.join()
        assert number < 5
    with pytest.raises(UsageError, match="closed"):
        next(iter(live))


def test_picture_by_a_classifier_that_is_loaded(picture: Path) -> None:
    classifier = Classifier()
    with LiveClassifier(picture, model=classifier) as live:
        (step,) = live
    assert isinstance(step.result, Result) and step.result.prediction is not None
    assert step.result.prediction.label == classifier.classify(picture).label
    assert step.events == ()


def test_film_has_events(tmp_path: Path) -> None:
    path = str(tmp_path / "film.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 320))
    for _ in range(12):
        writer.write(cv2.resize(draw_picture("cats", 3), (320, 320)))
    writer.release()
    with LiveClassifier(
        path, options=RunOptions(regions=RegionOptions("off")), events=EventOptions(appear_s=0.3, score=0.5)
    ) as live:
        events = [str(event) for step in live for event in step.events]
    assert events == ["cats appeared"]


def test_what_is_not_there_is_told_when_it_is_opened(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(InputNotFoundError), LiveClassifier(tmp_path / "none.jpg"):
        pass
    with pytest.raises(UsageError, match="camera number"), LiveClassifier("/dev/video93"):
        pass
    with pytest.raises(SourceError), LiveClassifier("http://127.0.0.1:9/stream") as live:
        list(live)
    with pytest.raises((ModelError, InputNotFoundError)), LiveClassifier(picture, model=tmp_path / "none.tflite") as live:
        list(live)


@pytest.mark.parametrize("both", [{}, {"source": "demo", "source_options": SourceOptions(camera="demo")}])
def test_where_to_look_is_said_once(both: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        LiveClassifier(**both)  # type: ignore[arg-type]


def test_closing_between_two_steps_releases_the_source() -> None:
    before = children()
    with camera_on(Camera()) as camera:
        live = LiveClassifier(camera.url)
        for step in live:
            if isinstance(step.result, Result):
                live.close()
        assert children() <= before


def test_a_loop_that_was_left_is_gone_on_with() -> None:
    with LiveClassifier("demo", options=RunOptions(max_frames=4)) as live:
        first = next(iter(live)).result
        rest = [step.result for step in live]
    assert isinstance(first, Result)
    assert len(rest) == 3


def test_what_never_opens_is_told_each_time() -> None:
    live = LiveClassifier("http://127.0.0.1:9/stream")
    for _ in range(2):
        with pytest.raises(SourceError):
            list(live)


def test_pictures_of_a_large_folder_are_there(tmp_path: Path) -> None:
    for seed in range(9):
        cv2.imwrite(str(tmp_path / f"{seed}.png"), draw_picture("dogs", seed))
    with LiveClassifier(tmp_path) as live:
        results = [step.result for step in live]
    assert len(results) == 9
    assert all(isinstance(result, Result) and result.frame.picture is not None for result in results)
