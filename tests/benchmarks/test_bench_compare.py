"""Two reports as a gate: verdicts, exit codes, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catdog.benchmarks import BenchReport
from catdog.benchmarks.cli import main
from catdog.benchmarks.compare import between, within
from catdog.benchmarks.report.document import to_document
from catdog.benchmarks.stats import Verdict
from catdog.benchmarks.validity.checks import Check
from catdog.edge.errors import UsageError

Document = dict[str, Any]


@pytest.fixture
def before(report: BenchReport) -> Document:
    return json.loads(json.dumps(to_document(report)))  # type: ignore[no-any-return]


def slowed(document: Document, times: float, artifact: str = "slow|er.tflite") -> Document:
    """The same session again, another noise on its rounds, one artifact slower."""
    rng = np.random.default_rng(3)
    copy: Document = json.loads(json.dumps(document))
    for case in copy["cases"]:
        for result in case.get("scenarios", {}).values():
            factor = times if case["artifact"] == artifact else 1.0
            for name, values in result["rounds"].items():
                result["rounds"][name] = [factor * value * float(np.exp(0.004 * rng.standard_normal())) for value in values]
    return copy


def verdicts(before: Document, after: Document) -> dict[str, Verdict]:
    return {line.name: line.verdict for line in between(before, after, "latency")}


SLOW, QUICK = "slow|er.tflite · 1 thread", "$quick$<b>.onnx · 1 thread"


def test_the_same_again_is_equivalent_and_a_tenth_is_found(before: Document) -> None:
    assert verdicts(before, slowed(before, 1.0)) == {SLOW: Verdict.EQUIVALENT, QUICK: Verdict.EQUIVALENT}
    assert verdicts(before, slowed(before, 1.1)) == {SLOW: Verdict.SLOWER, QUICK: Verdict.EQUIVALENT}
    assert verdicts(slowed(before, 1.1), before) == {SLOW: Verdict.FASTER, QUICK: Verdict.EQUIVALENT}


def write(path: Path, document: Document) -> str:
    path.write_text(json.dumps(document))
    return str(path)


def test_the_command_is_a_gate(before: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = write(tmp_path / "a.json", before)
    same, slow = write(tmp_path / "same.json", slowed(before, 1.0)), write(tmp_path / "slow.json", slowed(before, 1.1))
    assert main(["compare", a, same]) == 0
    assert capsys.readouterr().out.count("equivalent within 5 %") == 2
    assert main(["compare", a, slow]) == 1
    assert "slower" in capsys.readouterr().out
    assert main(["compare", slow, a]) == 0
    assert main(["compare", a, slow, "--metric", "offline"]) == 1
    assert main(["compare", a, same, "--strict"]) == 0


def test_a_disturbed_session_tells_nothing(before: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disturbed = slowed(before, 1.1) | {"checks": [{"name": "load by others", "passed": False, "said": "2 cores"}]}
    a, b = write(tmp_path / "a.json", before), write(tmp_path / "b.json", disturbed)
    assert main(["compare", a, b]) == 0
    out, err = capsys.readouterr()
    assert out.count("cannot tell") == 2
    assert "the machine of B was disturbed: load by others" in err
    assert main(["compare", a, b, "--strict"]) == 1
    assert main(["compare", a, b, "--allow-invalid"]) == 1


def test_too_few_runs_for_a_p99_do_not_forbid_comparing_medians(before: Document) -> None:
    few = slowed(before, 1.0) | {"checks": [{"name": "runs", "passed": False, "said": "few"}]}
    assert set(verdicts(before, few).values()) == {Verdict.EQUIVALENT}


def test_one_report_compares_its_own_cases(before: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = within(before, "latency")
    assert (line.name, line.verdict) == (QUICK, Verdict.FASTER)
    assert line.comparison is not None
    assert line.comparison.paired
    assert line.comparison.ratio == pytest.approx(2.26 / 4.26, abs=0.01)
    assert main(["compare", write(tmp_path / "a.json", before)]) == 0
    assert "faster" in capsys.readouterr().out


def test_two_versions_of_one_artifact_may_have_two_names(before: Document) -> None:
    def alone(document: Document, name: str) -> Document:
        case = document["cases"][0] | {"artifact": name}
        return document | {"cases": [case]}

    (line,) = between(alone(before, "old.tflite"), alone(slowed(before, 1.1), "new.tflite"), "latency")
    assert (line.name, line.verdict) == ("the artifact · 1 thread", Verdict.SLOWER)


def test_a_case_that_is_gone_cannot_be_told(before: Document, tmp_path: Path) -> None:
    fewer = slowed(before, 1.0)
    del fewer["cases"][1]
    fewer["cases"].append(before["cases"][2] | {"artifact": "another"})
    assert verdicts(before, fewer)[QUICK] is Verdict.CANNOT_TELL
    a, b = write(tmp_path / "a.json", before), write(tmp_path / "b.json", fewer)
    assert main(["compare", a, b]) == 0
    assert main(["compare", a, b, "--strict"]) == 1


def test_other_differences_are_told(
    report: BenchReport, before: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = replace(
        report, environment=replace(report.environment, cpu="Another", packages={"numpy": "2.5", "onnxruntime": "1"})
    )
    a, b = write(tmp_path / "a.json", before), write(tmp_path / "b.json", json.loads(json.dumps(to_document(other))))
    main(["compare", a, b])
    err = capsys.readouterr().err
    assert "differ in cpu: A <fast> CPU and Another" in err
    assert "differ in numpy: 2.4 and 2.5" in err
    assert "differ in onnxruntime: None and 1" in err


def test_nothing_in_common(before: Document) -> None:
    other = slowed(before, 1.0)
    for case in other["cases"]:
        case["artifact"] = f"other {case['artifact']}"
    with pytest.raises(UsageError, match="a case in common"):
        between(before, other, "latency")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 3, "which is no file"),
        ("no json", 4, "bench.json of a report"),
        ("[]", 4, "with version None"),
        ('{"catdog_bench": 1}', 4, "with version 1"),
    ],
)
def test_what_is_no_report(text: str | None, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    assert main(["compare", str(path), str(path)]) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_three_reports_are_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a", "b", "c"]) == 2
    assert "one or two reports" in capsys.readouterr().err


def test_a_report_knows_which_checks_are_the_machines(report: BenchReport) -> None:
    # The names in `compare` are those of the checks; a check that is renamed must be renamed there.
    from catdog.benchmarks.compare import _MACHINE
    from catdog.benchmarks.validity.checks import check_rounds

    known = {check.name for check in (*report.checks, *check_rounds({}))}
    assert known == set(_MACHINE)
    assert all(isinstance(check, Check) for check in report.checks)
