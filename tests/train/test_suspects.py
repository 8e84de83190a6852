"""Training pictures that are worth a look: what is planted is found, and little else."""

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

from catdog.train.data.pictures import Pictures
from catdog.train.record import COPY, OUTLIER, WRONG_LABEL, counted
from catdog.train.suspects import find_suspects

LABELS = ("ants", "bees", "wasps")
EACH, WIDTH = 60, 64


def planted() -> tuple[np.ndarray, Pictures]:
    """Three clouds of features, some under a wrong label, one far away; noise for pictures, of which two are copies."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), EACH)
    centres = 4 * rng.normal(size=(3, WIDTH))
    features = np.abs(centres[targets] + rng.normal(size=(3 * EACH, WIDTH))).astype(np.float32)
    targets[[3, 70]] = (2, 0)
    features[100] = 0
    features[100, 7] = 5
    pixels = rng.integers(0, 256, (3 * EACH, 32, 32, 3), np.uint8)
    pixels[11] = pixels[10]
    return features, Pictures(pixels, targets, tuple(f"{number}.jpg" for number in range(3 * EACH)))


def test_finds_what_is_planted() -> None:
    features, pictures = planted()
    found = find_suspects(features, pictures, LABELS)
    by_kind = {kind: {each.name for each in found if each.kind == kind} for kind in (WRONG_LABEL, COPY, OUTLIER)}
    assert {"3.jpg", "70.jpg"} <= by_kind[WRONG_LABEL] <= {"3.jpg", "70.jpg", "100.jpg"}
    first = next(each for each in found if each.name == "3.jpg")
    assert (first.label, first.other) == ("wasps", "ants")
    assert by_kind[COPY] == {"11.jpg"}
    assert by_kind[OUTLIER] >= {"100.jpg"}
    assert [each.reason for each in found if each.kind == COPY] == ["a copy of 10.jpg"]
    assert counted(found).startswith(f"{len(by_kind[WRONG_LABEL])} likely under a wrong label, 1 there twice")


def test_few_pictures_are_not_judged_and_nothing_is_found_where_nothing_is_wrong() -> None:
    features, pictures = planted()
    few = [0, 1, 60, 61, 120, 121]
    assert find_suspects(features[few], pictures[few], LABELS) == ()
    clean = [index for index in range(3 * EACH) if index not in {3, 11, 70, 100}]
    assert find_suspects(features[clean], pictures[clean], LABELS) == ()
