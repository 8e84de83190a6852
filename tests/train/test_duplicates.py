import cv2
import numpy as np
import pytest

from catdog.edge.pictures.duplicates import near_duplicates
from catdog.edge.synthetic import draw_picture

PICTURES = np.stack(
    [draw_picture(label, seed, width=96, height=96) for label in ("cats", "dogs", "neither") for seed in range(8)]
)


def encoded(picture: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    "changed",
    [
        lambda picture: encoded(picture, 50),
        lambda picture: cv2.resize(cv2.resize(picture, (60, 60), interpolation=cv2.INTER_AREA), (96, 96)),
        lambda picture: cv2.convertScaleAbs(picture, alpha=1.0, beta=3),
    ],
    ids=["re-encoded", "resized", "brighter"],
)
def test_each_altered_copy_is_found_and_nothing_else(changed) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    copies = np.stack([changed(picture) for picture in PICTURES])
    assert list(near_duplicates(PICTURES, copies)) == [(i, i) for i in range(len(PICTURES))]


def test_different_pictures_are_not_taken_for_copies() -> None:
    assert list(near_duplicates(PICTURES[:12], PICTURES[12:])) == []


def test_flat_pictures_are_told_apart_by_their_brightness() -> None:
    flat = np.stack([np.full((32, 32, 3), level, np.uint8) for level in (20, 120, 220)])
    assert list(near_duplicates(flat, flat)) == [(0, 0), (1, 1), (2, 2)]


def test_nothing_to_compare() -> None:
    none = np.empty((0, 32, 32, 3), np.uint8)
    assert list(near_duplicates(none, PICTURES)) == list(near_duplicates(PICTURES, none)) == []
