"""What looks new to a model, and which frames of a camera are kept for it."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import run

from catdog.edge.errors import ModelError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import DemoFilm
from catdog.edge.teach.novelty import Novelty

EMPTY, CAT, DOG = 20, 120, 250  # frames of the demo film


@pytest.fixture
def novelty() -> Novelty:
    return Novelty(bundled_tflite("default"))


def test_each_thing_is_new_once(novelty: Novelty) -> None:
    film, rng = DemoFilm(), np.random.default_rng(0)
    found = []
    for number in (EMPTY, CAT, EMPTY, CAT, DOG, DOG, CAT):
        frame = film.frame(number)
        noisy = np.clip(frame + rng.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)
        found.append(novelty.is_new(noisy))
    assert found == [True, True, False, False, True, False, False]


def test_a_file_without_exemplars_does_not_know() -> None:
    with pytest.raises(ModelError, match="exemplars"):
        Novelty(bundled_tflite("tiny"))


@pytest.mark.parametrize(("model", "kinds"), [("default", {"new", "appeared"}), ("tiny", {"appeared"})])
def test_frames_that_look_new_are_kept_and_said(tmp_path: Path, model: str, kinds: set[str]) -> None:
    options = ("--camera", "demo", "--buffer", "all", "--max-frames", "300", "--uncertain-below", "0.01", "--regions", "off")
    finished = run("catdog-edge", *options, "--model", model, "--save-uncertain", str(tmp_path))
    why = [json.loads(path.read_text())["why"] for path in tmp_path.rglob("*.json")]
    assert kinds.issubset(why)
    assert ("new" in why) == ("new" in kinds)
    assert ("that look new" in finished.stderr) == ("new" in kinds)
