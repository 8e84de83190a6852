"""Which command changes the packages of the environment that catdog runs in.

May import: the standard library.
"""

import os
import sys

from ..errors import MissingExtraError


def pip(arguments: str) -> str:
    """Return a command line of pip that works on this installation.

    Where the distribution keeps the system's Python for itself (PEP 668) pip refuses; there an environment is made first, as
    docs/pi.md does on a Raspberry Pi.

    Args:
        arguments: such as ``"install '.[web]'"``.
    """
    import sysconfig
    from pathlib import Path

    sudo = "" if os.access(sysconfig.get_path("purelib"), os.W_OK) else "sudo "
    if sys.prefix != sys.base_prefix:
        active = os.environ.get("VIRTUAL_ENV") == sys.prefix and not sudo
        return f"{sudo}{'' if active else f'{sys.prefix}/bin/'}pip {arguments}"
    if (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists():
        return f"sudo /usr/bin/python3 -m venv /opt/catdog && sudo /opt/catdog/bin/pip {arguments}"
    return f"{sudo}{sys.executable} -m pip {arguments}"


def missing_extra(package: str, extra: str) -> MissingExtraError:
    """Build the error for an absent optional package.

    Args:
        package: import name that is not there, e.g. ``"onnxruntime"``.
        extra: the extra of catdog that brings it, e.g. ``"onnx"``.
    """
    command = pip(f"install '.[{extra}]'")
    return MissingExtraError(
        f"the package {package}",
        got="an environment without it",
        fix=f"In catdog's source folder, run: {command}",
    )
