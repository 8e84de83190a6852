"""What `--ray` costs beside `catdog-edge` alone, what more nodes bring, and what very many pictures would cost.

Measured are whole processes in turn, on this machine: its nodes are processes that share its cores, so the second figure is
about Ray and not about networks. The last table is computed from the measured rate and the assumptions that stand in it.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from catdog.benchmarks.console import print_table, require_at_least, say
from catdog.edge.bulk.cluster import require_ray
from catdog.edge.common.command import CommandParser
from catdog.edge.common.cores import usable_cores

from .folder import drawn_folder
from .ray_nodes import RayCluster, environment
from .turns import RATIO_HEADINGS, command, in_turn, ratio_row, timed

ALONE, RAY = "catdog-edge", "catdog-edge --ray"
_FEW = 16  # pictures of the run that shows what starting takes
_HOURS = 3600.0


@dataclass(frozen=True)
class Assumptions:
    """What a cluster is taken to be; nothing of it is measured."""

    cores: int  # of a machine
    price: float  # of a core's hour, in dollars
    picture_kb: float  # of a picture's file, in 10^3 bytes
    machine_gbit: float  # a machine's network, in 10^9 bits a second
    storage_gbit: float  # what the storage gives to all of them together
    request: float  # price of 1,000 reads, in dollars
    efficiency: float  # share of the rate alone that a core has in the cluster, 0-1
    start_s: float  # until the first worker has its model


@dataclass(frozen=True)
class Estimate:
    """What so many pictures would take."""

    pictures: int
    machines: int
    hours: float
    dollars: float
    bound: str  # by what: cores, network or storage


def estimate(pictures: int, machines: int, rate: float, given: Assumptions) -> Estimate:
    """Compute what a run would take: the slowest of computing, the machines' networks and the storage, after the start.

    Args:
        pictures: how many.
        machines: how many.
        rate: pictures a second of a core, measured.
        given: the rest.
    """
    bits = 8e3 * given.picture_kb * pictures
    seconds = {
        "cores": pictures / (machines * given.cores * rate * given.efficiency),
        "network": bits / (1e9 * given.machine_gbit * machines),
        "storage": bits / (1e9 * given.storage_gbit),
    }
    bound = max(seconds, key=lambda name: seconds[name])
    hours = (given.start_s + seconds[bound]) / _HOURS
    dollars = hours * machines * given.cores * given.price + pictures / 1000 * given.request
    return Estimate(pictures, machines, hours, dollars, bound)


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    require_at_least(1, rounds=arguments.rounds, drawn=arguments.drawn, cores=arguments.cores)
    require_at_least(2, nodes=min(arguments.nodes, default=2))
    require_ray()
    with tempfile.TemporaryDirectory() as place:
        folder = arguments.folder or drawn_folder(Path(place) / "drawn", arguments.drawn)
        pictures = sum(1 for path in folder.rglob("*") if path.is_file())
        few = drawn_folder(Path(place) / "few", _FEW)
        given = environment(Path(place) / "path")
        rate, efficiency, start_s = _one_node(folder, few, pictures, arguments, Path(place), given)
        if arguments.nodes:
            _more_nodes(folder, pictures, arguments, Path(place))
    _simulated(rate, efficiency, start_s, arguments)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(prog="catdog-bench scale", description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("folder", nargs="?", type=Path, help="photographs (default: drawn pictures)")
    add("--drawn", type=int, default=2000, metavar="N", help="drawn pictures (default: %(default)s)")
    add("--rounds", type=int, default=8, metavar="N", help="how often each is timed (default: %(default)s)")
    add("--model", default="default", help="bundled model or file (default: %(default)s)")
    some = "numbers of nodes of one core, to measure beside one (default: 2); --nodes alone for none"
    add("--nodes", nargs="*", type=int, default=[2], metavar="N", help=some)
    add("--cores", type=int, default=16, metavar="N", help="assumed: of a machine (default: %(default)s)")
    add("--price", type=float, default=0.04, metavar="D", help="assumed: dollars for a core's hour (default: %(default)s)")
    add("--picture-kb", type=float, default=200.0, metavar="KB", help="assumed: a picture's file (default: %(default)s)")
    add("--machine-gbit", type=float, default=10.0, metavar="N", help="assumed: a machine's network (default: %(default)s)")
    add("--storage-gbit", type=float, default=100.0, metavar="N", help="assumed: the storage, to all (default: %(default)s)")
    add("--request", type=float, default=0.0004, metavar="D", help="assumed: dollars for 1,000 reads (default: %(default)s)")
    return parser


def _ours(folder: Path, arguments: argparse.Namespace) -> list[str]:
    return [command("catdog-edge"), str(folder), "--model", arguments.model]


def _outputs(place: Path) -> Iterator[str]:
    return (str(place / f"{number}.parquet") for number in count())


def _one_node(
    folder: Path, few: Path, pictures: int, arguments: argparse.Namespace, place: Path, given: dict[str, str]
) -> tuple[float, float, float]:
    """Measure one machine with and without Ray; return the rate of a core, the share that is left of it, and the start."""
    outputs = _outputs(place)

    def with_ray(where: Path) -> float:
        return timed([*_ours(where, arguments), "--ray", "--output", next(outputs)], given)

    times = in_turn(
        {
            ALONE: lambda: timed([*_ours(folder, arguments), "--json"]),
            RAY: partial(with_ray, folder),
            f"{RAY}, {_FEW} pictures": partial(with_ray, few),
        },
        arguments.rounds,
    )
    rows = [ratio_row(name, seconds, times[ALONE], ".1f s") for name, seconds in times.items()]
    note = (
        f"{pictures:,} pictures, {arguments.rounds} rounds; whole processes on {usable_cores()} cores; not measured on a board."
    )
    print_table(RATIO_HEADINGS, rows, note)
    alone, ray, start_s = (float(np.median(seconds)) for seconds in times.values())
    efficiency = min(1.0, alone / max(1e-9, ray - start_s))
    say(f"beside the start of {start_s:.1f} s a picture takes {1 / efficiency:.2f} times as long (medians)")
    return pictures / alone / usable_cores(), efficiency, start_s


def _more_nodes(folder: Path, pictures: int, arguments: argparse.Namespace, place: Path) -> None:
    """Measure one node of one core and more of them, in turn."""
    outputs, cores = _outputs(place / "nodes"), usable_cores()
    numbers = [1, *sorted({*arguments.nodes})]
    with ExitStack() as stack:
        clusters = [stack.enter_context(RayCluster(place / f"cluster-{number}", nodes=number)) for number in numbers]
        times = in_turn(
            {
                f"{number} node{'s' if number > 1 else ''} of 1 core": partial(_timed_at, cluster, folder, arguments, outputs)
                for number, cluster in zip(numbers, clusters, strict=True)
            },
            arguments.rounds,
        )
    first = next(iter(times.values()))
    rows = [ratio_row(name, seconds, first, ".1f s") for name, seconds in times.items()]
    said = [f"{pictures:,} pictures, {arguments.rounds} rounds, start included"]
    for number, seconds in zip(numbers[1:], [*times.values()][1:], strict=True):
        low, middle, high = np.percentile(first / seconds / min(number, cores), (0, 50, 100))
        of = f" on this machine's {cores} cores" if number > cores else ""
        said.append(f"efficiency of {number}{of} {middle:.0%} ({low:.0%} to {high:.0%})")
    print_table(RATIO_HEADINGS, rows, "; ".join(said) + ".")


def _timed_at(cluster: RayCluster, folder: Path, arguments: argparse.Namespace, outputs: Iterator[str]) -> float:
    return timed([*_ours(folder, arguments), "--ray", cluster.address, "--output", next(outputs)], cluster.environment)


def _simulated(rate: float, efficiency: float, start_s: float, arguments: argparse.Namespace) -> None:
    given = Assumptions(
        cores=arguments.cores,
        price=arguments.price,
        picture_kb=arguments.picture_kb,
        machine_gbit=arguments.machine_gbit,
        storage_gbit=arguments.storage_gbit,
        request=arguments.request,
        efficiency=efficiency,
        start_s=start_s,
    )
    found = [estimate(pictures, machines, rate, given) for pictures in (10**6, 10**8) for machines in (1, 10, 100)]
    rows = [
        [f"{each.pictures:,}", f"{each.machines:,}", f"{each.hours:,.2f} h", f"${each.dollars:,.2f}", each.bound]
        for each in found
    ]
    note = (
        f"Computed, not measured: {rate:.1f} pictures/s a core here, of which {efficiency:.0%} is left with Ray; "
        f"start {start_s:.0f} s. Assumed: {given.cores} cores a machine at ${given.price:g} a core's hour, "
        f"{given.picture_kb:g} kB a picture, {given.machine_gbit:g} Gbit/s a machine, {given.storage_gbit:g} Gbit/s of all, "
        f"${given.request:g} for 1,000 reads."
    )
    print_table(("pictures", "machines", "time", "cost", "bound by"), rows, note)
