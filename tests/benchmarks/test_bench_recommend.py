"""Which artifact and flags: as right as any that is fast enough, then the quickest, then the smallest."""

import re
from dataclasses import replace

import pytest
from benchmark_reports import made_up, made_up_artifact, made_up_row

from catdog.benchmarks import BenchReport
from catdog.benchmarks.options import Target
from catdog.benchmarks.recommend import pareto_front, recommend
from catdog.benchmarks.report.plots import pareto_key
from catdog.benchmarks.report.results import ArtifactResult, Missing
from catdog.benchmarks.report.write import to_markdown, to_terminal
from catdog.benchmarks.validity.checks import Check
from catdog.edge.contract.figures import Figure

NO_DATA = Missing("no photographs")


def accuracy(hits: int, n: int = 1000, data: str = "pets") -> Figure:
    return Figure.share("accuracy", hits, n, data)


def with_artifacts(report: BenchReport, *given: tuple[ArtifactResult, float]) -> BenchReport:
    measured = [made_up(artifact.name, ms, seed) for seed, (artifact, ms) in enumerate(given)]
    rows = [made_up_row(each, None if each is measured[0] else measured[0]) for each in measured]
    return replace(report, artifacts=tuple(artifact for artifact, _ in given), rows=tuple(rows))


@pytest.fixture
def three(report: BenchReport) -> BenchReport:
    """Right and slow, middling, wrong and quick."""
    return with_artifacts(
        report,
        (made_up_artifact("right.tflite", accuracy(990)), 40.0),
        (made_up_artifact("middling.tflite", accuracy(970)), 20.0),
        (made_up_artifact("quick.tflite", accuracy(900)), 5.0),
    )


@pytest.mark.parametrize(
    ("target", "chosen"),
    [
        (Target(fps=20), "right.tflite"),
        (Target(fps=30), "middling.tflite"),
        (Target(latency_ms=25.0), "middling.tflite"),
        (Target(latency_ms=10.0), "quick.tflite"),
        (Target(fps=20, latency_ms=10.0), "quick.tflite"),
    ],
)
def test_the_most_accurate_that_meets_the_target(three: BenchReport, target: Target, chosen: str) -> None:
    found = recommend(three, target)
    assert found.case == f"{chosen} · 1 thread"
    assert found.command is not None
    assert f"--model {chosen} --threads 1" in found.command
    assert ("--max-fps" in found.command) == (target.fps is not None)
    assert "Its accuracy is" in found.why[1]


def test_of_equals_the_one_that_works_least(report: BenchReport) -> None:
    equals = with_artifacts(
        report,
        (made_up_artifact("busy.tflite", accuracy(970)), 20.0),
        (made_up_artifact("idle.tflite", accuracy(970)), 10.0),
        (made_up_artifact("busier.tflite", accuracy(970)), 30.0),
    )
    assert recommend(equals, Target(fps=20)).case == "idle.tflite · 1 thread"


def test_nothing_is_fast_enough(three: BenchReport) -> None:
    found = recommend(three, Target(fps=1000))
    assert found.case is None
    assert found.command is None
    assert "Nothing measured here stays within 1.0 ms" in found.why[0]
    assert "quick.tflite" in found.why[1]


def test_few_runs_are_judged_by_their_slowest(report: BenchReport) -> None:
    measured = made_up("a.tflite", 10.0, 0, runs=5)  # 50 runs bound no p99
    slow = measured.turns[0].end_to_end_ms.copy()
    slow[0] = 30.0
    measured = replace(measured, turns=(replace(measured.turns[0], end_to_end_ms=slow), *measured.turns[1:]))
    few = replace(report, artifacts=(made_up_artifact("a.tflite", accuracy(990)),), rows=(made_up_row(measured, None),))
    assert recommend(few, Target(latency_ms=20.0)).case is None
    assert recommend(few, Target(latency_ms=31.0)).case is not None


def test_without_a_target_the_fastest_of_the_best(report: BenchReport) -> None:
    found = recommend(
        with_artifacts(
            report,
            (made_up_artifact("best.tflite", accuracy(985)), 40.0),
            (made_up_artifact("as-good.tflite", accuracy(980)), 20.0),
            (made_up_artifact("worse.tflite", accuracy(900)), 5.0),
        ),
        Target(),
    )
    assert found.case == "as-good.tflite · 1 thread"


