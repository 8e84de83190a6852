import inspect
import io
import json
import os
import shutil
import socket
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from commands import run

from catdog.edge.errors import InputNotFoundError, SourceError, UnreadableInputError, UsageError
from catdog.edge.sources import SourceOptions, open_sources
from catdog.edge.sources.camera import CameraSource
from catdog.edge.sources.demo import DemoSource
from catdog.edge.sources.devices import check_camera
from catdog.edge.sources.frame import Change, Frame, State
from catdog.edge.sources.listed import ListedSource
from catdog.edge.synthetic import DemoFilm, draw_picture

if TYPE_CHECKING:
    from tests.conftest import Site


def frames(*inputs: str, limit: int = 100) -> list[Frame]:
    with open_sources(SourceOptions(inputs=inputs, every_s=0)) as sources:
        return [frame for source in sources for frame in islice(source.frames(), limit) if isinstance(frame, Frame)]


def encoded(seed: int = 0) -> bytes:
    return cv2.imencode(".jpg", draw_picture("cats", seed, width=160, height=120))[1].tobytes()


def test_folder_is_read_in_order_with_sub_folders_and_only_pictures(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.JPG", "sub/c.png", "notes.txt", ".hidden.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"text" if name == "notes.txt" else encoded())
    assert [Path(frame.source).name for frame in frames(str(tmp_path))] == ["a.JPG", "b.jpg", "c.png"]


