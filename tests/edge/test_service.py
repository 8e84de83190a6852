"""The service: what the running program tells systemd over a real socket, and what the unit holds."""

import configparser
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from commands import run

from catdog.edge.errors import UsageError
from catdog.edge.inference.classifier import Classifier
from catdog.edge.program.service.notify import Notifier
from catdog.edge.program.service.unit import CONFIG, NAME, check_not_at_home, unit_text
from catdog.edge.runner.loop import RunOptions
from catdog.edge.runner.loop import run as run_sources
from catdog.edge.runner.results import Result
from catdog.edge.sources import Change, Frame, Idle, SourceOptions, State, open_sources

COMMAND = Path(sysconfig.get_path("scripts")) / "catdog-edge"
PATIENCE_S = 60.0
QUIET_S = 1.5  # thirty signs of life of what is watched as below
WATCHED_USEC = 200_000


class Manager:
    """The side of the socket that systemd has.

    Args:
        address: a path, or a name after ``@``.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    def hears(self, seconds: float = PATIENCE_S) -> list[str]:
        """The lines of the next message; none if it does not come in time."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(4096).decode().splitlines()
        except (TimeoutError, BlockingIOError):
            return []

    def hears_of(self, start: str) -> str:
        """Wait for a line that begins so."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for line in self.hears():
                if line.startswith(start):
                    return line
        pytest.fail(f"never heard of {start}")

    def hears_nothing(self) -> bool:
        """Whether it becomes quiet: what was on its way may still come."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if not self.hears(QUIET_S):
                return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    abstract = f"@catdog-test-{os.getpid()}"
    manager = Manager(abstract if request.param == "abstract" else str(tmp_path_factory.mktemp("n") / "s"))
    yield manager
    manager.close()


@contextmanager
def service(manager: Manager, *arguments: str, stdout: int = subprocess.DEVNULL) -> "Iterator[subprocess.Popen[bytes]]":
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(WATCHED_USEC)}
    process = subprocess.Popen([str(COMMAND), *arguments], env=os.environ | environment, stdout=stdout, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_ready_alive_and_stopping_arrive(manager: Manager) -> None:
    with service(manager, "--camera", "demo") as process:
        first = manager.hears()
        assert first[0] == "READY=1"
        assert any(line.startswith("STATUS=demo: ") for line in first)  # with the first frame that was judged
        for _ in range(5):
            manager.hears_of("WATCHDOG=1")
        process.terminate()
        manager.hears_of("STOPPING=1")
        assert process.wait(PATIENCE_S) == 143
        assert manager.hears(0.1) == []


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_stopped_process_is_silent(manager: Manager) -> None:
    with service(manager, "--camera", "demo") as process:
        manager.hears_of("READY=1")
        process.send_signal(signal.SIGSTOP)
        assert manager.hears_nothing()
        process.send_signal(signal.SIGCONT)
        manager.hears_of("WATCHDOG=1")


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_hung_loop_feeds_the_watchdog_no_more_though_its_process_lives(manager: Manager) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with service(manager, "--camera", "demo", "--buffer", "all", "--json", stdout=writing) as process:
        os.close(writing)
        manager.hears_of("READY=1")
        # Nobody reads the results, of which none may be lost: once the pipe is full the loop hangs, and the process is well.
        assert manager.hears_nothing()
        assert process.poll() is None
        os.read(reading, 65_536)
        manager.hears_of("WATCHDOG=1")
    os.close(reading)


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_camera_that_is_away_does_not_make_the_service_hung(manager: Manager) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/stream"
    with service(manager, address, "--wait"):
        first = manager.hears()
        assert first[0] == "READY=1"
        assert "is OFFLINE" in first[-1]
        for _ in range(4):
            manager.hears_of("WATCHDOG=1")


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_folder_into_which_nothing_comes_does_not_either(manager: Manager, tmp_path: Path) -> None:
    with service(manager, "--watch", str(tmp_path)):
        assert manager.hears()[0] == "READY=1"
        for _ in range(4):
            manager.hears_of("WATCHDOG=1")


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_what_cannot_start_is_never_ready(manager: Manager) -> None:
    with service(manager, "--camera", "63") as process:
        assert process.wait(PATIENCE_S) == 5
        assert manager.hears(0.1) == []


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_programs_that_it_starts_have_nothing_to_tell(manager: Manager, tmp_path: Path) -> None:
    out = tmp_path / "environment"
    with service(manager, "--camera", "demo", "--buffer", "all", "--on-event", f"sh -c 'env > {out}.new; mv {out}.new {out}'"):
        deadline = time.monotonic() + PATIENCE_S
        while not out.exists() and time.monotonic() < deadline:
            manager.hears(0.1)
        assert "CATDOG_EVENT=" in out.read_text()
        assert not re.search("^(NOTIFY_SOCKET|WATCHDOG_)", out.read_text(), re.MULTILINE)


def test_nobody_listens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}):
        assert Notifier.from_environment(dict(environment)) is None
    finished = run("catdog-edge", "--camera", "demo", "--max-frames", "2", NOTIFY_SOCKET=str(tmp_path / "nobody"))
    assert finished.returncode == 0, finished.stderr


