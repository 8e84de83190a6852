"""Films that are damaged, cut short, turned, or none: real files, written by FFmpeg and spoilt here."""

import contextlib
import json
import time
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from commands import run
from marks import mostly_slow

from catdog.edge.errors import SourceError
from catdog.edge.sources import SourceOptions, open_sources
from catdog.edge.sources.damage import Damage
from catdog.edge.sources.frame import Frame
from catdog.edge.synthetic import DemoFilm

RATE, KEYS, COUNT = 10, 10, 40  # pictures a second; every so many a key frame; so many in all
CODECS = [name for name in ("libx264", "mpeg4", "libx265") if name in av.codecs_available]
_ENCODED = 3.0  # levels of 255, on average; of another way up it is more than 20


def frames(path: Path) -> list[Frame]:
    with open_sources(SourceOptions(inputs=(str(path),))) as sources:
        return [frame for source in sources for frame in islice(source.frames(), 100) if isinstance(frame, Frame)]


def film(path: Path, codec: str, turned: int = 0) -> Path:
    """Write the demo film's cat, in noise: it fills the packets, so that there is something to damage."""
    demo, chance = DemoFilm(width=160, height=120), np.random.default_rng(0)
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}  # the index in front
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=RATE, options={"g": str(KEYS), "crf": "20", "x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 160, 120, "yuv420p", 4_000_000
        if turned:
            stream.set_display_rotation(turned)
        for index in range(COUNT):
            noisy = np.clip(demo.frame(90 + index) + chance.normal(0, 10, (120, 160, 3)), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, "bgr24")))
        container.mux(stream.encode(None))
    return path


