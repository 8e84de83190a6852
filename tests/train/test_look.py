"""`catdog-train look`: what is planted among labelled pictures is found, and little else."""

import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run
from drawn_classes import class_folders_of, draw_thing, name_of

from catdog.edge.errors import DatasetError, ModelError, UsageError
from catdog.edge.teach.suspects import TWO_LABELS, WRONG_LABEL
from catdog.train.look import Looked, LookOptions, look_through

pytest.importorskip("platformdirs", reason="the extra train is not installed")

THINGS = (0, 12, 47)
EACH = 60


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """Class folders with two things of each label under another one, a copy under two labels, and a file that is none."""
    folder = class_folders_of(tmp_path_factory.mktemp("planted") / "things", dict.fromkeys(THINGS, EACH))
    moved = set()
    for place, label in enumerate(THINGS):
        other = name_of(THINGS[(place + 1) % len(THINGS)])
        for seed in (3, 4):
            (folder / name_of(label) / f"{seed}.png").rename(folder / other / f"moved-{label}-{seed}.png")
            moved.add(f"{other}/moved-{label}-{seed}.png")
    cv2.imwrite(str(folder / name_of(12) / "copy.jpg"), draw_thing(0, 20), [cv2.IMWRITE_JPEG_QUALITY, 60])
    (folder / name_of(0) / "half.jpg").write_bytes(cv2.imencode(".jpg", draw_thing(0, 99))[1].tobytes()[:900])
    return folder, moved


def of_kind(looked: Looked, kind: str) -> list[str]:
    return [each.name for each in looked.suspects if each.kind == kind]


def test_finds_what_is_planted(planted: tuple[Path, set[str]], tmp_path: Path) -> None:
    folder, moved = planted
    output = tmp_path / "look.html"
    finished = run("catdog-train", "look", "--data", str(folder), "--model", "fast", "--output", str(output), "--json")
    assert finished.returncode == 0, finished.stderr
    assert "half.jpg" in finished.stderr
    document = json.loads(finished.stdout)
    assert document == json.loads(output.with_suffix(".json").read_text())
    assert document["agreement"]["value"] > 0.9
    suspects = document["suspects"]
    wrong = [each for each in suspects if each["kind"] == WRONG_LABEL]
    copy = f"{name_of(12)}/copy.jpg"
    assert {each["name"] for each in wrong} >= moved
    assert len(wrong) <= len(moved) + 3
    assert {each["name"] for each in wrong[: len(moved)]} <= moved | {copy}
    first = next(each for each in wrong if each["name"] == f"{name_of(12)}/moved-0-3.png")
    assert (first["label"], first["other"]) == (name_of(12), name_of(0))
    twice = [each for each in suspects if each["kind"] == TWO_LABELS]
    assert [{each["name"], each["copy"]} for each in twice] == [{f"{name_of(0)}/20.png", copy}]
    page = output.read_text()
    assert page.count("data:image/jpeg") == len(wrong) + 2
    assert "http" not in page  # nothing from elsewhere
    assert "<script" not in page


def test_an_archive_with_parts_is_looked_through_as_a_whole(planted: tuple[Path, set[str]], tmp_path: Path) -> None:
    folder, _ = planted
    archive = tmp_path / "things.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.rglob("*.png")):
            part = "validation" if path.stem.endswith("4") else "train"
            packed.write(path, f"{part}/{path.relative_to(folder)}")
    finished = run(
        *("catdog-train", "look", "--data", str(archive), "--model", "fast", "--output", str(tmp_path / "look.html")),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert finished.returncode == 0, finished.stderr
    assert f"{3 * EACH:,} pictures of 3 labels" in finished.stdout
    assert f"validation/{name_of(12)}/moved-0-4.png" in (tmp_path / "look.html").read_text()


def test_names_that_are_only_numbered_belong_to_nothing(tmp_path: Path) -> None:
    folder = class_folders_of(tmp_path / "things", {0: 20, 12: 20})
    for path in sorted(folder.rglob("*.png")):
        path.rename(path.with_name(f"{path.parent.name} ({path.stem}).png"))
    shutil.copy(folder / name_of(0) / f"{name_of(0)} (7).png", folder / name_of(12) / "odd <b>.png")
    looked = look_through(LookOptions(str(folder), "tiny", tmp_path / "look.html"))
    assert looked.not_judged == ()
    assert of_kind(looked, TWO_LABELS) == [f"{name_of(0)}/{name_of(0)} (7).png"]
    assert "odd &lt;b&gt;.png" in (tmp_path / "look.html").read_text()


def test_nothing_is_said_of_few_pictures_and_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    folder = class_folders_of(tmp_path / "things", {0: 20, 12: 5})
    looked = look_through(LookOptions(str(folder), "tiny", tmp_path / "look.html"))
    assert looked.not_judged == (name_of(12),)
    assert looked.suspects == ()
    shutil.rmtree(folder / name_of(12))
    with pytest.raises(DatasetError, match="two labels"):
        look_through(LookOptions(str(folder), "tiny", tmp_path / "look.html"))
    with pytest.raises(UsageError, match="html"):
        LookOptions(str(folder), output=tmp_path / "look.pdf")
    with pytest.raises(ModelError):
        look_through(LookOptions(str(folder), str(folder / name_of(0) / "1.png"), tmp_path / "look.html"))


@pytest.mark.slow
def test_most_of_what_was_flipped_among_photographs_is_found(validation_photographs: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    flipped = set()
    for path in sorted(validation_photographs.rglob("*.jpg")):
        label = path.parent.name
        if rng.random() < 0.03:
            label = {"cats": "dogs", "dogs": "cats"}[label]
            flipped.add(f"{label}/{path.name}")
        place = tmp_path / "pets" / label
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / path.name)
    looked = look_through(LookOptions(str(tmp_path / "pets"), output=tmp_path / "look.html"))
    found = of_kind(looked, WRONG_LABEL)
    assert len(flipped & set(found)) >= 0.9 * len(flipped)
    assert len(flipped & set(found)) >= 0.9 * len(found)