def test_what_the_files_say_of_themselves_stands_in_and_is_called_that(report: BenchReport) -> None:
    found = recommend(
        with_artifacts(
            report,
            (made_up_artifact("a.tflite", NO_DATA, accuracy(985, data="1,000 cats and dogs")), 5.0),
            (made_up_artifact("b.tflite", NO_DATA, accuracy(900, data="others")), 4.0),
        ),
        Target(latency_ms=30.0),
    )
    assert found.case == "a.tflite · 1 thread"
    assert "says the file; measured when it was exported, on 1,000 cats and dogs" in found.why[1]
    assert "from different pictures" in found.why[2]


def test_nothing_known_of_the_accuracy(report: BenchReport) -> None:
    found = recommend(with_artifacts(report, (made_up_artifact("a.tflite", NO_DATA), 5.0)), Target())
    assert found.case == "a.tflite · 1 thread"
    assert "name photographs with --data" in found.why[1]


def test_an_invalid_measurement_recommends_with_that_word_first(three: BenchReport) -> None:
    chosen = replace(three, recommendation=recommend(three, Target()))
    assert re.search("^Recommended: catdog-edge", to_terminal(chosen), re.MULTILINE)
    invalid = replace(chosen, checks=(Check("temperature", False, "hot"),))
    for text in (to_terminal(invalid), to_markdown(invalid)):
        assert re.search("^INVALID[^\n]* recommended until then: `?catdog-edge", text, re.MULTILINE)


@pytest.mark.parametrize("target", [Target(), Target(fps=20)])
def test_what_cannot_be_told_apart_is_decided_by_size_then_memory(report: BenchReport, target: Target) -> None:
    large = replace(made_up_artifact("large.onnx", accuracy(981)), file_bytes=9_770_000)
    small = made_up_artifact("small.tflite", accuracy(980))
    assert recommend(with_artifacts(report, (large, 20.0), (small, 20.3)), target).case == "small.tflite · 1 thread"
    assert recommend(with_artifacts(report, (large, 20.0), (small, 25.0)), target).case == "large.onnx · 1 thread"
    alike = with_artifacts(report, (small, 20.0), (replace(small, name="lean.tflite"), 20.1))
    lean = alike.measured[1]
    scenarios = {name: replace(each, memory_bytes=10_000_000) for name, each in lean.scenarios.items()}
    alike = replace(alike, rows=(alike.measured[0], replace(lean, scenarios=scenarios)))
    assert recommend(alike, target).case == "lean.tflite · 1 thread"


def test_few_rounds_tell_only_a_large_difference_apart(report: BenchReport) -> None:
    artifacts = [
        replace(made_up_artifact("large.onnx", accuracy(981)), file_bytes=9_770_000),
        made_up_artifact("small.tflite", accuracy(980)),
    ]
    for ms, chosen in ((20.5, "small.tflite"), (30.0, "large.onnx")):
        rows = [
            made_up_row(made_up(each.name, time, 0, rounds=3), None) for each, time in zip(artifacts, (20.0, ms), strict=True)
        ]
        few = replace(report, artifacts=tuple(artifacts), rows=tuple(rows))
        assert recommend(few, Target()).case == f"{chosen} · 1 thread"


def test_pareto_front() -> None:
    points = [(5.0, 0.9), (2.0, 0.8), (6.0, 0.85), (8.0, 0.95), (2.0, 0.7)]
    assert pareto_front(points) == [1, 0, 3]
    assert pareto_front([]) == []


def test_what_was_measured_here_is_not_drawn_beside_what_a_file_says(report: BenchReport) -> None:
    slow, quick = report.artifacts
    said = Figure.share("accuracy", 99, 100, "other pictures")
    alone = replace(report, artifacts=(slow, replace(quick, accuracy=Missing("other labels"), claimed=said)))
    assert [artifact.name for _, artifact, _ in alone.with_accuracy] == [slow.name]
    assert pareto_key(alone) == [report.measured[0].case.label]
    nowhere = [replace(each, accuracy=Missing("no photographs"), claimed=said) for each in report.artifacts]
    assert [figure for _, _, figure in replace(report, artifacts=tuple(nowhere)).with_accuracy] == [said, said]
