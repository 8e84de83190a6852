"""The unit `catdog-edge.service`: what is in it, where it and its configuration are."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError

NAME = "catdog-edge.service"
CONFIG = Path("/etc/catdog/edge.toml")
_TEMPLATE = Path(__file__).with_name(NAME)
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))  # what ProtectHome= hides: systemd.exec(5)


@dataclass(frozen=True)
class Places:
    """Where an installation is.

    Attributes:
        config: its file of options, as the service sees it.
        root: the folder that is the system's ``/``; another one while an image of it is being made.
    """

    config: Path = CONFIG
    root: Path = Path("/")

    @property
    def is_this_system(self) -> bool:
        """Whether it is the system that runs now."""
        return self.root.resolve() == Path("/")

    @property
    def unit_file(self) -> Path:
        """Where the unit is written."""
        return self.root / "etc/systemd/system" / NAME

    @property
    def config_file(self) -> Path:
        """Where the configuration is written."""
        return self.root / str(self.config).lstrip("/")


def unit_text(program: Path, config: Path) -> str:
    """Return the unit.

    Args:
        program: the `catdog-edge` to run.
        config: its file of options.

    Raises:
        UsageError: a path that the service could not see, or that systemd would misread.
    """
    for path in (program, config):
        if not re.fullmatch(r"/[\w./+@:=~-]*", str(path), re.ASCII):
            raise UsageError("an absolute path of plain letters for the service", got=repr(str(path)), fix="Name another.")
        check_not_at_home(path)
    return _TEMPLATE.read_text(encoding="utf-8").replace("@PROGRAM@", str(program)).replace("@CONFIG@", str(config))


def check_not_at_home(path: Path) -> None:
    """Refuse what is in somebody's home directory: it is hidden from the service.

    Raises:
        UsageError: it is.
    """
    absolute = Path(os.path.normpath(path))  # a link counts where it stands; its target is for the caller to check
    if any(absolute.is_relative_to(home) for home in _HOMES):
        raise UsageError(
            "everything of the service outside home directories, which are hidden from it",
            got=str(path),
            fix="Install elsewhere: sudo /usr/bin/python3 -m venv /opt/catdog && sudo /opt/catdog/bin/pip install .",
        )
