"""The chapter docs/pi.md, line by line, as it is printed: this is how catdog gets into the guest."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import vivid
from vivid import sh

SOURCE, RELEASE = Path("/usr/src/catdog"), Path("/usr/src/release")
CHAPTER = (SOURCE / "docs/pi.md").read_text()
UNIT = "catdog-edge"


def block(heading: str, language: str) -> list[str]:
    """Return the lines of the first code block under a heading, without what explains them."""
    text = CHAPTER.partition(f"## {heading}\n")[2].partition(f"```{language}\n")[2].partition("```")[0]
    return [line for line in text.splitlines() if line.strip()]


SET_UP = [re.split(r" {2,}#", line)[0].strip() for line in block("Set up", "sh")]


@pytest.fixture(scope="module", autouse=True)
def board() -> Iterator[None]:
    """A board with a camera plugged in; what the chapter starts is stopped behind it."""
    vivid.load()
    yield
    sh(f"systemctl stop {UNIT}; rm -f /etc/catdog/edge.toml")
    vivid.unload()


@pytest.mark.parametrize("line", SET_UP)
def test_set_up(line: str, figure: Callable[[str, object], None]) -> None:
    """Set up, a line of it"""
    if "apt install" in line:
        names = [word for word in line.split() if word.startswith("python3-")]
        absent = [name for name in names if "Package:" not in sh(f"apt-cache show {name}")]
        there = [name for name in names if "ii " in sh(f"dpkg -l {name}")]
        pytest.skip(f"the guest has no network: {there} came with the system; Debian has no {absent}")
    said = sh(f"cd {RELEASE} && {line}; echo code $?", within_s=900)
    figure("said", said[-700:])
    assert said.endswith("code 0\n"), said
    if "--list-cameras" in line:
        assert "--camera 0  vivid  640 x 480" in said
    if "service install" in line:
        assert f"{UNIT}.service runs, and will after every boot" in said
    if "service status" in line:
        assert "enabled:  enabled" in said
        assert "active:   active" in said
        assert "/etc/catdog/edge.toml, valid" in said


def test_journal() -> None:
    """journalctl -u catdog-edge, which the chapter names"""
    vivid.until(lambda: "camera 0 is ONLINE" in sh(f"journalctl -u {UNIT} --no-pager"), 30)


def test_configure(figure: Callable[[str, object], None]) -> None:
    """Configure: the file as printed, with a broker that is not there; service status says that the feeder is not"""
    config, feeder = Path("/etc/catdog/edge.toml"), Path("/opt/feeder/feeder.py")
    config.write_text("\n".join(block("Configure", "toml")) + "\n")
    said = sh(f"systemctl restart {UNIT}; /opt/catdog/bin/catdog-edge service status")
    assert "active:   failed" in said
    assert f"why:      catdog-edge: expected --on-event with a program that can be run; got {feeder}" in said
    feeder.parent.mkdir(exist_ok=True)
    feeder.write_text("#!/bin/sh\n")
    feeder.chmod(0o755)
    said = sh(f"systemctl restart {UNIT} && sleep 8 && systemctl is-active {UNIT}; journalctl -u {UNIT} --no-pager -n 12; "
              "/opt/catdog/bin/catdog-edge service status")  # fmt: skip
    figure("said", said[-1500:])
    assert said.startswith("active\n")
    assert "/etc/catdog/edge.toml, valid" in said


def test_command_line_wins() -> None:
    """catdog-edge --config edge.toml photo.jpg: the photo, and no camera"""
    (line,) = block("Configure", "sh")
    folder = Path("/tmp/chapter")  # noqa: S108 - a guest of its own
    folder.mkdir(exist_ok=True)
    shutil.copy(SOURCE / "docs/pictures/far-cat.jpg", folder / "photo.jpg")
    lines = [text for text in block("Configure", "toml") if not text.startswith(("mqtt", "on-event"))]
    (folder / "edge.toml").write_text("\n".join(lines) + "\n")
    said = sh(f"cd {folder} && PATH=/opt/catdog/bin:$PATH {line}; echo code $?")
    assert said.endswith("code 0\n"), said
    assert "photo.jpg" in said
