"""What stderr is told of a camera that is away."""

from catdog.edge.away import Lines
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
    assert said[3].startswith(f"camera 0 is OFFLINE: {CAUSE}; ")
    assert said[-1] == "camera 0 is ONLINE: frames come, after 7,200 attempts"
    assert 10 <= len(said) <= 20


def test_another_cause_is_told_at_once_but_not_another_number() -> None:
    lines = Lines()

    def offline(cause: str, at: float) -> str | None:
        return lines.line(Change("camera 0", State.OFFLINE, cause, at))

    assert offline("no frame for 1.6 s", 0.0) is not None
    assert offline("no frame for 1.7 s", 5.0) is None
    assert offline("busy", 6.0) is not None
    assert offline("no frame for 1.8 s", 7.0) is None


def test_each_time_it_is_lost_anew_is_told_and_sources_are_apart() -> None:
    lines = Lines()
    for at in range(3):
        assert lines.line(Change("camera 0", State.OFFLINE, "unplugged", 1.0 * at)) == "camera 0 is OFFLINE: unplugged"
        assert lines.line(Change("camera 0", State.RECOVERING, "opening it again", 1.0 * at)) is not None
        assert lines.line(Change("camera 0", State.ONLINE, "frames come", 1.0 * at)) == "camera 0 is ONLINE: frames come"
    assert lines.line(Change("a", State.OFFLINE, "unplugged", 9.0)) is not None
    assert lines.line(Change("b", State.OFFLINE, "unplugged", 9.0)) is not None
