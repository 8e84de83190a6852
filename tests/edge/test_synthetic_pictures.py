"""Drawn pictures: labelled ones, dead leaves and the calibration mix."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from catdog.edge.synthetic import LABELS, NEITHER, calibration_pictures, draw_dead_leaves, draw_picture

EVERY_LABEL = (*LABELS, NEITHER)


def test_labels_are_the_default_classes() -> None:
    assert LABELS == ("cats", "dogs")
    assert NEITHER == "neither"


@pytest.mark.parametrize("label", EVERY_LABEL)
def test_picture_has_the_asked_size_and_is_no_blank(label: str) -> None:
    picture = draw_picture(label, 5, width=128, height=96)
    assert picture.shape == (96, 128, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 10.0


@pytest.mark.parametrize("label", EVERY_LABEL)
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (200, 16), (64, 320)])
def test_any_size_from_16_pixels_up_can_be_drawn(label: str, size: tuple[int, int]) -> None:
    for seed in range(3):
        assert draw_picture(label, seed, width=size[0], height=size[1]).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("label", EVERY_LABEL)
def test_same_seed_gives_the_same_bytes(label: str) -> None:
    first, other, again = (draw_picture(label, seed, width=96, height=72) for seed in (3, 4, 3))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pictures_do_not_depend_on_the_process() -> None:
    program = (
        "import hashlib; from catdog.edge.synthetic import draw_dead_leaves, draw_picture;"
        "data = draw_picture('dogs', 9, width=80, height=60).tobytes() + draw_dead_leaves(9, width=80, height=60).tobytes();"
        "print(hashlib.sha256(data).hexdigest())"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    data = draw_picture("dogs", 9, width=80, height=60).tobytes() + draw_dead_leaves(9, width=80, height=60).tobytes()
    assert told == hashlib.sha256(data).hexdigest()


def test_labels_give_different_pictures() -> None:
    pictures = [draw_picture(label, 1, width=96, height=72) for label in EVERY_LABEL]
    assert all(not np.array_equal(one, other) for one, other in combinations(pictures, 2))


@pytest.mark.slow
def test_brightness_does_not_tell_cats_from_dogs() -> None:
    cats, dogs = (np.array([draw_picture(label, seed, width=32, height=24).mean() for seed in range(50)]) for label in LABELS)
    # 0.3 standard deviations apart over 300 seeds; a difference of 1 would give 69 % to brightness alone.
    assert abs(cats.mean() - dogs.mean()) < 1.0 * np.sqrt((cats.var() + dogs.var()) / 2)


def test_unknown_label_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected a label out of cats, dogs, neither\. Received: 'cat'"):
        draw_picture("cat", 0)


@pytest.mark.parametrize(("seed", "width", "height"), [(-1, 64, 64), (0, 8, 64), (0, 64, 0)])
def test_numbers_out_of_range_are_refused(seed: int, width: int, height: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_picture("cats", seed, width=width, height=height)
    with pytest.raises(ValueError, match="expected"):
        draw_dead_leaves(seed, width=width, height=height)


def spectral_slope(picture: NDArray[np.uint8]) -> float:
    """Exponent of the radially averaged amplitude spectrum of a square picture, 4 to 60 cycles across."""
    grey = picture.astype(np.float64).mean(axis=2)
    side = grey.shape[0]
    window = np.hanning(side)
    amplitude = np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean()) * np.outer(window, window))))
    y, x = np.indices(amplitude.shape) - side // 2
    radius = np.hypot(y, x).astype(int)
    mean = np.bincount(radius.ravel(), amplitude.ravel()) / np.bincount(radius.ravel())
    rings = np.arange(4, 60)
    return float(np.polyfit(np.log(rings), np.log(mean[rings]), 1)[0])


def test_dead_leaves_fall_off_about_as_one_over_f() -> None:
    slopes = [spectral_slope(draw_dead_leaves(seed, width=192, height=192)) for seed in range(8)]
    # Photographs: -0.8 to -1.5 (Tolhurst, Tadmor, Chao 1992, "Amplitude spectra of natural images"); white noise: 0.
    assert -1.5 < np.mean(slopes) < -0.9


def test_dead_leaves_use_the_whole_range_of_levels() -> None:
    levels = np.concatenate([draw_dead_leaves(seed, width=96, height=72).ravel() for seed in range(8)])
    assert np.quantile(levels, 0.02) < 25
    assert np.quantile(levels, 0.98) > 200
    assert np.mean(levels == 255) < 0.08


@pytest.mark.slow
def test_calibration_alternates_leaves_and_scenes() -> None:
    pictures = list(calibration_pictures(7, seed=2, width=64, height=48))
    again = list(calibration_pictures(7, seed=2, width=64, height=48))
    assert len(pictures) == 7
    assert all(picture.shape == (48, 64, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert all(np.array_equal(one, other) for one, other in zip(pictures, again, strict=True))
    assert len({picture.tobytes() for picture in pictures}) == 7
    # Scenes of every kind between the leaves, none of which a data set or demo draws.
    small_seeds = {
        draw_picture(label, seed, width=64, height=48).tobytes() for label in (*LABELS, NEITHER) for seed in range(20)
    }
    assert not small_seeds & {picture.tobytes() for picture in pictures}


def test_calibration_of_nothing_is_empty_and_of_less_refused() -> None:
    assert list(calibration_pictures(0)) == []
    with pytest.raises(ValueError, match=r"expected a count of 0 or more\. Received: -1"):
        next(calibration_pictures(-1))
