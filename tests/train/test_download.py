import base64
import hashlib
import io
import os
import pty
import queue
import signal
import subprocess
import sys
import termios
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("platformdirs", reason="the extra train is not installed")

from catdog.edge.errors import DatasetError
from catdog.train.data.download import download

if TYPE_CHECKING:
    from tests.conftest import Site

BODY = bytes(range(256)) * 4000  # 1,024,000 bytes
V1 = {"ETag": '"1"'}
OTHER_PROCESS = """
import resource, sys
from catdog.edge.errors import CatdogError
from catdog.train.data.download import download
url, largest_file = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
try:
    print(download(url, offline_ways="x"))
except CatdogError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def ranged(site: "Site") -> "Site":
    """A server that gives parts of /pets.bin."""
    site.serves_ranges = True
    site.pages["/pets.bin"] = (200, V1, BODY)
    return site


def fetch(site: "Site", path: str = "/pets.bin") -> Path:
    return download(f"{site.url}{path}", offline_ways="Do something else.")


def break_off(site: "Site", at: int) -> None:
    """Let one call fail with the first `at` bytes; at its second try the page is not there."""
    pages = dict(site.pages)
    site.breaks, site.before_break = [at], site.pages.clear
    with pytest.raises(DatasetError, match="404"):
        fetch(site)
    site.pages.update(pages)
    site.before_break = lambda: None


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock")


def in_other_process(site: "Site", *, largest_file: int = 1 << 30) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", OTHER_PROCESS, f"{site.url}/pets.bin", str(largest_file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("cats/a.jpg", BODY)
    return stream.getvalue()


def test_is_fetched_once(ranged: "Site", cache: Path) -> None:
    for _ in range(2):
        assert fetch(ranged).read_bytes() == BODY
    assert ranged.requests == ["/pets.bin"]
    assert files(cache) == ["pets.bin"]


def test_length_need_not_be_told(ranged: "Site") -> None:
    ranged.pages["/pets.bin"] = (200, {"Content-Length": ""}, BODY)
    assert fetch(ranged).read_bytes() == BODY


def test_the_same_name_elsewhere_is_another_file(site: "Site") -> None:
    for folder in "ab":
        site.pages[f"/{folder}/pets.bin"] = (200, {}, folder.encode())
        assert fetch(site, f"/{folder}/pets.bin").read_bytes() == folder.encode()


@pytest.mark.parametrize("path", ["/pets.bin?token=secret", "/pets.bin/"])
def test_name_is_that_of_the_path(ranged: "Site", path: str) -> None:
    ranged.pages[path] = ranged.pages["/pets.bin"]
    assert fetch(ranged, path).name == "pets.bin"


def test_goes_on_within_one_call_as_long_as_something_comes(ranged: "Site") -> None:
    # More breaks than the tries of a call that gets nowhere.
    ranged.breaks = [270_000, 0, 270_000, 0, 270_000]
    assert fetch(ranged).read_bytes() == BODY
    assert list(dict.fromkeys(ranged.ranges)) == [None, "bytes=270000-", "bytes=540000-", "bytes=810000-"]


def test_goes_on_at_the_next_call(ranged: "Site", cache: Path) -> None:
    ranged.breaks = [4000, 0, 0, 0]
    with pytest.raises(DatasetError, match=r"4,000 of 1,024,000 bytes.*try again to go on.*Do something else"):
        fetch(ranged)
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges == [None, *["bytes=4000-"] * 4]
    assert files(cache) == ["pets.bin"]


@pytest.mark.parametrize(
    ("headers", "resumes"),
    [
        ({"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}, True),
        ({"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT", "ETag": 'W/"1"'}, False),
        ({"Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT"}, False),  # may change once more within that second
        ({}, False),
    ],
)
def test_goes_on_only_from_what_is_surely_the_same_version(ranged: "Site", headers: dict[str, str], resumes: bool) -> None:
    ranged.pages["/pets.bin"] = (200, headers, BODY)
    break_off(ranged, 4000)
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges[-1] == ("bytes=4000-" if resumes else None)


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize("length", [3000, 4000, 500_000])
def test_changed_file_is_fetched_anew(ranged: "Site", heeds_if_range: bool, length: int) -> None:
    break_off(ranged, 4000)
    ranged.heeds_if_range = heeds_if_range
    ranged.pages["/pets.bin"] = (200, {"ETag": '"2"'}, b"new" * length)
    assert fetch(ranged).read_bytes() == b"new" * length


def test_server_without_ranges_starts_over(ranged: "Site") -> None:
    break_off(ranged, 4000)
    ranged.serves_ranges = False
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges[-1] == "bytes=4000-"


def test_part_that_is_called_the_whole_is_a_part(ranged: "Site") -> None:
    break_off(ranged, 4000)
    headers = {"Content-Range": f"bytes 4000-{len(BODY) - 1}/{len(BODY)}"}
    ranged.pages["/pets.bin"] = (200, V1 | headers, BODY[4000:])
    ranged.serves_ranges = False
    assert fetch(ranged).read_bytes() == BODY


def test_part_that_begins_earlier_than_asked_is_put_in_its_place(ranged: "Site") -> None:
    break_off(ranged, 5000)
    ranged.pages["/pets.bin"] = (206, V1 | {"Content-Range": f"bytes 4096-{len(BODY) - 1}/{len(BODY)}"}, BODY[4096:])
    assert fetch(ranged).read_bytes() == BODY


@pytest.mark.parametrize("given", ["bytes 6000-9999/10000", "bytes 4000-3000/10000", "bytes 4000-9999/*", "lines 1-2/3", ""])
def test_part_that_does_not_fit_is_thrown_away_and_the_whole_fetched(
    ranged: "Site", monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    break_off(ranged, 4000)
    misfit = (206, V1 | {"Content-Range": given, "Content-Length": "6000"}, b"x" * 6000)
    answer = ranged.answer
    monkeypatch.setattr(ranged, "answer", lambda path, asked: misfit if "Range" in asked else answer(path, asked))
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges[-2:] == ["bytes=4000-", None]


def test_server_that_only_gives_parts_that_do_not_fit_is_given_up(site: "Site", cache: Path) -> None:
    site.pages["/pets.bin"] = (206, V1 | {"Content-Range": "bytes 10-19/20"}, b"x" * 10)
    with pytest.raises(DatasetError, match="does not fit"):
        fetch(site)
    assert files(cache) == []


def test_more_than_the_whole_is_thrown_away(ranged: "Site") -> None:
    break_off(ranged, 4000)
    ranged.pages["/pets.bin"] = (200, V1, b"short")
    assert fetch(ranged).read_bytes() == b"short"
    assert ranged.ranges[-2:] == ["bytes=4000-", None]


def test_the_whole_without_its_name_is_not_fetched_again(ranged: "Site", cache: Path) -> None:
    break_off(ranged, 4000)
    (partial,) = cache.rglob("*.part")
    with partial.open("ab") as stream:
        stream.write(BODY[4000:])
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges[-1] == f"bytes={len(BODY)}-"


def test_damaged_version_is_not_sent(ranged: "Site", cache: Path) -> None:
    break_off(ranged, 4000)
    (version,) = cache.rglob("*.version")
    version.write_bytes(b"\0\r\n")
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges[-1] is None


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ended_process_leaves_what_came(ranged: "Site", cache: Path, how: signal.Signals) -> None:
    started: queue.Queue[subprocess.Popen[str]] = queue.Queue()

    def end_the_process() -> None:
        process = started.get(timeout=60)
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size for path in cache.rglob("*.part")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(how)
        process.communicate(timeout=60)

    ranged.breaks, ranged.before_break = [300_000], end_the_process
    process = in_other_process(ranged)
    started.put(process)
    process.wait(timeout=120)
    assert process.returncode == -how
    (partial,) = cache.rglob("*.part")
    size = partial.stat().st_size
    assert 0 < size <= 300_000
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges == [None, f"bytes={size}-"]


def test_full_disk_is_told_and_leaves_what_came(ranged: "Site", cache: Path) -> None:
    process = in_other_process(ranged, largest_file=300_000)
    _, complaint = process.communicate(timeout=60)
    assert complaint.startswith("OutputError: expected to write ")
    assert "File too large. Free some space" in complaint
    assert files(cache) == ["pets.bin.part", "pets.bin.part.version"]
    assert fetch(ranged).read_bytes() == BODY
    assert ranged.ranges == [None, "bytes=300000-"]


def test_processes_take_turns(ranged: "Site", cache: Path) -> None:
    second: list[subprocess.Popen[str]] = []

    def start_second() -> None:
        second.append(in_other_process(ranged))
        assert second[0].stderr is not None
        assert "waiting for it" in second[0].stderr.readline()

    ranged.breaks, ranged.before_break = [300_000], start_second
    path = fetch(ranged)
    printed, _ = second[0].communicate(timeout=60)
    assert printed.strip() == str(path)
    assert path.read_bytes() == BODY
    assert ranged.ranges == [None, "bytes=300000-"]  # both of the first process
    assert files(cache) == ["pets.bin"]


def test_bar_starts_where_the_file_does(ranged: "Site", monkeypatch: pytest.MonkeyPatch) -> None:
    break_off(ranged, len(BODY) // 2)
    reader, writer = pty.openpty()
    termios.tcsetwinsize(writer, (24, 80))
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        fetch(ranged)
        terminal.flush()
        drawn = os.read(reader, 65536).decode()
    os.close(reader)
    assert "pets.bin" in drawn
    assert "50%" in drawn
    assert "100%" in drawn
    assert " 0%" not in drawn


def test_no_bar_without_a_terminal(ranged: "Site", capsys: pytest.CaptureFixture[str]) -> None:
    fetch(ranged)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pets.zip", b"<p>please log in"),
        ("/PETS.ZIP", b""),
        ("/pets.zip", zipped()[:-200]),
        ("/weights.h5", b"<p>please log in"),
    ],
)
@pytest.mark.parametrize("length", [{}, {"Content-Length": ""}], ids=["length told", "not told"])
def test_what_is_not_what_its_name_says_is_not_kept(
    site: "Site", cache: Path, path: str, body: bytes, length: dict[str, str]
) -> None:
    site.pages[path] = (200, V1 | length, body)
    with pytest.raises(DatasetError, match=r"a whole (zip|h5) file.*in a browser.*Do something else"):
        fetch(site, path)
    assert files(cache) == []


@pytest.mark.parametrize(("path", "body"), [("/pets.zip", zipped()), ("/weights.h5", b"\x89HDF\r\n\x1a\nand so on")])
def test_what_is_what_its_name_says_is_kept(site: "Site", path: str, body: bytes) -> None:
    site.pages[path] = (200, {}, body)
    assert fetch(site, path).read_bytes() == body


@pytest.mark.parametrize(
    "url",
    ["{site}/none.zip", "http://127.0.0.1:1/pets.zip", "http:///pets.zip", "http://[/pets.zip", "http://127.0.0.1/\u00e4.zip"],
)
def test_failure_names_the_offline_ways(site: "Site", url: str) -> None:
    with pytest.raises(DatasetError, match="Do something else"):
        download(url.format(site=site.url), offline_ways="Do something else.")
    assert len(site.requests) <= 1  # what is not there now is not asked for again


def test_failure_does_not_show_the_query(site: "Site") -> None:
    with pytest.raises(DatasetError, match="404") as caught:
        fetch(site, "/none.zip?token=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("header", ["md5={}", "crc32c=AAAAAA==,md5={}"])
def test_what_has_another_hash_than_named_is_thrown_away(site: "Site", header: str) -> None:
    right, wrong = (base64.b64encode(hashlib.md5(body).digest()).decode() for body in (BODY, b"other"))  # noqa: S324
    site.pages["/pets.bin"] = (200, {"x-goog-hash": header.format(wrong)}, BODY)
    with pytest.raises(DatasetError, match=f"got one with {hashlib.md5(BODY).hexdigest()}, which was thrown away"):  # noqa: S324
        fetch(site)
    site.pages["/pets.bin"] = (200, {"x-goog-hash": header.format(right)}, BODY)
    assert fetch(site).read_bytes() == BODY
    assert site.requests == ["/pets.bin"] * 2


def test_a_hash_that_the_caller_knows_counts_more_than_the_servers(site: "Site") -> None:
    told = base64.b64encode(hashlib.md5(BODY).digest()).decode()  # noqa: S324
    site.pages["/pets.bin"] = (200, {"x-goog-hash": f"md5={told}"}, BODY)
    with pytest.raises(DatasetError, match="the file with MD5 00ff at"):
        download(f"{site.url}/pets.bin", offline_ways="Do something else.", md5="00ff")