def test_pattern(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg", "3.png"):
        (tmp_path / name).write_bytes(encoded())
    assert [Path(frame.source).name for frame in frames(str(tmp_path / "*.jpg"))] == ["1.jpg", "2.jpg"]


def test_a_picture_that_cannot_be_read_is_a_frame_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no picture")
    (tmp_path / "2.jpg").write_bytes(encoded())
    broken, whole = frames(str(tmp_path))
    assert isinstance(broken.error, UnreadableInputError)
    assert broken.picture is None
    assert whole.picture is not None


def test_nothing_there(tmp_path: Path) -> None:
    for text in (str(tmp_path), str(tmp_path / "none.jpg"), str(tmp_path / "*.jpg")):
        with pytest.raises(InputNotFoundError):
            frames(text)


def video(path: Path, count: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for seed in range(count):
        writer.write(draw_picture("dogs", seed, width=160, height=120))
    writer.release()
    return path


def test_video_file_gives_every_frame_then_ends(tmp_path: Path) -> None:
    found = frames(str(video(tmp_path / "v.avi", count=7)))
    assert [frame.number for frame in found] == list(range(7))
    assert all(frame.picture is not None and frame.picture.shape == (120, 160, 3) for frame in found)


def test_video_file_at_its_own_pace_skips_what_is_late(tmp_path: Path) -> None:
    clip = video(tmp_path / "v.avi", count=12)  # 10 frames a second
    begun = time.monotonic()
    with open_sources(SourceOptions(inputs=(str(clip),), buffer="latest")) as (source,):
        numbers = []
        for frame in source.frames():
            assert isinstance(frame, Frame)
            numbers.append(frame.number)
            assert time.monotonic() - begun >= frame.number / 10
            if frame.number == 3:
                time.sleep(0.45)  # somebody had no time
    assert numbers[:4] == [0, 1, 2, 3]
    assert numbers[4] > 5
    assert numbers[-1] == 11


def test_video_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"this is text")
    (frame,) = frames(str(path))
    assert isinstance(frame.error, UnreadableInputError)


def test_pictures_that_show_nothing_are_not_judged(site: "Site", tmp_path: Path) -> None:
    black, grey = np.zeros((120, 160, 3), np.uint8), np.full((120, 160, 3), 77, np.uint8)
    for name, picture in (("black.png", black), ("grey.jpg", grey)):
        cv2.imwrite(str(tmp_path / name), picture)
    site.pages["/grey.jpg"] = (200, {"Content-Type": "image/jpeg"}, (tmp_path / "grey.jpg").read_bytes())
    for where, cause in ((str(tmp_path / "black.png"), "a black frame"), (f"{site.url}/grey.jpg", "one colour")):
        (frame,) = frames(where)
        assert frame.picture is None
        assert isinstance(frame.error, UnreadableInputError)
        assert cause in str(frame.error)


def test_black_frames_of_a_film_are_no_failure_and_get_no_label(tmp_path: Path) -> None:
    clip = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for picture in (np.zeros((120, 160, 3), np.uint8), draw_picture("dogs", 1, width=160, height=120)):
        writer.write(picture)
    writer.release()
    first, second = frames(str(clip))
    assert (first.picture, first.state) == (None, State.STALE)
    assert second.picture is not None
    finished = run("catdog-edge", str(clip), "--json")
    assert finished.returncode == 0
    assert ["label" in json.loads(line) for line in finished.stdout.splitlines()] == [False, True]


def test_picture_over_http(site: "Site") -> None:
    site.pages["/still.jpg?token=secret"] = (200, {"Content-Type": "image/jpeg"}, encoded())
    (frame,) = frames(f"{site.url}/still.jpg?token=secret")
    assert frame.picture is not None
    assert frame.source == f"{site.url}/still.jpg"


def test_pushed_pictures_that_end_are_opened_again_and_a_file_is_not(site: "Site", tmp_path: Path) -> None:
    parts = b"".join(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + encoded(seed) + b"\r\n" for seed in range(30))
    site.pages["/stream"] = (200, {"Content-Type": "multipart/x-mixed-replace; boundary=frame"}, parts)
    with open_sources(SourceOptions(inputs=(f"{site.url}/stream",))) as (source,):
        told: list[State] = []
        for update in source.frames():
            told += [update.state] if isinstance(update, Change) else []
            if len(told) == 4:
                break
    assert told == [State.ONLINE, State.OFFLINE, State.RECOVERING, State.ONLINE]
    path = video(tmp_path / "v.avi", count=4)
    site.pages["/v.avi"] = (200, {"Content-Type": "video/x-msvideo"}, path.read_bytes())
    film = frames(f"{site.url}/v.avi")
    assert [frame.scene_s for frame in film] == [0.0, 0.1, 0.2, 0.3]


def test_sources_keep_the_order_they_were_named_in(tmp_path: Path) -> None:
    clip = video(tmp_path / "b.avi", count=2)
    for name in ("a.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(encoded())
    named = frames(str(tmp_path / "c.jpg"), str(clip), str(tmp_path / "a.jpg"))
    assert [Path(frame.source).name for frame in named] == ["c.jpg", "b.avi", "b.avi", "a.jpg"]
    assert [Path(frame.source).name for frame in frames(str(tmp_path))] == ["a.jpg", "b.avi", "b.avi", "c.jpg"]


def test_names_of_files_with_odd_signs(tmp_path: Path) -> None:
    names = ["a b%20c/\U0001f408/cat 100%.jpg", "a:b.jpg", "-cat.jpg", "#1?.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(encoded())
    assert all(frame.picture is not None for frame in frames(*(str(tmp_path / name) for name in names)))
    finished = run("catdog-edge", "--json", "--", *names, cwd=tmp_path)
    assert [json.loads(line)["source"] for line in finished.stdout.splitlines()] == names


def test_what_may_never_end_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in ("/dev/zero", str(tmp_path / "pipe.jpg")):
        with pytest.raises(UnreadableInputError, match="neither"):
            frames(path)


def test_unset_variable_is_not_the_current_folder() -> None:
    with pytest.raises(InputNotFoundError, match="empty name"):
        frames("")


def test_http_answers_that_are_no_stream_are_told_apart(site: "Site") -> None:
    site.pages["/page"] = (200, {"Content-Type": "text/html"}, b"<p>login")
    with pytest.raises(SourceError, match="text/html"):
        frames(f"{site.url}/page")
    with pytest.raises(SourceError, match="404"):
        frames(f"{site.url}/none")


def test_password_of_an_address_is_sent_but_never_shown(site: "Site") -> None:
    address = site.url.replace("http://", "http://user:s3cret@")
    with pytest.raises(SourceError) as caught:
        frames(f"{address}/none")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_server_that_accepts_and_says_nothing(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        start = time.monotonic()
        options = SourceOptions(inputs=(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/s",), timeout_s=0.2)
        with pytest.raises(SourceError), open_sources(options):
            pass
        assert time.monotonic() - start < 10  # not the half minute that FFmpeg would take


def test_port_without_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for scheme in ("http", "rtsp"):
        with pytest.raises(SourceError, match="refused"):
            frames(f"{scheme}://127.0.0.1:{port}/s")


@pytest.mark.parametrize("text", ["http://", "rtsp://:99999/", "http://host:port/"])
def test_address_that_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        frames(text)


LASTING = "/dev/v4l/by-id/usb-Maker_HD_Webcam_1234-video-index0"


@pytest.mark.parametrize(("text", "camera"), [("0", "0"), ("/dev/video2", "2"), ("63", "63"), ("07", "7"), (LASTING, LASTING)])
def test_names_of_cameras(text: str, camera: str) -> None:
    assert check_camera(text) == camera


@pytest.mark.parametrize(
    "text", ["-1", "64", "front", "", "0; rm -rf /", "/dev/null", "\u0661", "/dev/v4l/by-id/", "/dev/v4l/../x"]
)
def test_camera_that_opencv_must_never_see(text: str) -> None:
    with pytest.raises(UsageError):
        check_camera(text)


def test_absent_camera_is_named() -> None:
    if Path("/dev/video63").exists():
        pytest.skip("this machine has 64 cameras")
    with pytest.raises(SourceError, match="/dev/video63"), open_sources(SourceOptions(camera="63")):
        pass


def test_demo_camera_gives_the_films_frames_in_order() -> None:
    film = DemoFilm()
    found = list(islice(DemoSource(paced=False, film=film).frames(), 5))
    assert [frame.number for frame in found] == list(range(5))
    assert all(np.array_equal(frame.picture, film.frame(frame.number)) for frame in found if frame.picture is not None)


def test_demo_camera_at_its_own_pace_skips_what_nobody_had_time_for() -> None:
    film = DemoFilm(fps=200.0)
    source = DemoSource(paced=True, film=film).frames()
    first = next(source)
    deadline = time.monotonic() + 0.05  # ten frame times: a slow consumer
    while time.monotonic() < deadline:
        pass
    assert next(source).number >= first.number + 5


def test_nothing_to_look_at() -> None:
    with pytest.raises(UsageError, match="--camera demo"):
        SourceOptions()
    with pytest.raises(UsageError, match="both"):
        SourceOptions(inputs=("a.jpg",), camera="0")


def test_wishes_for_a_camera_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    class Opened:
        def __init__(self, name: str, specification: dict[str, object], **_: object) -> None:
            asked.append(specification | {"name": name})

        def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr("catdog.edge.sources.live.source.LiveSource", Opened)
    with open_sources(SourceOptions(camera="0", width=1280, height=720, fps=15.0, wait=True)):
        pass
    assert asked == [{"name": "camera 0", "kind": "camera", "width": 1280, "height": 720, "fps": 15.0}]
    wishes = {key: value for key, value in asked[0].items() if key not in ("name", "kind")}
    assert set(inspect.signature(CameraSource).parameters) == {"number", *wishes}


def test_path_that_is_too_long_is_that_files_own_error(tmp_path: Path, picture: Path) -> None:
    long = "x" * 5000 + ".jpg"
    found = list(ListedSource(io.StringIO(f"{long}\n{picture}\n{'y' * 300}.jpg\n")).frames())
    assert [frame.error is None for frame in found] == [False, True, False]
    assert "too long" in str(found[0].error)
    assert len(str(found[0].error)) < 400


def test_folder_that_is_deeper_than_a_path_may_be_is_told_and_the_rest_judged(tmp_path: Path, picture: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):  # in steps: as one path it could not be made
            Path("d" * 240).mkdir()
            os.chdir("d" * 240)
        shutil.copy(picture, "deep.jpg")
    finally:
        os.chdir(here)
    found = frames(str(tmp_path))
    assert [frame.error is None for frame in found].count(True) == 1
    (trouble,) = (frame.error for frame in found if frame.error is not None)
    assert "too long" in trouble.got
    shutil.rmtree(tmp_path, ignore_errors=True)
