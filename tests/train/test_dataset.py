import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

pytest.importorskip("platformdirs", reason="the extra train is not installed")

from catdog.edge.contract.model_contract import InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import DatasetError, UsageError
from catdog.edge.pictures.decode import read_picture
from catdog.edge.synthetic import draw_picture
from catdog.train.data.dataset import held_out, load_dataset, load_part
from catdog.train.data.items import whole_of
from catdog.train.options import DataOptions

if TYPE_CHECKING:
    from tests.conftest import Site


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_one_folder_is_split_by_class_and_the_parts_are_disjoint(class_folders: Path) -> None:
    dataset = load_dataset(DataOptions(data=str(class_folders), image_size=32))
    assert dataset.labels == ("cats", "dogs")
    for part, count in ((dataset.train, 7), (dataset.validation, 2), (dataset.test, 1)):
        assert part.counts(dataset.labels) == {"cats": count, "dogs": count}
    assert len({*dataset.train.names, *dataset.validation.names, *dataset.test.names}) == 20


def test_split_is_decided_by_the_seed(class_folders: Path) -> None:
    def split(seed: int) -> tuple[str, ...]:
        return load_dataset(DataOptions(data=str(class_folders), image_size=32, seed=seed)).validation.names

    assert split(3) == split(3)
    assert len({split(seed) for seed in range(6)}) > 1


def test_folders_of_their_own_are_taken_as_they_are_also_from_an_archive(class_folders: Path, tmp_path: Path) -> None:
    archive = tmp_path / "pets.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        for path in sorted(class_folders.rglob("*.jpg")):
            part = "validation" if path.stem in "01" else "train"
            writer.write(path, f"wrapping/{part}/{path.parent.name}/{path.name}")
    dataset = load_dataset(DataOptions(data=str(archive), image_size=32))
    assert (len(dataset.train), len(dataset.validation)) == (16, 4)
    assert {name.rpartition("/")[2] for name in dataset.validation.names} == {"0.jpg", "1.jpg"}


def test_archive_from_an_address(class_folders: Path, tmp_path: Path, site: "Site") -> None:
    archive = tmp_path / "pets.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        for path in class_folders.rglob("*.jpg"):
            writer.write(path, f"{path.parent.name}/{path.name}")
    site.pages["/pets.zip"] = (200, {}, archive.read_bytes())
    assert len(load_dataset(DataOptions(data=f"{site.url}/pets.zip", image_size=32)).train) == 14


def test_login_page_in_place_of_an_archive_is_not_kept(site: "Site", class_folders: Path, tmp_path: Path) -> None:
    site.pages["/pets.zip"] = (200, {}, b"<p>please log in")
    with pytest.raises(DatasetError, match="zip"):
        load_dataset(DataOptions(data=f"{site.url}/pets.zip", image_size=32))
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as writer:
        for path in class_folders.rglob("*.jpg"):
            writer.write(path, f"{path.parent.name}/{path.name}")
    site.pages["/pets.zip"] = (200, {}, (tmp_path / "pets.zip").read_bytes())
    assert len(load_dataset(DataOptions(data=f"{site.url}/pets.zip", image_size=32)).train) == 14


def test_parts_by_their_other_usual_names(class_folders: Path) -> None:
    for label in ("cats", "dogs"):
        for part, numbers in (("training", range(7)), ("test", range(7, 10))):
            (class_folders / part / label).mkdir(parents=True)
            for number in numbers:
                (class_folders / label / f"{number}.jpg").rename(class_folders / part / label / f"{number}.jpg")
        (class_folders / label).rmdir()
    dataset = load_dataset(DataOptions(data=str(class_folders), image_size=64))
    # No folder for validation: it is taken from the training pictures, never from the test.
    assert [len(pictures) for pictures in dataset.parts.values()] == [12, 2, 6]
    assert {name.rpartition("/")[2] for name in dataset.test.names} == {"7.jpg", "8.jpg", "9.jpg"}


