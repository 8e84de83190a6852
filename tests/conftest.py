"""What several test files need: drawn pictures, the shared photographs where they exist, a real HTTP server."""

import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
from commands import run

from catdog.edge.synthetic import draw_picture

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("CATDOG_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The developers' photographs and weights; users do not have them."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (CATDOG_SHARED names another place)")
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


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small model that `catdog-train` trained on drawn pictures."""
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    folder = tmp_path_factory.mktemp("runs") / "small"
    finished = run(
        "catdog-train",
        *("--data", "synthetic", "--synthetic-count", "24", "--image-size", "64", "--backbone-weights", "bundled"),
        *("--views", "1", "--epochs", "5", "--output", str(folder)),
    )
    assert finished.returncode == 0, finished.stderr
    return folder


@dataclass
class Site:
    """What the local server serves: path -> (status, headers, body)."""

    url: str = ""
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    """A real HTTP server on the loopback address."""
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self.path)
            status, headers, body = served.pages.get(self.path, (404, {}, b"not here"))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

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
