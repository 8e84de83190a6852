"""Data sets in the shapes and archives that people have: all pictures are learnt from, or it is said why not."""

import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

pytest.importorskip("platformdirs", reason="the extra train is not installed")

from catdog.edge.errors import DatasetError
from catdog.train.data.dataset import load_dataset, load_part
from catdog.train.data.finder import find, find_labelled
from catdog.train.data.items import check_folders, labelled_items, negative_items
from catdog.train.data.names import label_in, part_of
from catdog.train.data.where import place_name
from catdog.train.options import DataOptions

if TYPE_CHECKING:
    from tests.conftest import Site

EACH = 4  # pictures of a label in a part


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def picture(seed: int, suffix: str = ".png") -> bytes:
    """A small picture that is unlike the others."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    pixels = cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_NEAREST)
    done, data = cv2.imencode(suffix, pixels[:, :, 0] if suffix == ".pgm" else pixels)
    assert done
    return data.tobytes()


Files = dict[str, bytes]


def files_of(*folders: str, name: str = "{}.png") -> Files:
    paths = [f"{folder}/{name.format(number)}" for folder in folders for number in range(EACH)]
    return {path: picture(zlib.crc32(path.encode())) for path in paths}


def classes(part: str, *labels: str) -> Files:
    return files_of(*(f"{part}/{label}".strip("/") for label in labels or ("cats", "dogs")))


BOTH = ("cats", "dogs")


def test_guesses_of_a_model_are_not_learnt_from(tmp_path: Path) -> None:
    for name, content in (classes("") | files_of("unlabelled/cats", "unlabelled/dogs")).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    place = find(str(tmp_path))
    assert sorted({each.label for each in place.pictures}) == ["cats", "dogs"]
    assert len(place.pictures) == 2 * EACH
    assert any("unlabelled/" in note for note in place.left_out)
    assert len(find(str(tmp_path / "unlabelled")).pictures) == 2 * EACH  # who names it means it


# What lies there; the labels; which part is how large, of two labels; what is said of the rest.
SHAPES: dict[str, tuple[Files, tuple[str, ...], dict[str, int], str]] = {
    "class folders": (classes(""), BOTH, {"train": 2}, ""),
    "wrapped": (classes("pets/photos"), BOTH, {"train": 2}, ""),
    "parts": (classes("train") | classes("validation"), BOTH, {"train": 2, "validation": 2}, ""),
    "Train and Val": (classes("Train") | classes("Val"), BOTH, {"train": 2, "validation": 2}, ""),
    "twice the name": (
        classes("training_set/training_set") | classes("test_set/test_set"), BOTH, {"train": 2, "test": 2}, ""
    ),
    "all three": (
        classes("x/train") | classes("x/valid") | classes("x/TESTING"), BOTH, {"train": 2, "validation": 2, "test": 2}, ""
    ),
    "images and labels": (
        classes("train/images") | classes("test/images") | {"train/labels/1.txt": b"0 1"},
        BOTH, {"train": 2, "test": 2}, "1 .txt",
    ),
    "test without labels": (
        classes("train") | classes("validation") | files_of("test"),
        BOTH, {"train": 2, "validation": 2}, "4 pictures of test without class folders",
    ),
    "secret test": (
        classes("seg_train/seg_train") | classes("seg_test/seg_test") | files_of("seg_pred/seg_pred"),
        BOTH, {"train": 2, "test": 2}, "4 pictures in seg_pred/, which is no part",
    ),
    "names that say it": (
        files_of("train", name="cat.{}.png") | files_of("train", name="dog.{}.png") | files_of("test1"),
        ("cat", "dog"), {"train": 2}, "4 pictures of test without class folders",
    ),
    "breeds": (
        files_of("images", name="pug_{}.png") | files_of("images", name="Maine_Coon_{}.png") | {"annotations/a.xml": b"<a/>"},
        ("Maine_Coon", "pug"), {"train": 2}, "",
    ),
    "as on a NAS": (
        classes("") | files_of("@eaDir/1.png", "#recycle", "$RECYCLE.BIN", "lost+found", ".thumbnails", "cats/@eaDir/1.png"),
        BOTH, {"train": 2}, "#recycle",
    ),
    "train beside what nobody has labelled": (
        classes("train") | files_of("unlabeled"), BOTH, {"train": 2}, "4 pictures in unlabeled/, which is no part"
    ),
    "classes beside a test without labels": (
        classes("") | files_of("test"), BOTH, {"train": 2}, "4 pictures of test without class folders"
    ),
    "classes beside a validation and a test": (
        classes("") | classes("val") | classes("test"), BOTH, {"train": 2, "validation": 2, "test": 2}, ""
    ),
    "two to learn from": (
        classes("train") | classes("Train2", "birds", "mice") | classes("val"),
        BOTH, {"train": 2, "validation": 2}, "8 pictures in Train2/, beside another train",
    ),
    "trains": (classes("", "bus", "car", "train"), ("bus", "car", "train"), {"train": 3}, ""),
    "loose ones": (classes("") | files_of("."), BOTH, {"train": 2}, "4 pictures in no class folder"),
}  # fmt: skip


def in_folder(files: Files, path: Path) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def as_zip(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, content in files.items():
            archive.writestr(os.path.normpath(name), content)
    return path.with_suffix(".zip")


def as_tar(suffix: str, mode: str) -> Callable[[Files, Path], Path]:
    def pack(files: Files, path: Path) -> Path:
        path = path.with_name(path.name + suffix)
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload] # one of tarfile's own
            for name, content in files.items():
                entry = tarfile.TarInfo(os.path.normpath(name))
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return path

    return pack


def as_kaggles(files: Files, path: Path) -> Path:
    """A zip archive of zip archives, one for each folder, as competitions have them."""
    path.mkdir()
    inner: dict[str, Files] = {}
    for name, content in files.items():
        inner.setdefault(os.path.normpath(name).split("/")[0], {})[name] = content
    whole: Files = {}
    for first, members in inner.items():
        if first in map(os.path.normpath, members):
            whole |= members  # a file
        else:
            whole[f"{first}.zip"] = as_zip(members, path / "inner").read_bytes()
    return as_zip(whole | {"sampleSubmission.csv": b"id,label"}, path / "outer")


KINDS: dict[str, Callable[[Files, Path], Path]] = {
    "folder": in_folder,
    "zip": as_zip,
    "tar": as_tar(".tar", "w"),
    "tgz": as_tar(".tgz", "w:gz"),
    "tar.bz2": as_tar(".tar.bz2", "w:bz2"),
    "tar.xz": as_tar(".tar.xz", "w:xz"),
    "zips in a zip": as_kaggles,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_shape_in_every_archive(kind: str, shape: str, tmp_path: Path) -> None:
    files, labels, parts, said = SHAPES[shape]
    place = KINDS[kind](files, tmp_path / "data")
    options = DataOptions(data=str(place))
    check_folders(options)
    found, items, left_out = labelled_items(options)
    assert found == labels
    assert {part: len(those) for part, those in items.items()} == {part: times * EACH for part, times in parts.items()}
    for those in items.values():
        assert [item.target for item in those] == sorted(item.target for item in those)
        assert all(labels[item.target] in item.name for item in those)
    assert said in ", ".join(left_out)
    assert kind != "zips in a zip" or "1 .csv" in ", ".join(left_out)


def test_what_is_left_out_is_in_the_data_set_and_in_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from catdog.train.stages import log_dataset

    files = SHAPES["as on a NAS"][0] | {"cats/film.mp4": b"\0\0\0\x18ftypisom" + bytes(99), "cats/raw.nef": b"?" * 99}
    dataset = load_dataset(DataOptions(data=str(in_folder(files, tmp_path / "data")), image_size=32))
    assert sum(map(len, dataset.parts.values())) == 2 * EACH
    with caplog.at_level("INFO", "catdog"):
        log_dataset(dataset)
    (line,) = [line for line in caplog.messages if line.startswith("left out: ")]
    for kind in ("@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found", ".mp4", ".nef"):
        assert kind in line


FORMATS = (".jpg", ".jfif", ".jpe", ".png", ".webp", ".bmp", ".tif", ".ppm", ".pgm", ".jp2", ".avif", ".gif")


@pytest.mark.parametrize("suffix", [*FORMATS, ".heic", ".jxl", ".mp4", ".cr2", ".txt", ".dat", ""])
def test_every_format_is_learnt_from_or_told_of(suffix: str, tmp_path: Path) -> None:
    made = {".jfif": ".jpg", ".jpe": ".jpg", ".dat": ".jpg", "": ".png"}.get(suffix, suffix)
    if suffix == ".heic":
        content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
    elif suffix in (".jxl", ".mp4", ".cr2", ".txt"):
        content = {".jxl": b"\xff\x0a", ".mp4": b"\0\0\0\x18ftypisom", ".cr2": b"II*\0\x10\0\0\0CR", ".txt": b"words"}[
            suffix
        ] * 9
    else:
        try:
            content = picture(5, made)
        except cv2.error:
            pytest.skip(f"this OpenCV writes no {made}")
    place = in_folder(classes("") | {f"cats/strange{suffix}": content}, tmp_path / "data")
    dataset = load_dataset(DataOptions(data=str(place), image_size=32))
    names = [name for pictures in dataset.parts.values() for name in pictures.names]
    was_read, count = f"cats/strange{suffix}" in names, len(names)
    told = [
        line for line in (*dataset.skipped, *dataset.left_out) if "strange" in line or f"1 {suffix}" in line or suffix in line
    ]
    assert count == 2 * EACH + was_read
    assert was_read or (told and suffix)
    assert was_read or suffix not in (".jpg", ".jfif", ".jpe", ".png", ".webp", ".bmp", ".tif", ".ppm", ".pgm", ".dat", "")


def test_damaged_pictures_are_told_and_not_learnt_from(tmp_path: Path) -> None:
    whole = picture(6, ".jpg")
    files = {"cats/half.jpg": whole[: len(whole) // 2], "cats/text.png": b"not found", "cats/empty.jpg": b""}
    dataset = load_dataset(DataOptions(data=str(in_folder(classes("") | files, tmp_path / "data")), image_size=32))
    assert sum(map(len, dataset.parts.values())) == 2 * EACH
    for name in files:
        assert [line for line in dataset.skipped if name in line]


def test_a_class_of_what_cannot_be_read_is_told_of_with_what_it_is(tmp_path: Path) -> None:
    files = classes("") | {f"foxes/{number}.nef": b"raw" for number in range(3)}
    assert "3 camera raw file (.nef)" in ", ".join(labelled_items(DataOptions(data=str(in_folder(files, tmp_path / "a"))))[2])
    alone = {f"{label}/{number}.nef": b"raw" for label in ("cats", "foxes") for number in range(3)}
    with pytest.raises(DatasetError, match=re.escape("left out: 6 camera raw file (.nef)")):
        check_folders(DataOptions(data=str(in_folder(alone, tmp_path / "b"))))


def test_linked_folders_are_read_and_circles_end(tmp_path: Path) -> None:
    elsewhere = in_folder(files_of("dogs"), tmp_path / "elsewhere")
    place = in_folder(files_of("cats"), tmp_path / "data")
    (place / "dogs").symlink_to(elsewhere / "dogs")
    (place / "cats" / "again").symlink_to(place)
    found, items, left_out = labelled_items(DataOptions(data=str(place)))
    assert found == BOTH
    assert len(items["train"]) == 2 * EACH
    assert "1 link to a folder" in ", ".join(left_out)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told_of(tmp_path: Path) -> None:
    place = in_folder(classes("") | files_of("birds"), tmp_path / "data")
    (place / "birds").chmod(0)
    try:
        assert "the folder birds, which may not be read" in find(str(place)).left_out
    finally:
        (place / "birds").chmod(0o700)


def test_validation_without_training_and_a_part_of_other_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="training pictures beside validation and test"):
        check_folders(DataOptions(data=str(in_folder(classes("val") | classes("test"), tmp_path / "a"))))
    files = classes("train") | classes("val", "cats", "birds")
    with pytest.raises(DatasetError, match="the same class folders in train and validation; got birds, dogs in one"):
        check_folders(DataOptions(data=str(in_folder(files, tmp_path / "b"))))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Rar!\x1a\x07\x01\x00" + bytes(99), "a RAR archive. Unpack it, and name the folder"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "a 7z archive. Unpack it, and name the folder"),
        (b"<p>please log in", "a file that begins with b'<p>ple'"),
        (b"", "an empty file"),
    ],
)
def test_what_is_not_unpacked_is_one_clear_line(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "pets.rar").write_bytes(content)
    with pytest.raises(DatasetError, match=re.escape(said)):
        find(str(tmp_path / "pets.rar"))


def test_a_tar_archive_from_an_address(tmp_path: Path, site: "Site") -> None:
    site.pages["/pets.tar.gz"] = (200, {}, b"<p>please log in")
    with pytest.raises(DatasetError, match="zip or tar archive"):
        find(f"{site.url}/pets.tar.gz")
    site.pages["/pets.tar.gz"] = (200, {}, KINDS["tgz"](classes("pets"), tmp_path / "pets").read_bytes())
    place = find(f"{site.url}/pets.tar.gz")
    assert (place.name, len(place.pictures)) == ("pets", 2 * EACH)


@pytest.mark.parametrize("kind", KINDS)
def test_a_models_labels_are_found_at_any_depth_and_held_back_ones_taken(kind: str, tmp_path: Path) -> None:
    files = classes("a/train") | classes("a/Valid") | classes("b/test_set") | classes("b/train", "birds") | {"list.txt": b"?"}
    place = find_labelled(str(KINDS[kind](files, tmp_path / "data")), ("cats", "dogs", "neither"))
    assert {(each.part, each.label) for each in place.pictures} == {
        (part, label) for part in ("validation", "test") for label in BOTH
    }
    assert len(place.pictures) == 4 * EACH
    assert "4 pictures in folders of none of the labels" in place.left_out
    with pytest.raises(DatasetError, match="folders named ferrets"):
        find_labelled(str(tmp_path / "data") if kind == "folder" else str(next(tmp_path.glob("data*"))), ("ferrets",))


def test_a_class_folder_alone_and_names_of_files_have_labels_as_well(tmp_path: Path) -> None:
    place = in_folder(classes(""), tmp_path / "data")
    assert {each.label for each in find_labelled(str(place / "cats"), BOTH).pictures} == {"cats"}
    flat = in_folder(files_of(".", name="cat.{}.png") | files_of(".", name="dog.{}.png"), tmp_path / "flat")
    assert {each.label for each in find_labelled(str(flat), ("cat", "dog")).pictures} == {"cat", "dog"}
    assert load_part(str(flat), "train", 32, known=("cat", "dog", "neither")).labels == ("cat", "dog")
    assert load_part(str(flat), "train", 32, known=BOTH).labels == ("",)


def test_negatives_beside_a_sub_folder_are_all_found(tmp_path: Path) -> None:
    place = in_folder(files_of(".", "garden") | {"garden/list.txt": b"?"}, tmp_path / "none")
    found = negative_items(DataOptions(negatives=str(place)), 2)["train"]
    assert {item.name.rpartition("/")[0] for item in found} == {"neither", "neither/garden"}
    assert len(found) == 2 * EACH


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, "train") for name in ("train", "Training", "training_set", "train-images", "seg_train", "TRAIN", "trainset")),
        *((name, "validation") for name in ("val", "Valid", "validation", "val2017", "validation_set")),
        *((name, "test") for name in ("test", "testing", "test1", "Test_Set", "test images")),
        *((name, None) for name in ("trains", "trainer", "tests and more", "value", "cats", "testament", "")),
    ],
)
def test_names_of_parts(name: str, part: str | None) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(
    ("stem", "label"),
    [
        ("cat.0", "cat"), ("american_bulldog_12", "american_bulldog"), ("n02085620_10026", "n02085620"), ("12", ""),
        ("IMG_0001", ""), ("IMG_20250101_120000", ""), ("DSC_17", ""), ("photo 3", ""), ("cat", ""), ("2024-01-02", ""),
        ("imp_3", "imp"), ("frame-0001", ""),
    ],
)  # fmt: skip
def test_labels_in_names(stem: str, label: str) -> None:
    assert label_in(stem) == label


def test_names_of_places() -> None:
    assert [place_name(where) for where in ("a/pets.tar.gz", "https://u:p@h/pets.zip?key=1", "a/pets/")] == ["pets"] * 3


def test_finder_needs_the_edges_packages_only(tmp_path: Path) -> None:
    archive = KINDS["tgz"](classes("pets"), tmp_path / "pets")
    script = (
        "import sys; sys.modules.update(dict.fromkeys(('tqdm', 'platformdirs', 'tensorflow')));"
        "from catdog.train.data.finder import find_labelled;"
        "print(len(find_labelled(sys.argv[1], ('cats', 'dogs')).pictures))"
    )
    finished = subprocess.run([sys.executable, "-c", script, str(archive)], capture_output=True, text=True, check=False)
    assert finished.stdout == f"{2 * EACH}\n", finished.stderr


def test_a_missing_extra_is_told_once_for_all_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    phones = {f"cats/{number}.HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200 + number) for number in range(7)}
    dataset = load_dataset(DataOptions(data=str(in_folder(classes("") | phones, tmp_path / "data")), image_size=32))
    (line,) = [line for line in dataset.skipped if "pillow-heif" in line]
    assert line.startswith("7 pictures: ")
    assert "heif" in line
