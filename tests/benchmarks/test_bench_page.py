"""The HTML report in a real browser: nothing wrong, nothing asked for, readable from a telephone to paper, tables that sort."""

import re
from pathlib import Path
from typing import Any

import pytest

from catdog.benchmarks import BenchReport
from catdog.benchmarks.report.page import to_html

pytest.importorskip("playwright.sync_api", reason="needs the package playwright")


@pytest.fixture
def page_file(report: BenchReport, tmp_path: Path) -> Path:
    path = tmp_path / "bench.html"
    path.write_text(to_html(report), encoding="utf-8")
    return path


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)])
def test_no_error_no_request_and_nothing_beyond_the_edge(browser: Any, page_file: Path, scheme: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert said == []
    assert asked == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert (brightness(ink) > brightness(paper)) == (scheme == "dark")
    assert all(
        box["width"] > 200 and box["height"] > 50 for box in (each.bounding_box() for each in page.query_selector_all("svg"))
    )
    page.close()


def test_tables_sort_by_number_and_by_name_and_back(browser: Any, page_file: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())
    table = page.locator("table.sortable").nth(1)
    names = table.locator("tbody tr:not(:has-text('not run')) th")
    before = names.all_text_contents()
    assert before == ["slow|er.tflite", "$quick$<b>.onnx"]
    table.get_by_role("button", name=re.compile("^p50")).click()
    assert names.all_text_contents() == before[::-1]  # 2 ms before 4 ms
    assert table.locator("th[aria-sort=ascending]").inner_text().startswith("p50")
    table.get_by_role("button", name=re.compile("^p50")).click()
    assert names.all_text_contents() == before
    table.get_by_role("button", name="artifact").click()
    assert names.all_text_contents() == sorted(before)
    page.close()


def test_it_can_be_printed(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 718, "height": 1000}, color_scheme="dark")  # A4 within Chromium's margins
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    ink, paper = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert brightness(ink) < 60 < 200 < brightness(paper)  # dark on paper, whatever the screen has
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def brightness(colour: str) -> float:
    return sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) / 3
