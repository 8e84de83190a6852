import json
from typing import Any

import pytest

from catdog.edge.contract.figures import Figure, wilson_interval
from catdog.edge.contract.model_contract import InputSpec, ModelContract, parse_contract
from catdog.edge.contract.provenance import Adopted, Origin
from catdog.edge.errors import ModelError

CONTRACT = ModelContract(
    name="pets",
    labels=("cats", "dogs", "neither"),
    input=InputSpec(96, 128, dtype="uint8"),
    threshold=0.7,
    trained_on="Löwen und Hunde",
    origin=Origin("2026-11-29", "0123456789abcdef", "fedcba9876543210"),
    learnt="AAAAAA==",
    figures=(Figure.share("accuracy", 98, 100, "somewhere"),),
)


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(CONTRACT.to_json()) | changes)


def test_round_trip() -> None:
    assert parse_contract(CONTRACT.to_json()) == CONTRACT


def test_a_file_of_before_means_what_it_meant() -> None:
    fields = json.loads(CONTRACT.to_json())
    assert fields["input"].pop("interpolation") == "bilinear-exact"  # the default of everything new
    fields["golden"] = {"input_sha256": "0" * 64, "scores": [0.1, 0.2, 0.7]}
    before = parse_contract(json.dumps(fields))
    assert before.input.interpolation == "bilinear"
    assert before.golden is not None
    assert (before.golden.width, before.golden.height) == (640, 480)


def test_additions_of_a_later_version_are_ignored() -> None:
    fields = json.loads(CONTRACT.to_json())
    fields["input"]["letterbox_colour"] = [1, 2, 3]
    assert parse_contract(json.dumps(fields | {"new": {"a": 1}})) == CONTRACT


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 100_000,
        changed(catdog_contract=2),
        changed(labels=[]),
        changed(origin={"date": "2026-11-29"}),
        changed(origin={"date": "2026-11-29", "run": "a\nb", "pictures": ""}),
        changed(origin="yesterday"),
        changed(labels=["cats"]),
        changed(labels=["cats", "cats"]),
        changed(labels=["cats", 3]),
        changed(labels=None),
        changed(labels="ab"),
        changed(labels={"a": 1, "b": 2}),
        changed(labels=["cats", "dogs\nrm"]),
        changed(labels=["cats", "dogs\x1b[2J"]),
        changed(catdog_contract=True),
        changed(figures=[{"name": "x", "value": "1", "low": 0, "high": 1, "n": 3}]),
        changed(name=""),
        changed(name=None),
        changed(threshold=1.5),
        changed(threshold="high"),
        changed(input=None),
        changed(input={"height": 224}),
        changed(input={"height": 224, "width": 0}),
        changed(input={"height": 224, "width": True}),
        changed(input={"height": 224, "width": 224, "dtype": "int16"}),
        changed(input={"height": 224, "width": 224, "resize": "__import__('os')"}),
        changed(figures=[{"name": "x"}]),
        changed(figures=3),
        changed(made_by=5),
        changed(golden=5),
        changed(golden={"input_sha256": "", "scores": ["x"]}),
        changed(golden={"scores": []}),
        changed(golden={"input_sha256": "", "scores": [], "width": 100_000, "height": 480}),
        changed(input={"height": 224, "width": 224, "interpolation": "cubic"}),
    ],
)
def test_what_is_no_contract_is_refused(document: str) -> None:
    with pytest.raises(ModelError):
        parse_contract(document)


# Published values: Brown, Cai and DasGupta (2001) and the closed form worked by hand for 0 of 10.
@pytest.mark.parametrize(("hits", "n", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)])
def test_wilson_interval(hits: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(hits, n) == pytest.approx((low, high), abs=1e-4)


def test_wilson_interval_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError, match="Received: hits=3, n=2"):
        wilson_interval(3, 2)


ADOPTED = ModelContract(
    name="stranger",
    labels=("a", "b"),
    input=InputSpec(32, 48, "int8", resize="crop", layout="nchw", mean=(1.5, 2.0, 3.0), std=(0.5, 1.0, 2.0)),
    scores="logits",
    adopted=Adopted("model.tflite", "0" * 64, "2026-11-30", "--labels"),
)


def test_round_trip_of_a_model_of_others() -> None:
    assert parse_contract(ADOPTED.to_json()) == ADOPTED
    assert "less 1.5,2,3, by 0.5,1,2" in str(ADOPTED.input)
    assert ADOPTED.input.of_pixels() == InputSpec(32, 48, resize="crop")


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("input", {"dtype": "int16"}),
        ("input", {"layout": "hwc"}),
        ("input", {"resize": "pad"}),
        ("input", {"mean": [0, 0]}),
        ("input", {"mean": 0}),
        ("input", {"std": [1, 0, 1]}),
        ("input", {"std": [1, "1", 1]}),
        ("adopted", {"file": "a\nb"}),
        ("adopted", {"sha256": 1}),
        ("adopted", {"date": None}),
    ],
)
def test_what_is_wrong_with_a_model_of_others(part: str, changes: dict[str, Any]) -> None:
    fields = json.loads(ADOPTED.to_json())
    fields[part] |= changes
    with pytest.raises(ModelError):
        parse_contract(json.dumps(fields))
    fields = json.loads(ADOPTED.to_json())
    with pytest.raises(ModelError):
        parse_contract(json.dumps(fields | {"scores": "sigmoid"}))
