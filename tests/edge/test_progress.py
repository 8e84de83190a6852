"""Off a terminal a line every ten seconds, and none of what is done before."""

import pytest

pytest.importorskip("tqdm", reason="needs the extra train or bench")

from catdog.edge.common.progress import progress_bar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that is turned on by hand."""
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def test_a_line_every_ten_seconds(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    for _ in progress_bar(range(25), title="reading", unit=" pictures"):
        clock[0] += 1
    assert capsys.readouterr().err.splitlines() == [
        "reading: 10 of 25 pictures, 00:10 so far, 00:15 to go",
        "reading: 20 of 25 pictures, 00:20 so far, 00:05 to go",
        "reading: 25 of 25 pictures, 00:25 so far, 00:00 to go",
    ]


@pytest.mark.parametrize(("seconds", "quietly"), [(0.1, False), (5.0, True)])
def test_short_work_and_quiet_work_say_nothing(
    seconds: float, quietly: bool, clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar(total=25, title="reading", unit=" pictures", quietly=quietly) as bar:
        for _ in range(25):
            clock[0] += seconds
            bar.update()
    assert capsys.readouterr().err == ""
