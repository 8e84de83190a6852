"""A Ray cluster for benches and tests: each node a raylet of its own with its own workers, over TCP on the loopback address.

    with RayCluster(tmp_path, nodes=2) as cluster:
        run("catdog-edge", "photos", "--ray", cluster.address, ..., **cluster.environment)
        cluster.kill()      # the last node, as a power cut would

Run as a program it is the process that has the nodes: Ray is not imported where the others are measured.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from catdog.edge.errors import ClusterError

# jsonschema, which Ray imports, builds a parser of three seconds from this package where it is installed; a raylet gives up on
# its agent, which imports it as well, after fifteen.
_SLOW = "rfc3987_syntax"


class RayCluster:
    """Nodes of one core each, the first of which is the head.

    Args:
        folder: for what the nodes are to find by PYTHONPATH.
        nodes: how many.

    Attributes:
        address: of the head.
        environment: in which commands are run that are to use it, or a cluster of their own.
    """

    def __init__(self, folder: Path, nodes: int) -> None:
        self.environment = environment(folder)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(nodes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | self.environment,
        )
        self.address = self._answer()

    def kill(self) -> None:
        """Kill the last node and all that it runs."""
        self._ask("kill")

    def add(self) -> None:
        """Start another node."""
        self._ask("add")

    def _ask(self, what: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{what}\n")
            self._process.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        for line in self._process.stdout or ():
            if line.startswith("answer: "):
                return line.removeprefix("answer: ").strip()
        raise ClusterError("Ray's nodes to start", got="none", fix="Its own messages are above; try when there is less to do.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._process.communicate(timeout=120)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment for processes that import Ray."""
    folder.mkdir(exist_ok=True)
    (folder / f"{_SLOW}.py").write_text("raise ImportError\n")
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listen on 127.0.0.1 alone
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # as catdog-edge alone: Ray's usual 15 waits for whatever else the machine does
    }


def _answer(text: str) -> None:
    sys.stdout.write(f"answer: {text}\n")
    sys.stdout.flush()


def serve(nodes: int) -> None:
    """Have a cluster until stdin ends, and do what its lines ask for."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    others = [cluster.add_node(num_cpus=1) for _ in range(nodes - 1)]
    _answer(cluster.address)
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(others.pop(), allow_graceful=False)
        else:
            others.append(cluster.add_node(num_cpus=1))
        _answer(line.strip())
    cluster.shutdown()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
