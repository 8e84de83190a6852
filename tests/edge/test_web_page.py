"""The page in a real browser. Screenshots go where CATDOG_ARTIFACTS says, else to pytest's folder for the test."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("aiohttp", reason="the extra web is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from catdog.edge.inference.classifier import Classifier, Prediction, Timings
from catdog.edge.runner.observation import Observation
from catdog.edge.runner.results import Result
from catdog.edge.sinks.web.sink import WebSink
from catdog.edge.sources import Change, Frame, InUse, State
from catdog.edge.synthetic import DemoFilm

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE_MS = 90_000
# Draws what the page shows into a canvas and adds it up: other pictures give another sum.
PICTURE = """() => {
  const picture = document.getElementById("picture");
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 48;
  const paper = canvas.getContext("2d");
  paper.drawImage(picture, 0, 0, 64, 48);
  return paper.getImageData(0, 0, 64, 48).data.reduce((sum, value, index) => (sum + value * (index % 251)) % 1e9, 0);
}"""
CHART = """() => [...document.querySelectorAll("#chart path")].map((path) => path.getAttribute("d")).join()"""


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(threads=1)


class Visit:
    """One look at the page, and what the browser complained about meanwhile."""

    def __init__(self, browser: "Browser", *, width: int = 1280, height: int = 860, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            device_scale_factor=2 if width < 600 else 1,
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def wait(self, expression: str) -> None:
        self.page.wait_for_function(expression, timeout=PATIENCE_MS)

    def shoot(self, path: Path, *, whole: bool = False) -> None:
        self.page.screenshot(path=path, full_page=whole)
        assert path.stat().st_size > 10_000


@contextmanager
def command(*arguments: str) -> Iterator[tuple[str, int]]:
    """Run catdog-edge with a page until the test is done; gives the page's address and the process."""
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "catdog-edge"), *arguments, "--serve", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        yield re.search(r"http://\S+", process.stderr.readline())[0], process.pid  # type: ignore[index]
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 143


@contextmanager
def camera(sink: WebSink) -> Iterator[None]:
    """The demo film's cat, over and over, without the time that it takes to draw it."""
    pictures = [DemoFilm().frame(index) for index in range(105, 120, 2)]
    done = threading.Event()

    def feed() -> None:
        number = 0
        while not done.wait(0.05):
            picture = pictures[number % len(pictures)].copy() if sink.wants_pictures else None
            frame = Frame("camera 0", number, time.monotonic(), 4.0, 2.0, picture, scene_s=float(number))
            scores = {"cats": 0.97 - 0.001 * (number % 9), "dogs": 0.03 + 0.001 * (number % 9)}
            answer = Prediction("cats", scores["cats"], scores, Timings(0.0, 1.0, 5.0 + number % 3))
            sink.take(Observation(Result(frame, 12.0, answer), (), time.time()))
            number += 1

    thread = threading.Thread(target=feed)
    sink.take(Observation(Change("camera 0", State.ONLINE, "frames come", time.monotonic()), (), time.time()))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_page_over_the_demo_camera(browser: "Browser", artifacts: Path) -> None:
    with command("--camera", "demo") as (url, _):
        visit = Visit(browser)
        visit.page.goto(url)
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        first = visit.page.evaluate(PICTURE)
        assert first
        visit.wait(f"() => ({PICTURE})() !== {first}")
        visit.wait("""() => ["cats", "dogs"].includes(document.getElementById("label").textContent)""")
        assert visit.page.is_visible("#answer")
        visit.wait(f"() => ({CHART})().length > 100")
        chart = visit.page.evaluate(CHART)
        visit.wait(f"() => ({CHART})() !== '{chart}'")
        visit.wait("""() => document.querySelectorAll("#events li").length > 0""")
        assert re.fullmatch(r"(cats|dogs) (appeared|left)(\d+ %)?", visit.page.inner_text("#events li .what"))
        assert visit.page.inner_text("#state") == "ONLINE"
        visit.wait("""() => Number(document.getElementById("fps").textContent) > 0""")
        visit.shoot(artifacts / "page-demo.png")
        assert visit.complaints == []
        assert all(request.startswith(url) for request in visit.requests), visit.requests
        visit.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "width", "height"), [("desktop", 1280, 860), ("phone", 360, 740)])
