"""The four files: complete, escaped, and silent about where they were made."""

import csv
import io
import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from benchmark_reports import made_up, made_up_artifact, made_up_row

from catdog.benchmarks import BenchReport, write_reports
from catdog.benchmarks.measure.case import FailedCase
from catdog.benchmarks.report.document import SCHEMA_VERSION, to_csv, to_document, to_json
from catdog.benchmarks.report.page import to_html
from catdog.benchmarks.report.results import CaseResult, Missing, sentences
from catdog.benchmarks.report.write import to_markdown, to_terminal
from catdog.benchmarks.stats import LatencySummary
from catdog.benchmarks.validity.checks import Check
from catdog.benchmarks.validity.environment import Environment

pytest.importorskip("matplotlib", reason="needs the extra bench")
pytest.importorskip("jinja2", reason="needs the extra bench")

HOT = Check("temperature", False, "at most 91 °C; allowed below 80 °C. Cool it")


def test_all_four_are_written_and_name_no_folder(report: BenchReport, tmp_path: Path) -> None:
    written = write_reports(report, tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["bench.json", "bench.csv", "bench.md", "bench.html"]
    assert sorted(written) == sorted((tmp_path / "new" / "folder").iterdir())
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "bad.tflite" in text
        assert "/home/" not in text


def test_json_has_the_documented_fields(report: BenchReport) -> None:
    document = json.loads(to_json(report))
    assert document["catdog_bench"] == SCHEMA_VERSION
    assert set(document) == {
        "catdog_bench", "measured_at", "valid", "checks", "options", "picture", "environment", "conditions", "summary",
        "recommendation", "missing", "reference", "artifacts", "cases",
    }  # fmt: skip
    assert document["valid"] is True
    assert set(document["options"]) == {
        "threads", "backends", "scenarios", "warmup", "rounds", "runs", "seconds", "longest_s", "fps", "seed", "target_p99_ms",
    }  # fmt: skip
    assert set(document["environment"]) == {field.name for field in fields(Environment)}
    first, second, failed = document["cases"]
    assert first["error"] is None
    assert set(first["scenarios"]) == {"single", "camera", "offline"}
    one, other = first["scenarios"]["single"], second["scenarios"]["single"]
    for part in ("preprocess", "invoke", "end_to_end"):
        assert set(one[part]) == {field.name for field in fields(LatencySummary)}
        assert one[part]["p50_ms"]["low"] <= one[part]["p50_ms"]["value"] <= one[part]["p50_ms"]["high"]
    assert one["versus"] is None
    assert other["versus"]["low"] <= other["versus"]["ratio"] <= other["versus"]["high"] < 1
    assert other["versus"]["verdict"] == "faster"
    assert one["energy_mj"] == {"missing": "no counter"}
    assert one["memory_model_bytes"] == 15_000_000
    assert all(len(values) == 10 for values in one["rounds"].values())
    assert first["scenarios"]["camera"]["missed"]["value"] == pytest.approx(0.02)
    assert document["artifacts"][0]["accuracy"]["n"] == 1000
    assert document["artifacts"][0]["agreement"] == {"missing": "nobody asked"}
    assert failed == {
        "artifact": "bad.tflite", "backend": "auto", "threads": 1,
        "error": "expected a model; got bad.tflite. Copy it again.",
    }  # fmt: skip


def test_the_schema_is_documented_word_for_word(report: BenchReport) -> None:
    described = (Path(__file__).parent.parent.parent / "docs/documents.md").read_text(encoding="utf-8")
    made = to_document(report)
    scenario = made["cases"][0]["scenarios"]["single"]
    for key in (*made, *made["options"], *made["artifacts"][0], *made["cases"][0], *scenario, *scenario["rounds"]):
        assert f"`{key}`" in described, key


def test_csv_has_one_row_a_case_and_scenario_with_the_figures_of_the_json(report: BenchReport) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    cases = to_document(report)["cases"]
    assert [(row["artifact"], row["scenario"]) for row in rows[:3]] == [
        (cases[0]["artifact"], scenario) for scenario in ("single", "camera", "offline")
    ]
    assert len(rows) == 7
    single = cases[0]["scenarios"]["single"]
    assert float(rows[0]["end_to_end_p50_ms"]) == single["end_to_end"]["p50_ms"]["value"]
    assert float(rows[0]["end_to_end_p99_ms_high"]) == single["end_to_end"]["p99_ms"]["high"]
    assert float(rows[0]["accuracy_low"]) == pytest.approx(0.9753, abs=1e-3)
    assert rows[0]["error"] == rows[0]["energy_mj"] == ""
    assert rows[6]["end_to_end_p50_ms"] == ""
    assert rows[6]["error"].startswith("expected a model")


def test_markdown_tables_are_rectangular(report: BenchReport) -> None:
    text = to_markdown(report)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 1 + 3 + 2  # artifacts, scenarios, checks and machine
    for table in tables:
        lines = table.splitlines()
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in lines}) == 1
        assert len({len(line) for line in lines}) == 1  # aligned for the terminal, where the same tables are printed
    assert r"slow\|er.tflite" in tables[1]
    assert "not run" in tables[1].splitlines()[4]
    assert "- bad.tflite (threads: 1): expected a model; got bad.tflite. Copy it again." in text


