"""A model at an address, from a real server: fetched when it is new, continued, checked; without it what was there is used."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catdog.edge.errors import InputNotFoundError, ModelError, OutputError, UsageError
from catdog.edge.fetch.model import MOST_BYTES, fetched_model
from catdog.edge.models import bundled_tflite
from catdog.edge.program.cli import main

if TYPE_CHECKING:
    from tests.conftest import Site

TINY, FAST = (bundled_tflite(name).read_bytes() for name in ("tiny", "fast"))
V1, V2 = {"ETag": '"1"'}, {"ETag": '"2"'}
PATH = "/pets/tiny.tflite"
OTHER_PROCESS = """
import resource, sys
from catdog.edge.errors import CatdogError
from catdog.edge.fetch.model import fetched_model
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    print(fetched_model(sys.argv[1], lambda line: None))
except CatdogError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def server(site: "Site") -> "Site":
    """One that gives parts, and tells versions by ETag."""
    site.serves_ranges = True
    site.pages[PATH] = (200, V1, TINY)
    return site


@pytest.fixture
def said() -> list[str]:
    return []


def fetch(site: "Site", said: list[str]) -> Path:
    return fetched_model(f"{site.url}{PATH}", said.append)


def test_is_sent_again_only_when_there_is_a_newer_one(server: "Site", said: list[str]) -> None:
    first = fetch(server, said)
    assert first.read_bytes() == TINY
    assert first.name == "tiny.tflite"
    assert fetch(server, said) == first
    assert len(server.requests) == 2  # asked, and told that it is the newest
    assert said == [f"fetching {server.url}{PATH}, {len(TINY) / 1e6:.2f} MB"]
    server.pages[PATH] = (200, V2, FAST)
    assert fetch(server, said).read_bytes() == FAST


def test_what_was_altered_in_the_cache_is_fetched_anew(server: "Site", said: list[str]) -> None:
    path = fetch(server, said)
    path.write_bytes(TINY[:1000])
    assert fetch(server, said).read_bytes() == TINY


@pytest.mark.parametrize(
    "page",
    [(404, {}, b"gone"), (200, V2, b"<p>please log in"), (200, V2, FAST[:-9]), (200, V2 | {"Content-Length": ""}, FAST)],
    ids=["gone", "login page", "cut short where it lies", "no length"],
)
def test_where_nothing_better_comes_what_was_there_is_used(
    server: "Site", said: list[str], page: tuple[int, dict[str, str], bytes]
) -> None:
    fetch(server, said)
    server.pages[PATH] = page
    path = fetch(server, said)
    assert path.read_bytes() == TINY
    assert "Going on with what was fetched on" in said[-1]
    server.pages[PATH] = (200, V1, TINY)
    assert fetch(server, said) == path  # and the server's word for it was not forgotten
    assert "Going on" in said[-1]


@pytest.mark.parametrize(
    ("page", "error", "what"),
    [
        ((404, {}, b"gone"), InputNotFoundError, "the answer 404"),
        ((401, {}, b"who?"), InputNotFoundError, "USER:PASSWORD@"),
        ((200, {}, b"<p>please log in"), ModelError, "16 bytes, which is neither"),
        ((200, {}, TINY[:-9]), ModelError, "cut short or changed"),
        ((200, {"Content-Length": ""}, TINY), InputNotFoundError, "does not say how long"),
        ((200, {"Content-Length": str(MOST_BYTES + 1)}, TINY), InputNotFoundError, "more than 104,857,600 bytes"),
        ((302, {"Location": "ftp://127.0.0.1/x"}, b""), InputNotFoundError, "a redirection to ftp:"),
    ],
)
def test_what_is_no_whole_model_is_refused_and_not_kept(
    site: "Site", cache: Path, page: tuple[int, dict[str, str], bytes], error: type[Exception], what: str
) -> None:
    site.pages[PATH] = page
    with pytest.raises(error, match=what):
        fetch(site, [])
    assert not [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_goes_on_where_it_broke_off_now_and_at_the_next_start(server: "Site", said: list[str]) -> None:
    server.breaks = [4000, 0, 0, 0]
    with pytest.raises(InputNotFoundError, match=r"4,000 of .* What came is kept"):
        fetch(server, said)
    server.breaks = [4000]
    assert fetch(server, said).read_bytes() == TINY
    assert server.ranges == [None, "bytes=4000-", "bytes=4000-", "bytes=4000-", "bytes=4000-", "bytes=8000-"]
    assert "from byte 4,000 on" in said[-2]


def test_half_of_another_version_is_not_gone_on_from(server: "Site", said: list[str]) -> None:
    server.breaks = [4000, 0, 0, 0]
    with pytest.raises(InputNotFoundError):
        fetch(server, said)
    server.pages[PATH] = (200, V2, FAST)
    assert fetch(server, said).read_bytes() == FAST


def test_secrets_of_the_address_are_sent_and_not_told(server: "Site", said: list[str]) -> None:
    url = server.url.replace("://", "://ann:s3cret@")
    with pytest.raises(InputNotFoundError) as caught:
        fetched_model(f"{url}/none.tflite?token=s3cret", said.append)
    server.pages[f"{PATH}?token=s3cret"] = server.pages[PATH]
    fetched_model(f"{url}{PATH}?token=s3cret", said.append)
    assert "s3cret" not in str(caught.value) + "".join(said)


@pytest.mark.parametrize("url", ["http://", "https:/host", "http://ann:s3cret@@host/x"])
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        fetched_model(url, print)
    assert "s3cret" not in str(caught.value)


def test_full_disk_is_one_line_and_leaves_what_was_there(server: "Site", cache: Path, said: list[str]) -> None:
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        pytest.skip("what measures lines loads and writes files of its own in the program")
    command = [sys.executable, "-c", OTHER_PROCESS, f"{server.url}{PATH}", "5000"]
    full = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    assert full.returncode == 1
    assert full.stderr.startswith("OutputError: expected to write ")
    assert full.stderr.count("\n") == 1
    assert fetch(server, said).read_bytes() == TINY


def test_cache_that_cannot_be_written_is_told(server: "Site", cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(OutputError, match="XDG_CACHE_HOME"):
        fetch(server, [])


def test_command_runs_a_model_of_an_address(server: "Site", picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(picture), "--json", "--model", f"{server.url}{PATH}"]) == 0
    by_address = json.loads(capsys.readouterr().out)["scores"]
    assert main([str(picture), "--json", "--model", "tiny"]) == 0
    assert by_address == json.loads(capsys.readouterr().out)["scores"]
    assert main([str(picture), "--model", f"{server.url}/none.tflite"]) == 3
    assert capsys.readouterr().err.count("\n") == 1