def test_page_is_whole_at_every_width_and_in_the_dark(
    browser: "Browser", model: Classifier, artifacts: Path, scheme: str, name: str, width: int, height: int
) -> None:
    sink = WebSink("0", model, (), print)
    with camera(sink):
        visit = Visit(browser, width=width, height=height, scheme=scheme)
        visit.page.goto(sink.url)
        visit.wait(f"() => ({CHART})().length > 200")
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.shoot(artifacts / f"page-{name}-{scheme}.png", whole=True)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        for part in ("#picture", "#label", "#scores", "#fps", "#chart", "#legend", "#events", "#model", "#chip"):
            box = visit.page.locator(part).bounding_box()
            assert box is not None, part
            assert box["x"] >= 0, part
            assert box["x"] + box["width"] <= width, part
        background = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        lightness = np.mean([int(value) for value in re.findall(r"\d+", background)])
        assert (lightness > 128) is np.bool_(scheme == "light")
        if name == "phone":
            for button in visit.page.locator("button").all():
                box = button.bounding_box()
                assert box is not None
                assert box["height"] >= 32  # a finger's
        assert visit.complaints == []
        visit.context.close()
    sink.close()


def test_camera_that_is_gone_leaves_no_answer_standing(browser: "Browser", model: Classifier, artifacts: Path) -> None:
    sink = WebSink("0", model, (), print)
    visit = Visit(browser)
    with camera(sink):
        visit.page.goto(sink.url)
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.page.wait_for_selector("#answer", state="visible", timeout=PATIENCE_MS)  # answers travel apart from pictures
    for state, cause in ((State.STALE, "no frame for 0.6 s"), (State.OFFLINE, "no frame for 1.8 s")):
        sink.take(Observation(Change("camera 0", state, cause, time.monotonic()), (), time.time()))
        visit.wait(f"""() => document.getElementById("veil-state").textContent === "{state}" """)
        assert visit.page.inner_text("#veil-cause") == cause
        assert visit.page.get_attribute("#stage", "data-picture") == "past"
        assert not visit.page.is_visible("#answer")
        assert not re.search(r"\d", visit.page.inner_text("#fps"))
    assert not re.search(r"\d", visit.page.inner_text("#scores"))
    assert visit.page.inner_text("#events li .more") == "no frame for 1.8 s"
    visit.page.wait_for_timeout(400)  # fades, for the screenshot alone
    visit.shoot(artifacts / "page-offline.png")
    with camera(sink):
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.page.wait_for_selector("#answer:visible", timeout=PATIENCE_MS)
    assert visit.complaints == []
    # The end of catdog-edge is told, too, and nothing of it is left standing.
    sink.close()
    visit.wait("""() => document.getElementById("chip").dataset.state === "LOST" """)
    assert not visit.page.is_visible("#answer")
    visit.context.close()


def test_server_that_hangs_is_noticed_though_its_connections_stand(browser: "Browser") -> None:
    with command("--camera", "demo") as (url, process_id):
        visit = Visit(browser)
        visit.page.goto(url)
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        os.kill(process_id, signal.SIGSTOP)
        visit.wait("""() => document.getElementById("chip").dataset.state === "LOST" """)
        assert visit.page.get_attribute("#stage", "data-picture") == "past"
        assert not visit.page.is_visible("#answer")
        os.kill(process_id, signal.SIGCONT)
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.context.close()


def test_picture_that_breaks_off_is_asked_for_again(browser: "Browser", model: Classifier) -> None:
    sink = WebSink("0", model, (), print)
    with camera(sink):
        visit = Visit(browser)
        visit.page.goto(sink.url)
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.page.evaluate("view.abort()")
        visit.wait("""() => document.getElementById("stage").dataset.picture === "past" """)
        assert visit.page.inner_text("#state") == "ONLINE"
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.context.close()
    sink.close()


