"""What a file is, by its content; by its name where that says nothing."""

import io
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from picture_files import heic
from PIL import Image

from catdog.edge.pictures.kinds import Family, LeftOut, is_passed_over, kind_of, kind_of_file
from catdog.edge.synthetic import draw_picture

PICTURE = draw_picture("cats", 1, width=64, height=48)

WITH_OPENCV = {
    ".jpg": "JPEG", ".png": "PNG", ".webp": "WebP", ".bmp": "BMP", ".tiff": "TIFF", ".ppm": "PNM", ".gif": "GIF",
    ".jp2": "JPEG 2000",
}  # fmt: skip


def by_opencv(suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, PICTURE)
    assert done
    return data.tobytes()


def by_pillow(name: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PICTURE[..., ::-1]).save(file, name)
    return file.getvalue()


def film(path: Path, codec: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for _ in range(12):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(PICTURE, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", WITH_OPENCV)
@pytest.mark.parametrize("name", ["a.txt", "a", "film.mp4"])
def test_pictures_by_content_whatever_their_name(suffix: str, name: str) -> None:
    assert kind_of(by_opencv(suffix), name) == (Family.PICTURE, WITH_OPENCV[suffix])


@pytest.mark.parametrize(("name", "expected"), [("AVIF", "AVIF"), ("MPO", "JPEG"), ("PCX", "")])
def test_pictures_that_pillow_writes(name: str, expected: str) -> None:
    kind = kind_of(by_pillow(name), "a.dat")
    assert kind == ((Family.PICTURE, expected) if expected else (Family.OTHER, ""))


def test_heic_by_its_brands() -> None:
    assert kind_of(heic(PICTURE), "a.jpg") == (Family.PICTURE, "HEIC")
    for brand in (b"mif1", b"heix", b"msf1"):
        assert kind_of(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic", "a") == (Family.PICTURE, "HEIC")


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("a.mp4", "mpeg4", "MP4"), ("a.mov", "mpeg4", "MP4"), ("a.avi", "mjpeg", "AVI"), ("a.mkv", "mpeg4", "Matroska"),
        ("a.ts", "mpeg2video", "MPEG-TS"), ("a.mpg", "mpeg2video", "MPEG"), ("a.flv", "flv1", "FLV"), ("a.wmv", "wmv2", "ASF"),
        ("a.mjpg", "mjpeg", "Motion JPEG"),
    ],
)  # fmt: skip
def test_films_by_content(tmp_path: Path, name: str, codec: str, expected: str) -> None:
    path = film(tmp_path / name, codec)
    assert kind_of_file(path) == (Family.VIDEO, expected)
    if expected != "Motion JPEG":  # a row of JPEGs is one by its name alone
        assert kind_of_file(path.rename(tmp_path / "picture.jpg")) == (Family.VIDEO, expected)


@pytest.mark.parametrize(
    ("head", "name"),
    [(b"", "empty.jpg"), (b"hello", "letter.JPG"), (bytes(100), "zeros.heic")],
)
def test_damaged_pictures_are_still_pictures_by_their_name(head: bytes, name: str) -> None:
    assert kind_of(head, name) == (Family.PICTURE, "")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", ""), (b"%PDF-1.7", "a.pdf"), (b"BMW is a car", "a.txt"), (b"P1 is a name", "a"), (b"export class A {}\n", "a.ts"),
        (b"PK\x03\x04", "a.zip"), (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom", "a.m4a"), (b"RIFF\0\0\0\0WAVE", "a.wav"),
    ],
)  # fmt: skip
def test_what_is_neither(head: bytes, name: str) -> None:
    assert kind_of(head, name).family is Family.OTHER


def test_raw_files_are_no_tiff() -> None:
    assert kind_of(by_opencv(".tiff"), "DSC_0001.NEF") == (Family.RAW, "NEF")
    assert kind_of(b"II*\0\x10\0\0\0CR\x02\0", "a.tif").family is Family.RAW
    assert kind_of(by_opencv(".tiff"), "a.tif") == (Family.PICTURE, "TIFF")


def test_a_blank_line_before_a_jpeg() -> None:
    assert kind_of(b"\r\n" + by_opencv(".jpg"), "a") == (Family.PICTURE, "JPEG")


def test_file_that_cannot_be_opened_is_what_its_name_says(tmp_path: Path) -> None:
    assert kind_of_file(tmp_path / "none.jpg") == (Family.PICTURE, "")
    assert kind_of_file(tmp_path) == (Family.OTHER, "")


@pytest.mark.parametrize("name", [".DS_Store", "._a.jpg", "@eaDir", "#recycle", "__MACOSX", "Thumbs.db", ".thumbnails"])
def test_names_that_are_passed_over(name: str) -> None:
    assert is_passed_over(name)
    assert not is_passed_over(name.strip("._@#") + "x")


def test_line_of_what_was_left_out() -> None:
    left_out = LeftOut()
    assert not left_out.line()
    for name in ("a.TXT", "b.txt", "README"):
        left_out.file(Path(name), kind_of(b"text", name))
    left_out.file(Path("a.mov"), kind_of(b"", "a.mov"))
    left_out.file(Path("._a.jpg"))
    left_out.folder(Path("x/@eaDir"))
    left_out.link()
    assert left_out.line() == (
        "2 .txt, 1 folder @eaDir, 1 hidden, 1 link to a folder that is read already, 1 video (.mov), 1 without a suffix"
    )
    assert len(left_out) == 7


def test_noise_is_no_picture() -> None:
    assert kind_of(np.random.default_rng(0).bytes(512), "a").family is Family.OTHER
