"""`catdog-bench scenes`: the clips are what they are said to be, and what is said of them is counted right."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

from catdog.benchmarks.scenes.clips import (
    DRAWN,
    EMPTY,
    FPS,
    LAMP,
    PET,
    SECONDS,
    SHAKEN,
    THING,
    Clip,
    Photographs,
    find_photographs,
    frames,
    make_clips,
)
from catdog.benchmarks.scenes.outcome import Outcome, watch
from catdog.benchmarks.scenes.report import Row, table
from catdog.edge.errors import DatasetError
from catdog.edge.synthetic import draw_picture

NOTHING = Photographs({}, ())


def shown(clip: Clip) -> list[np.ndarray]:
    return [frame.astype(int) for frame in frames(clip)]


def test_pet_comes_in_and_takes_its_share_of_the_frame() -> None:
    clip = Clip(PET, DRAWN, 3, share=0.06, label="cats", guest=DRAWN)
    film = shown(clip)
    assert len(film) == SECONDS * FPS
    assert film[0].shape == (480, 640, 3)
    before, after = np.mean(film[:10], axis=0), np.mean(film[-10:], axis=0)
    assert 0.6 * 0.06 < (np.abs(after - before).max(axis=2) > 12).mean() < 1.1 * 0.06
    assert np.abs(np.mean(film[40:50], axis=0) - after).mean() < 2  # and stays
    again = shown(clip)
    assert all(np.array_equal(one, other) for one, other in zip(film, again, strict=True))


def test_night_is_grey_and_darker() -> None:
    day, night = (shown(Clip(EMPTY, DRAWN, 3, night=night))[0] for night in (False, True))
    assert np.ptp(night, axis=2).max() == 0
    assert night.mean() == pytest.approx(0.45 * day.mean(), rel=0.1)


def test_lamp_goes_on_and_off_and_a_bump_moves_everything() -> None:
    light = [frame.mean() for frame in shown(Clip(LAMP, DRAWN, 3))]
    assert light[25] > 1.1 * light[10]
    assert light[50] == pytest.approx(light[10], rel=0.02)
    bumped = shown(Clip(SHAKEN, DRAWN, 3))
    still = np.abs(np.mean(bumped[:10], axis=0) - np.mean(bumped[10:20], axis=0)).mean()
    assert np.abs(np.mean(bumped[:10], axis=0) - np.mean(bumped[-10:], axis=0)).mean() > 2 * still


def test_every_picture_is_shown_once_before_one_is_shown_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for label in ("cats", "dogs"):
        for number in range(4):
            path = tmp_path / "pets" / label / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), draw_picture(label, number))
    (tmp_path / "scenes" / "rooms").mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(tmp_path / "scenes" / "rooms" / f"{number}.jpg"), draw_picture("neither", number))
    photographs = find_photographs(tmp_path / "pets", tmp_path / "scenes")
    clips = make_clips(PET, 8, photographs, share=0.1)
    assert len({clip.guest for clip in clips}) == 8
    assert all(clip.guest is not None and Path(clip.guest).parent.name == clip.label for clip in clips)
    things = make_clips(THING, 6, photographs)
    assert {clip.label for clip in things} == {"neither"}
    assert all(0.03 <= clip.share <= 0.2 for clip in things)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in (tmp_path / "pets").rglob("*.jpg"):
            archive.write(path, f"pets/{'train' if path.stem == '0' else 'validation'}/{path.parent.name}/{path.name}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    unpacked = find_photographs(tmp_path / "pets.zip", tmp_path / "scenes")
    assert {label: len(paths) for label, paths in unpacked.pets.items()} == {"cats": 3, "dogs": 3}
    for pets, scenes in ((tmp_path / "scenes" / "rooms", None), (None, tmp_path / "none"), (tmp_path / "none", None)):
        with pytest.raises(DatasetError):
            find_photographs(pets, scenes)


def test_what_was_said_is_counted() -> None:
    pet, empty = Clip(PET, DRAWN, 1, share=0.1, label="cats", guest=DRAWN), Clip(EMPTY, DRAWN, 1)
    told = Outcome(pet, "cats", ("cats",), 2.0, 2.0, 10.0)
    assert (told.is_right, told.is_false_alarm) == (True, False)
    for missed in (replace(told, told="neither", events=()), replace(told, told=None, events=())):
        assert (missed.is_right, missed.is_false_alarm) == (False, False)
    wrong = replace(told, told="dogs", events=("dogs",))
    assert (wrong.is_right, wrong.is_false_alarm) == (False, True)
    nothing = Outcome(empty, "neither", (), None, 1.0, 5.0)
    assert (nothing.is_right, nothing.is_false_alarm) == (True, False)
    for alarm in (replace(nothing, told="cats"), replace(nothing, events=("cats",))):
        assert alarm.is_false_alarm
    rows = [Row("pet", "auto", (told, wrong)), Row("empty", "off", (nothing,))]
    assert "50.0%" in table(rows)


def test_large_drawn_pet_is_right_and_an_empty_room_is_one_inference_a_frame() -> None:
    (pet,) = watch([Clip(PET, DRAWN, 7, share=0.4, label="cats", guest=DRAWN)], "fast", 1, "auto")
    assert pet.is_right
    assert pet.inferences > 1.5
    assert pet.first_s is not None
    assert 1.5 <= pet.first_s < 6
    (empty,) = watch([Clip(EMPTY, DRAWN, 7)], "fast", 1, "off")
    assert (empty.is_right, empty.inferences, empty.first_s) == (True, 1.0, None)


@pytest.mark.slow
def test_command_reports_every_row_both_ways(tmp_path: Path) -> None:
    finished = run("catdog-bench", "scenes", "--clips", "1", "--model", "fast", "--output", "found", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "Drawn pictures" in finished.stdout
    document = json.loads((tmp_path / "found" / "scenes.json").read_text())
    assert len(document["rows"]) == 24
    assert {row["regions"] for row in document["rows"]} == {"off", "auto"}
    assert all(row["inferences_a_frame"] == 1.0 for row in document["rows"] if row["regions"] == "off")
    assert str(tmp_path) not in json.dumps(document)
    assert (tmp_path / "found" / "scenes.png").stat().st_size > 5_000
    assert len(list((tmp_path / "found").glob("sample-*.jpg"))) == 4
    assert run("catdog-bench", "scenes", "--clips", "0", cwd=tmp_path).returncode == 2
