from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

import json
from dataclasses import asdict, replace

from catdog.edge.errors import UsageError
from catdog.export.release import main, require_blind
from catdog.train.options import AT_END, DataOptions, TrainOptions

OPTIONS = TrainOptions(
    DataOptions(data="synthetic", negatives="synthetic"), Path("runs/default"), validate=AT_END, temperature=1.25
)


def cross_validation(**changes: Any) -> dict[str, Any]:
    options = json.loads(json.dumps(asdict(replace(OPTIONS, temperature=None, validate="epoch", **changes)), default=str))
    return {"temperature": 1.25, "options": options | {"output": "cv"}}


def test_run_with_the_cross_validations_settings_may_be_released() -> None:
    assert require_blind(OPTIONS, cross_validation()) is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"validate": "epoch"}, "--validate end"),
        ({"temperature": None}, "--temperature 1.250"),
        ({"temperature": 1.5}, "--temperature 1.250"),
        ({"pipeline": "compact"}, "tuned"),
        ({"views": 7}, "views"),
        ({"data": DataOptions(data="synthetic")}, "--negatives"),
    ],
)
def test_card_would_not_be_true(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        require_blind(replace(OPTIONS, **changes), cross_validation())


def test_exporting_again_needs_what_it_is_measured_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--again", "default", "--negatives", "scenes.zip"]) == 2
    assert "--data" in capsys.readouterr().err
