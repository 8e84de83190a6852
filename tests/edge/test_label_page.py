"""The second view in a real browser. Screenshots go where CATDOG_ARTIFACTS says, else to pytest's folder for the test."""

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest
from drawn_classes import draw_thing

pytest.importorskip("aiohttp", reason="the extra web is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")
from label_pages import collect, labelling

from catdog.edge.inference.classifier import Classifier
from catdog.edge.models import bundled_tflite
from catdog.edge.store import ModelStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier("tiny", threads=1)


class Visit:
    """One look at the page; what the browser complains about fails the test."""

    def __init__(self, browser: "Browser", url: str, *, width: int = 1280, height: int = 860, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            has_touch=width < 600,
            is_mobile=width < 600,
            device_scale_factor=2 if width < 600 else 1,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{url}label")

    def left(self, text: str) -> None:
        """Wait until so many are left, and the server has said so."""
        self.page.wait_for_function("text => document.getElementById('left').textContent === text", arg=text)
        self.page.evaluate("sending")

    def end(self) -> None:
        assert self.complaints == []
        self.context.close()


def labelled(folder: Path, label: str) -> set[str]:
    return {path.name for path in (folder / label).glob("*.jpg")}


def test_pictures_are_labelled_by_keys_and_undone_after_a_reload(
    browser: "Browser", model: Classifier, tmp_path: Path, artifacts: Path
) -> None:
    cats, dogs = collect(tmp_path, "cats", 10, first=3, alike=3), collect(tmp_path, "dogs", 9, first=7)
    with labelling(model, tmp_path) as (sink, _):
        visit = Visit(browser, sink.url)
        page = visit.page
        visit.left("22 to label")
        page.wait_for_function("() => document.querySelector('#frame img')?.naturalWidth > 0")
        assert "guess: cats" in page.inner_text("#about")
        assert page.locator("#frame .box").count() == 1
        assert page.locator("#alike .tile").count() == 3
        page.wait_for_function("() => [...document.querySelectorAll('#alike img')].every((image) => image.naturalWidth > 0)")
        page.screenshot(path=artifacts / "label-one.png", full_page=True)
        page.locator("#alike .tile").nth(2).click()  # this one is not meant
        page.keyboard.press("1")
        visit.left("19 to label")
        assert labelled(tmp_path, "cats") == {Path(name).name for name in (cats[0], *cats[10:12])}
        page.keyboard.press("s")
        page.keyboard.press("2")  # the third
        visit.left("18 to label")
        assert labelled(tmp_path, "dogs") == {Path(cats[2]).name}
        page.keyboard.press("x")
        visit.left("17 to label")
        page.keyboard.press("n")
        page.keyboard.type("robin")
        page.keyboard.press("Enter")
        visit.left("16 to label")
        assert labelled(tmp_path, "robin") == {Path(cats[4]).name}
        page.reload()
        visit.left("16 to label")
        for step, left in enumerate((17, 18, 19, 22)):
            page.keyboard.press("u")
            visit.left(f"{left} to label")
            assert page.get_attribute("#frame", "data-name") == (cats[4], cats[3], cats[2], cats[0])[step]
        assert page.is_disabled("#undo")
        assert not (tmp_path / "robin").exists()
        for left in range(18, 8, -1):  # the alike ones go with the first
            page.keyboard.press("1")
            visit.left(f"{left} to label")
        assert len(labelled(tmp_path, "cats")) == 13
        for _ in range(9):
            page.keyboard.press("2")
        visit.left("0 to label")
        assert labelled(tmp_path, "dogs") == {Path(name).name for name in dogs}
        assert page.is_visible("#nothing")
        visit.end()


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 860, "light"), (360, 740, "dark")])
def test_several_are_labelled_at_once_in_the_grid(
    browser: "Browser", model: Classifier, tmp_path: Path, artifacts: Path, width: int, height: int, scheme: str
) -> None:
    cats = collect(tmp_path, "cats", 8, first=3, alike=3)
    collect(tmp_path, "dogs", 6, first=7)
    with labelling(model, tmp_path) as (sink, _):
        visit = Visit(browser, sink.url, width=width, height=height, scheme=scheme)
        page = visit.page
        press = page.locator("#mode-grid").tap if width < 600 else page.locator("#mode-grid").click
        visit.left("17 to label")
        page.wait_for_function("() => document.querySelector('#frame img')?.naturalWidth > 0")
        page.screenshot(path=artifacts / f"label-one-{width}.png")
        press()
        assert page.locator("#grid .tile").count() == 17
        page.locator("#grid .group button", has_text="Select 4 that look alike").click()
        page.locator(f"#grid .tile[data-name='{cats[1]}']").click()
        visit.left("5 selected")
        page.wait_for_function(
            "() => [...document.querySelectorAll('.tile img')].slice(0, 6).every((image) => image.naturalWidth > 0)"
        )
        page.screenshot(path=artifacts / f"label-grid-{width}.png")
        if width < 600:
            page.locator("#labels button[data-name='cats']").tap()
        else:
            page.keyboard.press("1")
        visit.left("12 to label")
        assert labelled(tmp_path, "cats") == {Path(name).name for name in (cats[0], cats[1], *cats[8:])}
        page.locator("#undo").click()
        visit.left("17 to label")
        assert labelled(tmp_path, "cats") == set()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for part in ("#dock", "#labels", "#new", "#teach", "#filters", "#grid"):
            box = page.locator(part).bounding_box()
            assert box is not None, part
            assert box["x"] >= 0, part
            assert box["x"] + box["width"] <= width, part
        if width < 600:
            for button in page.locator("button:visible").all():
                box = button.bounding_box()
                assert box is not None
                assert box["height"] >= 32  # a finger's
        visit.end()


