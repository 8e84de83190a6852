"""What a walk through a folder gives, and what it counts."""

import os
from pathlib import Path

import cv2
import pytest

from catdog.edge.pictures.folders import walk
from catdog.edge.pictures.kinds import Family, LeftOut
from catdog.edge.synthetic import draw_picture

JPEG = cv2.imencode(".jpg", draw_picture("cats", 1, width=64, height=48))[1].tobytes()


def found(folder: Path) -> tuple[list[str], str]:
    left_out = LeftOut()
    paths = sorted(str(path.relative_to(folder)) for path, _ in walk(folder, left_out))
    return paths, left_out.line()


def put(path: Path, data: bytes = JPEG) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_pictures_by_content_and_the_rest_counted(tmp_path: Path) -> None:
    for name in ("a.jpg", "b", "c.dat", "d.jfif", "-e.jpg", "f 100%.jpg", "g\n.jpg", "\N{CAT}.jpg", "sub/h.JPG"):
        put(tmp_path / name)
    for name in ("._a.jpg", ".hidden/a.jpg", "@eaDir/a.jpg", "__MACOSX/._a.jpg", "#recycle/b.jpg"):
        put(tmp_path / name)
    put(tmp_path / "broken.jpg", b"no picture")
    put(tmp_path / "notes.txt", b"text")
    os.mkfifo(tmp_path / "pipe.jpg")
    paths, line = found(tmp_path)
    assert paths == sorted(
        ["a.jpg", "b", "c.dat", "d.jfif", "-e.jpg", "f 100%.jpg", "g\n.jpg", "\N{CAT}.jpg", "sub/h.JPG", "broken.jpg"]
    )
    assert line == ("1 .jpg, 1 .txt, 1 folder #recycle, 1 folder @eaDir, 1 folder __MACOSX, 1 hidden, 1 hidden folder")


def test_linked_folders_are_followed_and_circles_end(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "more" / "b.jpg")
    photos = tmp_path / "photos"
    put(photos / "z" / "a.jpg")
    (photos / "more").symlink_to(tmp_path / "elsewhere" / "more")
    (photos / "again").symlink_to("z")  # the real folder is read under its own name, though the link comes first
    (photos / "z" / "circle").symlink_to(photos)
    (tmp_path / "elsewhere" / "more" / "back").symlink_to(photos)
    assert found(photos) == (["more/b.jpg", "z/a.jpg"], "3 link to a folder that is read already")


def test_folder_with_nothing_but_a_link(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "b.jpg")
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "link").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "only") == (["link/b.jpg"], "")


def test_link_that_leads_nowhere_is_given_so_that_its_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "notes").symlink_to(tmp_path / "gone")
    assert found(tmp_path) == (["a.jpg"], "1 without a suffix")


def test_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert found(tmp_path / "none") == ([], "")


def test_films_where_only_pictures_are_wanted(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg")
    put(tmp_path / "b.jpg", b"\x1a\x45\xdf\xa3" + bytes(100))
    left_out = LeftOut()
    assert [path.name for path, _ in walk(tmp_path, left_out, frozenset({Family.PICTURE}))] == ["a.jpg"]
    assert left_out.line() == "1 video (.jpg)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_folder_that_may_not_be_read_is_given_so_that_its_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert found(tmp_path) == (["closed"], "")
