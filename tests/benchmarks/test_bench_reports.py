"""The four files: complete, escaped, and silent about where they were made."""

import csv
import io
import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from catdog.benchmarks import BenchReport, write_reports
from catdog.benchmarks.cases import FailedCase
from catdog.benchmarks.environment import Environment
from catdog.benchmarks.reports import to_html, to_markdown
from catdog.benchmarks.results import CaseResult, sentences
from catdog.benchmarks.schema import SCHEMA_VERSION, to_csv, to_document, to_json
from catdog.benchmarks.stats import LatencySummary

pytest.importorskip("matplotlib", reason="needs the extra bench")
pytest.importorskip("jinja2", reason="needs the extra bench")


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
        "catdog_bench", "measured_at", "options", "picture", "environment", "summary", "cases",
    }  # fmt: skip
    assert document["options"] == {
        "threads": [1], "backends": ["auto"], "warmup": 1, "rounds": 6, "runs": 20, "seed": 0,
    }  # fmt: skip
    assert set(document["environment"]) == {field.name for field in fields(Environment)}
    first, second, failed = document["cases"]
    for part in ("preprocess", "invoke", "end_to_end"):
        assert set(first[part]) == {field.name for field in fields(LatencySummary)}
    assert first["error"] is None
    assert first["ratio"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    assert second["ratio"]["low"] <= second["ratio"]["median"] <= second["ratio"]["high"] < 1
    assert len(first["round_p50_ms"]) == 6
    assert failed == {
        "artifact": "bad.tflite", "backend": "auto", "threads": 1,
        "error": "expected a model; got bad.tflite. Copy it again.",
    }  # fmt: skip


def test_csv_has_one_row_a_case_with_the_figures_of_the_json(report: BenchReport) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    cases = to_document(report)["cases"]
    assert [row["artifact"] for row in rows] == [case["artifact"] for case in cases]
    assert [float(row["end_to_end_p50_ms"]) for row in rows[:2]] == [case["end_to_end"]["p50_ms"] for case in cases[:2]]
    assert rows[0]["error"] == ""
    assert rows[2]["end_to_end_p50_ms"] == ""
    assert rows[2]["error"].startswith("expected a model")


def test_markdown_table_is_rectangular(report: BenchReport) -> None:
    text = to_markdown(report)
    table = text[text.index("| artifact") :].split("\n\n")[0].splitlines()
    assert len(table) == 2 + 3
    assert len({len(re.split(r"(?<!\\)\|", line)) for line in table}) == 1
    assert len({len(line) for line in table}) == 1  # aligned for the terminal, where the same table is printed
    assert r"slow\|er.tflite" in table[2]
    assert "not run" in table[4]
    assert "- bad.tflite (threads: 1): expected a model; got bad.tflite. Copy it again." in text


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
    assert page.tags.count("svg") == 4
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not re.search(r"https?://|//[a-z]|@import|\bsrc=", text)
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


def test_html_of_a_single_run_without_failures(report: BenchReport) -> None:
    row = report.measured[0]
    samples = replace(row.samples, **{field.name: getattr(row.samples, field.name)[:1, :1] for field in fields(row.samples)})
    options = replace(report.options, effort=replace(report.options.effort, rounds=1, runs=1))
    text = to_html(replace(report, rows=(replace(row, samples=samples),), options=options))
    assert "Not run" not in text
    assert text.count("<svg") == 4


def test_summary_says_what_is_fastest_and_that_this_is_no_board(report: BenchReport) -> None:
    said = sentences(report)
    assert said[0] == (
        "Fastest: $quick$<b>.onnx · 1 thread at 2.26 ms p50 on A <fast> CPU (x86_64, 2 cores); not measured on a board."
    )
    assert said[1].startswith("It was ahead in all 6 rounds; next is slow|er.tflite · 1 thread, 1.8")
    assert said[-1] == "1 of 3 cases could not be run; the reasons are listed."
    assert not any("busy" in sentence for sentence in said)


def test_summary_on_a_busy_raspberry_pi(report: BenchReport) -> None:
    pi = replace(report.environment, board="Raspberry Pi 5 Model B", load_before=1.6)
    said = sentences(replace(report, environment=pi))
    assert said[0].endswith("on Raspberry Pi 5 Model B (x86_64, 2 cores).")
    assert any("was busy before the start (load 1.6 on 2 cores)" in sentence for sentence in said)


def test_summary_of_two_equals_names_no_winner(report: BenchReport) -> None:
    row = report.measured[0]
    flipped = replace(row.samples, end_to_end_ms=row.samples.end_to_end_ms[::-1])
    twin = replace(row, case=replace(row.case, artifact="twin.tflite"), samples=flipped)
    said = sentences(replace(report, rows=(row, twin)))
    assert said[1] == "Too close to call against twin.tflite · 1 thread: in some rounds that one was as fast."


def test_rows_keep_their_order(report: BenchReport) -> None:
    assert [type(row) for row in report.rows] == [CaseResult, CaseResult, FailedCase]
    assert report.measured + report.failed == list(report.rows)