def frame(number: int) -> Result:
    return Result(Frame("camera", number, 0.0, 0.0, 0.0), 0.0, error=UsageError("a", got="b", fix="c"))


def told(manager: Manager, environment: dict[str, str], results: list[Result | Change | Idle], step_s: float) -> list[str]:
    """What is told of results between which so many seconds pass."""
    times = iter(range(1000))
    notifier = Notifier.from_environment(environment | {"NOTIFY_SOCKET": manager.address})
    assert notifier is not None
    notifier._clock = lambda: next(times) * step_s
    lines = []
    for given, result in zip(notifier.over(results), results, strict=True):
        assert given is result
        lines += manager.hears(0)
    notifier.close()
    return lines


def test_signs_of_life_come_in_time_and_not_more_often_than_needed(manager: Manager) -> None:
    idle: list[Result | Change | Idle] = [Idle("camera")] * 100
    assert told(manager, {"WATCHDOG_USEC": "30000000"}, idle, 1.0).count("WATCHDOG=1") == 13  # one in 8 s of 30
    for unwatched in ({}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "often"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}):
        assert told(manager, unwatched, idle, 1.0) == ["READY=1"]
    mine = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert "WATCHDOG=1" in told(manager, mine, idle, 1.0)


def test_status_tells_states_and_rates(manager: Manager) -> None:
    results = [Change("camera", State.ONLINE, "frames\ncome", 0.0), *(frame(number) for number in range(100))]
    lines = told(manager, {}, results, 0.25)
    assert lines[:2] == ["READY=1", "STATUS=camera is ONLINE: frames come"]
    assert [line.partition(";")[0] for line in lines[2:]] == ["STATUS=4.0 frames a second"] * 2


def test_frames_that_are_left_out_are_signs_of_life(tmp_path: Path) -> None:
    options = RunOptions(max_fps=0.2, threads=1, max_frames=2)
    with open_sources(SourceOptions(camera="demo", buffer="all")) as sources:
        given = list(run_sources(sources, lambda threads: Classifier("fast", threads=threads), options))
    assert [type(each) for each in given].count(Result) == 2
    assert given[1:-1] == [Idle("demo")] * (len(given) - 2)
    assert len(given) > 10


def test_loop_sleeps_in_short_stretches() -> None:
    class Pictures:
        def frames(self) -> Iterator[Frame]:
            yield from (Frame("a", number, 0.0, 0.0, 0.0, np.zeros((9, 9, 3), np.uint8)) for number in range(2))

        def close(self) -> None:
            pass

    given = run_sources([Pictures()], lambda threads: Classifier("fast", threads=threads), RunOptions(max_fps=0.4, threads=1))
    assert [type(each) for each in given] == [Result, Idle, Idle, Idle, Result]  # 2.5 s, of at most one


