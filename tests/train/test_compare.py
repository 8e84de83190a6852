"""Runs on the same pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import run

from catdog.edge.contract.paired import mcnemar, paired_interval
from catdog.edge.errors import InputNotFoundError, UsageError
from catdog.train.options import DataOptions, TrainOptions
from catdog.train.run import begin_run
from catdog.train.side_by_side import side_by_side


def written(folder: Path, answers: dict[str, str], part: str = "validation") -> Path:
    """A run's answers to pictures of cats, by name."""
    folder.mkdir()
    rows = "".join(f"{part},{name},cats,{answer},0.5,0.5\n" for name, answer in answers.items())
    (folder / "predictions.csv").write_text("part,picture,truth,answer,score of cats,score of dogs\n" + rows)
    return folder


def wrong_below(folder: Path, wrong: int, n: int = 100, part: str = "validation") -> Path:
    """A run that has the first so many of n pictures wrong."""
    return written(folder, {str(number): "dogs" if number < wrong else "cats" for number in range(n)}, part)


def test_only_pictures_that_all_have_measured_count(tmp_path: Path) -> None:
    a = written(tmp_path / "a", {"1": "cats", "2": "dogs", "3": "dogs", "4": "cats"})
    b = written(tmp_path / "b", {"2": "cats", "3": "dogs", "4": "dogs", "5": "cats", "6": "cats"})
    found = side_by_side([a, b])
    assert (found.n, [each.left_out for each in found.runs]) == (3, [1, 2])
    assert [each.accuracy.value for each in found.runs] == [pytest.approx(1 / 3)] * 2
    (difference,) = found.differences
    assert (difference.gained, difference.lost, difference.verdict) == (1, 1, "cannot tell them apart")
    assert [[each.name for each in row] for row in found.differing] == [["2", "2"], ["4", "4"]]
    # Right in a third with a score of 0.5: by hand.
    assert found.runs[0].calibration_error == pytest.approx(0.5 - 1 / 3)
    with pytest.raises(UsageError, match="none in common"):
        side_by_side([a, b], "test")
    with pytest.raises(UsageError, match="2 to 10 runs"):
        side_by_side([a])
    with pytest.raises(InputNotFoundError, match=r"predictions\.csv"):
        side_by_side([a, tmp_path / "none"])


def test_two_pictures_of_one_name_are_told_apart_by_their_part(tmp_path: Path) -> None:
    runs = []
    for name, answers in (("a", ("cats", "dogs")), ("b", ("cats", "cats"))):
        folder = written(tmp_path / name, {"1": answers[0]})
        with (folder / "predictions.csv").open("a") as stream:
            stream.write(f"test,1,cats,{answers[1]},0.5,0.5\n")
        runs.append(folder)
    found = side_by_side(runs)
    assert (found.n, found.differences[0].gained) == (2, 1)


def test_the_better_one_is_told_on_the_command_line(tmp_path: Path) -> None:
    a, b = wrong_below(tmp_path / "a", 20), wrong_below(tmp_path / "b", 5)
    for folder, epochs in ((a, 10), (b, 20)):
        options = {"epochs": epochs, "views": 2, "output": "x", "data": {"data": f"/home/{folder.name}/photos", "seed": 0}}
        (folder / "options.json").write_text(json.dumps({"run": "", "options": options}))
        (folder / "metrics.json").write_text(json.dumps({"record": {"seconds": 7.0, "parameters": {"total": 1000}}}))
    finished = run("catdog-train", "compare", str(a), str(b))
    assert finished.returncode == 0, finished.stderr
    assert "+15.00 points" in finished.stdout
    assert "B is better" in finished.stdout
    assert "differs       epochs: A 10, B 20" in finished.stdout
    assert "7 s, 1,000 weights" in finished.stdout
    assert "views" not in finished.stdout
    document = json.loads(run("catdog-train", "compare", str(b), str(a), "--json").stdout)
    assert document["differences"][0]["verdict"] == "A is better"
    assert document["options"] == {"data": ["photos", "photos"], "epochs": [20, 10]}
    assert document["differing"][0]["answers"] == ["cats", "dogs"]
    assert run("catdog-train", "compare", str(a), str(tmp_path / "none")).returncode == 3


def test_several_runs_are_held_against_the_first_and_chance_counts_how_many(tmp_path: Path) -> None:
    a, b, c = wrong_below(tmp_path / "a", 20), wrong_below(tmp_path / "b", 14), wrong_below(tmp_path / "c", 0)
    alone = side_by_side([a, b]).differences[0]
    assert (alone.p, alone.verdict) == (pytest.approx(2 / 2**6), "B is better")
    found = side_by_side([a, b, b, c]).differences
    assert [each.verdict for each in found] == ["cannot tell them apart", "cannot tell them apart", "D is better"]
    # By hand, Holm: the smallest times 3, the next times 2, the last no smaller than that.
    assert [each.p for each in found] == [pytest.approx(4 / 2**6), pytest.approx(4 / 2**6), pytest.approx(6 / 2**20)]


def test_five_of_five_may_be_chance(tmp_path: Path) -> None:
    a, b = wrong_below(tmp_path / "a", 5), wrong_below(tmp_path / "b", 0, part="test")
    (found,) = side_by_side([a, b]).differences
    assert found.low > 0
    assert found.p > 0.05
    assert found.verdict == "cannot tell them apart"


def test_the_page_shows_what_the_runs_do_not_agree_on(tmp_path: Path) -> None:
    pytest.importorskip("jinja2", reason="the extra train is not installed")
    drawn = [f"cats/{1_000_000 + number}" for number in range(40)] + ["cats/not-there"]
    a = written(tmp_path / "a", dict.fromkeys(drawn, "cats"))
    b = written(
        tmp_path / "b", {name: "cats" if place > 1 else "dogs" for place, name in enumerate(drawn[:-1])} | {drawn[-1]: "dogs"}
    )
    begin_run(TrainOptions(data=DataOptions("synthetic"), backbone_weights="bundled", output=a))
    page = tmp_path / "compare.html"
    finished = run("catdog-train", "compare", str(a), str(b), "--output", str(page))
    assert finished.returncode == 0, finished.stderr
    assert "1 of the pictures are not where" in finished.stderr
    text = page.read_text()
    assert text.count("data:image/jpeg") == 2
    assert drawn[0] in text
    assert drawn[2] not in text
    assert "http" not in text  # nothing from elsewhere


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
