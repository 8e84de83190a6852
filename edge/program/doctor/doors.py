"""What can be asked for by name: catdog's own backends, sources, sinks, backbones and formats, and what other packages add."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from ...common.installation import DISTRIBUTION
from ...common.plugins import DOORS, Registry
from ...errors import PluginError
from .findings import Finding, Value, Verdict, from_error

if TYPE_CHECKING:
    from ...common.plugins import Named


def check_doors() -> Iterator[Finding]:
    """Give a finding for each registry, and one for each row of another package that cannot be used; those are all imported."""
    for door in entry_points(group=DOORS):
        if door.dist is not None and door.dist.name == DISTRIBUTION:
            yield from _check(door)


def _check(door: EntryPoint) -> Iterator[Finding]:
    registry: Registry[Named] = door.load()
    added, troubles = [], []
    for offer in registry.offers():
        what = f"the {registry.noun} {offer.name} of {offer.package}"
        if offer.refused:
            troubles.append(
                Finding("plugin", Verdict.WARNING, f"{what} is not taken: {offer.refused}", "Rename it, or remove the package.")
            )
            continue
        try:
            registry.load(offer)
        except PluginError as error:
            troubles.append(from_error("plugin", error, Verdict.WARNING))
            continue
        added.append(f"{offer.name} ({offer.package})")
    own = [f"{name} (extra {extra})" if (extra := getattr(row, "extra", "")) else name for name, row in registry.own.items()]
    values: dict[str, Value] = {"own": list(registry.own), "added": added}
    yield Finding(door.name, Verdict.OK, ", ".join([*own, *added]), values=values)
    yield from troubles
