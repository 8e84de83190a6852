"""Result lines for a reader."""

import pytest

from catdog.edge.inference.classifier import Prediction, Timings
from catdog.edge.runner.results import Result
from catdog.edge.sources import Frame


@pytest.mark.parametrize(("count", "said"), [(3, "(a 0.100  b 0.400  c 0.500)"), (26, "(z 0.500  y 0.400  a 0.100)")])
def test_a_line_has_all_scores_of_few_labels_and_the_highest_of_many(count: int, said: str) -> None:
    labels = [chr(ord("a") + number) for number in range(count)]
    scores = dict.fromkeys(labels, 0.0) | {"a": 0.1, labels[-2]: 0.4, labels[-1]: 0.5}
    answer = Prediction(labels[-1], 0.5, scores, Timings(1.0, 2.0, 3.0))
    assert said in Result(Frame("a.jpg", 0, 0.0, 0.0, 0.0), 3.0, answer).to_text()
