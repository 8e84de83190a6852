import signal
from collections.abc import Sequence

import pytest

from catdog.edge import errors
from catdog.edge.common.command import EXIT_INTERNAL, run_command

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CatdogError)]


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    codes = [kind.exit_code for kind in KINDS]
    assert len(set(codes)) == len(codes) >= 8
    assert not {0, EXIT_INTERNAL, 128 + signal.SIGINT} & set(codes)


def test_message_is_one_line_and_says_three_things() -> None:
    error = errors.UnreadableInputError("a\npicture", got="b\r\n\tc", fix="Do d.")
    assert str(error) == "expected a picture; got b c. Do d."


def test_message_has_no_login_of_an_address() -> None:
    for address in ("rtsp://u:s3cret@c/x", "rtsp:/u:s3cret@c/x", "http://u:s3c/r@et@c/x"):
        said = str(errors.UsageError("a file", got=f"{address}: none", fix="Write http://USER:PASSWORD@HOST/PATH"))
        assert "@c/x: none. Write http://USER:PASSWORD@HOST/PATH" in said
        assert not any(part in said for part in ("s3c", "et@", "u:"))
    for place in ("c.local:80", "c.local", "[::1]:80", "localhost:80"):
        assert f"http://{place}/a@2x.jpg" in str(errors.UsageError("a", got=f"http://{place}/a@2x.jpg", fix="B."))


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (errors.ModelError("a", got="b", fix="C."), 6, "x: expected a; got b. C.\n"),
        (KeyboardInterrupt(), 130, "x: interrupted\n"),
        (OSError(28, "No space left on device", "f"), 10, None),
        (MemoryError(), 10, None),
        (ZeroDivisionError("oops"), 70, None),
    ],
)
def test_command_boundary(
    raised: BaseException,
    code: int,
    line: str | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CATDOG_DEBUG", raising=False)

    def body(_: Sequence[str]) -> int:
        raise raised

    assert run_command("x", body, []) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert line is None or captured.err == line
