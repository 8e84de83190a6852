"""The service of systemd for real: its user, its devices, its watchdog, a camera that goes."""

import grp
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import vivid
from vivid import sh, until
from watching import EDGE

UNIT = "catdog-edge"
FIRST_MADE_UP, LAST_MADE_UP = 61184, 65519  # user ids of DynamicUser=: systemd.exec(5)


def shown(name: str) -> str:
    """Return a property of the unit."""
    return sh(f"systemctl show {UNIT} -p {name} --value").strip()


def active() -> bool:
    """Whether it runs and has said that it is ready."""
    return sh(f"systemctl is-active {UNIT}").strip() == "active"


def wait_for_status(words: str, within_s: float) -> float:
    """Wait for words in what the service says of itself."""
    return until(lambda: words in shown("StatusText"), within_s)


@pytest.fixture(scope="module", autouse=True)
def board() -> Iterator[None]:
    """A camera that stays plugged in, also behind this: the reboot comes next."""
    vivid.load()
    Path("/etc/modules-load.d/vivid.conf").write_text("vivid\n")
    Path("/etc/modprobe.d/vivid.conf").write_text("options vivid n_devs=1 node_types=0x1\n")
    yield


def test_install(figure: Callable[[str, object], None]) -> None:
    """service install: enabled, active, and the camera is ONLINE"""
    sh("rm -f /etc/catdog/edge.toml")
    begun = time.monotonic()
    said = sh(f"{EDGE} service install; echo code $?", within_s=200)
    figure("seconds", round(time.monotonic() - begun, 1))
    assert said.endswith("code 0\n"), said
    assert active()
    until(lambda: "ONLINE" in sh(f"journalctl -u {UNIT} --no-pager -b"), 40)


def test_user_and_devices() -> None:
    """DynamicUser and DeviceAllow: nobody's user, in the group video; cameras and nothing else"""
    process = shown("MainPID")
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert FIRST_MADE_UP <= int(status["Uid"].split()[0]) <= LAST_MADE_UP
    assert UNIT not in Path("/etc/passwd").read_text()
    assert str(grp.getgrnam("video").gr_gid) in status["Groups"].split()
    assert shown("DynamicUser") == "yes"
    assert shown("DevicePolicy") == "closed"
    assert "char-video4linux rw" in shown("DeviceAllow")
    # The filter itself, by the same words: what a program as root may open under it.
    opened = sh(
        "systemd-run -q --pipe --wait -p DevicePolicy=closed -p 'DeviceAllow=char-video4linux rw' "
        "sh -c 'head -c1 /dev/ubda > /dev/null && echo disk; v4l2-ctl -d0 -D > /dev/null && echo camera'"
    )
    assert "camera\n" in opened
    assert "disk\n" not in opened


def test_sees_no_home() -> None:
    """ProtectHome, ProtectSystem: of the system it may write its own folder alone"""
    process = shown("MainPID")
    assert not sh(f"nsenter -t {process} -m ls /home").strip()
    assert "Read-only" in sh(f"nsenter -t {process} -m touch /etc/written")
    assert Path("/var/lib/catdog").exists()


def test_camera_goes_and_comes() -> None:
    """A camera that is pulled out under the service: it says so, stays active, and goes on"""
    process = shown("MainPID")
    vivid.gone()
    wait_for_status("is OFFLINE", 10)
    time.sleep(1)
    vivid.back()
    wait_for_status("is ONLINE", 15)
    assert (active(), shown("MainPID")) == (True, process)


def test_driver_loaded_later() -> None:
    """A camera whose driver is loaded long after the service has started may be opened: the device filter knows its group"""
    sh(f"systemctl stop {UNIT}")
    vivid.unload()
    sh(f"systemctl start {UNIT}")
    wait_for_status("is OFFLINE", 30)
    vivid.load()
    wait_for_status("is ONLINE", 20)


def test_watchdog(figure: Callable[[str, object], None]) -> None:
    """The watchdog kills a loop that was stopped (SIGSTOP), and the service starts anew"""
    process, restarts = shown("MainPID"), int(shown("NRestarts"))
    sh(f"kill -STOP {process}")
    seconds = until(lambda: shown("MainPID") not in ("0", process) and active(), 90)
    figure("seconds until it runs again", round(seconds, 1))
    assert int(shown("NRestarts")) == restarts + 1
    assert "watchdog" in sh(f"journalctl -u {UNIT} --no-pager -n 30").lower()
    until(lambda: len(sh("pgrep -f sources.live.worker").split()) == 1, 20)
    wait_for_status("is ONLINE", 20)


def test_stop(figure: Callable[[str, object], None]) -> None:
    """systemctl stop: within two seconds, as a success, nothing left behind"""
    begun = time.monotonic()
    sh(f"systemctl stop {UNIT}")
    seconds = time.monotonic() - begun
    figure("seconds", round(seconds, 2))
    assert seconds < 3.0
    assert shown("Result") == "success"
    assert not sh("pgrep -f catdog.edge")
    sh(f"systemctl start {UNIT}")
    assert active()


def test_wrong_option() -> None:
    """A wrong option ends it for good, with the reason in the journal and in service status"""
    config = Path("/etc/catdog/edge.toml")
    before = config.read_text()
    try:
        config.write_text(before + '\nmax-fps = "x"\n')
        sh(f"systemctl restart {UNIT}")
        until(lambda: sh(f"systemctl is-active {UNIT}").strip() == "failed", 20)
        assert "max-fps" in sh(f"journalctl -u {UNIT} --no-pager -n 5")
        assert "max-fps" in sh(f"{EDGE} service status")
    finally:
        config.write_text(before)
    sh(f"systemctl reset-failed {UNIT}; systemctl restart {UNIT}")
    assert active()
