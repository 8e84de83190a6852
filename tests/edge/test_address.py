"""Addresses: taken apart, and refused where a password could be read as something else."""

import pytest
from commands import run

from catdog.edge.errors import UsageError
from catdog.edge.sources import SourceOptions
from catdog.edge.sources.net.address import Login, parse_address, parse_beside, without_secrets
from catdog.edge.sources.registry import find_scheme


def test_address_is_taken_apart_and_its_secrets_kept_apart() -> None:
    address = parse_address("RTSP://ad%20min:p%40ss%2Fw@Camera.local:8554/a b/\U0001f408?token=s3cret")
    assert (address.scheme, address.host, address.port) == ("rtsp", "camera.local", 8554)
    assert address.login == Login("ad min", "p@ss/w")
    assert address.public == "rtsp://camera.local:8554/a%20b/%F0%9F%90%88"
    assert address.asked == f"{address.public}?token=s3cret"
    assert address.whole == "rtsp://ad%20min:p%40ss%2Fw@camera.local:8554/a%20b/%F0%9F%90%88?token=s3cret"
    assert "ss/w" not in repr(address)
    assert "s3cret" not in repr(address)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("http://[::1]:80/x", "[::1]:80"),
        ("http://user:secret@[fe80::1]/x", "[fe80::1]"),
        ("http://host/cat@2x.jpg", "host"),
        ("http://10.0.0.2:8080/cat@2x.jpg", "10.0.0.2:8080"),
        ("http://[::1]:8080/cat@2x.jpg", "[::1]:8080"),
        ("http://camera.local:8080/a/cat@2x.jpg", "camera.local:8080"),
        ("http://host/%41%2f100%/-x", "host"),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example"),
        ("udp://:5000", "0.0.0.0:5000"),
        ("udp://@239.0.0.1:5000", "239.0.0.1:5000"),
        ("rtsp://-cam/-stream", "-cam"),
    ],
)
def test_addresses_that_are_valid(text: str, place: str) -> None:
    assert parse_address(text).place == place


SECRET_PARTS = ("topsecret", "top", "secret")


@pytest.mark.parametrize("sign", ["@", "/", "#", "?", "%", "@/", "/@", "a@b/c#d", "1/"])
@pytest.mark.parametrize("scheme", ["http", "rtsp", "https"])
def test_password_that_is_not_encoded_is_refused_and_not_told(scheme: str, sign: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(f"{scheme}://admin:top{sign}secret@127.0.0.1:9/stream")
    assert "%40" in caught.value.fix
    assert not any(part in str(caught.value) for part in (*SECRET_PARTS, "admin", "127"))


def test_port_that_may_be_the_beginning_of_a_password() -> None:
    with pytest.raises(UsageError, match="%2F"):
        parse_address("http://admin:1234/x@host/")


@pytest.mark.parametrize(
    "text", ["http://", "rtsp://:99999/", "http://host:port/", "http://ho st/", "http://host:0/", "tcp://:0", "http://a..b/x"]
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="without host or port"):
        parse_address(text)


def test_what_cannot_be_taken_apart_is_shown_without_what_may_be_secret() -> None:
    assert without_secrets("foo://user:pass@host") == "foo://..."
    assert without_secrets("foo://host/x?key=1") == "foo://host/x"
    assert without_secrets("a.jpg") == "a.jpg"
    assert without_secrets("rtsp:/user:pass@host/x") == "rtsp:..."
    assert without_secrets("rtsp//user:pass@host/x") == "rtsp//..."
    assert without_secrets("user:pass@http://host") == "..."
    assert without_secrets("rtsp://host/user=admin&password=pass&channel=1") == "rtsp://host/user=admin&password=...&channel=1"


@pytest.mark.parametrize("login", ["u%0Ax:s3cret", "u:s3cret%0d%0aX-Other: 1", "u:s3cret%00", "%7Fu:s3cret"])
def test_control_characters_in_a_login_are_refused(login: str) -> None:
    with pytest.raises(UsageError, match="control character") as caught:
        parse_address(f"http://{login}@host/")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("target", ["http://[::1", "//[x]/", "http://a:b/"])
def test_what_an_answer_names_may_be_no_address(target: str) -> None:
    with pytest.raises(UsageError, match="an address such as"):
        parse_beside("http://host/list", target)


def test_password_in_a_path_is_sent_and_not_told() -> None:
    address = parse_address("rtsp://host:554/user=admin&password=s3cret&channel=1&PWD=s3cret/x.sdp")
    assert address.public == "rtsp://host:554/user=admin&password=...&channel=1&PWD=.../x.sdp"
    assert "s3cret" not in repr(address)
    assert address.asked.count("s3cret") == address.whole.count("s3cret") == 2


def test_scheme_that_nobody_has_is_no_name_of_a_file() -> None:
    with pytest.raises(UsageError, match=r"Did you mean http://\?"):
        find_scheme("htp://user:secret@host/x")
    with pytest.raises(UsageError, match="path alone"):
        find_scheme("file:///home/cat.jpg")
    assert find_scheme("photos/a.jpg") is None
    finished = run("catdog-edge", "gopher://user:secret@host/x")
    assert finished.returncode == 2
    assert "http, https, rtmp" in finished.stderr
    assert "secret" not in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--wait", "http://127.0.0.1:9/a", "rtsp://us:s3cret@c/x"),
        ("--watch", "rtsp://us:s3cret@c/x"),
        ("--camera", "rtsp://us:s3cret@c/x"),
        (" rtsp://us:s3cret@c/x",),
        ("rtsp:/us:s3cret@c/x",),
        ("rtsp//us:s3cret@c/*.x",),
        ("-",),
        ("--config", "rtsp://us:s3cret@c/x"),
        ("--tls-ca", "rtsp://us:s3cret@c/x", "http://127.0.0.1:9"),
        ("--max-frames", "rtsp://us:s3cret@c/x", "a.jpg"),
    ],
    ids=lambda arguments: arguments[0].strip(),
)
def test_address_in_a_wrong_place_is_told_without_its_password(arguments: tuple[str, ...]) -> None:
    finished = run("catdog-edge", *arguments, stdin="rtsp://us:s3cret@c/x\n")
    assert finished.returncode in (2, 3, 4)
    assert "expected" in finished.stderr
    assert "s3cret" not in finished.stdout + finished.stderr


def test_options_are_shown_without_passwords() -> None:
    shown = repr(SourceOptions(inputs=("rtsp://us:s3cret@c/x", "a.jpg"), every_s=2.0))
    assert "s3cret" not in shown
    assert "inputs=('rtsp://...', 'a.jpg')" in shown
    assert "every_s=2.0" in shown


@pytest.mark.parametrize("text", ["rtsp://admin:p@ss/w1@127.0.0.1:9/h264", "http://admin:top?ss@127.0.0.1:9/"])
def test_command_prints_nothing_of_a_password(text: str) -> None:
    finished = run("catdog-edge", text, "--json")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "ss" not in finished.stderr.replace("PASSWORD", "").replace("password", "").replace("address", "")
