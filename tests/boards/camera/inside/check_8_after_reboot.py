"""Behind a reboot: the service runs by itself; upgrade and uninstall."""

import re
from pathlib import Path

import pytest
from check_7_service import UNIT, active, shown, wait_for_status
from vivid import sh, until
from watching import EDGE

SOURCE = Path("/usr/src/catdog")


@pytest.fixture(autouse=True)
def board() -> None:
    """The board as it is: the camera's driver was loaded by the system."""


def test_runs_after_the_reboot() -> None:
    """After a reboot it runs by itself, and the camera is ONLINE"""
    until(active, 60)
    until(lambda: "ONLINE" in sh(f"journalctl -u {UNIT} --no-pager -b"), 60)
    assert shown("NRestarts") == "0"


def test_upgrade() -> None:
    """Upgrade: pip install of a newer version, service install; the configuration is kept, the new version runs"""
    project = SOURCE / "pyproject.toml"
    text = project.read_text()
    project.write_text(re.sub(r'^version = ".*"', 'version = "99.0"', text, flags=re.M))
    config = Path("/etc/catdog/edge.toml")
    config.write_text(config.read_text() + "\n# mine\n")
    process = shown("MainPID")
    said = sh(f"cd {SOURCE} && /opt/catdog/bin/pip install --upgrade '.[web,mqtt]'; echo code $?", within_s=600)
    assert said.endswith("code 0\n"), said
    assert "Successfully installed catdog-edge-99.0" in said, said
    said = sh(f"{EDGE} service install; {EDGE} --version", within_s=200)
    assert "kept /etc/catdog/edge.toml" in said
    assert "99.0" in said
    assert config.read_text().endswith("# mine\n")
    assert active()
    assert shown("MainPID") != process
    wait_for_status("is ONLINE", 40)


def test_uninstall() -> None:
    """service uninstall: stopped, no unit, the configuration kept; again says that there is none"""
    said = sh(f"{EDGE} service uninstall; echo code $?")
    assert said.endswith("code 0\n"), said
    assert not Path(f"/etc/systemd/system/{UNIT}.service").exists()
    assert Path("/etc/catdog/edge.toml").exists()
    assert not active()
    assert not sh("pgrep -f catdog.edge")
    assert "an installed service" in sh(f"{EDGE} service status; echo")