def test_a_share_of_what_is_held_back_is_the_test(class_folders: Path) -> None:
    options = DataOptions(data=str(class_folders), image_size=32, validation_share=0.5, test_share=0.4)
    dataset = load_dataset(options)
    counts = [pictures.counts(dataset.labels) for pictures in dataset.parts.values()]
    assert counts == [{"cats": 5, "dogs": 5}, {"cats": 3, "dogs": 3}, {"cats": 2, "dogs": 2}]
    names = [set(pictures.names) for pictures in dataset.parts.values()]
    assert len(set.union(*names)) == 20
    assert load_dataset(options).test.names == dataset.test.names
    assert dataset.baseline == 0.5


def test_negatives_are_the_last_label_and_in_every_part(class_folders: Path, tmp_path: Path) -> None:
    for folder, count in (("rooms", 20), ("gardens", 10)):
        (tmp_path / "none" / folder).mkdir(parents=True)
        for seed in range(count):
            name = tmp_path / "none" / folder / f"{seed}.jpg"
            cv2.imwrite(str(name), draw_picture("neither", seed + (0 if folder == "rooms" else 100)))
    options = DataOptions(
        data=str(class_folders), image_size=64, negatives=str(tmp_path / "none"), negatives_share=0.5, test_share=0.4,
        negative_parts=2,
    )  # fmt: skip
    dataset = load_dataset(options)
    assert dataset.labels == ("cats", "dogs", "neither")
    assert dataset.has_negatives
    # Of those that are learnt from, two parts each, too.
    cut = [name for name in dataset.train.names if whole_of(name) != name]
    assert len(cut) == len(set(cut)) == 30
    assert {whole_of(name) for name in cut} == {name for name in dataset.train.names if "neither/" in name} - set(cut)
    for part, (rooms, gardens) in {"train": (30, 15), "validation": (6, 3), "test": (4, 2)}.items():
        names = [name for name in dataset.parts[part].names if name.startswith("neither/")]
        assert sum(name.startswith("neither/rooms/") for name in names) == rooms
        assert len(names) == rooms + gardens == dataset.parts[part].counts(dataset.labels)["neither"]


def test_more_pictures_are_learnt_from_only_and_copies_of_measured_ones_are_not(class_folders: Path, tmp_path: Path) -> None:
    for folder, first in (("more/cats", 500), ("none", 0), ("more-none/animals", 100)):
        (tmp_path / folder).mkdir(parents=True)
        for seed in range(first, first + 6):
            cv2.imwrite(str(tmp_path / folder / f"{seed}.jpg"), draw_picture("cats" if first == 500 else "neither", seed))
    before = load_dataset(DataOptions(data=str(class_folders), image_size=64))
    copied = next(name for name in before.validation.names if name.startswith("cats/"))
    shutil.copy(class_folders / copied, tmp_path / "more" / "cats" / "copy.jpg")
    options = DataOptions(
        data=str(class_folders), image_size=64, more_data=(str(tmp_path / "more"),), negatives=str(tmp_path / "none"),
        more_negatives=(str(tmp_path / "more-none"),), negative_parts=1, validation_share=0.3,
        negatives_share=0.5, test_share=0.0,
    )  # fmt: skip
    dataset = load_dataset(options)
    assert dataset.train.counts(dataset.labels) == {"cats": 7 + 6, "dogs": 7, "neither": 2 * (3 + 6)}
    assert set(before.validation.names) <= set(dataset.validation.names)
    assert dataset.validation.counts(dataset.labels)["neither"] == 3
    assert any(f"cats/copy.jpg, a copy of the validation picture {copied}: not learnt from" in line for line in dataset.skipped)
    (tmp_path / "more" / "ferrets").mkdir()
    shutil.copy(class_folders / copied, tmp_path / "more" / "ferrets")
    with pytest.raises(DatasetError, match="ferrets"):
        load_dataset(options)
    with pytest.raises(UsageError, match="--negatives beside --more-negatives"):
        DataOptions(data=str(class_folders), more_negatives=(str(tmp_path / "none"),))


