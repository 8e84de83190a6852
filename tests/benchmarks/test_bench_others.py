"""The other benches, each once and small: that their tables come out right, not what is in them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.project import camera, folder, motion, startup
from benchmarks.project.motion import events, paired
from benchmarks.project.turns import in_turn, ratio_row
from catdog.benchmarks import quantization
from catdog.benchmarks.cli import main
from catdog.edge.errors import UsageError
from catdog.edge.runner.events import Event

pytest.importorskip("jinja2", reason="needs the extra bench")


def rows(text: str) -> list[list[str]]:
    """The cells of every table, headings and rules left out."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [cells for place, cells in enumerate(found) if not is_rule(cells) and not is_rule(*found[place + 1 : place + 2])]


def is_rule(cells: Sequence[str] = ()) -> bool:
    return bool(cells) and set("".join(cells)) <= set("-:")


def test_ways_take_turns_from_both_ends() -> None:
    diary: list[str] = []

    def way(name: str) -> float:
        diary.append(name)
        return float(len(diary))

    times = in_turn({"a": lambda: way("a"), "b": lambda: way("b")}, 3)
    assert "".join(diary) == "baabba"
    assert times["a"].tolist() == [2, 3, 6]


def test_a_ratio_is_told_with_its_interval() -> None:
    baseline = np.full(10, 2.0) + 0.01 * np.arange(10)
    name, median, ratio, verdict = ratio_row("ours", 1.5 * baseline, baseline, ".1f ms")
    assert (name, verdict) == ("ours", "slower")
    assert median.startswith("3.1 ms (3.0 to 3.1)")
    assert ratio.startswith("1.50 (1.50")
    assert ratio_row("bare", baseline, baseline, ".1f ms")[2:] == ["1", "baseline"]


@pytest.mark.slow
def test_camera(capsys: pytest.CaptureFixture[str]) -> None:
    assert camera.main(["--rounds", "1", "--results", "20"]) == 0
    found = rows(capsys.readouterr().out)
    assert [cells[0] for cells in found] == [
        "bare loop, frames in memory", "catdog-edge, demo camera", "bare loop, decoding", "catdog-edge, MJPEG over HTTP",
    ]  # fmt: skip
    assert [cells[3] for cells in found] == ["baseline", "cannot tell", "baseline", "cannot tell"]


@pytest.mark.slow
def test_motion(capsys: pytest.CaptureFixture[str]) -> None:
    assert motion.main(["--rounds", "1", "--frames", "120", "--cycles", "1"]) in (0, 1)
    found = rows(capsys.readouterr().out)
    assert [cells[0] for cells in found[:2]] == ["every frame judged", "--motion-gate"]
    plain, gated = (float(cells[1].split()[0]) for cells in found[:2])
    assert gated < plain
    assert {cells[0] for cells in found[2:]} >= {"cats appeared", "cats left", "dogs appeared"}


@pytest.mark.slow
def test_no_event_comes_late_with_the_gate() -> None:
    pairs = paired(events("fast", 1, gate=False, cycles=1), events("fast", 1, gate=True, cycles=1))
    assert pairs
    assert all(pair.late is not None and pair.late <= motion.MOST_FRAMES_LATE for pair in pairs)


def test_events_are_paired_by_kind_and_label() -> None:
    def event(kind: str, frame: int, label: str = "cats") -> Event:
        return Event("demo", kind, label, 0.9, 0.0, frame)

    plain = [event("appeared", 10), event("left", 20), event("appeared", 30)]
    pairs = paired(plain, [event("appeared", 13), event("left", 20)])
    assert [pair.late for pair in pairs] == [3, 0, None]
    with pytest.raises(UsageError):
        paired([], plain)


def test_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.main(["--rounds", "1", "--drawn", "12"]) == 0
    out = capsys.readouterr().out
    assert [cells[0] for cells in rows(out)] == ["catdog-edge", "bare, 1 thread", "bare, 2 threads"]
    assert "12 pictures, 1 rounds" in out


def test_startup(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert startup.main(["--runs", "1", "--picture", str(picture)]) == 0
    assert [cells[0] for cells in rows(capsys.readouterr().out)] == ["bare script", "catdog-edge"]


@pytest.mark.slow
def test_quantization(class_folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="the extra export is not installed")
    arguments = ["--model", "fast", "--data", str(class_folders), "--formats", "int8,float16", "--counts", "4"]
    assert quantization.main(arguments) == 0
    found = rows(capsys.readouterr().out)
    assert [cells[0] for cells in found] == ["int8", "int8", "int8", "float16"]
    assert [cells[1] for cells in found if "drawn" in cells[1]] == ["200 drawn pictures"]
    assert found[3][1] == "none needed"
    assert all(cells[3].split("%")[0].replace(".", "").isdigit() for cells in found)


@pytest.mark.parametrize(
    ("bench", "arguments", "said"),
    [
        ("camera", ["--rounds", "0"], "--rounds of at least 1"),
        ("motion", ["--frames", "0"], "--frames of at least 1"),
        ("folder", ["--drawn", "0"], "--drawn of at least 1"),
        ("startup", ["--runs", "0"], "--runs of at least 1"),
        ("quantization", ["--counts", "few"], "--counts such as 50,200"),
        ("quantization", ["--counts", "0"], "1 to 10,000 pictures"),
        ("quantization", ["--formats", "int4"], "a known format"),
    ],
)
def test_mistakes_are_one_line(bench: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([bench, *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
