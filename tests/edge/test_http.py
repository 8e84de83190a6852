"""HTTP cameras against a real server: logins, redirections, TLS, snapshots, and what an answer is by its bytes."""

import base64
import hashlib
import io
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import trustme
from commands import run
from http_camera import LOGIN, PASSWORD, USER, Answerer, Asked, Digest, Site, http_site

from catdog.edge.errors import CatdogError, SourceError, UsageError
from catdog.edge.sources import SourceOptions, open_sources
from catdog.edge.sources.frame import Change, Frame, Idle, State
from catdog.edge.sources.live import polled
from catdog.edge.sources.net import transport
from catdog.edge.sources.net.address import parse_address
from catdog.edge.sources.net.client import Client
from catdog.edge.sources.net.tls import Trust
from catdog.edge.synthetic import draw_picture

LONG_S = 60.0  # for what takes a second on a machine that does nothing else


@pytest.fixture
def site() -> Iterator[Site]:
    with http_site() as served:
        yield served


def picture(seed: int = 0, kind: str = ".jpg") -> bytes:
    return cv2.imencode(kind, draw_picture("cats", seed, width=160, height=120))[1].tobytes()


def still(seed: int = 0, **headers: str) -> Answerer:
    return lambda asked: asked.reply(200, {name.replace("_", "-"): value for name, value in headers.items()}, picture(seed))


def updates(url: str, **given: object) -> Iterator[Frame | Change | Idle]:
    with open_sources(SourceOptions(inputs=(url,), **given)) as (source,):  # type: ignore[arg-type]
        deadline = time.monotonic() + LONG_S
        for update in source.frames():
            assert time.monotonic() < deadline, "nothing more came in time"
            yield update


def frames(url: str, count: int = 1, **given: object) -> list[Frame]:
    return list(islice((update for update in updates(url, **given) if isinstance(update, Frame)), count))


def states(url: str, count: int, **given: object) -> list[Change]:
    return list(islice((update for update in updates(url, **given) if isinstance(update, Change)), count))


def basic(inner: Answerer) -> Answerer:
    secret = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def answer(asked: Asked) -> None:
        if asked.headers.get("Authorization") == secret:
            inner(asked)
        else:
            asked.reply(401, {"WWW-Authenticate": 'Basic realm="cam"'})

    return answer


@pytest.mark.parametrize("guard", [basic, Digest().guard, Digest("SHA-256").guard], ids=["basic", "md5", "sha256"])
def test_password_is_told_as_the_server_wants_it(site: Site, guard: Callable[[Answerer], Answerer]) -> None:
    site.pages["/snap?channel=1"] = guard(still())
    assert frames(f"{site.login_url}/snap?channel=1", every_s=0)[0].picture is not None
    with pytest.raises(SourceError, match="401 Unauthorized: a wrong user or password") as caught:
        frames(f"{site.url}/snap?channel=1".replace("//", "//ad%20min:s3cret@"))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(SourceError, match="401 Unauthorized: it wants a user and a password") as caught:
        frames(f"{site.url}/snap?channel=1")
    assert f"{site.url.replace('//', '//USER:PASSWORD@')}/snap" in caught.value.fix


def test_password_is_not_sent_in_clear_where_digest_is_asked_for(site: Site) -> None:
    site.pages["/snap"] = Digest().guard(still())
    frames(f"{site.login_url}/snap", every_s=0)
    assert site.logins("/snap") == [None, "Digest"]


@pytest.mark.parametrize("tells_stale", [True, False])
def test_nonce_that_grows_old_is_renewed(site: Site, tells_stale: bool) -> None:
    site.pages["/snap"] = Digest(lasts=2, tells_stale=tells_stale).guard(still())
    assert all(frame.picture is not None for frame in frames(f"{site.login_url}/snap", 5, every_s=0.05))
    assert site.logins("/snap")[:5] == [None, "Digest", "Digest", "Digest", "Digest"]


def test_login_of_a_kind_that_is_not_known(site: Site) -> None:
    site.pages["/snap"] = lambda asked: asked.reply(401, {"WWW-Authenticate": "NTLM"})
    with pytest.raises(SourceError, match="a login of the kind ntlm"):
        frames(f"{site.login_url}/snap")


