"""The gate's statistics; nothing here needs TensorFlow."""

import numpy as np
import pytest

from catdog.edge.errors import VerificationError
from catdog.export.verification import Truth, compare, doubts, objections, verdict

LABELS = ("cats", "dogs", "neither")


def rows(answers: list[int], score: float = 0.8) -> np.ndarray:
    scores = np.full((len(answers), 3), (1 - score) / 2, np.float32)
    scores[np.arange(len(answers)), answers] = score
    return scores


def truth(targets: list[int] | None, n: int) -> Truth:
    return Truth("pictures", tuple(f"{i}.jpg" for i in range(n)), None if targets is None else np.array(targets, np.int64))


def test_what_was_lost_and_gained_is_counted_picture_by_picture() -> None:
    targets = [0] * 50 + [1] * 50
    reference = [0] * 48 + [1] * 52  # two cats wrong
    artifact = [1] * 3 + [0] * 46 + [1] * 51  # three other cats wrong, one of the two right
    verification = compare(rows(artifact), rows(reference, 0.7), truth(targets, 100), LABELS)
    assert verification.drop is not None
    assert (verification.drop.lost, verification.drop.gained, verification.drop.value) == (3, 1, pytest.approx(0.02))
    assert (verification.drop.worst_label, verification.drop.worst) == ("cats", pytest.approx(0.04))
    assert verification.drop.low < 0.02 < verification.drop.high
    assert verification.agreement.value == pytest.approx(0.96)
    assert [(flip.index, flip.truth, flip.reference, flip.answer) for flip in verification.flips] == [
        (0, "cats", "cats", "dogs"), (1, "cats", "cats", "dogs"), (2, "cats", "cats", "dogs"), (48, "cats", "dogs", "cats"),
    ]  # fmt: skip
    assert verification.largest_difference == pytest.approx(0.65, abs=1e-6)


def test_answers_without_a_truth_are_compared_but_not_counted_as_right_or_wrong() -> None:
    known = [0] * 50
    reference = known + [2] * 50
    besides = Truth("pictures", tuple(f"{i}.jpg" for i in range(100)), np.array(known + [-1] * 50), " and 50 scenes")
    verification = compare(rows(known + [0] * 50), rows(reference), besides, LABELS)
    assert verification.artifact is not None
    assert (verification.artifact.accuracy.value, verification.artifact.accuracy.n) == (1.0, 50)
    assert (verification.agreement.value, verification.agreement.n, verification.agreement.data) == (
        0.5,
        100,
        "pictures and 50 scenes",
    )
    assert verification.drop is not None
    assert verification.drop.value == 0
    assert {flip.truth for flip in verification.flips} == {None}
    assert "the same answer on" in objections(verification, 0.5)[0]


def test_gate_is_about_net_loss_in_points() -> None:
    targets = [0] * 1000
    for wrong, passes in ((5, True), (6, False)):
        verification = compare(rows([1] * wrong + [0] * (1000 - wrong)), rows(targets), truth(targets, 1000), LABELS)
        assert (objections(verification, 0.5) == []) is passes
        assert objections(verification, 1.0) == []


def test_one_picture_of_a_handful_refuses_nothing() -> None:
    targets = [0] * 10
    assert objections(compare(rows([1] + [0] * 9), rows(targets), truth(targets, 10), LABELS), 0.5) == []
    assert objections(compare(rows([1] * 2 + [0] * 8), rows(targets), truth(targets, 10), LABELS), 0.5) != []


@pytest.mark.parametrize(("n", "expected"), [(4, "unproven"), (24, "unproven"), (60, "published"), (1000, "published")])
def test_few_pictures_prove_little_and_that_is_a_verdict(n: int, expected: str) -> None:
    targets = [0, 1] * (n // 2)
    verification = compare(rows(targets), rows(targets), truth(targets, n), LABELS)
    assert objections(verification, 0.5) == []
    assert verdict(verification, []) == expected
    assert any(f"on {n:,} pictures" in line for line in doubts(verification)) == (expected == "unproven")
    assert verdict(verification, ["something"]) == "refused"
    unknown = compare(rows(targets), rows(targets), truth(None, n), LABELS)
    assert verdict(unknown, []) == expected


def test_model_that_guesses_and_score_that_is_far_off_are_told() -> None:
    targets = [0, 1] * 100
    guessing = rows([0] * 200)
    off = guessing.copy()
    off[7] = (0.05, 0.05, 0.9)
    told = doubts(compare(off, guessing, truth(targets, 200), LABELS))
    assert any("no better than guessing" in line for line in told)
    assert any("differs by 0.80" in line for line in told)
    assert doubts(compare(rows(targets), rows(targets), truth(targets, 200), LABELS)) == []


def test_scores_that_differ_by_more_than_rounding() -> None:
    verification = compare(rows([0] * 50, 0.9), rows([0] * 50, 0.8), truth(None, 50), LABELS)
    assert objections(verification, 0.5) == []
    assert "rounding" in objections(verification, 0.5, tolerance=0.01)[0]


def test_where_the_truth_is_not_known_agreement_decides() -> None:
    reference = rows([0] * 200)
    verification = compare(rows([1] * 30 + [0] * 170), reference, truth(None, 200), LABELS)
    assert verification.artifact is verification.drop is None
    assert "same answer" in objections(verification, 0.5)[0]
    assert objections(compare(reference, reference, truth(None, 200), LABELS), 0.5) == []


def test_what_changes_from_call_to_call_is_refused() -> None:
    verification = compare(rows([0]), rows([0]), truth([0], 1), LABELS, deterministic=False)
    assert "two calls" in objections(verification, 0.5)[0]


def test_scores_that_are_no_numbers_are_refused() -> None:
    broken = rows([0, 1])
    broken[0, 0] = np.nan
    with pytest.raises(VerificationError, match="numbers"):
        compare(broken, rows([0, 1]), truth(None, 2), LABELS)
