import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from catdog.edge.errors import InputNotFoundError, UnreadableInputError
from catdog.edge.pictures.decode import decode_picture, read_picture
from catdog.edge.synthetic import draw_picture

PICTURE = draw_picture("dogs", 3, width=64, height=48)


def encoded(suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, PICTURE)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff"])
def test_lossless_formats_come_back_exactly(suffix: str) -> None:
    assert np.array_equal(decode_picture(encoded(suffix), "x"), PICTURE)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_come_back_nearly(suffix: str) -> None:
    decoded = decode_picture(encoded(suffix), "x")
    assert decoded.shape == PICTURE.shape
    assert np.abs(decoded.astype(int) - PICTURE).mean() < 8


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_every_truncation_is_refused(suffix: str) -> None:
    whole = encoded(suffix)
    for length in range(len(whole) - (1 if suffix == ".jpg" else 8)):
        with pytest.raises(UnreadableInputError):
            decode_picture(whole[:length], "x")


def test_truncated_behind_a_thumbnail_that_has_an_end_of_its_own() -> None:
    whole = encoded(".jpg")
    thumbnail = encoded(".jpg")
    segment = b"\xff\xe1" + (len(thumbnail) + 8).to_bytes(2, "big") + b"Exif\0\0" + thumbnail
    with_thumbnail = whole[:2] + segment + whole[2:]
    assert decode_picture(with_thumbnail, "x").shape == PICTURE.shape
    with pytest.raises(UnreadableInputError, match="truncated"):
        decode_picture(with_thumbnail[:-30], "x")


def test_what_follows_the_end_is_no_fault() -> None:
    trailer = np.random.default_rng(0).bytes(100_000)  # holds any two bytes in a row somewhere
    for suffix in (".jpg", ".png"):
        assert decode_picture(encoded(suffix) + trailer, "x").shape == PICTURE.shape


def test_grey_and_alpha_become_three_channels() -> None:
    for picture in (PICTURE[..., 0], np.dstack([PICTURE, np.full(PICTURE.shape[:2], 128, np.uint8)])):
        assert decode_picture(cv2.imencode(".png", picture)[1].tobytes(), "x").shape == PICTURE.shape


@pytest.mark.parametrize("content", [b"", b"this is text", b"\xff\xd8\xff", bytes(1000)])
def test_what_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableInputError, match=r"letter\.jpg"):
        read_picture(path)


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError):
        read_picture(tmp_path / "none.jpg")


def bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that would decode to `side` by `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (side * ((side + 7) // 8 + 1)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_picture_that_would_fill_the_memory_is_refused_before_decoding() -> None:
    # In a process of its own: the limit is read when OpenCV is loaded, which other tests may have done before us.
    script = (
        "import sys, resource\n"
        "from catdog.edge.pictures.decode import decode_picture\n"
        "from catdog.edge.errors import UnreadableInputError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: decode_picture(sys.stdin.buffer.read(), 'bomb.png')\n"
        "except UnreadableInputError as error: print(error)\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000\n"
    )
    finished = subprocess.run([sys.executable, "-c", script], input=bomb(30_000), capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert b"more than 128,000,000 pixels" in finished.stdout


def test_every_truncation_of_a_jpeg_is_refused() -> None:
    whole = cv2.imencode(".jpg", draw_picture("cats", 3, width=48, height=32))[1].tobytes()
    decode_picture(whole, "whole.jpg")
    for length in range(len(whole)):
        with pytest.raises(UnreadableInputError):
            decode_picture(whole[:length], "cut.jpg")


def jpeg(*options: int) -> bytes:
    return cv2.imencode(".jpg", draw_picture("cats", 1, width=320, height=240), options)[1].tobytes()


def without_tables(data: bytes) -> bytes:
    """As many webcams send it: without its Huffman tables, which are those of the standard's annex K."""
    kept, at = data[:2], 2
    while data[at + 1] != 0xDA:
        length = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        kept += b"" if data[at + 1] == 0xC4 else data[at : at + length]
        at += length
    return kept + data[at:]


def turned(data: bytes, orientation: int, order: str) -> bytes:
    """With Exif data that says how the camera was held."""
    head = b"MM\0*\0\0\0\x08\0\x01" if order == "big" else b"II*\0\x08\0\0\0\x01\0"
    numbers = ((0x0112, 2), (3, 2), (1, 4), (orientation, 2), (0, 2), (0, 4))
    exif = b"Exif\0\0" + head + b"".join(number.to_bytes(size, order) for number, size in numbers)  # type: ignore[arg-type]
    return data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:]


FACTORS = [getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}") for name in ("411", "420", "422", "440", "444")]
JPEGS = {
    **{f"sampling {factor:x}": jpeg(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor) for factor in FACTORS},
    "progressive": jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restart markers": jpeg(cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
    "grey": cv2.imencode(".jpg", PICTURE[..., 0])[1].tobytes(),
    **{f"turned {way} {order}": turned(jpeg(), way, order) for way in range(1, 9) for order in ("big", "little")},
}


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_has_the_pixels_that_opencv_gives(name: str) -> None:
    expected = cv2.imdecode(np.frombuffer(JPEGS[name], np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decode_picture(JPEGS[name], name), expected)


def test_orientation_is_applied() -> None:
    upright = decode_picture(jpeg(), "x")
    for order in ("big", "little"):
        assert np.array_equal(decode_picture(turned(jpeg(), 6, order), "x"), cv2.rotate(upright, cv2.ROTATE_90_CLOCKWISE))


def test_jpeg_without_huffman_tables_is_whole() -> None:
    bare = without_tables(jpeg())
    assert len(bare) < len(jpeg())
    assert np.array_equal(decode_picture(bare, "x"), decode_picture(jpeg(), "x"))


@pytest.mark.parametrize("start", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_jpeg_that_lost_its_middle_is_refused_though_it_has_an_end(start: float, share: float) -> None:
    whole = jpeg()
    at = int(start * len(whole))
    with pytest.raises(UnreadableInputError, match=r"x, a (damaged )?JPEG"):
        decode_picture(whole[:at] + whole[at + int(share * len(whole)) :], "x")


def test_quarter_of_a_jpeg_is_refused_though_it_has_an_end() -> None:
    whole = jpeg()
    with pytest.raises(UnreadableInputError, match="damaged"):
        decode_picture(whole[: len(whole) // 4] + b"\xff\xd9", "x")


def test_damaged_jpegs_are_refused() -> None:
    whole, rng = jpeg(), np.random.default_rng(0)
    for at in rng.integers(700, len(whole) - 300, 100):
        damaged = whole[:at] + rng.bytes(200) + whole[at + 200 :]
        with pytest.raises(UnreadableInputError):
            decode_picture(damaged, "x")


def test_padding_before_the_end_and_odd_headers_are_no_damage() -> None:
    whole = jpeg()
    padded = whole[:-2] + bytes(9) + whole[-2:]
    odd = whole.replace(b"JFIF\0\x01", b"JFIF\0\x09", 1)
    assert odd != whole
    for data in (padded, odd):
        assert np.array_equal(decode_picture(data, "x"), decode_picture(whole, "x"))
    with pytest.raises(UnreadableInputError, match="damaged"):
        decode_picture(whole[:-2] + b"\x5a" * 9 + whole[-2:], "x")


def test_damaged_files_that_people_met(shared_cases: Path) -> None:
    photos = shared_cases / "damaged-jpeg-judged" / "photos"
    read_picture(photos / "whole.jpg")
    for name in ("middle_gone.jpg", "end_gone.jpg"):
        with pytest.raises(UnreadableInputError, match=name):
            read_picture(photos / name)
