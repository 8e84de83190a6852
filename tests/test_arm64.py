"""What `make test-arm64` makes of what it sees; the board itself is emulated by that target alone."""

from pathlib import Path
from typing import Any

import pytest
from boards.arm64 import answers, installing, instructions, pictures
from boards.arm64.findings import AbsentError, BudgetError, Finding, judged, require_all_held, skipped
from boards.arm64.instructions import per_frame
from boards.arm64.options import Options
from boards.arm64.root import missing

from catdog.edge.errors import UsageError


def test_the_lines_of_the_guide_install_the_wheel() -> None:
    first, second = installing.documented("/root/catdog.whl")
    assert first == ["/usr/bin/python3", "-m", "venv", "/opt/catdog"]
    assert second == ["/opt/catdog/bin/pip", "install", "/root/catdog.whl[web,mqtt]"]


def test_instructions_are_those_between_the_marks_a_frame() -> None:
    said = "STAGE bare model 4\nMARK 1 1000\nMARK 2 1400\nWARNING\nSTAGE whole runner 2\nMARK 1 2000\nMARK 2 2210\n"
    assert per_frame(said) == {"bare model": 100, "whole runner": 105}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> answers.Answers:
    """What this machine says of drawn pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    laid = pictures.lay_out(Path("/nowhere"), folder / "laid", 3)
    assert laid.count == 3 and "drawn" in laid.said
    return answers.here(laid.all, ["tiny"], folder)


def changed(reference: answers.Answers, stage: str, value: Any) -> answers.Answers:
    """The same answers, but for one picture and one stage."""
    picture = max(picture for _, picture in reference)
    return reference | {("tiny", picture): reference["tiny", picture] | {stage: value}}


def test_the_same_machine_gives_the_same_answers(reference: answers.Answers) -> None:
    lines = answers.compared(reference, reference, "tiny", "here", "3 drawn pictures")
    assert [line.verdict for line in lines] == ["holds", "holds"]
    assert lines[0].data["n"] == 4  # the golden picture is one of them


@pytest.mark.parametrize(
    ("stage", "value", "told"),
    [
        ("decoded", "0", "decoding differs first"),
        ("pixels", "0", "resizing differs first"),
        ("row", [(0.2).hex(), (0.3).hex(), (0.5).hex()], ""),
    ],
)
def test_the_stage_that_differs_first_is_named(reference: answers.Answers, stage: str, value: Any, told: str) -> None:
    line = answers.compared(changed(reference, stage, value), reference, "tiny", "here", "3 drawn pictures")[0]
    assert told in line.said
    assert line.verdict == ("FAILS" if told else "holds")  # a row that changes no score is another way to the same


def test_other_scores_are_traced_to_the_row_or_to_what_is_made_of_it(reference: answers.Answers) -> None:
    scores = {"cats": (0.2).hex(), "dogs": (0.3).hex(), "neither": (0.5).hex()}
    board = changed(reference, "scores", scores)
    assert "what is made of its row differs first" in answers.compared(board, reference, "tiny", "here", "")[0].said
    board = changed(board, "row", list(scores.values()))
    assert "the model differs first" in answers.compared(board, reference, "tiny", "here", "")[0].said


def test_what_was_skipped_is_no_success_and_what_fails_comes_first() -> None:
    held, left_out = Finding("answers", "a72", "tiny", "the same", "", judged(holds=True)), skipped("tests", "a72", "no pytest")
    require_all_held([held])
    with pytest.raises(AbsentError, match="tests, a72: no pytest") as absent:
        require_all_held([held, left_out])
    assert absent.value.exit_code == 77
    with pytest.raises(BudgetError, match=r"1\.2 times"):
        require_all_held([left_out, Finding("instructions", "a72", "fast", "1.2 times", "1.05", judged(holds=False))])


def test_what_this_machine_lacks_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "debootstrap: apt install debootstrap" in missing()
    assert [line.partition(":")[0] for line in instructions.missing()] == ["qemu-aarch64", "gcc"]


def test_options_are_checked(tmp_path: Path) -> None:
    given = {"cache": tmp_path, "output": tmp_path, "shared": tmp_path, "suites": ("bookworm",), "processors": ("a72",)}
    usual = {"steps": ("install",), "models": ("tiny",), "pictures": 2, "frames": 1, "watched": 20, "mirror": ""}
    Options(**given, **usual)
    for wrong in ({"suites": ("buster",)}, {"steps": ()}, {"pictures": 1}):
        with pytest.raises(UsageError):
            Options(**(given | usual | wrong))
