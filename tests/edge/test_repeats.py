"""What stderr is told of a camera that stays away, or comes and goes."""

import re

from catdog.edge.repeats import Lines
from catdog.edge.sources import Change, State

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
