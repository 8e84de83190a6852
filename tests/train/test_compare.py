"""Two runs on the same pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import run

from catdog.edge.contract.paired import mcnemar, paired_interval
from catdog.edge.errors import InputNotFoundError, UsageError
from catdog.train.compare import compare_runs


def written(folder: Path, answers: dict[str, str], part: str = "validation") -> Path:
    """A run's answers to pictures of cats, by name."""
    folder.mkdir()
    rows = "".join(f"{part},{name},cats,{answer},0.5,0.5\n" for name, answer in answers.items())
    (folder / "predictions.csv").write_text("part,picture,truth,answer,score of cats,score of dogs\n" + rows)
    return folder


def test_only_pictures_that_both_have_measured_count(tmp_path: Path) -> None:
    a = written(tmp_path / "a", {"1": "cats", "2": "dogs", "3": "dogs", "4": "cats"})
    b = written(tmp_path / "b", {"2": "cats", "3": "dogs", "4": "dogs", "5": "cats", "6": "cats"})
    found = compare_runs(a, b)
    assert (found.n, found.only_a, found.only_b) == (3, 1, 2)
    assert (found.right_a, found.right_b, found.gained, found.lost) == (1, 1, 1, 1)
    assert found.verdict == "cannot tell them apart"
    with pytest.raises(UsageError, match="none in common"):
        compare_runs(a, b, "test")
    with pytest.raises(InputNotFoundError, match=r"predictions\.csv"):
        compare_runs(a, tmp_path / "none")


def test_the_better_one_is_told_on_the_command_line(tmp_path: Path) -> None:
    a = written(tmp_path / "a", {str(number): "dogs" if number < 20 else "cats" for number in range(100)})
    b = written(tmp_path / "b", {str(number): "dogs" if number < 5 else "cats" for number in range(100)})
    finished = run("catdog-train", "compare", str(a), str(b))
    assert finished.returncode == 0, finished.stderr
    assert "+15.00%" in finished.stdout
    assert "B is better" in finished.stdout
    assert json.loads(run("catdog-train", "compare", str(b), str(a), "--json").stdout)["verdict"] == "A is better"
    assert run("catdog-train", "compare", str(a), str(tmp_path / "none")).returncode == 3


def test_five_of_five_may_be_chance(tmp_path: Path) -> None:
    a = written(tmp_path / "a", {str(number): "dogs" if number < 5 else "cats" for number in range(100)})
    b = written(tmp_path / "b", {str(number): "cats" for number in range(100)}, part="test")
    found = compare_runs(a, b)
    assert found.low > 0
    assert found.p > 0.05
    assert found.verdict == "cannot tell them apart"


def test_mcnemar_is_exact() -> None:
    # By hand: 2 * (1 + 10 + 45) / 2**10; an even split says nothing.
    assert mcnemar(8, 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar(2, 8) == mcnemar(8, 2)
    assert mcnemar(0, 0) == mcnemar(3, 3) == 1.0


def test_paired_interval_holds_its_coverage() -> None:
    rng = np.random.default_rng(0)
    n, only_first, only_second = 500, 0.02, 0.01
    counts = rng.multinomial(n, [only_first, only_second, 1 - only_first - only_second], size=4000)
    intervals = [paired_interval(lost, gained, n) for lost, gained, _ in counts.tolist()]
    covered = np.mean([low <= only_first - only_second <= high for low, high in intervals])
    assert 0.94 <= covered <= 0.975