def test_stages_are_switched_by_keyboard(browser: "Browser", model: Classifier) -> None:
    sink = WebSink("0", model, (), print)
    with camera(sink):
        visit = Visit(browser)
        visit.page.goto(sink.url)
        visit.wait(f"() => ({CHART})().length > 100")
        button = visit.page.locator("#legend button[data-stage=capture]")
        button.focus()
        visit.page.keyboard.press("Space")
        assert button.get_attribute("aria-pressed") == "false"
        assert visit.page.locator("#chart path[data-stage=capture]").count() == 0
        assert visit.page.locator("#chart path[data-stage=invoke]").count() == 1
        visit.page.keyboard.press("Space")
        assert visit.page.locator("#chart path[data-stage=capture]").count() == 1
        visit.context.close()
    sink.close()


def test_token_does_not_stay_in_the_address(browser: "Browser", model: Classifier, artifacts: Path) -> None:
    said: list[str] = []
    sink = WebSink("0.0.0.0:0", model, (), said.append)
    token = said[0].rpartition("=")[2]
    local = re.sub(r"//[^/]*:", "//127.0.0.1:", sink.url)
    with camera(sink):
        visit = Visit(browser)
        visit.page.goto(f"{local}?token={token}")
        assert visit.page.url == local
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        assert visit.page.evaluate("document.cookie") == ""
        assert visit.complaints == []
        visit.context.close()
        stranger = Visit(browser, width=360, height=740)
        stranger.page.goto(local)
        stranger.shoot(artifacts / "page-token.png")
        stranger.page.get_by_label("Token").fill(token)
        stranger.page.get_by_role("button").click()
        stranger.wait("""() => document.getElementById("stage")?.dataset.picture === "live" """)
        assert stranger.page.url == local
        stranger.context.close()
    sink.close()


def test_tab_that_nobody_sees_costs_nothing(browser: "Browser", model: Classifier) -> None:
    sink = WebSink("0", model, (), print)
    with camera(sink):
        visit = Visit(browser)
        visit.page.goto(sink.url)
        visit.wait("""() => document.getElementById("stage").dataset.picture === "live" """)
        visit.page.evaluate("""() => {
          Object.defineProperty(document, "hidden", {value: true, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""")
        deadline = time.monotonic() + 30
        while sink.watchers and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sink.watchers == 0
        visit.page.evaluate("""() => {
          Object.defineProperty(document, "hidden", {value: false, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""")
        while not sink.watchers and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sink.watchers == 1
        visit.context.close()
    sink.close()


def test_page_takes_the_labels_of_another_model(browser: "Browser", model: Classifier, artifacts: Path) -> None:
    sink = WebSink("0", model, (), print)
    visit = Visit(browser, width=360, height=740)
    with camera(sink):
        visit.page.goto(sink.url)
        visit.wait("""() => document.querySelectorAll("#scores li").length === 3""")
        labels = ("cats", "dogs", "robin", "neither")
        other = InUse("swapped", "0123456789ab", "garden", labels, "224 x 224, uint8", "ai-edge-litert", "0.1")
        cause = "model 0123456789ab (garden) is in use, in place of b9aff2359a20 (default); same answer on 98 of 100 frames"
        sink.take(Observation(Change("camera 0", State.ONLINE, cause, time.monotonic(), other), (), time.time()))
        visit.wait("""() => document.querySelectorAll("#scores li").length === 4""")
        assert "0123456789ab" in visit.page.inner_text("#model")
        assert "same answer on 98 of 100 frames" in visit.page.inner_text("#events li")
        assert visit.page.inner_text("#state") == "ONLINE"
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
        visit.shoot(artifacts / "page-model.png", whole=True)
    sink.close()
    assert visit.complaints == []
    visit.context.close()