@pytest.mark.slow
def test_the_button_teaches_proves_and_puts_into_use(
    browser: "Browser", model: Classifier, tmp_path: Path, artifacts: Path
) -> None:
    folder, store = tmp_path / "doubtful", ModelStore(tmp_path / "models")
    first = store.use(store.put(bundled_tflite("tiny").read_bytes(), said="tiny").id)
    (folder / "stars").mkdir(parents=True)
    for seed in range(30):
        cv2.imwrite(str(folder / "stars" / f"p{seed}.png"), draw_thing(7, seed))
    with labelling(model, folder, models=tmp_path / "models") as (sink, _):
        visit = Visit(browser, sink.url, width=360, height=740)
        page = visit.page
        page.check("#unproven")
        page.click("#teach")
        page.wait_for_selector("#progress:visible")
        assert page.is_disabled("#teach")
        page.wait_for_selector("#proof h3")
        assert page.inner_text("#proof h3") == "Written without proof"
        assert "stars" in page.inner_text("#proof table")
        page.locator(".flips img").first.scroll_into_view_if_needed()
        page.wait_for_function("() => document.querySelector('.flips img').naturalWidth > 0")
        page.screenshot(path=artifacts / "label-proof-360.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.click("#use")
        page.wait_for_function("() => document.getElementById('in-use').textContent.includes('stars')")
        used = store.current()
        assert used is not None and "stars" in used.labels
        page.click("#back")
        page.wait_for_function("() => !document.getElementById('in-use').textContent.includes('stars')")
        assert store.current() == first
        page.reload()  # what has come of it stays to be read
        page.wait_for_selector("#proof h3")
        visit.end()


@pytest.mark.slow
def test_the_whole_way_from_a_camera_to_another_model_and_back(browser: "Browser", tmp_path: Path, artifacts: Path) -> None:
    for seed in range(30):
        (tmp_path / "doubtful/stars").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / f"doubtful/stars/p{seed}.png"), draw_thing(7, seed))
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "catdog-edge"), "--camera", "demo", "--model", "tiny", "--serve", "0", "--models",
         "models", "--compare-s", "1", "--save-uncertain", "doubtful", "--uncertain-below", "1"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        url = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
        live = browser.new_context().new_page()
        live.goto(url)
        live.wait_for_function("() => document.getElementById('model').textContent.includes('cats')")
        visit = Visit(browser, url)
        page = visit.page
        for number in range(1, 6):
            while page.locator("#frame img").count() == 0:
                page.wait_for_timeout(500)
                page.reload()
                page.wait_for_function("() => document.getElementById('left').textContent")
            # The model's own answers are confirmed: taught anything else, the new one is rightly refused by the comparison.
            key = page.evaluate("labels.findIndex(({name}) => name === pictures[0].guess) + 1")
            assert key, "the guess is no label of the page"
            page.keyboard.press(str(key))
            page.wait_for_function("count => labels.reduce((sum, {count}) => sum + count, 0) >= count", arg=30 + number)
            page.reload()
            page.wait_for_function("() => document.getElementById('left').textContent")
        page.check("#unproven")
        page.click("#teach")
        page.wait_for_selector("#proof h3")
        page.screenshot(path=artifacts / "label-whole-way.png", full_page=True)
        page.click("#use")
        live.wait_for_function("() => document.getElementById('model').textContent.includes('stars')", timeout=PATIENCE_MS)
        page.click("#back")
        live.wait_for_function("() => !document.getElementById('model').textContent.includes('stars')", timeout=PATIENCE_MS)
        visit.end()
    finally:
        process.terminate()
        process.communicate(timeout=30)
