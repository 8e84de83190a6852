"""Regions: what moves is looked at, light and shake are no movement, what was found stays, and what is nothing is forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

from catdog.edge import Classifier, Prediction
from catdog.edge.errors import SourceError, UsageError
from catdog.edge.regions.boxes import Box, around
from catdog.edge.regions.finder import PetFinder, look_at_picture
from catdog.edge.regions.light import in_better_light
from catdog.edge.regions.movement import Movement
from catdog.edge.regions.options import OFF, TILES, RegionOptions
from catdog.edge.regions.tiles import Round, tiles
from catdog.edge.regions.watch import Pet, Watch, WholeFrame
from catdog.edge.regions.zones import Zones, read_polygon
from catdog.edge.runner.events import EventDetector
from catdog.edge.runner.loop import RunOptions
from catdog.edge.runner.loop import run as run_sources
from catdog.edge.runner.results import Result
from catdog.edge.sources import Change, Frame, State
from catdog.edge.synthetic import DemoFilm, draw_picture

FPS = 10.0
CATS = {"cats": 0.95, "dogs": 0.03, "neither": 0.02}
NOBODY = {"cats": 0.05, "dogs": 0.05, "neither": 0.9}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier("fast", threads=1)


def room(seed: int = 0) -> np.ndarray:
    return DemoFilm(seed=seed).frame(0)


def noisy(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def shown(pictures: Iterator[np.ndarray] | list[np.ndarray], movement: Movement | None = None) -> list[list[Box] | None]:
    movement = movement or Movement(Zones())
    return [movement.see(picture, number / FPS) for number, picture in enumerate(pictures)]


def with_square(picture: np.ndarray, left: int, top: int = 200, side: int = 90) -> np.ndarray:
    made = picture.copy()
    made[top : top + side, left : left + side] = (30, 40, 60)
    return made


def test_boxes() -> None:
    box = Box(10, 20, 100, 50)
    assert box.overlap(box) == 1.0
    assert box.overlap(Box(200, 20, 10, 10)) == 0.0
    assert around([box, Box(0, 0, 5, 5)]) == Box(0, 0, 110, 70)
    assert box.widened(1.2, 2.0, 0) == Box(0, 15, 120, 60)
    assert box.widened(1.0, 1.25, 0).height == 80  # not too narrow
    assert Box(-20, 470, 100, 50).inside(640, 480) == Box(0, 430, 100, 50)
    assert Box(0, 0, 900, 900).inside(640, 480) == Box(0, 0, 640, 480)


def test_zones_as_they_are_typed() -> None:
    zones = Zones.of("0.5,0,0.5,1", "0.5,0 1,0 1,0.5")
    mask = zones.mask(100, 100)
    assert mask[80, 60] == 255
    assert mask[80, 20] == 0  # not watched
    assert mask[10, 95] == 0  # ignored
    assert zones.allow(0.6, 0.8)
    assert not zones.allow(0.2, 0.8)
    assert not Zones.of(None, None)
    assert len(Zones.of("0,0,0.1,0.1; 0.5,0.5,0.1,0.1", None).watched) == 2


@pytest.mark.parametrize("text", ["", "left", "0,0,1", "0,0 1,1", "0,0,0,1", "nan,0,1,1", "0,0,2,1", "-1,0,1,1"])
def test_zones_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError):
        Zones((read_polygon(text),))


def test_what_moves_is_found_where_it_is() -> None:
    rng = np.random.default_rng(0)
    still = [noisy(room(), rng) for _ in range(15)]
    lefts = range(0, 450, 30)
    found = shown(still + [noisy(with_square(room(), left), rng) for left in lefts])
    assert all(boxes == [] for boxes in found[:15])
    for left, boxes in zip(lefts, found[15:], strict=True):
        assert boxes is not None
        (box,) = boxes
        assert box.overlap(Box(left, 200, 90, 90)) > 0.7


def test_what_moves_is_ignored_where_nobody_looks() -> None:
    pictures = [room()] * 15 + [with_square(room(), left) for left in range(0, 450, 30)]
    found = shown(pictures, Movement(Zones.of("0,0,1,0.3", None)))
    assert all(boxes == [] for boxes in found)


def test_light_that_changes_everywhere_is_no_movement() -> None:
    rng = np.random.default_rng(0)
    exposures = [1.0] * 15 + list(np.linspace(1.0, 0.7, 10)) + [0.7] * 5 + [1.2] * 10
    found = shown([noisy(np.clip(factor * room(), 0, 255), rng) for factor in exposures])
    assert sum(len(boxes or []) for boxes in found) <= 2


def test_click_of_an_infrared_filter_and_a_bumped_camera_are_no_movement() -> None:
    rng = np.random.default_rng(0)
    grey = cv2.cvtColor(cv2.cvtColor(room(), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    bumped = cv2.warpAffine(grey, np.array([[1, 0, 9], [0, 1, 6.0]]), (640, 480), borderMode=cv2.BORDER_REPLICATE)
    pictures = [room()] * 15 + [0.4 * grey + 60] * 10 + [0.4 * bumped + 60] * 10
    found = shown([noisy(picture, rng) for picture in pictures])
    assert sum(len(boxes or []) for boxes in found) <= 2


def test_movement_is_seen_at_night() -> None:
    rng = np.random.default_rng(0)
    dark = 0.3 * cv2.cvtColor(cv2.cvtColor(room(), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    pictures = [dark] * 20 + [np.where(with_square(np.zeros_like(room()), left) > 0, 10, dark) for left in range(0, 300, 30)]
    found = shown([np.clip(picture + rng.normal(0, 8, picture.shape), 0, 255).astype(np.uint8) for picture in pictures])
    assert sum(len(boxes or []) for boxes in found[5:20]) == 0
    assert sum(bool(boxes) for boxes in found[20:]) >= 8


def test_dark_parts_are_brightened_and_others_left_as_they_are() -> None:
    picture = draw_picture("cats", 1)
    assert in_better_light(picture) is picture
    dark = (0.3 * picture).astype(np.uint8)
    better = in_better_light(dark)
    assert (better.shape, better.dtype) == (picture.shape, np.uint8)
    low, high = np.percentile(better, (1, 99))
    assert (low, high) == (pytest.approx(12, abs=8), pytest.approx(242, abs=8))
    assert in_better_light(np.full((40, 40, 3), 3, np.uint8)).max() < 40  # nothing is made of nothing


def test_pet_is_told_after_two_looks_and_stays_while_it_sleeps() -> None:
    watch, now = Watch(), 0.0
    for x in (40, 60, 80, 100):
        watch.moved([Box(x, 100, 80, 60)], now)
    for number in range(2):
        assert watch.pets(now) == []
        (watched,) = watch.due(now, 2)
        watched.look(CATS, now)
        now = 0.1 * (number + 1)
    assert [pet.label for pet in watch.pets(now)] == ["cats"]
    for second in range(1, 600):
        for watched in watch.due(float(second), 2):
            watched.look(CATS, float(second))
        assert [pet.label for pet in watch.pets(float(second))] == ["cats"]


def test_what_flickers_in_its_place_must_be_surer_than_what_came_from_elsewhere() -> None:
    rather = dict(zip(CATS, (0.9, 0.05, 0.05), strict=True))
    for scores, expected in ((rather, []), (dict(zip(CATS, (0.98, 0.01, 0.01), strict=True)), ["cats"])):
        watch = Watch()
        for number in range(10):
            now = number / FPS
            watch.moved([Box(100 + 4 * (number % 2), 100, 80, 60)], now)  # a lamp is switched on
            for watched in watch.due(now, 2):
                watched.look(scores, now)
            assert number > 2 or watch.pets(now) == []
        assert [pet.label for pet in watch.pets(now)] == expected


def test_scene_that_only_looks_somewhat_like_a_pet_is_doubtful() -> None:
    def doubtful(*scores: float) -> list[bool]:
        whole, told = WholeFrame(), []
        for number, score in enumerate(scores):
            whole.look({"cats": score, "dogs": 0.0, "neither": 1 - score}, (), number / FPS)
            told.append(whole.is_doubtful("cats", number / FPS))
        return told

    assert doubtful(*[0.7] * 6) == [False] * 3 + [True] * 3
    assert doubtful(*[0.99] * 6) == [False] * 6
    assert doubtful(*[0.1, 0.7] * 4)[-1]  # again and again is enough
    assert not doubtful(*[0.7] * 5, *[0.99] * 15)[-1]  # a pet has come so near that it fills the frame


def test_pet_that_was_seen_from_near_is_believed_from_afar_for_a_while() -> None:
    whole, weak, pet = WholeFrame(), {"cats": 0.7, "dogs": 0.0, "neither": 0.3}, Pet("cats", 0.9, Box(0, 0, 9, 9), CATS)
    for number in range(10):
        whole.look(weak, (), number / FPS)
    assert whole.is_doubtful("cats", 0.9)  # a sofa that looks like a cat
    whole.look(weak, (pet,), 1.0)  # and a real one that passes
    doubted = []
    for number in range(11, 140):
        whole.look(weak, (), number / FPS)
        doubted.append(whole.is_doubtful("cats", number / FPS))
        assert whole.is_doubtful("dogs", number / FPS)
    assert not any(doubted[:95])
    assert all(doubted[105:])


def test_whole_frame_is_settled_when_it_is_known_whether_it_is_doubted() -> None:
    whole, weak = WholeFrame(), {"cats": 0.7, "dogs": 0.0, "neither": 0.3}
    told = []
    for number in range(5):
        told.append(whole.is_settled())
        whole.look(weak, (), number / FPS)
    assert told == [True, False, False, False, True]
    whole.look(NOBODY, (), 0.5)
    assert whole.is_settled()


def test_weak_answer_of_a_whole_frame_becomes_unsure(classifier: Classifier) -> None:
    drawn = [draw_picture("dogs", seed, width=320, height=240) for seed in range(40)]
    answers = [classifier.classify(picture) for picture in drawn]
    weak, (label, score, *_) = next(
        pair for pair in zip(drawn, answers, strict=True) if pair[1].label != "neither" and pair[1].score < 0.8
    )
    finder = PetFinder(classifier, RegionOptions(zones=Zones.of(None, "0,0,1,1")))  # nowhere but the whole frame
    sights = [finder.look(weak, number / FPS) for number in range(6)]
    assert [sight.prediction.label for sight in sights] == [label] * 3 + ["unsure"] * 3
    assert sights[-1].prediction.score == score
    assert sights[-1].pets == ()


def test_what_is_nothing_is_forgotten_when_it_stops() -> None:
    watch = Watch()
    for number in range(100):
        now = number / FPS
        if number < 20:
            watch.moved([Box(100 + 5 * number, 100, 80, 60)], now)
        for watched in watch.due(now, 2):
            watched.look(NOBODY, now)
        assert watch.pets(now) == []
    assert len(watch) == 0


def test_looks_take_turns_and_what_moves_without_being_a_pet_gets_few() -> None:
    watch, looks = Watch(), 0
    curtains = [Box(200.0 * number, 0, 80, 80) for number in range(5)]
    for number in range(100):
        now = number / FPS
        watch.moved(curtains, now)
        due = watch.due(now, 2)
        assert len(due) <= 2
        for watched in due:
            watched.look(NOBODY, now)
        looks += len(due)
    assert looks < 190


def test_two_that_meet_stay_two() -> None:
    watch = Watch()
    cat, dog = Box(100, 100, 80, 60), Box(300, 100, 90, 80)
    dogs = CATS | {"cats": 0.03, "dogs": 0.95}
    for number in range(10):
        now = number / FPS
        watch.moved([around([cat, dog])] if number > 6 else [cat, dog], now)
        for watched in watch.due(now, 2):
            watched.look(CATS if watched.box.x < 200 else dogs, now)
    assert {pet.label for pet in watch.pets(0.9)} == {"cats", "dogs"}


def test_search_goes_everywhere_where_to_look() -> None:
    covered = np.zeros((480, 640), bool)
    for tile in tiles(640, 480, Zones()):
        x, y, width, height = (int(side) for side in tile)
        covered[y : y + height, x : x + width] = True
    assert covered.all()
    assert all(tile.x >= 160 for tile in tiles(640, 480, Zones.of("0.5,0,0.5,1", None)))
    rounds = Round(Zones())
    for _ in range(len(tiles(640, 480, Zones())) + 1):
        rounds.next(640, 480)
    assert rounds.rounds == 1
    assert Round(Zones.of(None, "0,0,1,1")).next(640, 480) is None


def test_pet_that_was_there_before_the_camera_is_found(classifier: Classifier) -> None:
    finder, picture = PetFinder(classifier), room()
    picture[250:410, 330:543] = draw_picture("cats", 3, width=213, height=160)
    rng = np.random.default_rng(0)
    sights = [finder.look(noisy(picture, rng), number / FPS) for number in range(50)]
    pets = sights[-1].pets
    assert [pet.label for pet in pets] == ["cats"]
    assert pets[0].box.overlap(Box(330, 250, 213, 160)) > 0.2
    assert sights[-1].prediction.label == "cats"


def two_rooms(number: int) -> np.ndarray:
    """A cat on the left and a dog on the right, each in its film, come in and sit down at about the same time."""
    left, right = DemoFilm(320, 240, FPS, 0), DemoFilm(320, 240, FPS, 0)
    return np.hstack([left.frame(number + 35), right.frame(number + 125)])


def test_cat_and_dog_are_both_told_with_their_boxes_and_events(classifier: Classifier) -> None:
    class Film:
        def frames(self) -> Iterator[Frame]:
            for number in range(60):
                yield Frame("film", number, 0.0, 0.0, 0.0, two_rooms(number), scene_s=number / FPS)

        def close(self) -> None:
            pass

    detector = EventDetector()
    results = list(run_sources([Film()], lambda _: classifier, RunOptions(threads=1, regions=RegionOptions())))
    assert all(isinstance(given, Result) for given in results)
    events = [str(event) for given in results if isinstance(given, Result) for event in detector.see(given)]
    assert sorted(events) == ["cats appeared", "dogs appeared"]
    last = results[-1]
    assert isinstance(last, Result)
    assert last.pets is not None
    assert {pet.label for pet in last.pets} == {"cats", "dogs"}
    different = np.abs(two_rooms(59).astype(int) - two_rooms(0)).max(axis=2) > 25
    opened = cv2.morphologyEx(different.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    for label, columns in (("cats", slice(0, 320)), ("dogs", slice(320, 640))):
        rows, across = np.nonzero(opened[:, columns])
        area = (np.ptp(rows) + 1) * (np.ptp(across) + 1)
        (pet,) = (pet for pet in last.pets if pet.label == label)
        assert 0.75 <= pet.box.area / area <= 1.25
    line = json.loads(last.to_json())
    assert [set(pet) for pet in line["pets"]] == [{"label", "score", "box"}] * 2
    assert line["label"] == line["pets"][0]["label"]


def test_no_box_outlives_its_frame(classifier: Classifier) -> None:
    lost = SourceError("a frame to judge", got="a black frame", fix="Look at the camera.")

    class Film:
        def frames(self) -> Iterator[Frame | Change]:
            for number in range(45):
                yield Frame("camera", number, 0.0, 0.0, 0.0, two_rooms(number), scene_s=number / FPS)
            yield Frame("camera", 45, 0.0, 0.0, 0.0, error=lost, state=State.STALE, scene_s=4.5)
            yield Change("camera", State.OFFLINE, "unplugged", 5.0)
            for number in range(10):
                yield Frame("camera", 46 + number, 0.0, 0.0, 0.0, two_rooms(0), scene_s=60 + number / FPS)

        def close(self) -> None:
            pass

    given = list(run_sources([Film()], lambda _: classifier, RunOptions(threads=1, regions=RegionOptions())))
    results = [result for result in given if isinstance(result, Result)]
    assert results[44].pets
    assert results[45].pets is None
    assert "pets" not in json.loads(results[45].to_json())
    assert all(result.pets == () for result in results[46:])


def test_gate_waits_for_the_search_and_then_saves_inferences(classifier: Classifier) -> None:
    class Asked(Classifier):
        asked = 0

        def classify(self, picture: np.ndarray) -> Prediction:  # type: ignore[override] # narrower, and enough here
            self.asked += 1
            return classifier.classify(picture)

    class Film:
        def frames(self) -> Iterator[Frame]:
            for number in range(120):
                yield Frame("camera", number, 0.0, 0.0, 0.0, room(), scene_s=number / FPS)

        def close(self) -> None:
            pass

    counted = Asked("fast", threads=1)
    options = RunOptions(threads=1, motion_gate=True, regions=RegionOptions())
    results = [result for result in run_sources([Film()], lambda _: counted, options) if isinstance(result, Result)]
    held = [result.held for result in results]
    assert not any(held[:30])  # everything has to be looked at once
    assert sum(held[45:]) > 70
    assert counted.asked < 45 + len(tiles(640, 480, Zones())) + 10


@pytest.mark.slow
def test_pet_that_lies_still_does_not_leave_while_the_gate_holds(classifier: Classifier) -> None:
    film = DemoFilm(320, 240, FPS)

    class Film:
        def frames(self) -> Iterator[Frame]:
            for number in range(600):  # comes in, sits down, and stays
                picture = np.hstack([film.frame(min(number + 35, 80)), film.frame(0)])
                yield Frame("camera", number, 0.0, 0.0, 0.0, picture, scene_s=number / FPS)

        def close(self) -> None:
            pass

    options, detector = RunOptions(threads=1, motion_gate=True, regions=RegionOptions()), EventDetector()
    results = [result for result in run_sources([Film()], lambda _: classifier, options) if isinstance(result, Result)]
    assert sum(result.held for result in results) > 300
    assert [str(event) for result in results for event in detector.see(result)] == ["cats appeared"]
    assert all(result.prediction is not None and result.prediction.label == "cats" for result in results[60:])


def test_frames_far_apart_are_enough(classifier: Classifier) -> None:
    finder, film = PetFinder(classifier), DemoFilm(320, 240, FPS)
    for number in range(12):
        picture = np.hstack([film.frame(0 if number < 5 else 80), film.frame(0)])
        sight = finder.look(picture, 4.0 * number)
    assert [pet.label for pet in sight.pets] == ["cats"]


def test_places_in_a_frame_of_another_size_are_forgotten(classifier: Classifier) -> None:
    finder, film = PetFinder(classifier), DemoFilm(320, 240, FPS)
    for number in range(45):
        sight = finder.look(np.hstack([film.frame(number + 35), film.frame(0)]), number / FPS)
    assert sight.pets
    for number in range(5):
        sight = finder.look(film.frame(0), 4.5 + number / FPS)
        assert sight.pets == ()


def test_small_zones_are_searched_too() -> None:
    for zone in ("0,0,0.15,0.15", "0,0.85,1,0.15", "0.42,0.5,0.06,0.5"):
        (part,) = Zones.of(zone, None).watched
        parts = tiles(640, 480, Zones.of(zone, None))
        x, y = (sum(axis) / 4 for axis in zip(*part, strict=True))
        assert any(box.holds((640 * x, 480 * y)) for box in parts)


def test_whole_frames_alone_have_no_pets_and_pictures_only_where_asked(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "room.png"
    picture = room()
    picture[250:410, 330:543] = draw_picture("cats", 3, width=213, height=160)
    cv2.imwrite(str(path), picture)
    for mode, has_pets in (("auto", False), ("off", False), ("tiles", True)):
        line = json.loads(run("catdog-edge", str(path), "--json", "--model", "fast", "--regions", mode).stdout)
        assert ("pets" in line) == has_pets
    assert [pet["label"] for pet in line["pets"]] == ["cats"]
    assert [pet.label for pet in look_at_picture(classifier, picture).pets] == ["cats"]


def test_camera_line_has_pets_unless_switched_off() -> None:
    command = ("catdog-edge", "--camera", "demo", "--buffer", "all", "--model", "fast", "--max-frames", "3", "--json")
    for more, has_pets in (((), True), (("--regions", "off"), False)):
        lines = [json.loads(line) for line in run(*command, *more).stdout.splitlines()]
        assert [("pets" in line) for line in lines] == [has_pets] * 3


@pytest.mark.parametrize("options", [{"mode": "everywhere"}, {"most": 0}])
def test_out_of_range(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        RegionOptions(**options)  # type: ignore[arg-type]
    assert OFF != TILES