def test_pushed_pictures_and_films_with_a_password(site: Site, tmp_path: Path) -> None:
    site.pages["/push"] = Digest().guard(pushed([picture(seed) for seed in range(4)]))
    assert frames(f"{site.login_url}/push", 2)[1].picture is not None
    film(tmp_path / "film.mp4", count=12)
    site.pages["/film.mp4"] = Digest().guard(with_parts((tmp_path / "film.mp4").read_bytes()))
    assert len(frames(f"{site.login_url}/film.mp4", 100)) == 12


def test_redirection_is_followed_and_the_password_kept_from_others(site: Site) -> None:
    site.pages["/here"] = basic(lambda asked: asked.reply(302, {"Location": "/there"}))
    site.pages["/there"] = basic(still())
    assert frames(f"{site.login_url}/here", every_s=0)[0].picture is not None
    with http_site() as other:
        other.pages["/snap"] = still()
        other.pages["/guarded"] = basic(still())
        for target in ("/snap", "/guarded"):
            site.pages["/away"] = basic(lambda asked, target=target: asked.reply(307, {"Location": other.url + target}))
            if target == "/snap":
                assert frames(f"{site.login_url}/away", every_s=0)[0].picture is not None
            else:
                with pytest.raises(SourceError, match="401 Unauthorized: it wants a user and a password") as caught:
                    frames(f"{site.login_url}/away", every_s=0)
                assert f"{other.url.replace('//', '//USER:PASSWORD@')}/guarded" in caught.value.fix
            assert set(other.logins(target)) == {None}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/loop", "redirections"),
        ("rtsp://other/x", "a redirection to rtsp://other/x"),
        ("http://host:port/", "not valid"),
        ("file:///x", "not valid"),
        ("http://[::1", "not valid"),
    ],
)
def test_redirection_that_leads_nowhere(site: Site, target: str, said: str) -> None:
    site.pages["/loop"] = lambda asked: asked.reply(302, {"Location": target})
    with pytest.raises(SourceError, match=said):
        frames(f"{site.url}/loop")


def tls_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def fingerprint(certificate: trustme.LeafCert) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())).hexdigest()


def test_certificates_of_an_own_authority_and_of_the_camera_itself(tmp_path: Path) -> None:
    authority, path = trustme.CA(), str(tmp_path / "authority.pem")
    authority.cert_pem.write_to_path(path)
    named, other = authority.issue_cert("127.0.0.1"), authority.issue_cert("camera.invalid")
    with http_site(tls_of(named)) as site:
        site.pages["/snap"] = still()
        assert frames(f"{site.url}/snap", tls_ca=path)[0].picture is not None
        with pytest.raises(SourceError) as caught:
            frames(f"{site.url}/snap")
        assert f"--tls-fingerprint {fingerprint(named)}" in caught.value.fix
        assert "--tls-ca FILE" in caught.value.fix
        leaf = tmp_path / "leaf.pem"
        named.cert_chain_pems[0].write_to_path(str(leaf))
        assert frames(f"{site.url}/snap", tls_ca=str(leaf))[0].picture is not None
        assert all(login is None for login in site.logins("/snap"))
    with http_site(tls_of(other)) as site:
        site.pages["/snap"] = basic(still())
        with pytest.raises(SourceError, match=r"not valid for '127\.0\.0\.1'"):
            frames(f"{site.login_url}/snap", tls_ca=path)
        pretty = ":".join(re.findall("..", fingerprint(other).upper()))
        assert frames(f"{site.login_url}/snap", tls_fingerprint=pretty)[0].picture is not None
        before = len(site.requests)
        with pytest.raises(SourceError, match="another one, SHA-256"):
            frames(f"{site.login_url}/snap", tls_fingerprint=fingerprint(named))
        assert len(site.requests) == before  # nothing was asked of who may be anybody


def test_certificate_is_named_in_the_file_of_options(tmp_path: Path) -> None:
    camera = trustme.CA().issue_cert("camera.invalid")
    with http_site(tls_of(camera)) as site:
        site.pages["/snap"] = still()
        options = tmp_path / "edge.toml"
        options.write_text(f'inputs = ["{site.url}/snap"]\ntls-fingerprint = "{fingerprint(camera)}"\nevery = 0\n')
        finished = run("catdog-edge", "--config", str(options), "--json")
        assert "label" in json.loads(finished.stdout)
        refused = run("catdog-edge", f"{site.url}/snap")
        assert refused.returncode == 5
        assert f"--tls-fingerprint {fingerprint(camera)}" in refused.stderr


