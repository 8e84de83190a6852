"""The demo film: its story, its truth, and that any frame can be had at any time."""

from __future__ import annotations

import threading
from functools import lru_cache
from itertools import groupby

import numpy as np
import pytest

from catdog.edge.sources.demo import DemoSource
from catdog.edge.synthetic import DemoFilm
from catdog.edge.synthetic import film as film_module
from catdog.edge.synthetic.film import _sprite, _stage

SMALL = DemoFilm(width=160, height=120, fps=5.0)


def test_cycle_lasts_forty_seconds() -> None:
    assert DemoFilm().frames_per_cycle == 600
    assert SMALL.frames_per_cycle == 200


@pytest.mark.parametrize("film", [SMALL, DemoFilm(), DemoFilm(320, 240, 30.0, 4), DemoFilm(480, 640, 15.0, 2)])
def test_story_is_empty_cat_empty_dog_near_then_far(film: DemoFilm) -> None:
    truth = [film.truth(index) for index in range(film.frames_per_cycle)]
    told = [label for label, _ in groupby(truth)]
    assert told == [*(2 * ["neither", None, "cats", None, "neither", None, "dogs", None]), "neither"]
    assert truth.index(None) >= 5.0 * film.fps - 1
    for label, seconds in (("cats", 3.0), ("dogs", 2.0)):
        assert truth.count(label) >= seconds * film.fps


def test_truth_repeats_with_the_cycle() -> None:
    cycle = SMALL.frames_per_cycle
    assert [SMALL.truth(index) for index in range(cycle)] == [SMALL.truth(index + 7 * cycle) for index in range(cycle)]


def test_frames_are_pictures_of_the_asked_size() -> None:
    frame = SMALL.frame(0)
    assert frame.shape == (120, 160, 3)
    assert frame.dtype == np.uint8


def test_any_frame_can_be_had_in_any_order_with_the_same_bytes() -> None:
    wanted = (0, 24, 31, 40, 72, 80, 131)
    forwards = {index: SMALL.frame(index).copy() for index in wanted}
    _sprite.cache_clear()
    _stage.cache_clear()
    for index in reversed(wanted):
        assert np.array_equal(DemoFilm(160, 120, 5.0).frame(index), forwards[index])


def test_frames_can_be_drawn_on_without_harm() -> None:
    before = SMALL.frame(3)
    kept = before.copy()
    before[:] = 0
    assert np.array_equal(SMALL.frame(3), kept)


def test_no_two_frames_are_identical() -> None:
    cycle = SMALL.frames_per_cycle
    frames = [SMALL.frame(index) for index in range(12)] + [SMALL.frame(cycle + index) for index in range(12)]
    assert len({frame.tobytes() for frame in frames}) == len(frames)


def test_empty_room_stays_the_same_but_for_noise_and_a_pet_changes_it() -> None:
    empty = SMALL.frame(0).astype(int)
    truth = [SMALL.truth(index) for index in range(SMALL.frames_per_cycle)]
    assert np.abs(empty - SMALL.frame(10).astype(int)).mean() < 8.0
    for label in ("cats", "dogs"):
        pet = SMALL.frame(truth.index(label)).astype(int)
        assert np.mean(np.abs(empty - pet).max(axis=2) > 40) > 0.03


def test_far_pets_are_small_and_night_falls_before_the_dog_comes_again() -> None:
    film = DemoFilm(width=320, height=240, fps=5.0)
    truth = [film.truth(index) for index in range(film.frames_per_cycle)]

    def changed(index: int, empty: int) -> float:
        return float(np.mean(np.abs(film.frame(index).astype(int) - film.frame(empty)).max(axis=2) > 40))

    near, far = truth.index("cats"), truth.index("cats", film.frames_per_cycle // 2)
    assert changed(far, 0) < 0.3 * changed(near, 0)
    dusk, lamp = (film.frame(int(seconds * film.fps)).mean() for seconds in (34.0, 37.0))
    assert dusk < 0.5 * film.frame(0).mean()
    assert lamp > 1.15 * dusk
    assert truth[int(34.0 * film.fps)] == truth[int(36.0 * film.fps)] == "dogs"


def test_seed_changes_the_room() -> None:
    assert not np.array_equal(SMALL.frame(0), DemoFilm(160, 120, 5.0, seed=1).frame(0))


@pytest.mark.parametrize(
    ("width", "height", "fps", "seed"), [(63, 480, 15.0, 0), (640, 0, 15.0, 0), (640, 480, 0.0, 0), (640, 480, 15.0, -1)]
)
def test_impossible_films_are_refused(width: int, height: int, fps: float, seed: int) -> None:
    with pytest.raises(ValueError, match=r"expected .* Received: "):
        DemoFilm(width, height, fps, seed)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match=r"expected an index of 0 or more\. Received: -1"):
        SMALL.frame(-1)
    with pytest.raises(ValueError, match=r"expected an index of 0 or more\. Received: -1"):
        SMALL.truth(-1)


def test_what_is_drawn_ahead_is_drawn_once_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    film = DemoFilm(width=96, height=80, seed=5)
    drawn: list[tuple[object, ...]] = []

    @lru_cache
    def counted(*which: object) -> object:
        drawn.append(which)
        return original(*which)

    original = film_module._sprite.__wrapped__
    monkeypatch.setattr(film_module, "_sprite", counted)
    source = DemoSource(paced=True, film=film)
    frames = source.frames()
    first = next(frames)
    assert np.array_equal(first.picture, film.frame(0))
    index = int(5.5 * film.fps)
    shown = film.frame(index)
    for thread in threading.enumerate():
        if thread.name.endswith("(_draw_ahead)"):
            thread.join()
    assert len(drawn) == len(set(drawn))
    count = len(drawn)
    assert np.array_equal(film.frame(index), shown)
    for later in range(film.frames_per_cycle):
        film.prepare(later)
    assert len(drawn) == count  # all of it was ready
    source.close()
