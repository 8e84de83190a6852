"""Pictures are cut out of bytes whole, whatever their kind, however the bytes come, and whatever is between or missing."""

import random

import cv2
import pytest

from catdog.edge.pictures.kinds import Family, kind_of
from catdog.edge.sources.mjpeg import Cutter, split_pictures
from catdog.edge.synthetic import draw_picture

KINDS = (".jpg", ".png", ".webp")


def picture(seed: int, kind: str) -> bytes:
    return cv2.imencode(kind, draw_picture("dogs", seed, width=48, height=32))[1].tobytes()


def pieces(data: bytes, seed: int, longest: int) -> list[bytes]:
    chance, found = random.Random(seed), []  # noqa: S311 - where to cut, no secret
    while data:
        size = chance.randint(1, longest)
        found.append(data[:size])
        data = data[size:]
    return found


@pytest.mark.parametrize("longest", [1, 7, 500, 100_000])
@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS])
def test_whole_pictures_are_found_however_the_bytes_come(kinds: tuple[str, ...], longest: int) -> None:
    pictures = [picture(seed, kinds[seed % len(kinds)]) for seed in range(4)]
    data = b"".join(b"--frame\r\nContent-Type: image/png\r\n\r\n" + part + b"\r\n" for part in pictures)
    assert list(split_pictures(iter(pieces(data, longest, longest)))) == pictures


@pytest.mark.parametrize("kind", KINDS)
def test_picture_that_is_cut_short_costs_no_more_than_the_next(kind: str) -> None:
    pictures = [picture(seed, kind) for seed in range(5)]
    pictures[1] = pictures[1][: len(pictures[1]) // 2]
    data = b"".join(b"--frame\r\n\r\n" + part + b"\r\n" for part in pictures)
    found = list(split_pictures(iter(pieces(data, 1, 4000))))
    assert found[0] == pictures[0]
    assert found[-2:] == pictures[3:]


def test_sizes_that_lie_fill_no_memory() -> None:
    for lie in (
        b"RIFF\xff\xff\xff\x7fWEBPVP8 ",
        b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00\x01\x02\x03\x04",
    ):
        assert list(split_pictures(iter([lie, b"--frame\r\n" + picture(1, ".jpg")]))) == [picture(1, ".jpg")]


def test_beginning_that_waits_for_its_end_is_given_up_in_time() -> None:
    cutter = Cutter()
    for _ in range(40):
        assert cutter.cut(b"\xff\xd8\xff\xe0" + bytes(1) if _ == 0 else bytes(1024 * 1024)) == []
    assert cutter.cut(b"\r\n" + picture(2, ".jpg")) == [picture(2, ".jpg")]


@pytest.mark.parametrize("kind", [*KINDS, ".bmp", ".tiff", ".ppm"])
def test_pictures_are_known_by_their_first_bytes(kind: str) -> None:
    assert kind_of(picture(0, kind)[:64]).family is Family.PICTURE


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"BM is how this text begins", b"\x00\x00\x00 ftypisom", b"P7 ", b"G@\x00", b"GIF"]
)
def test_other_beginnings_are_none(data: bytes) -> None:
    assert kind_of(data).family is not Family.PICTURE