def test_pictures_that_are_held_out_take_their_parts_with_them(class_folders: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    for seed in range(10):
        cv2.imwrite(str(tmp_path / "none" / f"{seed}.jpg"), draw_picture("neither", seed))
    dataset = load_dataset(
        DataOptions(
            data=str(class_folders),
            image_size=64,
            validation_share=0.2,
            negatives=str(tmp_path / "none"),
            negatives_share=0.2,
            negative_parts=2,
        )
    )
    rest, taken = held_out(dataset, 0.25, 0)
    assert taken.counts(dataset.labels) == {"cats": 2, "dogs": 2, "neither": 2}
    assert rest.train.counts(dataset.labels) == {"cats": 6, "dogs": 6, "neither": 3 * 6}
    assert not {whole_of(name) for name in rest.train.names} & set(taken.names)
    assert rest.validation is dataset.validation
    assert held_out(dataset, 0.25, 0)[1].names == taken.names


def test_drawn_negatives_and_a_class_folder_of_that_name(class_folders: Path) -> None:
    drawn = load_dataset(DataOptions(data="synthetic", negatives="synthetic", image_size=32, synthetic_count=8))
    assert drawn.train.counts(drawn.labels) == {"cats": 8, "dogs": 8, "neither": 8}
    (class_folders / "cats").rename(class_folders / "zebras")
    (class_folders / "neither").mkdir()
    for number in range(5):
        (class_folders / "dogs" / f"{number}.jpg").rename(class_folders / "neither" / f"{number}.jpg")
    dataset = load_dataset(DataOptions(data=str(class_folders), image_size=32))
    assert dataset.labels == ("dogs", "zebras", "neither")
    with pytest.raises(DatasetError, match="neither"):
        load_dataset(DataOptions(data=str(class_folders), negatives="synthetic", image_size=32))


def test_copies_between_validation_and_test_are_not_in_the_test(class_folders: Path, tmp_path: Path) -> None:
    for part, stems in (("train", "234567"), ("validation", "01"), ("test", "189")):
        for label in ("cats", "dogs"):
            (tmp_path / "split" / part / label).mkdir(parents=True)
            for stem in stems:
                shutil.copy(class_folders / label / f"{stem}.jpg", tmp_path / "split" / part / label)
    dataset = load_dataset(DataOptions(data=str(tmp_path / "split"), image_size=96))
    assert [len(pictures) for pictures in dataset.parts.values()] == [12, 4, 4]
    assert all("copy of the validation picture" in line for line in dataset.skipped)


def test_a_picture_that_is_added_moves_at_most_one_other(class_folders: Path) -> None:
    before = set(load_dataset(DataOptions(data=str(class_folders), image_size=32)).validation.names)
    cv2.imwrite(str(class_folders / "cats" / "new.jpg"), draw_picture("cats", 99))
    after = set(load_dataset(DataOptions(data=str(class_folders), image_size=32)).validation.names)
    assert len(before - after) <= 1


def test_part_without_splitting(class_folders: Path, tmp_path: Path) -> None:
    everything = load_part(str(class_folders), "validation", 32)
    assert (everything.labels, len(everything.pictures)) == (("cats", "dogs"), 20)
    some = load_part(str(class_folders), "train", 32, count=7)
    assert sorted(np.bincount(some.pictures.targets)) == [3, 4]
    flat = load_part(str(class_folders / "cats"), "train", 32, count=5)
    assert (flat.labels, len(flat.pictures)) == (("",), 5)


def test_pixels_are_the_edge_runners(class_folders: Path) -> None:
    dataset = load_dataset(DataOptions(data=str(class_folders), image_size=48))
    expected = Preprocessor(InputSpec(48, 48))(read_picture(class_folders / dataset.train.names[0]))
    assert np.array_equal(dataset.train.pixels[0], expected[0])


def test_unreadable_pictures_are_skipped_and_named(class_folders: Path) -> None:
    (class_folders / "cats" / "broken.jpg").write_bytes(b"not a picture")
    dataset = load_dataset(DataOptions(data=str(class_folders), image_size=32))
    assert len(dataset.skipped) == 1
    assert "broken.jpg" in dataset.skipped[0]
    assert sum(map(len, dataset.parts.values())) == 20


def test_copy_of_a_training_picture_is_not_measured_on(class_folders: Path, tmp_path: Path) -> None:
    for part, stems in (("train", "2345678"), ("validation", "01")):
        for label in ("cats", "dogs"):
            (tmp_path / "split" / part / label).mkdir(parents=True)
            for stem in stems:
                shutil.copy(class_folders / label / f"{stem}.jpg", tmp_path / "split" / part / label)
    original = cv2.imread(str(class_folders / "dogs" / "5.jpg"))
    smaller = cv2.resize(original, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    copy = tmp_path / "split" / "validation" / "dogs" / "copy.jpg"
    cv2.imwrite(str(copy), smaller, [cv2.IMWRITE_JPEG_QUALITY, 60])
    dataset = load_dataset(DataOptions(data=str(tmp_path / "split"), image_size=96, test_share=0))
    assert dataset.validation.counts(dataset.labels) == {"cats": 2, "dogs": 2}
    assert [line for line in dataset.skipped if "dogs/copy.jpg" in line and "dogs/5.jpg" in line]
    assert len(dataset.skipped) == 1


def test_picture_under_two_labels_is_named(class_folders: Path, tmp_path: Path) -> None:
    assert load_dataset(DataOptions(data=str(class_folders), image_size=64)).contradictions == ()
    picture = cv2.imread(str(class_folders / "cats" / "3.jpg"))
    cv2.imwrite(str(class_folders / "dogs" / "again.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    (tmp_path / "rooms").mkdir()
    room = draw_picture("neither", 7)
    cv2.imwrite(str(tmp_path / "rooms" / "empty.jpg"), room)
    for seed in range(8, 14):
        cv2.imwrite(str(tmp_path / "rooms" / f"{seed}.jpg"), draw_picture("neither", seed))
    cv2.rectangle(room, (20, 20), (44, 44), (30, 60, 90), -1)  # a small pet in that very room
    cv2.imwrite(str(class_folders / "cats" / "small.jpg"), room)
    shutil.copy(tmp_path / "rooms" / "9.jpg", class_folders / "dogs" / "room.jpg")
    dataset = load_dataset(DataOptions(data=str(class_folders), image_size=64, negatives=str(tmp_path / "rooms")))
    assert sorted(dataset.contradictions) == ["cats/3.jpg and dogs/again.jpg", "dogs/room.jpg and neither/9.jpg"]


def test_class_without_a_readable_picture(class_folders: Path) -> None:
    for path in (class_folders / "cats").iterdir():
        path.write_bytes(b"not a picture")
    with pytest.raises(DatasetError, match="cats"):
        load_dataset(DataOptions(data=str(class_folders), image_size=32))


def test_drawn_pictures_of_different_splits_and_seeds_differ() -> None:
    first = load_dataset(DataOptions(data="synthetic", image_size=32, synthetic_count=8))
    other = load_dataset(DataOptions(data="synthetic", image_size=32, synthetic_count=8, seed=1))
    names = [set(part.names) for part in (first.train, first.validation, other.train, other.validation)]
    assert len(set.union(*names)) == sum(len(part) for part in names)
    assert first.train.counts(first.labels) == {"cats": 8, "dogs": 8}


def test_what_is_no_data_set(tmp_path: Path, class_folders: Path) -> None:
    (tmp_path / "text.zip").write_bytes(b"text")
    (tmp_path / "one" / "cats").mkdir(parents=True)
    for where in ("none", "text.zip", "one", "pets/cats"):
        with pytest.raises(DatasetError):
            load_dataset(DataOptions(data=str(tmp_path / where), image_size=32))


@pytest.mark.parametrize("options", [{"image_size": 8}, {"validation_share": 0.0}, {"seed": -1}, {"synthetic_count": 0}])
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        DataOptions(**options)  # type: ignore[arg-type]
