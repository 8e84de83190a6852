"""Every kind of picture file, by every way to name it, whole and in parts: read or told, never passed over in silence."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import run
from picture_files import PICTURE, PICTURES, UNREADABLE, turned
from PIL import Image, ImageOps

from catdog.edge.errors import CatdogError, MissingExtraError, UnreadableInputError
from catdog.edge.pictures.decode import decode_picture
from catdog.edge.sources import SourceOptions, listed, open_sources
from catdog.edge.sources.frame import Frame

_CODED = 14.0  # levels of 255 by which a lossy picture may differ on average; of another way up it is more than 30
_FEW_COLOURS = ("grey", "one_bit", "palette", "fax", "cmyk")  # differ by more


def frames(*inputs: Path) -> dict[str, Frame]:
    with open_sources(SourceOptions(inputs=tuple(map(str, inputs)))) as sources:
        found = [frame for source in sources for frame in source.frames()]
    assert all(isinstance(frame, Frame) for frame in found)
    return {Path(frame.source).name: frame for frame in found if isinstance(frame, Frame)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("every")
    for name, data in {**PICTURES, **UNREADABLE}.items():
        (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("name", PICTURES)
def test_every_format_is_read_when_it_is_named(folder: Path, name: str) -> None:
    (frame,) = frames(folder / name).values()
    assert frame.error is None
    assert frame.picture is not None
    assert frame.picture.shape == PICTURE.shape
    if not name.startswith(_FEW_COLOURS):
        assert np.abs(frame.picture.astype(int) - PICTURE).mean() < _CODED


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_an_error_with_its_name(folder: Path, name: str) -> None:
    (frame,) = frames(folder / name).values()
    assert isinstance(frame.error, UnreadableInputError)
    assert name in str(frame.error)


@pytest.mark.parametrize("how", ["folder", "names", "stdin", "zeros"])
def test_command_tells_of_every_file(folder: Path, how: str) -> None:
    paths = sorted(map(str, folder.iterdir()))
    arguments, stdin = {
        "folder": ([str(folder)], ""), "names": (paths, ""),
        "stdin": (["-"], "\n".join(paths)), "zeros": (["-"], "\0".join(paths)),
    }[how]  # fmt: skip
    finished = run("catdog-edge", *arguments, "--json", stdin=stdin)
    lines = {Path(line["source"]).name: line for line in map(json.loads, finished.stdout.splitlines())}
    assert finished.returncode == 11, finished.stderr
    assert lines.keys() == {*PICTURES, *UNREADABLE}
    assert {name for name, line in lines.items() if "label" in line} == set(PICTURES)
    assert all(any(name in line for line in finished.stderr.splitlines()) for name in UNREADABLE)
    assert all(line.startswith("catdog-edge: ") for line in finished.stderr.splitlines())


@pytest.mark.parametrize("name", PICTURES)
def test_part_of_a_picture_is_never_judged(name: str) -> None:
    whole = PICTURES[name]
    for tenth in range(1, 11):
        cut = whole[: len(whole) * tenth // 11]
        if name == "two.mpo" and tenth > 5:  # the first of the two is there
            assert np.array_equal(decode_picture(cut, name), decode_picture(whole, name))
            continue
        with pytest.raises(UnreadableInputError, match=name):
            decode_picture(cut, name)


def test_of_damaged_files_nothing_is_told_but_what_catdog_says(tmp_path: Path) -> None:
    """The libraries' own words have no file's name."""
    for name, whole in PICTURES.items():
        middle, lost = len(whole) // 2, len(whole) // 10
        (tmp_path / f"cut_{name}").write_bytes(whole[:middle])
        (tmp_path / f"gone_{name}").write_bytes(whole[:middle] + whole[middle + lost :])
    finished = run("catdog-edge", str(tmp_path), "--json")
    assert all(line.startswith("catdog-edge: ") for line in finished.stderr.splitlines())
    lines = {Path(line["source"]).name: line for line in map(json.loads, finished.stdout.splitlines())}
    assert len(lines) == 2 * len(PICTURES)
    judged = {name for name, line in lines.items() if "label" in line}
    assert judged <= {"gone_two.mpo", "gone_moving.webp"}  # the second picture is not asked for


def test_a_changed_heic_is_read_or_told_of_whatever_the_library_raises() -> None:
    rng, whole = np.random.default_rng(0), np.frombuffer(PICTURES["phone.heic"], np.uint8)
    told = set()
    for _ in range(200):
        changed = whole.copy()
        changed[rng.integers(12, min(len(whole), 600), 5)] = rng.integers(0, 256, 5)
        try:
            decode_picture(changed.tobytes(), "phone.heic")
        except UnreadableInputError as error:
            told.add(error.got.rpartition("(")[2])
    assert "IndexError)" in told


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".heic", ".txt", ".mp4", ""])
def test_suffix_does_not_matter(tmp_path: Path, suffix: str) -> None:
    for name, data in PICTURES.items():
        (tmp_path / (name.replace(".", "_") + suffix)).write_bytes(data)
    found = frames(tmp_path)
    assert len(found) == len(PICTURES)
    assert not [frame.error for frame in found.values() if frame.error is not None]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "MPO", "AVIF", "HEIF"])
def test_pictures_stand_upright_whatever_says_how_they_lie(name: str, orientation: int) -> None:
    image = Image.fromarray(PICTURE[..., ::-1])
    image.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image))[..., ::-1]
    decoded = decode_picture(turned(name, orientation), name)
    assert decoded.shape == upright.shape
    assert np.abs(decoded.astype(int) - upright).mean() < _CODED


@pytest.mark.parametrize("package", ["pillow_heif", "PIL"])
def test_without_the_extra_it_is_named(package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = {"pillow_heif": "phone.heic", "PIL": "turned.avif"}[package]
    path = tmp_path / name
    path.write_bytes(turned({"pillow_heif": "HEIF", "PIL": "AVIF"}[package], 6))
    monkeypatch.setitem(sys.modules, package, None)
    error = frames(path)[name].error
    assert isinstance(error, MissingExtraError)
    assert name in str(error)
    assert "[heif]" in str(error)


@pytest.mark.parametrize("blank", [b"\n", b"\r\n\r\n", b"  "])
def test_blanks_before_a_jpeg_and_rubbish_behind_it(tmp_path: Path, blank: bytes) -> None:
    path = tmp_path / "camera.jpg"
    path.write_bytes(blank + PICTURES["baseline.jpg"] + b"<!-- sent by a script -->\n")
    frame = frames(path)["camera.jpg"]
    assert np.array_equal(frame.picture, decode_picture(PICTURES["baseline.jpg"], "x"))  # type: ignore[arg-type]
    with pytest.raises(CatdogError):
        decode_picture(blank + PICTURES["baseline.jpg"][:-500], "half")


def test_damaged_png_is_told_by_its_check_sums() -> None:
    whole = bytearray(PICTURES["rgb.png"])
    whole[len(whole) // 2] ^= 1
    with pytest.raises(UnreadableInputError, match="a damaged PNG"):
        decode_picture(bytes(whole), "x")


def test_what_a_folder_leaves_out_is_one_line(tmp_path: Path) -> None:
    for name in ("a.jpg", "@eaDir/a.jpg", "__MACOSX/._a.jpg", "._a.jpg", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PICTURES["baseline.jpg"])
    (tmp_path / "raw.NEF").write_bytes(PICTURES["raw.tif"])
    (tmp_path / "notes.txt").write_text("text")
    finished = run("catdog-edge", str(tmp_path))
    assert finished.returncode == 0
    assert len(finished.stdout.splitlines()) == 1
    assert finished.stderr == (
        "catdog-edge: left out, as neither picture nor film: 2 hidden, 1 .txt, 1 camera raw file (.nef), "
        "1 folder @eaDir, 1 folder __MACOSX\n"
    )


def test_folder_of_nothing_to_read_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("text")
    finished = run("catdog-edge", str(tmp_path))
    assert finished.returncode == 3
    assert "holds none, but 1 .txt" in finished.stderr


def test_a_pattern_takes_each_picture_once_and_nothing_that_a_nas_keeps(tmp_path: Path) -> None:
    for name in ("a.jpg", "sub/b.jpg", "@eaDir/c.jpg", "sub/.thumbnails/d.jpg"):
        (tmp_path / "loop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "loop" / name).write_bytes(PICTURES["baseline.jpg"])
    (tmp_path / "loop" / "again").symlink_to(".")
    finished = run("catdog-edge", "loop/**/*.jpg", "--json", cwd=tmp_path)
    assert [json.loads(line)["source"] for line in finished.stdout.splitlines()] == ["loop/a.jpg", "loop/sub/b.jpg"]
    assert "1 folder @eaDir" in finished.stderr
    assert "link to a folder that is read already" in finished.stderr
    assert len(run("catdog-edge", "loop/@eaDir/*.jpg", cwd=tmp_path).stdout.splitlines()) == 1


def test_folder_that_a_pattern_names_is_told(tmp_path: Path) -> None:
    for name in ("a.jpg", "more/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PICTURES["baseline.jpg"])
    finished = run("catdog-edge", str(tmp_path / "*"))
    assert len(finished.stdout.splitlines()) == 1
    assert "left out, as neither picture nor film: 1 folder more" in finished.stderr
    assert len(run("catdog-edge", str(tmp_path / "**")).stdout.splitlines()) == 2


def test_watched_folder_takes_pictures_by_content_and_tells_of_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "_PATIENCE_S", 0.3)  # for what is no picture to become one
    for name, data in (("a", PICTURES["rgb.png"]), ("b.heic", PICTURES["phone.heic"]), ("notes.txt", b"text")):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "@eaDir").mkdir()
    (tmp_path / "@eaDir" / "c.jpg").write_bytes(PICTURES["baseline.jpg"])
    said: list[str] = []
    seen: list[str] = []
    for update in listed.WatchedSource(str(tmp_path), said.append).frames():
        if isinstance(update, Frame):
            assert update.error is None
            seen.append(Path(update.source).name)
        if said and len(seen) > 1:
            break
    assert seen == ["a", "b.heic"]
    assert said == [f"left out of {tmp_path}, as no picture: 1 .txt"]


NAMES = ["a b.jpg", "100%.jpg", "a%03d.jpg", "\N{CAT FACE}.jpg", "-e.jpg", "x\ny.jpg", "[1].jpg", "q?.jpg", "\x1b[31m.jpg", "-"]


def test_names_of_all_sorts_are_read_by_every_way(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(PICTURES["baseline.jpg"])
    for arguments, stdin in (
        ([str(tmp_path)], ""),
        ([str(tmp_path / name) for name in NAMES], ""),
        (["-"], "\0".join(str(tmp_path / name) for name in NAMES)),
    ):
        as_json = run("catdog-edge", *arguments, "--json", stdin=stdin)
        assert sorted(Path(json.loads(line)["source"]).name for line in as_json.stdout.splitlines()) == sorted(NAMES)
        as_text = run("catdog-edge", *arguments, stdin=stdin)
        assert len(as_text.stdout.splitlines()) == len(NAMES)
        assert "\x1b" not in as_text.stdout


def test_name_that_looks_like_an_option_has_a_way(tmp_path: Path) -> None:
    (tmp_path / "-e.jpg").write_bytes(PICTURES["baseline.jpg"])
    refused = run("catdog-edge", "-e.jpg", cwd=tmp_path)
    assert (refused.returncode, "./" in refused.stderr) == (2, True)
    assert run("catdog-edge", "./-e.jpg", cwd=tmp_path).returncode == 0
