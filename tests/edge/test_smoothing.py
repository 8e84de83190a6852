import math

import pytest

from catdog.edge.errors import UsageError
from catdog.edge.inference.classifier import Prediction, Timings
from catdog.edge.inference.smoothing import UNSURE, ScoreSmoother


def prediction(cats: float) -> Prediction:
    scores = {"cats": cats, "dogs": 1 - cats}
    label = max(scores, key=scores.__getitem__)
    return Prediction(label, scores[label], scores, Timings(0.0, 0.0, 0.0))


def test_without_options_answers_pass_as_they_are() -> None:
    answer = prediction(0.7)
    assert ScoreSmoother()(answer, 0.0) is answer


def test_scores_are_averaged_over_time_not_over_frames() -> None:
    often, seldom = ScoreSmoother(smooth_s=2.0), ScoreSmoother(smooth_s=2.0)
    often(prediction(1.0), 0.0)
    seldom(prediction(1.0), 0.0)
    for step in range(1, 101):
        last = often(prediction(0.0), step / 50)
    assert last.scores["cats"] == pytest.approx(math.exp(-1))
    assert seldom(prediction(0.0), 2.0).scores["cats"] == pytest.approx(math.exp(-1))
    assert last.label == "dogs"
    assert sum(last.scores.values()) == pytest.approx(1)


def test_one_odd_frame_does_not_turn_the_answer() -> None:
    smoother = ScoreSmoother(smooth_s=1.0)
    answers = [smoother(prediction(0.0 if frame == 5 else 0.9), frame / 20).label for frame in range(10)]
    assert set(answers) == {"cats"}


def test_nothing_is_remembered_across_a_silence() -> None:
    smoother = ScoreSmoother(smooth_s=10.0)
    smoother(prediction(1.0), 0.0)
    smoother.forget()
    assert smoother(prediction(0.2), 0.1).scores["cats"] == 0.2


def test_what_was_unsure_before_stays_so() -> None:
    assert ScoreSmoother(smooth_s=1.0)(prediction(0.9)._replace(label=UNSURE), 0.0).label == UNSURE


def test_weak_answers_are_unsure() -> None:
    smoother = ScoreSmoother(threshold=0.8)
    assert smoother(prediction(0.79), 0.0).label == UNSURE
    assert smoother(prediction(0.81), 0.0).label == "cats"


@pytest.mark.parametrize(("threshold", "smooth_s"), [(-0.1, 0.0), (1.1, 0.0), (0.5, -1.0), (0.5, 1e9)])
def test_out_of_range(threshold: float, smooth_s: float) -> None:
    with pytest.raises(UsageError):
        ScoreSmoother(threshold, smooth_s)
