"""What several test files need: drawn pictures, the shared photographs where they exist, a real browser and HTTP server."""

import os
import re
import shutil
import signal
import threading
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest
from commands import run
from made_once import made_once

from catdog.edge.synthetic import draw_picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Started with nohup, or in a script's background: what tests start would be as deaf, and tests hang up and interrupt programs.
for number, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("CATDOG_SHARED", ROOT.parent / "shared"))


# Programs that whoever runs the tests has installed for them: a test that does not find one fails where it would be skipped.
PARTS = os.environ.get("CATDOG_PARTS", "").split()


# Whole trainings and exports that tests share: whoever waits for one takes minutes.
SLOW_TO_MAKE = {"exported", "small_run", "whole_run"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for such a thing as slow."""
    for item in items:
        if SLOW_TO_MAKE.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail tests that are skipped for want of what was to be there."""
    report = yield
    missing = [part for part in PARTS if report.skipped and part in str(report.longrepr).lower()]
    if missing:
        report.outcome, report.longrepr = "failed", f"{missing[0]} was to be installed (CATDOG_PARTS); {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The developers' photographs and weights; users do not have them."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (CATDOG_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Inputs that people met, of the developers."""
    folder = SHARED / "cases"
    if not folder.is_dir():
        pytest.skip(f"no shared cases at {folder} (CATDOG_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def validation_photographs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 1,000 validation photographs, unpacked: <folder>/{cats,dogs}/*.jpg."""
    folder = tmp_path_factory.mktemp("photographs")
    with zipfile.ZipFile(shared_data / "cats_and_dogs_filtered.zip") as archive:
        wanted = [name for name in archive.namelist() if "/validation/" in name and name.endswith(".jpg")]
        archive.extractall(folder, wanted)
    return folder / "cats_and_dogs_filtered" / "validation"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what is fetched, the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A drawn cat as a JPEG file."""
    path = tmp_path / "cat.jpg"
    cv2.imwrite(str(path), draw_picture("cats", 7))
    return path


@pytest.fixture
def class_folders(tmp_path: Path) -> Path:
    """A small data set: <folder>/{cats,dogs}/*.jpg, ten of each."""
    folder = tmp_path / "pets"
    for label in ("cats", "dogs"):
        (folder / label).mkdir(parents=True)
        for seed in range(10):
            cv2.imwrite(str(folder / label / f"{seed}.jpg"), draw_picture(label, seed))
    return folder


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium, without a window."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to run as root with one
        try:
            started = playwright.chromium.launch(executable_path=path, args=sandbox)
        except Error as error:
            pytest.skip(f"no Chromium that starts: {str(error).splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """Folder for screenshots: the one that CATDOG_ARTIFACTS names, else the test's own."""
    folder = Path(os.environ.get("CATDOG_ARTIFACTS", tmp_path / "shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small model that `catdog-train` trained on drawn pictures."""
    pytest.importorskip("tensorflow", reason="the extra train is not installed")

    def train(folder: Path) -> None:
        finished = run(
            "catdog-train",
            *("--data", "synthetic", "--synthetic-count", "60", "--image-size", "64", "--backbone-weights", "bundled"),
            *("--views", "1", "--epochs", "10", "--least-steps", "0", "--output", str(folder)),
        )
        assert finished.returncode == 0, finished.stderr

    return made_once(tmp_path_factory, "small-run", train)


@dataclass
class Site:
    """What the local server serves: path -> (status, headers, body), and how.

    Attributes:
        url: its address.
        pages: what is there.
        requests: the paths that were asked for, in order.
        ranges: the `Range` of each of these requests, or None.
        serves_ranges: whether a part of a page can be had, by RFC 9110.
        heeds_if_range: whether it is only given of the version that was asked for, told by ETag or date.
        breaks: for each coming answer, the number of bytes of its body after which the connection ends; None for never.
        before_break: called when these have been sent.
    """

    url: str = ""
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    serves_ranges: bool = False
    heeds_if_range: bool = True
    breaks: list[int | None] = field(default_factory=list)
    before_break: Callable[[], None] = lambda: None

    def answer(self, path: str, asked: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for a request with the headers `asked`."""
        status, headers, body = self.pages.get(path, (404, {}, b"not here"))
        match = re.fullmatch(r"bytes=(\d+)-", asked.get("Range", ""))
        if status == 200 and headers.get("ETag") is not None and asked.get("If-None-Match") == headers["ETag"]:
            return 304, {"ETag": headers["ETag"]}, b""
        same = asked.get("If-Range") in (None, headers.get("ETag"), headers.get("Last-Modified"))
        if status == 200 and match and self.serves_ranges and (same or not self.heeds_if_range):
            start, length = int(match[1]), len(body)
            if start >= length:
                status, headers, body = 416, headers | {"Content-Range": f"bytes */{length}"}, b""
            else:
                status, headers, body = 206, {"Content-Range": f"bytes {start}-{length - 1}/{length}"} | headers, body[start:]
        return status, {"Content-Length": str(len(body))} | headers, body


@pytest.fixture
def site() -> Iterator[Site]:
    """A real HTTP server on the loopback address."""
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self.path)
            served.ranges.append(self.headers.get("Range"))
            status, headers, body = served.answer(self.path, self.headers)
            end = served.breaks.pop(0) if served.breaks else None
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:end])
            if end is not None:
                served.before_break()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()
