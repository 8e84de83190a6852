"""Events from scripted answers: what appears once is told once, and a lost camera is no pet that left."""

import pytest

from catdog.edge.errors import UsageError
from catdog.edge.inference.classifier import Prediction, Timings
from catdog.edge.regions.boxes import Box
from catdog.edge.regions.watch import Pet
from catdog.edge.runner.events import Event, EventDetector, EventOptions
from catdog.edge.runner.results import Result
from catdog.edge.sources import Change, Frame, State

FPS = 20


def answers(script: str, start: float = 0.0) -> list[Result]:
    """One letter a frame: c, d, n (neither), w (a weak cat), x (a frame that shows nothing)."""
    labels = {"c": ("cats", 0.95), "d": ("dogs", 0.95), "n": ("neither", 0.9), "w": ("cats", 0.5)}
    found = []
    for number, letter in enumerate(script):
        frame = Frame("camera", number, 0.0, 0.0, 0.0, scene_s=start + number / FPS)
        if letter == "x":
            found.append(Result(frame, 0.0))
            continue
        label, score = labels[letter]
        found.append(Result(frame, 0.0, Prediction(label, score, {label: score}, Timings(0.0, 0.0, 0.0))))
    return found


def told(script: str, detector: EventDetector | None = None, start: float = 0.0) -> list[str]:
    detector = detector or EventDetector(EventOptions(appear_s=0.5, leave_s=2.0))
    return [str(event) for result in answers(script, start) for event in detector.see(result)]


def test_visit_is_two_events() -> None:
    assert told("n" * 20 + "c" * 100 + "n" * 60) == ["cats appeared", "cats left"]


def test_flicker_is_no_event() -> None:
    assert told(("n" * 10 + "c" * 3) * 10) == []
    assert told("c" * 40 + ("n" * 5 + "d" + "c" * 10) * 10) == ["cats appeared"]


@pytest.mark.parametrize("interval", [1.0, 3.0, 30.0])
def test_slow_cameras_tell_of_visits_too_and_one_unsure_answer_is_no_leaving(interval: float) -> None:
    """Two answers settle an event, however far apart they are."""
    detector = EventDetector(EventOptions(appear_s=0.5, leave_s=2.0))
    found = [
        (number, str(event))
        for number, result in enumerate(answers("nccwcncnn" + "nn"))
        for event in detector.see(result._replace(frame=result.frame._replace(scene_s=interval * number)))
    ]
    assert found == [(2, "cats appeared"), (8, "cats left")]


def test_two_false_answers_far_apart_are_no_visit() -> None:
    assert told("c" + "n" * 9 + "c" + "n" * 9 + "c") == []
    assert told("c" + "w" * 14 + "c") == []


def test_weak_answers_do_not_settle_anything() -> None:
    assert told("w" * 200) == []
    assert told("c" * 4 + "w" * 2 + "c" * 10) == ["cats appeared"]


def test_one_pet_after_another() -> None:
    assert told("c" * 40 + "d" * 40) == ["cats appeared", "cats left", "dogs appeared"]


def test_when_it_was_first_and_last_seen() -> None:
    detector = EventDetector(EventOptions(appear_s=0.5, leave_s=1.0))
    events = [event for result in answers("n" * 20 + "c" * 40 + "n" * 40) for event in detector.see(result)]
    appeared, left = events
    assert (appeared.at, left.at) == (pytest.approx(1.0), pytest.approx(59 / FPS))
    assert appeared.frame == 30
    assert isinstance(appeared, Event)


def test_pet_does_not_leave_because_the_camera_did() -> None:
    detector = EventDetector(EventOptions(appear_s=0.5, leave_s=2.0))
    assert told("c" * 40, detector) == ["cats appeared"]
    assert detector.see(Change("camera", State.OFFLINE, "unplugged", 2.0)) == []
    assert detector.see(Change("camera", State.ONLINE, "frames come", 3600.0)) == []
    assert told("n" * 10 + "c" * 10, detector, start=3600.0) == []
    assert told("n" * 60, detector, start=3601.0) == ["cats left"]


def test_frames_that_show_nothing_say_nothing() -> None:
    assert told("c" * 40 + "x" * 100 + "n" * 20) == ["cats appeared"]


def test_each_label_comes_and_goes_by_itself_where_pets_have_places() -> None:
    box, detector, happened = Box(0, 0, 9, 9), EventDetector(EventOptions(appear_s=0.5, leave_s=2.0)), []
    for result, both in zip(answers("c" * 160), "n" * 20 + "y" * 60 + "n" * 80, strict=True):
        labels = ("cats", "dogs") if both == "y" else ("cats",)
        pets = tuple(Pet(label, 0.9, box, {}) for label in labels)
        happened += [(str(event), result.frame.number) for event in detector.see(result._replace(pets=pets))]
        assert detector.see(result._replace(pets=pets)) == []
    assert [event for event, _ in happened] == ["cats appeared", "dogs appeared", "dogs left"]
    assert detector.present == ("cats",)
    assert detector.see(answers("c", start=8.0)[0]._replace(pets=())) == []


def test_out_of_range() -> None:
    with pytest.raises(UsageError):
        EventOptions(appear_s=-1)
    with pytest.raises(UsageError):
        EventOptions(score=2)