def settings(text: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # as its documentation says
    unit.read_string(text)
    return unit


@pytest.fixture
def elsewhere() -> Path:
    """A program that may be named in a unit; where this Python is at home, one that is there on every system."""
    try:
        check_not_at_home(COMMAND)
    except UsageError:
        return Path("/bin/true")
    return COMMAND


def test_systemd_finds_no_fault_in_the_unit(elsewhere: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    path = tmp_path / NAME
    path.write_text(unit_text(elsewhere, CONFIG))
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout  # an exposure of 2.0 of 10 at most
    path.write_text(path.read_text().replace("Type=notify", "Type=notfy"))
    wrong = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False)
    assert wrong.stderr != ""


def test_unit_holds_what_the_program_relies_on(elsewhere: Path) -> None:
    unit = settings(unit_text(elsewhere, Path("/etc/catdog/yard.toml")))["Service"]
    assert unit["ExecStart"] == f"{elsewhere} --config /etc/catdog/yard.toml"
    assert (unit["Type"], unit["WatchdogSec"], unit["Restart"]) == ("notify", "30", "on-failure")
    assert unit["SuccessExitStatus"] == "143"
    assert "@" not in unit["ExecStart"]


@pytest.mark.parametrize(
    "program",
    ["/home/pi/venv/bin/catdog-edge", "/root/x", "/opt/../home/pi/x", "/run/user/1000/x", "bin/x", "/opt/my cat/x", "/a%b"],
)
def test_programs_that_the_service_could_not_run(program: str) -> None:
    with pytest.raises(UsageError):
        unit_text(Path(program), CONFIG)
    with pytest.raises(UsageError):
        unit_text(Path("/opt/catdog/bin/catdog-edge"), Path(program))


def test_install_into_an_image_status_and_uninstall(tmp_path: Path) -> None:
    place = ["--root", str(tmp_path), "--program", "/opt/catdog/bin/catdog-edge"]
    unit, config = tmp_path / "etc/systemd/system" / NAME, tmp_path / "etc/catdog/edge.toml"
    assert run("catdog-edge", "service", "status", *place).returncode == 3
    assert run("catdog-edge", "service", "uninstall", *place).returncode == 3
    finished = run("catdog-edge", "service", "install", *place)
    assert finished.returncode == 0, finished.stderr
    assert unit.read_text() == unit_text(Path("/opt/catdog/bin/catdog-edge"), CONFIG)
    config.write_text('camera = "demo"\n')
    finished = run("catdog-edge", "service", "install", *place)
    assert f"kept {config}" in finished.stdout
    assert config.read_text() == 'camera = "demo"\n'
    status = run("catdog-edge", "service", "status", *place)
    assert status.returncode == 0
    assert f"{unit}\n" in status.stdout
    assert f"{config}, valid" in status.stdout
    config.write_text("camra = 0\n")
    assert "Did you mean camera?" in run("catdog-edge", "service", "status", *place).stdout
    unit.write_text("old")
    refused = run("catdog-edge", "service", "install", *place)
    assert (refused.returncode, unit.read_text()) == (2, "old")  # with a configuration that it would not start with
    finished = run("catdog-edge", "service", "uninstall", *place)
    assert finished.returncode == 0
    assert "are kept" in finished.stdout
    assert not unit.exists()
    assert config.exists()
    assert not list(tmp_path.rglob(".*"))


ON_A_SYSTEM = f"""
set -e
mount -t tmpfs none /etc
mount -t tmpfs none /run
mkdir -p /run/systemd/system
{COMMAND} service install --program /opt/catdog/bin/catdog-edge
{COMMAND} service status
ls /etc/systemd/system /etc/catdog
{COMMAND} service uninstall
ls /etc/systemd/system /etc/catdog
touch fails
{COMMAND} service install --program /opt/catdog/bin/catdog-edge
"""


def test_install_on_a_system_that_runs(tmp_path: Path) -> None:
    """With mounts of its own on /etc and /run; systemctl alone is a stand-in, which notes what it is told."""
    apart = ["unshare", "--map-root-user", "--mount"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*apart, "mount", "-t", "tmpfs", "none", "/etc"], check=False).returncode
    ):
        pytest.skip("no mount namespaces here")
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(
        '#!/bin/sh\necho "$@" >> told\n[ ! -e fails ] || { echo "Failed to: reason" >&2; exit 1; }\necho fine\n'
    )
    systemctl.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    finished = subprocess.run(
        [*apart, "sh", "-c", ON_A_SYSTEM],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (tmp_path / "told").read_text().splitlines() == [
        "daemon-reload", f"enable {NAME}", f"restart {NAME}",
        f"is-enabled {NAME}", f"is-active {NAME}",
        f"disable --now {NAME}", "daemon-reload",
        "daemon-reload",
    ]  # fmt: skip
    assert finished.returncode == 10
    assert "Failed to: reason" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert "enabled:  fine\nactive:   fine\nconfig:   /etc/catdog/edge.toml, valid\n" in finished.stdout
    assert f"/etc/catdog:\nedge.toml\n\n/etc/systemd/system:\n{NAME}\n" in finished.stdout
    assert "/etc/catdog:\nedge.toml\n\n/etc/systemd/system:\n" + "kept" in finished.stdout


def test_dry_run_prints_the_unit(tmp_path: Path) -> None:
    place = ["--root", str(tmp_path), "--program", "/opt/catdog/bin/catdog-edge"]
    finished = run("catdog-edge", "service", "install", "--dry-run", *place)
    assert finished.stdout == unit_text(Path("/opt/catdog/bin/catdog-edge"), CONFIG)
    assert not any(tmp_path.iterdir())


def test_refusals_are_one_line() -> None:
    program = ["--program", "/opt/catdog/bin/catdog-edge"]
    refused = [run("catdog-edge", "service"), run("catdog-edge", "service", "start")]
    refused.append(run("catdog-edge", "service", "install", "--program", "/home/pi/venv/bin/catdog-edge"))
    assert [finished.returncode for finished in refused] == [2, 2, 2]
    assert "/home/pi/venv/bin/catdog-edge" in refused[-1].stderr
    if not Path("/run/systemd/system").is_dir():
        refused.append(run("catdog-edge", "service", "install", *program))
        assert refused[-1].returncode == 3
        assert "run by systemd" in refused[-1].stderr
    elif os.geteuid() != 0:
        refused.append(run("catdog-edge", "service", "install", *program))
        assert refused[-1].returncode == 10
        assert "sudo" in refused[-1].stderr
    for finished in refused:
        assert finished.stdout == ""
        assert len(finished.stderr.splitlines()) == 1


def test_picture_of_that_name_is_still_a_picture(picture: Path, tmp_path: Path) -> None:
    shutil.copy(picture, tmp_path / "service")
    finished = run("catdog-edge", "./service", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr


def test_plain_path_imports_none_of_it(picture: Path) -> None:
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        pytest.skip("what measures lines loads and writes files of its own in the program")
    script = f"import sys; from catdog.edge.program.cli import main; main([{str(picture)!r}]); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "catdog.edge.runner.loop" in loaded
    assert not {"tomllib", "catdog.edge.program.config", "catdog.edge.program.service"} & set(loaded)
