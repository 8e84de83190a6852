"""The optional packages of `catdog-bench`, asked for before minutes are spent on measuring."""

from importlib.util import find_spec

from catdog.edge.common.installation import missing_extra

PACKAGES = ("jinja2", "matplotlib", "psutil", "tqdm")


def require_extras() -> None:
    """Check that the packages of the extra `bench` are there, without importing them.

    Raises:
        MissingExtraError: one of them is not; the message names the first.
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise missing_extra(package, "bench")
