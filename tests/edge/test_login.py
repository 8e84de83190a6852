"""Logins, against the examples of the standards."""

import hashlib

import pytest

from catdog.edge.sources.net import login
from catdog.edge.sources.net.address import Login
from catdog.edge.sources.net.login import Authorizer, read_challenges


def test_challenges_are_read_also_several_in_one_header() -> None:
    found = read_challenges(
        ['Basic realm="a, b=c", Digest realm="x\\"y", nonce=abc, qop="auth, auth-int", stale=true', "Negotiate"]
    )
    assert [challenge.scheme for challenge in found] == ["basic", "digest", "negotiate"]
    assert found[0].values == {"realm": "a, b=c"}
    assert found[1].values == {"realm": 'x"y', "nonce": "abc", "qop": "auth, auth-int", "stale": "true"}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_of_rfc_7616(algorithm: str, response: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login.secrets, "token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    authorizer = Authorizer(Login("Mufasa", "Circle of Life"))
    nonce, opaque = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    said = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="{nonce}", opaque="{opaque}"'
    )
    assert authorizer.accept(read_challenges([said]))
    header = authorizer.header("GET", "/dir/index.html")
    assert header is not None
    assert f'response="{response}"' in header
    assert "nc=00000001" in header
    assert "nc=00000002" in (authorizer.header("GET", "/dir/index.html") or "")


def test_digest_of_old_servers_without_qop() -> None:
    authorizer = Authorizer(Login("Mufasa", "CircleOfLife"))
    said = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c"'
    assert authorizer.accept(read_challenges([said]))
    header = authorizer.header("GET", "/dir/index.html") or ""
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in header  # RFC 2069 with its erratum 749
    assert "qop" not in header


def test_best_challenge_is_taken() -> None:
    authorizer = Authorizer(Login("a", "b"))
    md5, sha = 'Digest realm="r", nonce="m", algorithm=MD5', 'Digest realm="r", nonce="s", algorithm=SHA-256'
    assert authorizer.accept(read_challenges(['Basic realm="r"', md5, sha]))
    assert 'nonce="s"' in (authorizer.header("GET", "/") or "")
    assert authorizer.accept(read_challenges(['Basic realm="r"', 'Digest realm="r", nonce="m", algorithm=SHA-512']))
    assert authorizer.header("GET", "/") == "Basic YTpi"
    assert not authorizer.accept(read_challenges(["Negotiate", "NTLM"]))
    assert authorizer.accept(read_challenges([]))  # a server that forgot to say
    assert authorizer.header("GET", "/") == "Basic YTpi"


def test_realm_that_is_not_ascii_comes_back_as_it_was_sent() -> None:
    sent = 'Digest realm="K\u00fcche", nonce="\u00e9", opaque="\u00f8"'.encode()
    authorizer = Authorizer(Login("J\u00fcrgen", "gr\u00fcn"))
    assert authorizer.accept(read_challenges([sent.decode("latin-1")]))  # as Python's HTTP gives headers
    header = (authorizer.header("GET", "/") or "").encode("latin-1").decode()  # and sends them
    secret, what = (
        hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what RFC 2069 asks for
        for text in ("J\u00fcrgen:K\u00fcche:gr\u00fcn", "GET:/")
    )
    response = hashlib.md5(f"{secret}:\u00e9:{what}".encode()).hexdigest()  # noqa: S324 - likewise
    for said in ('username="J\u00fcrgen"', 'realm="K\u00fcche"', 'nonce="\u00e9"', 'opaque="\u00f8"', f'response="{response}"'):
        assert said in header
