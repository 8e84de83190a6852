import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from catdog.edge.decode import decode_picture, read_picture
from catdog.edge.errors import InputNotFoundError, UnreadableInputError
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
        "from catdog.edge.decode import decode_picture\n"
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
