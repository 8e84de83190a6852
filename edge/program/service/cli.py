"""`catdog-edge service`: install the service of systemd, take it away, say how it is."""

import os
import subprocess
import sys
import sysconfig
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ...common.command import CommandParser
from ...common.files import write_text
from ...errors import CatdogError, InputNotFoundError, OutputError
from ..arguments import check_config, example_config
from .unit import CONFIG, NAME, Places, check_not_at_home, unit_text

_BOOTED = Path("/run/systemd/system")  # there where systemd runs the machine: sd_booted(3)
_EXAMPLES = f"""\
examples:
  sudo /opt/catdog/bin/catdog-edge service install      write the unit and {CONFIG}, start at every boot
  catdog-edge service status                            how it is; journalctl -u catdog-edge says more
  catdog-edge service install --dry-run                 print the unit

Secrets (CATDOG_TOKEN, CATDOG_MQTT_USER, CATDOG_MQTT_PASSWORD) go into /etc/catdog/edge.env, which root alone need read; other
settings of the unit into `sudo systemctl edit catdog-edge`. A file called service: catdog-edge ./service
"""


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code.

    Raises:
        CatdogError: it cannot be done, and why.
    """
    arguments = _parser().parse_args(argv)
    return {"install": _install, "uninstall": _uninstall, "status": _status}[arguments.action](arguments)


def _parser() -> CommandParser:
    parser = CommandParser("catdog-edge service", "Run catdog-edge as a service of systemd.", _EXAMPLES)
    parser.add_argument("action", choices=("install", "uninstall", "status"), help="what to do")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help="its options (default: %(default)s)")
    parser.add_argument("--program", type=Path, metavar="FILE", help="the catdog-edge that shall run (default: this one)")
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="of a system image that is being made")
    parser.add_argument("--dry-run", action="store_true", help="print the unit and write nothing")
    return parser


def _install(arguments: Namespace) -> int:
    places = Places(arguments.config, arguments.root)
    text = unit_text(arguments.program or _this_program(), arguments.config)
    if arguments.dry_run:
        print(text, end="")
        return 0
    if places.is_this_system:
        _check_system(arguments.action)
    if places.config_file.exists():
        check_config(places.config_file)
        print(f"kept {places.config_file}")
    else:
        write_text(places.config_file, example_config())
        print(f"wrote {places.config_file}: it looks at the first camera; change it to your needs")
    write_text(places.unit_file, text)
    print(f"wrote {places.unit_file}")
    if not places.is_this_system:
        print(f"to start it at every boot: systemctl --root={places.root} enable {NAME}")
        return 0
    _systemctl("daemon-reload")
    _systemctl("enable", NAME)
    _systemctl("restart", NAME)  # starts it as well, and waits until it says that it is ready
    print(f"{NAME} runs, and will after every boot")
    return 0


def _uninstall(arguments: Namespace) -> int:
    places = _installed(arguments)
    if places.is_this_system:
        _check_system(arguments.action)
        _systemctl("disable", "--now", NAME)
    places.unit_file.unlink()
    if places.is_this_system:
        _systemctl("daemon-reload")
    print(f"removed {places.unit_file}; {places.config_file} and /var/lib/catdog are kept")
    return 0


def _status(arguments: Namespace) -> int:
    places = _installed(arguments)
    print(f"unit:     {places.unit_file}")
    if places.is_this_system and _BOOTED.is_dir():
        for question in ("is-enabled", "is-active"):
            answer = subprocess.run(["systemctl", question, NAME], capture_output=True, text=True, check=False)
            print(f"{question.removeprefix('is-') + ':':9} {(answer.stdout or answer.stderr).strip()}")
        if answer.stdout.strip() == "failed" and (said := _last_words()):
            print(f"why:      {said}")
    else:
        print("active:   no, systemd does not run this system")
    try:
        check_config(places.config_file)
        print(f"config:   {places.config_file}, valid")
    except CatdogError as error:
        print(f"config:   {error}")
    return 0


def _last_words() -> str:
    """Return the last line that the service wrote into the journal; empty where that cannot be read."""
    asked = ["journalctl", "--unit", NAME, "--identifier", "catdog-edge", "--lines", "1", "--output", "cat", "--quiet"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""


def _installed(arguments: Namespace) -> Places:
    places = Places(arguments.config, arguments.root)
    if places.unit_file.is_file():
        return places
    raise InputNotFoundError("an installed service", got=f"no {places.unit_file}", fix="See catdog-edge service --help.")


def _this_program() -> Path:
    """Return the command of this installation, none of which may be at home: command, Python and package."""
    program = Path(sysconfig.get_path("scripts")) / "catdog-edge"
    if not program.is_file():
        raise InputNotFoundError("this catdog to be installed", got=f"no {program}", fix="Name the command: --program FILE.")
    for path in (program.resolve(), Path(sys.executable).resolve(), Path(__file__).resolve()):
        check_not_at_home(path)
    return program


def _check_system(action: str) -> None:
    if not _BOOTED.is_dir():
        raise InputNotFoundError(
            "a system that is run by systemd", got=f"no {_BOOTED}", fix="For a system image, name its folder: --root DIR."
        )
    if os.geteuid() != 0:
        program = Path(sysconfig.get_path("scripts")) / "catdog-edge"
        raise OutputError(
            f"to be root for service {action}", got=f"user {os.geteuid()}", fix=f"Run: sudo {program} service {action}"
        )


def _systemctl(*arguments: str) -> None:
    try:
        done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise OutputError("to run systemctl", got=error.strerror or str(error), fix="Install systemd.") from error
    if done.returncode != 0:
        what = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[0]
        raise OutputError(f"systemctl {' '.join(arguments)} to work", got=what, fix=f"Look at: journalctl -u {NAME} -n 20")