def spoil(path: Path, where: Path, share: float) -> None:
    """Overwrite a third of one packet, behind its header."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    position, size = packets[int(share * len(packets))]
    assert position is not None
    begin = position + size // 3
    data[begin : begin + size // 3] = np.random.default_rng(1).bytes(size // 3)
    where.write_bytes(data)


@pytest.mark.parametrize("share", [0.3, 0.43, 0.62, 0.78])
@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "libx265"])
def test_no_picture_of_a_damaged_film_is_judged_but_those_that_are_whole(tmp_path: Path, codec: str, share: float) -> None:
    whole = {frame.scene_s: frame.picture for frame in frames(film(tmp_path / "whole.mp4", codec))}
    assert len(whole) == COUNT
    spoil(tmp_path / "whole.mp4", tmp_path / "spoilt.mp4", share)
    found = frames(tmp_path / "spoilt.mp4")
    judged = [frame for frame in found if frame.error is None]
    assert COUNT - 2 * KEYS <= len(judged) < COUNT
    assert all(np.array_equal(frame.picture, whole[frame.scene_s]) for frame in judged)  # type: ignore[arg-type]
    assert judged[-1].number == found[-1].number or share > 0.7  # those behind the next key frame are judged again


def test_lost_picture_spoils_what_is_drawn_on_it_up_to_the_next_key_frame(tmp_path: Path) -> None:
    if "libx265" not in CODECS:
        pytest.skip("this PyAV has no encoder for H.265")
    whole = {frame.scene_s: frame.picture for frame in frames(film(tmp_path / "whole.mkv", "libx265"))}
    with av.open(str(tmp_path / "whole.mkv")) as source, av.open(str(tmp_path / "holed.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(video=0)):
            if packet.size and index != 11:
                packet.stream = stream
                target.mux(packet)
    judged = [frame for frame in frames(tmp_path / "holed.mkv") if frame.error is None]
    assert COUNT - 2 * KEYS <= len(judged) < COUNT - 1
    assert all(np.array_equal(frame.picture, whole[frame.scene_s]) for frame in judged)  # type: ignore[arg-type]


def test_account_of_damage_follows_the_order_in_which_pictures_are_decoded() -> None:
    damage = Damage()

    def came(pts: int, *, key: bool = False) -> None:
        damage.took(pts, pts / RATE, is_key=key)

    def whole(pts: int, *, corrupt: bool = False) -> bool:
        return damage.spares(pts, pts / RATE, is_corrupt=corrupt)

    came(0, key=True)
    came(4)
    assert whole(0)
    damage.lost(0.2)
    came(1)
    assert not whole(1)
    assert whole(4)  # it was in before
    came(12, key=True)
    came(10)  # shown before the key frame, and drawn on those before it, too
    assert not whole(10)
    assert whole(12)
    came(16)
    came(14)
    came(20, key=True)
    came(24)
    assert whole(14)
    assert not whole(16, corrupt=True)  # the decoder says so when it gives it; behind it the next key frame has come already
    assert whole(20)
    assert whole(24)


def test_damage_heals_in_time_where_no_key_frame_comes() -> None:
    damage = Damage()
    damage.lost(0.0)
    damage.took(1, 9.0, is_key=False)
    assert not damage.spares(1, 9.0, is_corrupt=False)
    damage.took(2, 11.0, is_key=False)
    assert damage.spares(2, 11.0, is_corrupt=False)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_film_that_ends_too_soon_says_so_behind_what_is_there(tmp_path: Path, suffix: str) -> None:
    path = film(tmp_path / f"film{suffix}", "mpeg4")
    assert all(frame.error is None for frame in frames(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 55 // 100])
    finished = run("catdog-edge", str(path), "--json")
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    assert finished.returncode == 11
    assert sum("label" in line for line in lines) >= 8
    assert "ends after" in lines[-1]["error"]
    assert "4.0 s" in lines[-1]["error"]


def remade(path: Path, to: Path, times: int = 1) -> Path:
    """Join a film with itself, packet by packet: its clock begins anew each time."""
    to.write_bytes(path.read_bytes() * times)
    return to


def test_damage_heals_where_pictures_have_no_times(tmp_path: Path) -> None:
    path = film(tmp_path / "whole.m4v", "mpeg4")  # a raw stream
    assert len(frames(path)) == COUNT
    data = bytearray(path.read_bytes())
    at = len(data) * 45 // 100
    data[at : at + 300] = np.random.default_rng(2).bytes(300)
    (tmp_path / "spoilt.m4v").write_bytes(data)
    found = frames(tmp_path / "spoilt.m4v")
    assert len(found) >= COUNT - 2
    assert COUNT - 2 * KEYS <= sum(frame.error is None for frame in found) < COUNT
    assert found[-1].error is None


def test_time_goes_on_in_recordings_that_were_joined(tmp_path: Path) -> None:
    once = film(tmp_path / "once.ts", "mpeg4")
    found = frames(remade(once, tmp_path / "twice.ts", 2))
    assert len(found) >= 2 * COUNT - 2
    times = [frame.scene_s for frame in found if frame.scene_s is not None]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(2 * COUNT / RATE, abs=0.3)


def test_film_in_a_codec_that_nobody_knows_is_one_error(tmp_path: Path) -> None:
    path = film(tmp_path / "odd.mkv", "mpeg4")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/ASP", b"V_NOBODY/ISO/AS"))
    cv2.imwrite(str(tmp_path / "z.jpg"), DemoFilm(width=160, height=120).frame(90))
    found = frames(tmp_path)
    assert [frame.error is None for frame in found] == [False, True]


def test_cut_film_ends_at_once_whatever_the_rate(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", "mpeg4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    begun = time.monotonic()
    finished = run("catdog-edge", str(path), "--max-fps", "0.01", "--json")
    assert finished.returncode == 11
    assert time.monotonic() - begun < 60  # not the hundred seconds between two that are judged
    assert "libav" not in finished.stderr
    assert all(line.startswith("catdog-edge: ") for line in finished.stderr.splitlines())


@pytest.mark.parametrize("turned", [90, 180, -90])
def test_film_of_a_phone_that_lay_on_its_side_stands_upright(tmp_path: Path, turned: int) -> None:
    codec = CODECS[0]
    upright = frames(film(tmp_path / "upright.mp4", codec))[0].picture
    found = frames(film(tmp_path / "turned.mp4", codec, turned))[0].picture
    assert upright is not None
    assert found is not None
    # x264's threads make another film of the same pictures now and then.
    assert np.abs(found.astype(int) - np.rot90(upright, turned // 90)).mean() <= _ENCODED
    decoded, as_opencv_has_it = cv2.VideoCapture(str(tmp_path / "turned.mp4")).read()
    assert decoded
    assert np.array_equal(found, as_opencv_has_it)


def test_list_of_films_that_is_called_one_opens_nothing(tmp_path: Path) -> None:
    film(tmp_path / "real.ts", CODECS[0])
    (tmp_path / "list.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:1/real.ts\n#EXT-X-ENDLIST\n"
    )
    (frame,) = frames(tmp_path / "list.mp4")
    assert frame.error is not None


def test_film_whose_name_looks_like_an_address_is_a_file(tmp_path: Path) -> None:
    name = tmp_path / "tcp:12:30.mp4"
    film(name, CODECS[0])
    assert len(frames(name)) == COUNT


def test_sound_without_pictures_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    (frame,) = frames(path)
    assert frame.error is not None


def motion_jpeg(path: Path) -> list[np.ndarray]:
    """A film of 12 drawn pictures as an AVI; its frames as they are decoded."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 80))
    assert writer.isOpened()
    film = DemoFilm(width=96, height=80)
    for index in range(12):
        writer.write(film.frame(90 + index))
    writer.release()
    return [frame.picture for frame in frames(path) if frame.picture is not None]