def test_tls_where_there_is_none(site: Site) -> None:
    with pytest.raises(SourceError, match="begins with http://"):
        frames(site.url.replace("http:", "https:") + "/snap")


@pytest.mark.parametrize(
    "given",
    [{"tls_ca": "/nowhere.pem"}, {"tls_ca": __file__}, {"tls_fingerprint": "12:34"}, {"tls_ca": "a", "tls_fingerprint": "b"}],
)
def test_certificates_that_cannot_be_trusted(given: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--tls-"):
        frames("https://127.0.0.1:9/snap", **given)


@pytest.mark.parametrize("declared", [None, "text/plain", "application/octet-stream", "image/jpg", "video/mp4"])
@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_picture_is_known_by_its_first_bytes(site: Site, kind: str, declared: str | None) -> None:
    site.pages["/capture"] = lambda asked: asked.reply(200, {"Content-Type": declared} if declared else {}, picture(3, kind))
    (frame,) = frames(f"{site.url}/capture", every_s=0)
    assert frame.picture is not None
    assert frame.picture.shape == (120, 160, 3)


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jp2"])
def test_pictures_of_every_kind_are_pictures(site: Site, name: str) -> None:
    starts = {"a.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a.avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif"}
    body = starts.get(name, b"\0\0\0\x0cjP  \r\n\x87\n") + bytes(2000)
    site.pages["/x"] = lambda asked: asked.reply(200, {"Content-Type": "application/octet-stream"}, body)
    (frame,) = frames(f"{site.url}/x", every_s=0)  # told of as a picture, though damaged
    assert frame.error is not None
    assert "picture" in frame.error.expected


@pytest.mark.parametrize(
    "body",
    [
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        b"m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ],
    ids=["sdp", "ffconcat"],
)
def test_lists_of_other_things_are_not_opened(site: Site, body: bytes) -> None:
    site.pages["/x"] = lambda asked: asked.reply(200, {"Content-Type": "application/octet-stream"}, body)
    with pytest.raises(SourceError, match="neither picture nor video of a kind that is known"):
        frames(f"{site.url}/x")


def test_film_without_a_frame_is_told(site: Site, tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", count=3)
    data = (tmp_path / "film.mp4").read_bytes().replace(b"stsz", b"free")
    site.pages["/film.mp4"] = with_parts(data)
    (frame,) = frames(f"{site.url}/film.mp4", 10)
    assert frame.error is not None
    assert "without a frame" in frame.error.got


@pytest.mark.parametrize("part", ["header", "body"])
def test_server_that_drips_holds_nobody_up(site: Site, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_S", 0.5)
    ended = threading.Event()

    def answer(asked: Asked) -> None:
        asked.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: " if part == "header" else b"\r\n"))
        while not ended.wait(0.05):
            asked.wfile.write(b"x")

    site.pages["/x"] = answer
    try:
        with pytest.raises(SourceError, match=r"in time|too long"):
            frames(f"{site.url}/x", timeout_s=LONG_S)
    finally:
        ended.set()


def test_proxy_is_for_what_is_far_and_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://us:s3cret@127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site.pages["/snap"] = still()
    assert frames(f"{site.url}/snap", every_s=0)[0].picture is not None
    with pytest.raises(SourceError, match=r"refused, of the proxy 127\.0\.0\.1:\d+ that the environment names") as caught:
        frames("http://camera.example.org/snap")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.0.0.1", True), ("192.168.1.2", True), ("fe80::1%eth0", True), ("camera", True), ("camera.local", True),
     ("93.184.216.34", False), ("camera.example.org", False)],
)  # fmt: skip
def test_hosts_that_are_near(host: str, near: bool) -> None:
    assert transport.is_near(host) is near


def test_thread_that_asks_tells_of_what_nobody_thought_of(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/snap"] = still()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    client = Client(parse_address(f"{site.url}/snap"), LONG_S, Trust("", ""))
    monkeypatch.setattr(client, "get", fail)
    capture = polled.PolledCapture(client, 1.0)
    with pytest.raises(SourceError, match="an unexpected ZeroDivisionError") as caught:
        capture.newest(LONG_S)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("/my cam/\U0001f408 100%25.jpg?a=b c", "/my%20cam/%F0%9F%90%88%20100%25.jpg?a=b%20c"),
        ("/-stream/--x;user=a&b[0]=1", "/-stream/--x;user=a&b[0]=1"),
        ("/%41%2f", "/%41%2f"),
        ("", "/"),
    ],
)
def test_odd_paths_are_asked_for_as_they_were_typed(site: Site, typed: str, asked: str) -> None:
    site.pages[asked] = still()
    assert frames(f"{site.url}{typed}", every_s=0)[0].picture is not None


def test_picture_whose_length_is_not_told(site: Site) -> None:
    site.pages["/capture"] = lambda asked: asked.reply(200, {}, picture(3), has_length=False)
    assert frames(f"{site.url}/capture", every_s=0)[0].picture is not None


def test_snapshots_are_asked_for_again_and_again_and_once_at_the_beginning(site: Site) -> None:
    seeds = iter(range(1000))
    site.pages["/snap"] = lambda asked: asked.reply(200, {}, picture(next(seeds)))
    found = list(islice(updates(f"{site.url}/snap", every_s=0.1), 4))
    assert isinstance(found[0], Change)
    assert found[0].state is State.ONLINE
    seen = [update for update in found if isinstance(update, Frame)]
    assert [frame.number for frame in seen] == [0, 1, 2]
    first = cv2.imdecode(np.frombuffer(picture(0), np.uint8), cv2.IMREAD_COLOR)
    assert seen[0].picture is not None
    assert np.abs(seen[0].picture.astype(int) - first).max() <= 8  # of the only question that was asked until then
    assert all(frame.is_live for frame in seen)


@pytest.mark.parametrize(("header", "asks"), [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")])
def test_picture_that_does_not_change_is_no_frozen_camera_where_it_says_so(site: Site, header: str, asks: str) -> None:
    versions = {"now": ('"1"', 1)}
    unchanged = threading.Event()

    def answer(asked: Asked) -> None:
        version, seed = versions["now"]
        if asked.headers.get(asks) == version:
            if sum(headers.get(asks) == version for _, headers in site.requests) > 60:
                unchanged.set()
            asked.reply(304, {header: version})
        else:
            asked.reply(200, {header: version}, picture(seed))

    site.pages["/snap"] = answer
    seen: list[object] = []
    for update in updates(f"{site.url}/snap", every_s=0.1):
        if not isinstance(update, Idle):
            seen.append(update)
        if unchanged.is_set() and versions["now"][1] == 1:  # six seconds, longer than a frozen picture may stay
            versions["now"] = ('"2"', 2)
        if sum(isinstance(update, Frame) for update in seen) == 2:
            break
    assert [update.state for update in seen if isinstance(update, Change)] == [State.ONLINE]


def test_picture_that_never_changes_and_of_which_nothing_is_said_is_frozen(site: Site) -> None:
    site.pages["/snap"] = still()
    online, stale = states(f"{site.url}/snap", 2, every_s=0.1)
    assert (online.state, stale.state) == (State.ONLINE, State.STALE)
    assert "same frame" in stale.cause


def test_snapshot_camera_that_goes_and_comes_back(site: Site) -> None:
    seeds = iter(range(1000))

    def answer(asked: Asked) -> None:
        seed = next(seeds)
        asked.reply(503 if 3 <= seed < 8 else 200, {}, picture(seed))

    site.pages["/snap"] = answer
    changes = states(f"{site.url}/snap", 4, every_s=0.05)
    assert [change.state for change in changes[:3]] == [State.ONLINE, State.OFFLINE, State.RECOVERING]
    assert changes[3].state in (State.OFFLINE, State.ONLINE)  # by when it was asked again
    assert "503" in changes[1].cause


def test_one_busy_answer_is_no_lost_camera(site: Site) -> None:
    seeds = iter(range(1000))

    def answer(asked: Asked) -> None:
        seed = next(seeds)
        asked.reply(503 if seed == 2 else 200, {}, picture(seed))

    site.pages["/snap"] = answer
    found = islice(updates(f"{site.url}/snap", every_s=0.05), 8)
    assert [update.state for update in found if isinstance(update, Change)] == [State.ONLINE]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("what", ["snapshot", "pushed", "film", "once"])
def test_host_that_is_down_at_first_comes_up_as_what_it_is(what: str, tmp_path: Path) -> None:
    port = free_port()
    given = {"wait": True, "timeout_s": 0.5} | ({"every_s": 0.0} if what == "once" else {"every_s": 0.1})
    seen = updates(f"http://127.0.0.1:{port}/x", **given)
    first = next(seen)
    assert isinstance(first, Change)
    assert first.state is State.OFFLINE
    with http_site(port=port) as site:
        seeds = iter(range(1000))
        film(tmp_path / "film.mp4", count=5)
        site.pages["/x"] = {
            "snapshot": lambda asked: asked.reply(200, {}, picture(next(seeds))),
            "once": still(),
            "pushed": pushed([picture(seed) for seed in range(4)]),
            "film": with_parts((tmp_path / "film.mp4").read_bytes()),
        }[what]
        rest = list(islice(seen, 100 if what in ("film", "once") else 6))
        found = [update for update in rest if isinstance(update, Frame) and update.picture is not None]
        assert len(found) == {"film": 5, "once": 1}.get(what, len(found))
        assert found
        is_online = any(isinstance(update, Change) and update.state is State.ONLINE for update in rest)
        assert is_online == (what in ("snapshot", "pushed"))


def test_single_answer_and_several_addresses(site: Site) -> None:
    site.pages["/a.jpg"] = site.pages["/b.jpg"] = still(Content_Type="image/jpeg")
    finished = run("catdog-edge", f"{site.url}/a.jpg", "--max-frames", "1", "--json")
    assert finished.returncode == 0
    assert ["label" in json.loads(line) for line in finished.stdout.splitlines()] == [False, True]  # the state, the answer
    assert "captured_at" in finished.stdout
    finished = run("catdog-edge", f"{site.url}/a.jpg", f"{site.url}/b.jpg", "--json")
    assert [json.loads(line)["source"] for line in finished.stdout.splitlines()] == [f"{site.url}/a.jpg", f"{site.url}/b.jpg"]
    assert [path for path, _ in site.requests[-2:]] == ["/a.jpg", "/b.jpg"]


def pushed(parts: list[bytes], kind: str = "image/jpeg", whole: str = "multipart/x-mixed-replace; boundary=frame") -> Answerer:
    """Push pictures until the client goes; without a boundary where the whole is none of parts."""

    def answer(asked: Asked) -> None:
        asked.send_response(200)
        if whole:
            asked.send_header("Content-Type", whole)
        asked.end_headers()
        number = 0
        while True:
            data = parts[number % len(parts)]
            head = f"--frame\r\nContent-Type: {kind}\r\n\r\n".encode() if kind else b""
            asked.wfile.write(head + data + (b"\r\n" if kind else b""))
            number += 1
            time.sleep(0.02)  # as a camera would

    return answer


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_pushed_pictures_of_several_kinds(site: Site, kind: str) -> None:
    parts = [picture(seed, kind) for seed in range(4)]
    site.pages["/push"] = pushed(parts, f"image/{kind[1:]}")
    wanted = [cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR) for part in parts]
    found = [frame.picture for frame in frames(f"{site.url}/push", 1)]
    assert found[0] is not None
    assert any(np.abs(found[0].astype(int) - one).max() <= 8 for one in wanted)
    assert [change.state for change in states(f"{site.url}/push", 1)] == [State.ONLINE]


@pytest.mark.parametrize(
    ("kind", "whole"),
    [("image/jpeg", "application/octet-stream"), ("image/jpeg", ""), ("", "image/jpeg"), ("", "")],
    ids=["parts-octets", "parts-untyped", "endless-jpeg", "endless-untyped"],
)
def test_pushed_pictures_under_a_wrong_type(site: Site, kind: str, whole: str) -> None:
    site.pages["/push"] = pushed([picture(seed) for seed in range(4)], kind, whole)
    change = states(f"{site.url}/push", 1)[0]
    assert change.state is State.ONLINE
    assert frames(f"{site.url}/push", 2)[1].picture is not None


def film(path: Path, count: int, container: str | None = None, rate: int = 10) -> None:
    """Write noise as H.264."""
    with av.open(str(path), "w", format=container, options={"hls_time": "0.5", "hls_list_size": "0"}) as written:
        stream = written.add_stream("libx264", rate=rate, options={"g": "5", "tune": "zerolatency", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        pictures = [draw_picture("cats", seed, width=160, height=120) for seed in range(10)]
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(pictures[number % 10], format="bgr24")
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))


def with_parts(data: bytes) -> Answerer:
    def answer(asked: Asked) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        headers = {"Accept-Ranges": "bytes", "Content-Type": "video/mp4"}
        if match:
            start = int(match[1])
            asked.reply(206, headers | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}, data[start:])
        else:
            asked.reply(200, headers, data)

    return answer


def test_film_is_read_from_anywhere_in_it(site: Site, tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", count=300)  # its index is at its end
    site.pages["/film.mp4"] = with_parts((tmp_path / "film.mp4").read_bytes())
    found = frames(f"{site.url}/film.mp4", 1000)
    assert len(found) == 300
    assert not found[0].is_live
    assert any("Range" in headers for _, headers in site.requests)


def test_live_video_over_http_has_states_and_is_opened_again(site: Site, tmp_path: Path) -> None:
    film(tmp_path / "live.ts", count=60, container="mpegts")
    data = (tmp_path / "live.ts").read_bytes()

    def answer(asked: Asked) -> None:
        asked.send_response(200)
        asked.send_header("Content-Type", "video/mp2t")
        asked.end_headers()
        for start in range(0, len(data), len(data) // 60):
            asked.wfile.write(data[start : start + len(data) // 60])
            time.sleep(0.01)  # as it is made

    site.pages["/live"] = answer
    seen: list[Frame | Change] = []
    for update in updates(f"{site.url}/live"):
        seen += [] if isinstance(update, Idle) else [update]
        if sum(isinstance(update, Change) for update in seen) == 4:
            break
    changes = [update for update in seen if isinstance(update, Change)]
    assert [change.state for change in changes] == [State.ONLINE, State.OFFLINE, State.RECOVERING, State.ONLINE]
    assert "end of the connection" in changes[1].cause
    assert all(update.is_live for update in seen if isinstance(update, Frame) and update.error is None)


def test_playlist_with_an_end_is_a_film(site: Site, tmp_path: Path) -> None:
    film(tmp_path / "a.ts", count=20, container="mpegts")
    text = "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2.0,", "a.ts", "#EXT-X-ENDLIST"])
    guard = Digest().guard
    site.pages["/hls/a.ts"] = guard(lambda asked: asked.reply(200, {}, (tmp_path / "a.ts").read_bytes()))
    site.pages["/hls/list.m3u8"] = guard(lambda asked: asked.reply(200, {"Content-Type": "audio/mpegurl"}, text.encode()))
    names = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nlist.m3u8\n"
    site.pages["/hls/all.m3u8"] = guard(lambda asked: asked.reply(200, {}, names))
    for name in ("list", "all"):
        found = frames(f"{site.login_url}/hls/{name}.m3u8", 100)
        assert len(found) == 20
        assert not found[0].is_live


def test_playlist_that_goes_on_is_live(site: Site, tmp_path: Path) -> None:
    film(tmp_path / "list.m3u8", count=300, container="hls")
    parts = sorted(tmp_path.glob("*.ts"), key=lambda path: int(path.stem.removeprefix("list")))
    for part in parts:
        site.pages[f"/{part.name}"] = lambda asked, part=part: asked.reply(200, {}, part.read_bytes())
    turns = iter(range(1000))

    def answer(asked: Asked) -> None:
        first = min(next(turns), len(parts) - 3)  # one more each time that it is asked for
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        asked.reply(200, {}, "\n".join([*lines, *(f"#EXTINF:0.5,\n{part.name}" for part in parts[first : first + 3])]).encode())

    site.pages["/live.m3u8"] = answer
    found = frames(f"{site.url}/live.m3u8", 3)
    assert any(frame.is_live for frame in found)


def test_playlist_opens_nothing_of_this_machine(site: Site, tmp_path: Path) -> None:
    film(tmp_path / "a.ts", count=5, container="mpegts")
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\nfile://{tmp_path}/a.ts\n#EXT-X-ENDLIST\n"
    site.pages["/list.m3u8"] = lambda asked: asked.reply(200, {}, text.encode())
    with pytest.raises(CatdogError):
        frames(f"{site.url}/list.m3u8")


def test_playlist_that_names_itself_is_given_up(site: Site) -> None:
    name = "/all.m3u8"
    text = "#EXTM3U\n" + "".join(f"#EXT-X-STREAM-INF:BANDWIDTH={rate}\n{name}?{rate}\n" for rate in range(1, 200))
    site.pages |= {
        path: (lambda asked: asked.reply(200, {}, text.encode())) for path in (name, *(f"{name}?{n}" for n in range(200)))
    }
    with pytest.raises(SourceError, match="names more than 40 others, or itself"):
        frames(f"{site.url}{name}")
    assert len(site.requests) < 60


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('#EXT-X-KEY:METHOD=AES-128,URI="key"\n#EXTINF:2.0,\na.ts', "AES-128"),
        ("#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://[::1", "not valid"),
    ],
)
def test_playlist_of_pieces_that_cannot_be_had(site: Site, line: str, said: str) -> None:
    site.pages["/key"] = lambda asked: asked.reply(200, {}, bytes(16))
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n{line}\n#EXT-X-ENDLIST\n"
    site.pages["/list.m3u8"] = lambda asked: asked.reply(200, {}, text.encode())
    with pytest.raises(SourceError, match=said):
        frames(f"{site.url}/list.m3u8")


def test_what_is_neither_picture_nor_video(site: Site) -> None:
    for declared, body, said in (
        ("text/html", b"<html>login", "a page of type text/html"),
        ("", b"  <!DOCTYPE html><p>", "a page of type text"),
        ("application/json", b'{"error": 1}', "a page of type application/json"),
        ("image/jpeg", b"", "an empty answer"),
    ):
        headers = {"Content-Type": declared} if declared else {}
        site.pages["/x"] = lambda asked, headers=headers, body=body: asked.reply(200, headers, body)
        with pytest.raises(SourceError, match=said):
            frames(f"{site.url}/x")
    site.pages["/gone"] = lambda asked: asked.reply(404)
    with pytest.raises(SourceError, match="404") as caught:
        frames(f"{site.url}/gone")
    assert "path" in caught.value.fix


def test_password_is_in_no_result_log_or_metric(site: Site) -> None:
    site.pages["/snap"] = Digest().guard(still())
    finished = run("catdog-edge", f"{site.login_url}/snap?token=t0ken", "--json", "--max-frames", "2")
    assert finished.returncode == 5  # another path
    site.pages["/snap?token=t0ken"] = Digest().guard(still())
    judged = run("catdog-edge", f"{site.login_url}/snap?token=t0ken", "--json", "--max-frames", "2")
    assert "label" in judged.stdout
    for said in (finished.stdout, finished.stderr, judged.stdout, judged.stderr):
        assert not any(secret in said for secret in (LOGIN, PASSWORD, "p%40ss", "w#rd", "t0ken", "ad min", "ad%20min"))


@pytest.mark.parametrize("scheme", ["rtmp", "tcp", "srt"])
def test_other_schemes_say_what_is_wrong(scheme: str) -> None:
    with pytest.raises(SourceError) as caught:
        frames(f"{scheme}://user:s3cret@127.0.0.1:{free_port()}/live/cam")
    assert "s3cret" not in str(caught.value)
    assert re.search("refused|speaks srt", str(caught.value))


@pytest.mark.parametrize("scheme", ["udp", "tcp", "rtp"])
def test_video_that_is_sent_here(scheme: str, tmp_path: Path) -> None:
    film(tmp_path / "live.ts", count=400, container="mpegts", rate=50)
    data, port, done = (tmp_path / "live.ts").read_bytes(), free_port(), threading.Event()
    sender = threading.Thread(target=send, args=(scheme, port, io.BytesIO(data), done), daemon=True)
    sender.start()
    try:
        found = frames(f"{scheme}://127.0.0.1:{port}", 3)
        assert [frame.picture is not None and frame.is_live for frame in found if frame.error is None]
        assert any(frame.picture is not None for frame in found)
    finally:
        done.set()
        sender.join()


def send(scheme: str, port: int, data: io.BytesIO, done: threading.Event) -> None:
    """Send MPEG-TS over and over, until it is done."""
    if scheme == "tcp":
        with socket.create_server(("127.0.0.1", port)) as server:
            server.settimeout(LONG_S)
            connection, _ = server.accept()
    else:
        connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        connection.connect(("127.0.0.1", port))
    number = 0
    with connection:
        while not done.wait(0.002):
            chunk = data.read(7 * 188)
            if not chunk:
                data.seek(0)
                continue
            head = b"\x80\x21" + number.to_bytes(2, "big") + bytes(8) if scheme == "rtp" else b""
            number = (number + 1) % 65536
            try:
                connection.send(head + chunk)
            except ConnectionRefusedError:
                continue  # nobody listens yet
            except OSError:
                return
