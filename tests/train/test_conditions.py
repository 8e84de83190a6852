"""`--conditions camera`: pictures as a camera might show them, the same for the same seed."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

from catdog.edge.synthetic import draw_picture
from catdog.train.data.conditions import Camera
from catdog.train.data.dataset import Dataset
from catdog.train.data.pictures import Pictures

SIZE = 96


def drawn(label: str, seed: int) -> np.ndarray:
    return cv2.cvtColor(cv2.resize(draw_picture(label, seed), (SIZE, SIZE)), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(np.stack([drawn("neither", seed) for seed in range(4)]))


def test_same_seed_same_pictures_and_another_seed_others(camera: Camera) -> None:
    pixels = np.stack([drawn("cats", seed) for seed in range(12)])
    before = pixels.copy()
    first, again, other = camera.all_of(pixels, 1), camera.all_of(pixels, 1), camera.all_of(pixels, 2)
    assert (first.shape, first.dtype) == (pixels.shape, np.uint8)
    assert np.array_equal(first, again)
    assert np.array_equal(pixels, before)
    # A few stay as they are whatever the seed.
    assert sum(np.array_equal(a, b) for a, b in zip(first, other, strict=True)) <= 4


def test_some_are_grey_some_dark_and_some_small_in_a_scene(camera: Camera) -> None:
    marked = np.zeros((SIZE, SIZE, 3), np.uint8)
    marked[..., 0] = 255  # a red thing: nothing in the scenes is
    made = camera.all_of(np.stack([marked] * 300), 0).astype(int)
    red = (made[..., 0] > 1.6 * made[..., 1] + 10).mean(axis=(1, 2))
    grey = np.abs(made[..., 0] - made[..., 1]).mean(axis=(1, 2)) < 4
    assert 0.2 < grey.mean() < 0.45
    assert 0.15 < ((red > 0.02) & (red < 0.8)).mean() < 0.5  # in a scene
    assert 0.2 < (red > 0.9).mean() < 0.6  # all of it
    assert 0.05 < (made.max(axis=(1, 2, 3)) < 130).mean() < 0.5  # dark


def test_without_scenes_pictures_stay_by_themselves() -> None:
    marked = np.zeros((SIZE, SIZE, 3), np.uint8)
    marked[..., 0] = 255
    made = Camera(np.zeros((0, SIZE, SIZE, 3), np.uint8)).all_of(np.stack([marked] * 60), 0).astype(int)
    coloured = np.abs(made[..., 0] - made[..., 1]).mean(axis=(1, 2)) >= 4
    assert (made[coloured][..., 0] > made[coloured][..., 1]).mean() > 0.99


def test_scenes_are_the_training_pictures_of_neither() -> None:
    pixels = np.stack([drawn(label, 0) for label in ("cats", "dogs", "neither")])
    pictures = Pictures(pixels, np.array([0, 1, 2]), ("a", "b", "c"))
    dataset = Dataset("drawn", ("cats", "dogs", "neither"), pictures, pictures, pictures[[]], ())
    assert np.array_equal(Camera.of(dataset).scenes, pixels[2:])
    assert len(Camera.of(Dataset("drawn", ("cats", "dogs", "kangaroos"), pictures, pictures, pictures[[]], ())).scenes) == 0


@pytest.mark.slow
def test_trains_with_them(tmp_path: Path) -> None:
    finished = run(
        "catdog-train", "--data", "synthetic", "--negatives", "synthetic", "--backbone-weights", "bundled",
        "--synthetic-count", "16", "--image-size", "64", "--epochs", "2", "--least-steps", "0", "--conditions", "camera",
        "--fine-tune-epochs", "1", "--output", "run", cwd=tmp_path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert '"conditions": "camera"' in (tmp_path / "run" / "options.json").read_text()
