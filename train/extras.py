"""Optional packages, asked for before minutes are spent.

May import: the standard library, `catdog.edge.errors`.
"""

from importlib.util import find_spec

from catdog.edge.common.installation import missing_extra


def require_packages(extra: str, *packages: str) -> None:
    """Check that packages of an extra are there, without importing them.

    Raises:
        MissingExtraError: one of them is not; the message names the first.
    """
    for package in packages:
        if find_spec(package) is None:
            raise missing_extra(package, extra)