def test_the_verdict_comes_first_everywhere(report: BenchReport) -> None:
    assert to_terminal(report).startswith("VALID\n")
    hot = replace(report, checks=(*report.checks, HOT))
    assert to_terminal(hot).startswith("INVALID: temperature (at most 91 °C")
    assert "**INVALID: temperature (at most 91 °C" in to_markdown(hot)
    assert json.loads(to_json(hot))["valid"] is False
    assert "<h2>INVALID</h2>" in to_html(hot)
    assert "<h2>INVALID</h2>" not in to_html(report)


def test_an_empty_column_says_why(report: BenchReport) -> None:
    for text in (to_terminal(report), to_markdown(report), to_html(report)):
        assert "energy: no counter" in text
        assert "agreement: nobody asked" in text
    less = replace(report, options=replace(report.options, scenarios=("single", "offline")))
    assert "camera scenario: not among --scenario" in less.missing


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self._note(attributes)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._note(attributes)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def _note(self, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name.endswith(("href", "src")):
                self.links.append(value or "")


def test_html_is_well_formed_and_refers_to_nothing_outside(report: BenchReport) -> None:
    text = to_html(report)
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.tags.count("svg") == 6
    assert not {"link", "img", "iframe"} & set(page.tags)
    assert not re.search(r"https?://|//[a-z]|@import|\bsrc=|fetch\(|XMLHttp", text)
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert len(set(page.ids)) == len(page.ids)
    assert all(target in page.ids for target in re.findall(r"url\(#([^)]+)\)", text))


def test_html_takes_its_colours_from_the_page_and_escapes_names(report: BenchReport) -> None:
    text = to_html(report)
    assert "#0102" not in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "$quick$&lt;b&gt;.onnx" in text
    assert "<b>" not in text
    assert "A &lt;fast&gt; CPU" in text


def test_html_is_the_same_for_the_same_report(report: BenchReport) -> None:
    assert to_html(report) == to_html(report)


def test_html_of_a_single_run_without_failures_and_accuracies(report: BenchReport) -> None:
    one = made_up_row(made_up("a.tflite", 4.0, 0, runs=1, rounds=1), None)
    artifact = made_up_artifact("a.tflite", Missing("no photographs"))
    text = to_html(replace(report, rows=(one,), artifacts=(artifact,)))
    assert "Not run" not in text
    assert text.count("<svg") == 5  # no accuracies, no chart of them


def test_html_without_the_other_scenarios(report: BenchReport) -> None:
    row = report.measured[0]
    only = replace(row, scenarios={"offline": row.scenarios["offline"]})
    options = replace(report.options, scenarios=("offline",))
    text = to_html(replace(report, rows=(only,), artifacts=report.artifacts[:1], options=options))
    assert "offline: a folder on all cores" in text
    assert "single: one frame after another" not in text
    assert text.count("<svg") == 5  # no camera


def test_summary_says_what_is_fastest_and_that_this_is_no_board(report: BenchReport) -> None:
    said = sentences(report)
    assert said[0] == (
        "Fastest: $quick$<b>.onnx · 1 thread at 2.26 ms p50 on A <fast> CPU (x86_64, 2 cores); not measured on a board."
    )
    assert re.fullmatch(r"Next is slow\|er\.tflite · 1 thread, 1\.8. times its time \(99 % interval .*\): slower\.", said[1])
    assert said[-1] == "1 of 3 cases could not be run; the reasons are listed."


def test_summary_on_a_raspberry_pi(report: BenchReport) -> None:
    pi = replace(report.environment, board="Raspberry Pi 5 Model B")
    assert sentences(replace(report, environment=pi))[0].endswith("on Raspberry Pi 5 Model B (x86_64, 2 cores).")


def test_summary_of_two_equals_names_no_winner(report: BenchReport) -> None:
    first, twin = made_up("a.tflite", 4.0, 1), made_up("twin.tflite", 4.0, 2)
    rows = (made_up_row(first, None), made_up_row(twin, first))
    assert sentences(replace(report, rows=rows))[1].endswith("equivalent within 5 %.")


def test_rows_keep_their_order(report: BenchReport) -> None:
    assert [type(row) for row in report.rows] == [CaseResult, CaseResult, FailedCase]
    assert report.measured + report.failed == list(report.rows)
