"""What a file knows again of the pictures that it has learnt from."""

import numpy as np
import pytest

from catdog.edge.contract.learnt import MOST, Learnt, marks_of
from catdog.edge.contract.model_contract import InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import ModelError
from catdog.edge.synthetic import draw_picture

SPEC = InputSpec(64, 64, dtype="float32")


@pytest.mark.slow
def test_knows_what_was_learnt_from_and_nothing_else() -> None:
    learnt, others = ([draw_picture("cats", seed) for seed in seeds] for seeds in (range(40), range(40, 80)))
    preprocess = Preprocessor(InputSpec(64, 64))
    marks = marks_of(preprocess(picture)[0].copy() for picture in [*learnt, *learnt[:3]])
    known = Learnt.parse(marks, SPEC)
    assert len(known) == 40
    assert all(picture in known for picture in learnt)
    assert not any(picture in known for picture in others)


def test_no_marks_know_nothing() -> None:
    assert draw_picture("cats", 0) not in Learnt.parse("", SPEC)


def test_too_many_are_not_kept() -> None:
    pixels = np.arange(MOST + 1, dtype="<u4").view(np.uint8).reshape(-1, 4)
    assert len(Learnt.parse(marks_of(pixels[:-1]), SPEC)) == pytest.approx(MOST, abs=3)  # few may share a mark
    assert marks_of(np.concatenate([pixels, pixels + 100])) == ""


@pytest.mark.parametrize("text", ["abc", "AAAA", "!!!!", "é"])
def test_marks_that_are_none(text: str) -> None:
    with pytest.raises(ModelError, match="marks of pictures"):
        Learnt.parse(text, SPEC)
