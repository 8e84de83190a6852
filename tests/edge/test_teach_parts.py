"""The parts of `catdog-edge teach`: the cut file, the fit, what is held back, the gate."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_classes import draw_thing

from catdog.edge.contract.artifact import append_to_tflite, parse_model, read_appended, read_model_file
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import ModelError
from catdog.edge.models import BUNDLED, bundled_tflite
from catdog.edge.synthetic import draw_picture
from catdog.edge.teach import exemplars, writing
from catdog.edge.teach.cut import CutModel, Head, from_features
from catdog.edge.teach.examples import DRAWN, Examples, folds, hold_back
from catdog.edge.teach.gallery import find, look
from catdog.edge.teach.gate import judge
from catdog.edge.teach.learning import extended
from catdog.edge.teach.logistic import Span, fit, log_softmax
from catdog.edge.teach.suspects import unseen_scores, wrong_labels

LABELS = ("cats", "dogs", "new", "neither")


def examples_of(truth: list[int], groups: list[int] | None = None, names: list[str] | None = None) -> Examples:
    n = len(truth)
    return Examples(
        np.zeros((n, 2), np.float32),
        np.eye(len(LABELS))[truth],
        np.array(truth),
        np.array(groups if groups is not None else range(n)),
        tuple(names if names is not None else [f"{place}.jpg" for place in range(n)]),
    )


@pytest.mark.parametrize("name", BUNDLED)
def test_a_cut_file_gives_what_the_whole_one_gives(name: str) -> None:
    file = read_model_file(bundled_tflite(name))
    content = file.data[: file.model_bytes]
    cut = CutModel(content, file.path)
    whole, features = (writing.loaded(each, file.path, 1) for each in (content, cut.up_to_features()))
    assert file.contract is not None
    pixels = Preprocessor(file.contract.input)(draw_picture("dogs", 3))
    row = features.scores(pixels)[np.newaxis]
    expected = whole.scores(pixels)
    assert np.allclose(writing.rows(from_features(content), cut.quantized(row))[0], expected, atol=1e-6)
    in_numpy = np.exp(log_softmax(cut.head(row)))[0]  # without the rounding of the logits
    assert np.abs(in_numpy - expected).max() < 0.05


def test_another_layer_is_computed_as_it_was_meant() -> None:
    file = read_model_file(bundled_tflite("tiny"))
    cut = CutModel(file.data[: file.model_bytes], file.path)
    rng = np.random.default_rng(0)
    features = rng.uniform(0, 4, (50, cut.head.weights.shape[1])).astype(np.float32)
    head = Head(rng.normal(0, 0.2, (7, features.shape[1])), rng.normal(0, 1, 7))
    scores = writing.rows(from_features(cut.with_head(head, features)), cut.quantized(features))
    expected = np.exp(log_softmax(head(cut.real(cut.quantized(features)))))
    assert scores.shape == (50, 7) and np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert np.abs(scores - expected).mean() < 0.02
    again = CutModel(cut.with_head(head, features), file.path)
    assert np.allclose(again.head.weights, head.weights, atol=np.abs(head.weights).max() / 127)


def test_a_file_that_ends_otherwise_cannot_be_taught() -> None:
    file = read_model_file(bundled_tflite("tiny"))
    cut = CutModel(file.data[: file.model_bytes], file.path)
    with pytest.raises(ModelError, match="ends otherwise"):
        CutModel(cut.up_to_features(), Path("features.tflite"))


def test_the_fit_is_at_a_minimum_and_falls_back_to_what_was_there() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(0, 1, (40, 100)).astype(np.float32)
    truth = (features[:, 0] > 0).astype(int)
    targets, weights, base = np.eye(2)[truth], np.full(40, 1 / 40), rng.normal(0, 1, (40, 2))
    span = Span.of(features)
    assert np.allclose(span.places @ span.places.T, (features - span.mean) @ (features - span.mean).T / 100, rtol=0.5)
    added, bias = fit(span.places, targets, weights, base, 1e-3)
    logits = base + span.places @ added.T + bias
    assert (logits.argmax(axis=1) == truth).all()
    apart = (np.exp(log_softmax(logits)) - targets) * weights[:, np.newaxis]
    assert np.abs(apart.T @ span.places + 1e-3 * added).max() < 1e-4
    assert np.allclose((features - span.mean) @ (added @ span.back).T, span.places @ added.T, atol=1e-3)
    held, _ = fit(span.places, targets, weights, base, 1e4)
    assert np.abs(held).max() < 1e-3


def test_a_new_label_begins_as_neither() -> None:
    head = Head(np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0, 3.0]))
    more = extended(head, ("cats", "dogs", "neither"), LABELS)
    assert more.weights.tolist() == [[0, 1], [2, 3], [4, 5], [4, 5]] and more.bias.tolist() == [1, 2, 2, 3]


def test_groups_are_never_on_both_sides() -> None:
    rng = np.random.default_rng(2)
    truth, groups = rng.integers(0, 4, 200).tolist(), rng.integers(0, 60, 200).tolist()
    examples = examples_of(truth, groups)
    held = hold_back(examples)
    assert not set(examples.groups[held]) & set(examples.groups[~held])
    assert 0.15 < held.mean() < 0.35
    parts = folds(examples, 5)
    assert all(len(set(parts[examples.groups == group])) == 1 for group in set(groups))
    assert set(parts.tolist()) == {0, 1, 2, 3, 4}


def test_what_is_drawn_is_never_held_back_and_of_exemplars_half_is() -> None:
    drawn = Examples(np.zeros((10, 2), np.float32), np.eye(4)[[0] * 10], np.full(10, DRAWN), np.arange(10), ("",) * 10)
    held = hold_back(Examples.joined([examples_of([1] * 20, names=[""] * 20), drawn]))
    assert held.sum() == 10 and not held[20:].any()


def test_pictures_of_one_event_are_one_group(tmp_path: Path) -> None:
    place = tmp_path / "robin"
    place.mkdir()
    names = (
        *("20260601T120000.100-0.55.jpg", "20260601T120030.100-0.41.jpg", "20260601T120500.100-0.55.jpg"),
        *("garden_frame1.jpg", "garden_frame2.jpg", "IMG_1.jpg", "IMG_2.jpg", "IMG_2 (1).jpg"),
        *("robin (1).jpg", "robin (2).jpg"),  # as Windows names many at once
    )
    for seed, name in enumerate(names):
        cv2.imwrite(str(place / name), draw_thing(seed, seed))
    file = read_model_file(bundled_tflite("tiny"))
    assert file.contract is not None
    cut = CutModel(file.data[: file.model_bytes], file.path)
    photos = find(tmp_path, lambda _: None)
    seen = look(photos, writing.loaded(cut.up_to_features(), file.path, 1), file.contract.input)
    groups: dict[int, set[str]] = {}
    for photo, group in zip(seen.photos, seen.groups.tolist(), strict=True):
        groups.setdefault(group, set()).add(photo.path.name)
    assert sorted(map(sorted, groups.values())) == sorted(
        [sorted(names[:2]), [names[2]], sorted(names[3:5]), [names[5]], sorted(names[6:8]), [names[8]], [names[9]]]
    )


def test_exemplars_come_back_bit_by_bit_and_few_enough() -> None:
    rng = np.random.default_rng(3)
    features = rng.integers(-128, 128, (400, 4160)).astype(np.int8)  # noise: packs worse than any
    truth = np.arange(400) % 3
    data = exemplars.pack(features, truth, ("cats", "dogs", "neither"))
    assert len(data) <= exemplars.MOST_BYTES
    file = read_model_file(bundled_tflite("tiny"))
    assert file.contract is not None
    whole = append_to_tflite(file.data[: file.model_bytes], file.contract, {exemplars.ENTRY: data})
    again = parse_model(whole, Path("x.tflite"))
    assert again.sealed and again.model_bytes == file.model_bytes and again.contract == file.contract
    found = exemplars.unpack(again, ("dogs", "cats", "new", "neither"))
    assert found is not None
    rows, labels = found
    known = {row.tobytes(): place for place, row in enumerate(features)}
    assert all(truth[known[row.tobytes()]] == (1, 0, 9, 2)[label] for row, label in zip(rows, labels.tolist(), strict=True))
    counts = np.bincount(labels, minlength=4)
    assert counts[3] > 2 * counts[0] > 0
    assert exemplars.unpack(file, LABELS) is None
    with pytest.raises(ModelError, match="at most 10 bytes"):
        read_appended(again, exemplars.ENTRY, 10)


def test_damaged_exemplars_are_told() -> None:
    file = read_model_file(bundled_tflite("tiny"))
    assert file.contract is not None
    whole = append_to_tflite(file.data[: file.model_bytes], file.contract, {exemplars.ENTRY: b"nothing"})
    with pytest.raises(ModelError, match="exemplars as catdog writes them"):
        exemplars.unpack(parse_model(whole, Path("x.tflite")), LABELS)


def scores_of(answers: list[int]) -> np.ndarray:
    return np.eye(len(LABELS), dtype=np.float32)[answers]


@pytest.mark.parametrize(
    ("lost", "n", "objections", "doubts"),
    [
        (0, 400, "", ""),
        (1, 60, "", "may fall by up to"),  # one picture is none, but so few cannot tell
        (2, 130, "", "may be chance; about"),
        (20, 400, "fall by 5.00 points", ""),
    ],
)
def test_the_gate_weighs_what_is_lost(lost: int, n: int, objections: str, doubts: str) -> None:
    truth = [0, 1, 3] * (n // 3) + [0] * (n % 3) + [2] * 40
    answers = [2] * lost + truth[lost:]
    held = examples_of(truth)
    before = scores_of([3 if each == 2 else each for each in truth])
    found = judge(held, scores_of(answers), before, LABELS, ("cats", "dogs", "neither"), ("new",), 0.5)
    assert objections in " ".join(found.objections) and bool(objections) == bool(found.objections)
    assert doubts in " ".join(found.doubts) and bool(doubts) == bool(found.doubts)
    assert len(found.flips) == lost + 40
    assert found.drop is not None and (found.drop.lost, found.drop.n) == (lost, n)


@pytest.mark.parametrize(("hits", "n", "verdict"), [(6, 6, ""), (4, 6, "doubt"), (5, 40, "objection")])
def test_the_gate_weighs_a_new_label(hits: int, n: int, verdict: str) -> None:
    truth = [0, 1, 3] * 100 + [2] * n
    answers = [0, 1, 3] * 100 + [2] * hits + [3] * (n - hits)
    before = scores_of([3 if each == 2 else each for each in truth])
    found = judge(examples_of(truth), scores_of(answers), before, LABELS, ("cats", "dogs", "neither"), ("new",), 0.5)
    assert any("new is found" in line for line in found.doubts) == (verdict == "doubt")
    assert any("new is found" in line for line in found.objections) == (verdict == "objection")


def test_the_gate_says_of_which_labels_it_knows_nothing() -> None:
    found = judge(
        examples_of([2] * 20), scores_of([2] * 20), scores_of([3] * 20), LABELS, LABELS[:2] + LABELS[3:], ("new",), 0.5
    )
    assert found.drop is None and [line.split(":")[0] for line in found.doubts] == [
        f"nothing is known of {label}" for label in ("cats", "dogs", "neither")
    ]


def test_closed_form_scores_are_those_of_a_layer_that_was_fitted_without_the_group() -> None:
    rng = np.random.default_rng(4)
    targets = np.repeat([0, 1, 2], 12)
    features = (rng.normal(size=(3, 20))[targets] + rng.normal(size=(36, 20))).astype(np.float32)
    groups = np.array([0, 0, 0, *range(1, 34)])
    scores = unseen_scores(features, targets, groups, 3)
    # Anew, by the normal equations, with each strength; one of them it must be.
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for held in (np.flatnonzero(groups == 0), np.array([20])):
        rest = np.setdiff1d(np.arange(36), held)
        x, y = unit[rest] - unit[rest].mean(axis=0), np.eye(3)[targets[rest]]
        fits = [
            (unit[held] - unit[rest].mean(axis=0))
            @ np.linalg.solve(x.T @ x + strength * np.eye(20), x.T @ (y - y.mean(axis=0)))
            + y.mean(axis=0)
            for strength in np.geomspace(0.01, 10, 7)
        ]
        assert min(np.abs(np.clip(fit, 0, 1) - scores[held]).max() for fit in fits) < 0.02


def test_copies_of_a_wrong_one_do_not_vouch_for_it() -> None:
    rng = np.random.default_rng(5)
    targets = np.repeat([0, 1], 30)
    features = np.abs(np.eye(2, 16)[targets] * 4 + rng.normal(size=(60, 16))).astype(np.float32)
    wrong = list(range(5))
    features[wrong] = features[40] + 0.01 * rng.normal(size=(5, 16)).astype(np.float32)
    groups = np.arange(60)
    groups[[*wrong, 40]] = 0
    found = wrong_labels(unseen_scores(features, targets, groups, 2), targets, groups)
    assert {each.place for each in found} >= set(wrong)
    assert {each.likely for each in found if each.place in wrong} == {1}
    assert len(found) <= 7
