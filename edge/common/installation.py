"""What catdog is called where packages are installed, its version, and which command changes its environment's packages.

May import: the standard library.
"""

import os
import sys

from ..errors import MissingExtraError

DISTRIBUTION = "catdog-edge"  # for pip; the public index has another project of the name `catdog`


def own_version() -> str:
    """Return catdog's version, such as ``"0.1.0"``."""
    from importlib.metadata import version

    return version(DISTRIBUTION)


def pip(arguments: str) -> str:
    """Return a command line of pip that works on this installation.

    Where the distribution keeps the system's Python for itself (PEP 668) pip refuses; there an environment is made first, as
    docs/pi.md does on a Raspberry Pi.

    Args:
        arguments: such as ``"install 'catdog-edge[web]'"``.
    """
    import sysconfig
    from pathlib import Path

    if (Path(sys.prefix) / "pipx_metadata.json").exists():  # an environment of pipx, which has no program `pip`
        return f"pipx runpip {DISTRIBUTION} {arguments}"
    sudo = "" if os.access(sysconfig.get_path("purelib"), os.W_OK) else "sudo "
    if sys.prefix != sys.base_prefix:
        active = os.environ.get("VIRTUAL_ENV") == sys.prefix and not sudo
        return f"{sudo}{'' if active else f'{sys.prefix}/bin/'}pip {arguments}"
    if (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists():
        return f"sudo /usr/bin/python3 -m venv /opt/catdog && sudo /opt/catdog/bin/pip {arguments}"
    return f"{sudo}{sys.executable} -m pip {arguments}"


def install_extra(extra: str) -> str:
    """Return what pip is told to add an extra, from wherever catdog came: the version that is installed stays as it is."""
    return f"install '{DISTRIBUTION}[{extra}]'"


def missing_extra(package: str, extra: str) -> MissingExtraError:
    """Build the error for an absent optional package.

    Args:
        package: import name that is not there, e.g. ``"onnxruntime"``.
        extra: the extra of catdog that brings it, e.g. ``"onnx"``.
    """
    return MissingExtraError(
        f"the package {package}",
        got="an environment without it",
        fix=f"Run: {pip(install_extra(extra))}",
    )
