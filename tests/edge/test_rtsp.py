"""RTSP against a real server, GStreamer's: codecs, transports, logins, refusals with their causes, and what befalls streams."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
import trustme
from commands import run

from catdog.edge.errors import SourceError
from catdog.edge.sources import SourceOptions, open_sources
from catdog.edge.sources.frame import Change, Frame, State

SERVER = Path(__file__).parent.parent / "rtsp_server.py"
LOGIN = "ad%20min:p%40ss%2Fw%23rd%3A1"  # as rtsp_server.py has it, encoded
SYSTEM = "/usr/bin/python3"
LONG_S = 60.0  # for what takes a second or two on a machine that does nothing else


def has_server() -> bool:
    try:
        needed = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer\n"
        needed += "Gst.init(None); assert all(map(Gst.ElementFactory.find, ('x264enc', 'x265enc', 'jpegenc', 'rtph264pay')))"
        return subprocess.run([SYSTEM, "-c", needed], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(
    not has_server(),
    reason="needs gstreamer: python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-base, -good, -bad and -ugly",
)


class Server:
    """A running server.

    Attributes:
        port: it listens there.
    """

    def __init__(self, **given: object) -> None:
        self._process = subprocess.Popen(
            [SYSTEM, str(SERVER), json.dumps(given)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def resize(self, size: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{size}\n".encode())
        self._process.stdin.flush()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def serving(**given: object) -> Iterator[Server]:
    server = Server(**given)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One without a password."""
    with serving() as running:
        yield running


def updates(url: str, **given: object) -> Iterator[Frame | Change]:
    with open_sources(SourceOptions(inputs=(url,), **given)) as (source,):  # type: ignore[arg-type]
        deadline = time.monotonic() + LONG_S
        for update in source.frames():
            assert time.monotonic() < deadline, "nothing more came in time"
            if isinstance(update, Frame | Change):
                yield update


def pictures(url: str, count: int = 3, **given: object) -> list[Frame]:
    """The first frames that may be judged."""
    found = (update for update in updates(url, **given) if isinstance(update, Frame) and update.picture is not None)
    return list(islice(found, count))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_codecs_over_both_transports(server: Server, codec: str, transport: str) -> None:
    found = pictures(f"rtsp://127.0.0.1:{server.port}/{codec}", rtsp_transport=transport)
    assert [frame.picture.shape for frame in found if frame.picture is not None] == [(240, 320, 3)] * 3
    assert all(frame.is_live for frame in found)


def test_key_frames_in_pieces_are_put_together(server: Server) -> None:
    seen = updates(f"rtsp://127.0.0.1:{server.port}/slices")
    assert next(update for update in seen if isinstance(update, Change) and update.state is State.ONLINE)
    after = list(islice((update for update in seen if isinstance(update, Frame)), 30))  # three key frames among them
    assert [frame.error for frame in after] == [None] * 30


def test_camera_that_sends_over_udp_alone(server: Server) -> None:
    url = f"rtsp://127.0.0.1:{server.port}/udp"
    assert len(pictures(url)) == 3
    with pytest.raises(SourceError) as caught:
        pictures(url, rtsp_transport="tcp")
    assert "transport" in caught.value.got
    assert "--rtsp-transport udp" in caught.value.fix


def test_what_is_not_there_and_what_is_no_video(server: Server) -> None:
    with pytest.raises(SourceError, match="404 Not Found") as caught:
        pictures(f"rtsp://127.0.0.1:{server.port}/none")
    assert "path" in caught.value.fix
    with pytest.raises(SourceError, match="sound alone"):
        pictures(f"rtsp://127.0.0.1:{server.port}/sound")


@pytest.mark.parametrize("login", ["basic", "digest"])
def test_password(login: str) -> None:
    with serving(login=login) as server:
        assert pictures(f"rtsp://{LOGIN}@127.0.0.1:{server.port}/h264")
        with pytest.raises(SourceError, match="401 Unauthorized: a wrong user or password") as caught:
            pictures(f"rtsp://ad%20min:s3cret%40x@127.0.0.1:{server.port}/h264")
        assert "s3cret" not in str(caught.value)
        with pytest.raises(SourceError, match="401 Unauthorized: it wants a user and a password") as caught:
            pictures(f"rtsp://127.0.0.1:{server.port}/h264")
        assert f"rtsp://USER:PASSWORD@127.0.0.1:{server.port}/h264" in caught.value.fix


def test_why_is_told_in_the_states_of_one_that_waits() -> None:
    with serving(login="digest") as server:
        url = f"rtsp://user:wr0ng@127.0.0.1:{server.port}/h264"
        first = next(update for update in updates(url, wait=True) if isinstance(update, Change))
    assert first.state is State.OFFLINE
    assert "401 Unauthorized" in first.cause
    assert "wr0ng" not in first.cause


def test_server_that_is_started_again_and_a_stream_that_changes_its_size() -> None:
    server = Server()
    seen = updates(f"rtsp://127.0.0.1:{server.port}/resized")
    try:
        assert next(update.state for update in seen if isinstance(update, Change)) is State.ONLINE
        server.resize("640x480")
        grown = next(update for update in seen if isinstance(update, Frame) and np_shape(update) == (480, 640, 3))
        assert grown.error is None
        server.stop()
        gone = next(update for update in seen if isinstance(update, Change) and update.state is State.OFFLINE)
        assert re.search("end of the connection|no frame for|refused", gone.cause)
        server = Server(port=server.port)
        back = list(islice((update for update in seen if isinstance(update, Change) and update.state is State.ONLINE), 1))
        assert back[0].cause == "frames come"
        assert next(np_shape(update) for update in seen if isinstance(update, Frame)) == (240, 320, 3)
    finally:
        seen.close()  # type: ignore[attr-defined]
        server.stop()


def np_shape(frame: Frame) -> tuple[int, ...] | None:
    return None if frame.picture is None else frame.picture.shape


def test_camera_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    named, other = authority.issue_cert("127.0.0.1"), authority.issue_cert("camera.invalid")
    for name, certificate in (("named", named), ("other", other)):
        certificate.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        certificate.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with serving(tls=[str(tmp_path / "named.pem"), str(tmp_path / "named.key")]) as server:
        url = f"rtsps://127.0.0.1:{server.port}/h264"
        assert pictures(url, tls_ca=str(tmp_path / "authority.pem"))
        with pytest.raises(SourceError, match=r"trusts; got .*certificate.*--tls-fingerprint [0-9a-f]{64}"):
            pictures(url)
    with serving(tls=[str(tmp_path / "other.pem"), str(tmp_path / "other.key")]) as server:
        url = f"rtsps://127.0.0.1:{server.port}/h264"
        with pytest.raises(SourceError, match="trusts; got ") as caught:
            pictures(url, tls_ca=str(tmp_path / "authority.pem"))
        told = re.search("--tls-fingerprint ([0-9a-f]{64})", caught.value.fix)
        assert told is not None
        assert pictures(url, tls_fingerprint=told[1])
        with pytest.raises(SourceError, match="another one"):
            pictures(url, tls_fingerprint="0" * 64)


def test_command_says_what_the_server_said(server: Server) -> None:
    finished = run("catdog-edge", f"rtsp://127.0.0.1:{server.port}/none")
    assert finished.returncode == 5
    assert "404 Not Found" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