def test_damaged_frame_of_a_motion_jpeg_film_is_not_judged_and_those_behind_it_are(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    whole = motion_jpeg(path)
    assert len(whole) == 12
    data = bytearray(path.read_bytes())
    at = len(data) // 2
    data[at : at + 80] = np.random.default_rng(0).bytes(80)
    path.write_bytes(data)
    found = frames(path)
    broken = [frame.number for frame in found if frame.error is not None]
    assert len(found) == 12
    assert 1 <= len(broken) <= 2
    assert all(frame.number in broken or np.array_equal(frame.picture, whole[frame.number]) for frame in found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "judged", "in_all"),
    # Of the damaged one 32 can be decoded; of one of those the decoder says that it is corrupt.
    [("one_bad_frame.avi", 39, 40), ("damaged.mp4", 31, 40), ("cut_short.mp4", 18, 20), ("cut_short.mkv", 19, 20)],
)
def test_films_that_people_met(shared_cases: Path, name: str, judged: int, in_all: int) -> None:
    found = frames(shared_cases / "film-broken-in-the-middle" / name)
    assert (sum(frame.error is None for frame in found), len(found)) == (judged, in_all)


def still_room(path: Path, *, noise: bool, every_s: int) -> Path:
    """Write 20 s of a room in which nothing moves, as an encoder that saves sends it: key frames, and nothing between them."""
    demo, chance = DemoFilm(width=160, height=120).frame(0), np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        options = {"g": str(RATE * every_s), "crf": "38", "preset": "ultrafast", "tune": "zerolatency", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(20 * RATE):
            seen = np.clip(demo + chance.normal(0, 3, demo.shape), 0, 255).astype(np.uint8) if noise else demo
            container.mux(stream.encode(av.VideoFrame.from_ndarray(seen, "bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.skipif("libx264" not in av.codecs_available, reason="FFmpeg without x264")
@pytest.mark.parametrize(("noise", "frozen"), [(True, False), (False, True)])
def test_still_room_is_no_frozen_camera(tmp_path: Path, *, noise: bool, frozen: bool) -> None:
    from catdog.edge.sources.ffmpeg import Video
    from catdog.edge.sources.live.guard import Guard
    from catdog.edge.sources.video import live_packets

    video = Video(str(still_room(tmp_path / "room.mp4", noise=noise, every_s=8 if noise else 4)), "room")
    guard, objections, repeated, last = Guard(), [], 0, None
    with contextlib.suppress(SourceError):  # that a live source ends
        for packet in live_packets(video, "room"):
            frame = packet.frame()
            assert frame.picture is not None
            assert frame.stream is not None
            repeated += last is not None and np.array_equal(last, frame.picture)
            last = frame.picture
            objections.append(guard.objection(frame.picture, frame.stream.at_s, 5.0, frame.stream.alone))
    video.close()
    assert repeated > 100  # else the test shows nothing
    assert any(reason is not None and "same frame" in reason for reason in objections) is frozen


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "libx264"), (".webm", "libvpx")])
def test_what_a_container_has_lost_is_told_with_its_place(tmp_path: Path, suffix: str, codec: str) -> None:
    """Behind the damage FFmpeg goes on, and says nothing of the pictures between."""
    if codec not in av.codecs_available:
        pytest.skip(f"FFmpeg without {codec}")
    path = film(tmp_path / f"whole{suffix}", codec)
    data = path.read_bytes()
    middle, lost = len(data) // 2, len(data) // 20
    (tmp_path / f"lost{suffix}").write_bytes(data[:middle] + data[middle + lost :])
    finished = run("catdog-edge", str(tmp_path / f"lost{suffix}"), "--json")
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    judged = [line["frame"] for line in lines if "label" in line]
    told = [line for line in lines if "error" in line]
    assert finished.returncode == 11, finished.stderr
    assert len(judged) < COUNT
    assert told
    assert told[0]["frame"] < judged[-1]  # what is behind is judged
    assert any("the file is damaged, at" in line["error"] for line in told)
    assert "lost" + suffix in finished.stderr


def test_a_long_stretch_of_damage_is_two_lines(tmp_path: Path) -> None:
    path = film(tmp_path / "whole.avi", "mpeg4")
    spoil(path, tmp_path / "bad.avi", 0.53)
    finished = run("catdog-edge", str(tmp_path / "bad.avi"), "--json")
    failed = [line["frame"] for line in map(json.loads, finished.stdout.splitlines()) if "error" in line]
    assert len(failed) > 3
    first, rest, total = (line for line in finished.stderr.splitlines() if "bad.avi" in line or "classify all" in line)
    assert f"s (frame {failed[0]})" in first
    assert f"{len(failed) - 1} more of this, up to" in rest
    assert f"(frame {failed[-1]})" in rest
    assert f"got {len(failed)} that" in total


@pytest.mark.parametrize("name", ["a%03d.jpg", "film", "b.jpg", "c\n.txt"])
def test_film_is_told_by_its_content(tmp_path: Path, name: str) -> None:
    film(tmp_path / "film.mp4", "mpeg4").rename(tmp_path / name)
    assert len(frames(tmp_path / name)) == COUNT
    assert len(frames(tmp_path)) == COUNT


@pytest.mark.parametrize("codec", mostly_slow([codec for codec in CODECS if codec != "libx265"], "libx264"))
def test_command_tells_of_every_frame_of_a_damaged_film(tmp_path: Path, codec: str) -> None:
    """Pictures leave the decoder in another order than they came in, and those behind a lost one may be shown before it."""
    path = film(tmp_path / "whole.mp4", codec)
    for share in (0.3, 0.62):
        spoil(path, tmp_path / "bad.mp4", share)
        expected = [(frame.number, frame.error is None) for frame in frames(tmp_path / "bad.mp4")]
        assert any(not is_whole for _, is_whole in expected)
        lines = map(json.loads, run("catdog-edge", str(tmp_path / "bad.mp4"), "--json").stdout.splitlines())
        assert [(line["frame"], "label" in line) for line in lines] == expected
        few = map(json.loads, run("catdog-edge", str(tmp_path / "bad.mp4"), "--json", "--max-fps", "2").stdout.splitlines())
        assert [line["frame"] for line in few if "error" in line] == [number for number, is_whole in expected if not is_whole]
