"""The option `--ray` as it is typed, for every command that has it. Imports nothing: each start pays for it."""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from argparse import _ActionsContainer

HERE, RUNNING = "local", "auto"  # addresses: of this command alone; the one that runs on this machine
_HELP = (
    "with Ray, on all machines of the cluster at ADDRESS (HOST:PORT, or auto for the one that runs here); without ADDRESS on "
    "this machine, in a cluster that ends with the command (docs/cluster.md)"
)


def add_ray(group: "_ActionsContainer") -> None:
    """Add the option to a command."""
    group.add_argument("--ray", nargs="?", const=HERE, metavar="ADDRESS", help=_HELP)
