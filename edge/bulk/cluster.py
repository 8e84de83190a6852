"""Ray for as long as a command lasts: started on this machine alone, or found at an address.

May import: Ray, where it is used. Before that, what Ray reads from the environment is set here.
"""

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..common.cores import usable_cores
from ..common.installation import missing_extra
from ..common.quiet import STDERR, STDOUT, native_output_dropped
from ..errors import ClusterError, UsageError
from .arguments import HERE, RUNNING

_PATIENCE_S = 10.0  # for somebody to answer
_PACKAGES = ("ray", "pyarrow", "pandas", "fsspec", "tqdm")


@dataclass(frozen=True)
class Node:
    """A machine of the cluster, or what Ray takes for one.

    Attributes:
        name: its IP address.
        id: Ray's own.
        cores: how many it gives.
    """

    name: str
    id: str
    cores: int


def require_ray() -> None:
    """Check that the extra is there, without importing it.

    Raises:
        MissingExtraError: a package of it is not.
    """
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise missing_extra(package, "ray")


def check_address(address: str) -> None:
    """Refuse what is no address: a folder behind ``--ray`` above all.

    Raises:
        UsageError: it is none.
    """
    host, colon, port = address.rpartition(":")
    if address in (HERE, RUNNING) or (colon and host and port.isdigit() and "/" not in host):
        return
    fix = (
        "Write pictures before the option: catdog-edge photos/ --ray"
        if Path(address).exists()
        else "Example: --ray 10.0.0.1:6379"
    )
    raise UsageError(f"--ray with HOST:PORT, {RUNNING}, or nothing", got=address, fix=fix)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be a driver of a Ray cluster until the end of the context.

    Ray prints what its daemons have to say on stdout; that is for results, so it goes nowhere meanwhile. A cluster of this
    command's own listens on the loopback address alone.

    Args:
        address: `HERE`, `RUNNING` or ``HOST:PORT``.

    Raises:
        UsageError: it is no address.
        MissingExtraError: the extra `ray` is not installed.
        ClusterError: nobody answers there, or this machine is none of the cluster's.
    """
    check_address(address)
    require_ray()
    if address not in (HERE, RUNNING):
        _require_answer(address)
    _prepare_environment(address)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    import ray
    from ray.exceptions import RayError

    options: dict[str, Any] = {"num_cpus": usable_cores(), "include_dashboard": False} if address == HERE else {}
    try:
        with native_output_dropped(STDOUT, STDERR):
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL, **options)
    except (RayError, ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        got = " ".join(str(error).split())
        raise ClusterError("a Ray cluster", got=f"none at {address}: {got}", fix=_fix(address)) from error
    except Exception as error:  # Ray raises the bare class where a daemon of its own does not come up in time
        raise ClusterError(
            "Ray to start", got=" ".join(str(error).split()), fix="Try again when the machine has less to do."
        ) from error
    finally:
        for number, handler in handlers.items():  # Ray puts its own in their place
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(number, handler)
    try:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            yield
    except RayError as error:
        got = " ".join(str(error).split())[:500]
        raise ClusterError("the cluster to stay", got=got, fix="Run the same command again: what is done is kept.") from error
    finally:
        ray.shutdown()


def nodes() -> list[Node]:
    """Return the machines that are alive, of a cluster that is `connected`."""
    import ray

    alive = (node for node in ray.nodes() if node["Alive"])
    return [Node(node["NodeManagerAddress"], node["NodeID"], int(node["Resources"].get("CPU", 0))) for node in alive]


def _require_answer(address: str) -> None:
    """Ask whether anybody listens at an address: Ray itself was seen to ask for minutes.

    Raises:
        ClusterError: nobody does.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterError("a Ray cluster", got=f"nobody who answers at {address}: {error}", fix=_fix(address)) from error


def _prepare_environment(address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to Ray's makers
    if "CATDOG_DEBUG" not in os.environ:
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # warnings of its C++ part are for its developers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address == HERE:
        # Ray's one switch for listening on 127.0.0.1 alone; it is named after the systems where that is the rule.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")


def _fix(address: str) -> str:
    if address == RUNNING:
        return "Start one with: ray start --head"
    return f"The command runs on a machine of the cluster; make this one a part of it: ray start --address={address}"
