"""What stderr is told of a camera that stays away, or comes and goes."""

import re
from collections.abc import Iterator

import pytest

from catdog.edge.program.reporter import Reporter
from catdog.edge.program.throttle import Lines
from catdog.edge.runner.events import EventOptions
from catdog.edge.sinks.stdout import StdoutSink
from catdog.edge.sources import Change, Idle, State

CAUSE = "No such file or directory"


def test_a_night_away_is_a_handful_of_lines() -> None:
    lines = Lines()
    told = [lines.line(Change("camera 0", State.OFFLINE, "unplugged", 0.0))]
    for number in range(7200):  # eight hours
        told.append(lines.line(Change("camera 0", State.RECOVERING, "opening it again", 4.0 * number)))
        told.append(lines.line(Change("camera 0", State.OFFLINE, CAUSE, 4.0 * number + 1)))
    told.append(lines.line(Change("camera 0", State.ONLINE, "frames come", 30_000.0)))
    said = [line for line in told if line is not None]
    assert said[:3] == [
        "camera 0 is OFFLINE: unplugged",
        "camera 0 is RECOVERING: opening it again",
        f"camera 0 is OFFLINE: {CAUSE}",
    ]
    counted = [int(found[1].replace(",", "")) for line in said if (found := re.search(r"OFFLINE.*\(([\d,]+) times", line))]
    assert counted == sorted(counted)
    assert counted[-1] > 5000
    assert said[-1] == "camera 0 is ONLINE: frames come"
    assert 20 <= len(said) <= 40


def test_camera_of_one_frame_a_second_is_no_flood_and_its_last_line_is_true() -> None:
    lines = Lines()
    last = None
    count = 0
    for number in range(3600):
        for state, cause, late in ((State.STALE, "no frame for 0.7 s", 0.7), (State.ONLINE, "frames come", 1.0)):
            line = lines.line(Change("slow", state, cause, number + late))
            last, count = line or last, count + (line is not None)
    assert 6 <= count <= 30
    assert last == "slow is ONLINE: frames come"


def test_another_cause_is_told_at_once_but_not_another_number() -> None:
    lines = Lines()

    def offline(cause: str, at: float) -> str | None:
        return lines.line(Change("camera 0", State.OFFLINE, cause, at))

    assert all(offline(f"no frame for 1.{number} s", number) for number in range(3))
    assert offline("no frame for 1.7 s", 5.0) is None
    assert offline("busy", 6.0) is not None
    assert offline("no frame for 1.8 s", 7.0) is None
    assert offline("no frame for 1.8 s", 1000.0) == "camera 0 is OFFLINE: no frame for 1.8 s"  # after a calm time, as at first


def test_sources_are_apart() -> None:
    lines = Lines()
    for number in range(5):
        lines.line(Change("a", State.OFFLINE, "unplugged", float(number)))
    assert lines.line(Change("a", State.OFFLINE, "unplugged", 9.0)) is None
    assert lines.line(Change("b", State.OFFLINE, "unplugged", 9.0)) == "b is OFFLINE: unplugged"


def test_one_that_stays_away_is_told_though_it_was_left_out_at_first() -> None:
    lines = Lines()
    for number in range(4):
        told = lines.line(Change("porch", State.STALE, "a black frame", 15.0 * number))
        back = lines.line(Change("porch", State.ONLINE, "frames come", 15.0 * number + 7))
    assert (told, back) == (None, None)
    assert lines.overdue(1000.0) == []  # it is not away
    assert lines.line(Change("porch", State.STALE, "a black frame", 59.0)) is None
    assert lines.overdue(60.0) == []
    assert lines.overdue(95.0) == ["porch is STALE: a black frame (5 times by now)"]
    assert lines.overdue(2000.0) == []  # once
    assert lines.line(Change("porch", State.ONLINE, "frames come", 2001.0)) == "porch is ONLINE: frames come"


def test_flaky_one_that_dies_is_told_within_a_minute() -> None:
    lines = Lines()
    at = 0.0
    for _ in range(48):  # four hours
        lines.line(Change("flaky", State.OFFLINE, "unplugged", at))
        lines.line(Change("flaky", State.ONLINE, "frames come", at + 3))
        at += 300
    died_at = at
    said: list[str] = []
    while not said:
        said = [line] if (line := lines.line(Change("flaky", State.OFFLINE, "unplugged", at))) else lines.overdue(at)
        at += 3
    assert "OFFLINE" in said[0]
    assert at - died_at < 60


def test_reporter_tells_of_it_while_nothing_comes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = 1000.0
    monkeypatch.setattr("catdog.edge.program.reporter.time.monotonic", lambda: now)

    def happens() -> Iterator[Change | Idle]:
        nonlocal now
        for _ in range(4):
            yield Change("porch", State.STALE, "a black frame", now)
            yield Change("porch", State.ONLINE, "frames come", now + 1)
            now += 15
        yield Change("porch", State.STALE, "a black frame", now)
        for _ in range(4):
            now += 10
            yield Idle("porch")

    stdout = StdoutSink(as_json=True)
    Reporter(stdout, (), EventOptions()).report(happens())
    assert capsys.readouterr().err.splitlines()[-1] == "catdog-edge: porch is STALE: a black frame (5 times by now)"
